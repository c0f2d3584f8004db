"""Read what an officer may browse of an open call: as the API answers it, and with all that its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from pydantic import Field

from services.applications.application.model.answers import answers_from_register
from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.calls.views.headings import CallHeading
from services.applications.display import SummaryRow
from services.applications.mentors.store import Mentor, mentors_by_id
from services.applications.placements.store import offers_by_id
from services.applications.places import store
from services.applications.places.model import (
    MENTOR_DAYS,
    MOST_GRADES,
    Finding,
    Needs,
    Officer,
    SuitablePlace,
    findings,
    fit,
    last_day_of_call,
    required,
    weeks_of_call,
    weeks_of_officer,
    weeks_offered,
)
from services.applications.places.store import Filters
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import Country, DatePeriod, TopicCode
from shared.contracts.codes import (
    ApplicationKind,
    Expertise,
    HardRule,
    PartnerStatus,
    RankGroup,
    ServiceKind,
    Wishes,
)
from shared.contracts.lifecycle.state_sets import APPLICATION_WRITABLE
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext
from shared.time import clock, dates
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.model.answers import Answers
    from services.applications.placements.store import Offer
    from services.applications.places.model import Week
    from shared.contracts.calls import CallTerms
    from shared.contracts.offers import OfferTerms
    from shared.identity import Principal
    from shared.web.paging import PageRequest

RESTRICTED: Literal["restricted"] = "restricted"


class PlaceRule(ReadModel):
    """One rule of the matching that can be checked now, for the officer who reads."""

    rule: HardRule
    met: bool
    sentence: Annotated[str, Field(examples=["You speak English at the required level."])]

    @classmethod
    def of(cls, finding: Finding) -> PlaceRule:
        """Return a finding as the API answers it."""
        return cls(rule=finding.rule, met=finding.met, sentence=finding.sentence)


class BrowsedPlace(ReadModel):
    """A published placement or a mentor's profile as officers may see it before a match: no name and no contact."""

    reference: Annotated[str, Field(examples=["FR-P-2026-0007"])]
    kind: ApplicationKind
    title: Annotated[str, Field(description="Of a placement; empty for a mentor.")]
    country: Annotated[Country, Field(description="The country of the host or mentor.")]
    city: Annotated[str, Field(description="Of a placement; empty for a mentor.")]
    service: Annotated[ServiceKind | None, Field(description="The mentor's; null for a placement.")]
    rank_group: Annotated[RankGroup | None, Field(description="The mentor's; null for a placement.")]
    topics: Annotated[list[TopicCode], Field(description="Topics of the call; none for a mentor who takes any topic.")]
    expertise: Annotated[list[Expertise | Literal["restricted"]], Field(description="Restricted areas are not named.")]
    periods: Annotated[list[DatePeriod], Field(description="Those that have not ended.")]
    days: Annotated[int | None, Field(description="The working days of a visit; null for a mentor.")]
    languages: Annotated[
        list[LanguageHeld],
        Field(description="Working languages, each with the level that an officer needs. One of them is enough."),
    ]
    places: Annotated[int, Field(description="How many guests or mentees are taken in total.")]
    rules: Annotated[
        list[PlaceRule],
        Field(
            description="The rules that can be checked by the officer's newest answers. The matching checks more rules,"
            " so an entry that meets all of them is not a promise."
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A call, and the officer who reads its list."""

    terms: CallTerms
    scope: store.Scope
    weeks: Mapping[date, Week]
    officer: Officer
    call: calls_store.Call | None = None


async def _reading(session: AsyncSession, principal: Principal, call_id: UUID, kind: ApplicationKind) -> _Reading:
    """Return the call, the officer and the scope of the list.

    Raises `Refused`: 404 without such a call, 403 where the officer's country has no part in it, 409 while it takes no
    applications.
    """
    call = await calls_store.call(session, call_id)
    if call is None or kind not in call.kinds:
        raise not_found()
    terms, today = call.terms, clock.today()
    person = await entries.person(session, principal.subject)
    if person is None or person.country is None:
        raise Refused(gettext("You are not in the register yet. Ask your national coordinator to add you."), 403)
    if terms.rules.countries and person.country not in terms.rules.countries:
        raise Refused(gettext("This call is not open to your country."), 403)
    if await entries.partner_status(session, person.country, today) is PartnerStatus.SUSPENDED:
        sentence = gettext("Your country's part is suspended. Your national coordinator can tell you more.")
        raise Refused(sentence, 403)
    if not call.takes_applications(clock.now()):
        raise Refused(gettext("This call is not open for applications now."), code=ProblemCode.CALL_CLOSED)
    answers = await _newest_answers(session, principal, person, call_id, kind)
    weeks = weeks_of_call(terms, kind, today)
    return _Reading(
        terms=terms,
        scope=store.Scope(call_id, kind, person.country, person.organisation_id, today, terms.minimum_days),
        weeks=weeks,
        officer=_officer(answers, terms, kind, weeks.values()),
        call=call,
    )


async def _newest_answers(
    session: AsyncSession, principal: Principal, person: entries.Person, call_id: UUID, kind: ApplicationKind
) -> Answers:
    """Return the answers of the application of this kind to the call, else the newest, else those of the register."""
    own = await applications.of_officer(session, principal.subject)
    to_call = [row for row in own if row.call_id == call_id and row.for_ is kind]
    newest = next(iter([*to_call, *own]), None)
    return answers_from_register(person) if newest is None else newest.answers


def _officer(answers: Answers, terms: CallTerms, kind: ApplicationKind, weeks: Iterable[Week]) -> Officer:
    least = terms.minimum_days if kind is ApplicationKind.STUDY_VISIT else MENTOR_DAYS
    own_weeks = weeks_of_officer(weeks, answers.periods, answers.blackouts, least) if answers.periods else None
    return Officer(
        topics=[topic for topic in answers.topics if topic in terms.topics],
        languages=answers.languages,
        expertise=answers.expertise,
        weeks=own_weeks,
        rank_group=answers.rank_group,
        countries=answers.preferred_countries,
    )


def _needs(row: store.Row, reading: _Reading) -> Needs:
    return _needs_in(row, reading.terms, reading.weeks.values())


def _needs_in(row: store.Row, call: CallTerms, weeks: Iterable[Week]) -> Needs:
    return _needs_of_mentor(row, call, weeks) if isinstance(row, Mentor) else _needs_of_placement(row, call, weeks)


def _needs_of_placement(row: Offer, call: CallTerms, weeks: Iterable[Week]) -> Needs:
    terms = row.terms
    assert terms is not None
    return Needs(
        topics=terms.topics,
        languages=terms.languages,
        expertise=terms.expertise,
        weeks=weeks_offered(weeks, terms.periods, min(call.minimum_days, terms.days)),
        ranks=frozenset(RankGroup) - set(terms.excluded_rank_groups),
    )


def _needs_of_mentor(row: Mentor, call: CallTerms, weeks: Iterable[Week]) -> Needs:
    entry = row.entry
    return Needs(
        topics=[topic for topic in entry.topics if topic in call.topics],
        languages=[LanguageHeld(language=known.language, level=entry.minimum_level) for known in entry.languages],
        expertise=[known.area for known in entry.expertise],
        weeks=weeks_offered(weeks, entry.periods, MENTOR_DAYS),
        ranks=frozenset(entry.rank_groups) or frozenset(RankGroup),
    )


def _placement(row: Offer, reading: _Reading) -> BrowsedPlace:
    terms = row.terms
    assert terms is not None
    found = findings(reading.officer, _needs(row, reading))
    return browsed_placement(row.reference, terms, reading.scope.today, found)


def browsed_placement(reference: str, terms: OfferTerms, today: date, found: Iterable[Finding] = ()) -> BrowsedPlace:
    """Return the terms of a placement as officers browse them, with the rules that were checked for one of them."""
    return BrowsedPlace(
        reference=reference,
        kind=ApplicationKind.STUDY_VISIT,
        title=terms.title,
        country=terms.country,
        city=terms.city,
        service=None,
        rank_group=None,
        topics=list(terms.topics),
        expertise=_areas(terms.expertise),
        periods=_periods(terms.periods, today),
        days=terms.days,
        languages=list(terms.languages),
        places=terms.places,
        rules=[PlaceRule.of(finding) for finding in found],
    )


def _mentor(row: Mentor, reading: _Reading) -> BrowsedPlace:
    entry = row.entry
    needs = _needs(row, reading)
    return BrowsedPlace(
        reference=row.reference,
        kind=ApplicationKind.MENTEE,
        title="",
        country=row.country,
        city="",
        service=entry.service,
        rank_group=entry.rank_group,
        topics=list(needs.topics),
        expertise=_areas(needs.expertise),
        periods=_periods(entry.periods, reading.scope.today),
        days=None,
        languages=list(needs.languages),
        places=entry.capacity,
        rules=[PlaceRule.of(finding) for finding in findings(reading.officer, needs)],
    )


def _areas(expertise: Iterable[Expertise]) -> list[Expertise | Literal["restricted"]]:
    return [RESTRICTED if area.restricted else area for area in expertise]


def _periods(periods: Iterable[DatePeriod], today: date) -> list[DatePeriod]:
    return [DatePeriod(start=period.start, end=period.end) for period in periods if period.end >= today]


def _place(row: store.Row, reading: _Reading) -> BrowsedPlace:
    return _mentor(row, reading) if isinstance(row, Mentor) else _placement(row, reading)


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters that an address names, as they were read; None is no filter."""

    topic: str | None = None
    country: str | None = None
    week: date | None = None
    language: str | None = None


def _filters(choice: Choice, reading: _Reading) -> Filters:
    """Return the filters of a choice. Raises `Refused` (422) for a topic or week that the call does not have."""
    if choice.topic is not None and choice.topic not in reading.terms.topics:
        raise _refused("topic", gettext("Choose a topic of the call"))
    week = None
    if choice.week is not None:
        week = reading.weeks.get(choice.week)
        if week is None:
            raise _refused("week", gettext("Choose the Monday of a possible week of the call"))
    return Filters(choice.topic, choice.country, week, choice.language)


def _refused(name: str, sentence: str) -> Refused:
    return Refused(sentence, 422, {name: sentence})


async def page(
    session: AsyncSession,
    principal: Principal,
    call_id: UUID,
    kind: ApplicationKind,
    choice: Choice,
    request: PageRequest,
) -> Page[BrowsedPlace]:
    """Return a page of the entries that an officer may browse, by reference. Raises `Refused` (403, 404, 409, 422)."""
    reading = await _reading(session, principal, call_id, kind)
    found = await store.by_cursor(session, reading.scope, _filters(choice, reading), request)
    return page_of(found, request, BrowsedPlace, lambda row: _place(row, reading), lambda row: (row.reference,))


@dataclass(frozen=True, slots=True)
class OwnWishes:
    """The wishes of the officer's own application to the call, the first one first.

    `application_id` is None before there is one; `writable` if the list can change them.
    """

    application_id: UUID | None = None
    writable: bool = True
    places: tuple[UUID, ...] = ()

    def number_of(self, place_id: UUID) -> int:
        """Return which wish a placement or mentor is, from 1; 0 for none."""
        return self.places.index(place_id) + 1 if place_id in self.places else 0


async def browsed_call(
    session: AsyncSession, principal: Principal, call_id: UUID, kind: ApplicationKind, place_id: UUID
) -> tuple[CallTerms, bool]:
    """Return the terms of a call that an officer may browse, and whether the officer's list has the place.

    Raises `Refused` (403, 404, 409) as the list does.
    """
    reading = await _reading(session, principal, call_id, kind)
    return reading.terms, bool(await store.published(session, reading.scope, [place_id]))


@dataclass(frozen=True, slots=True)
class PlaceList:
    """One page of the list, with what it can be filtered by.

    `wishes` are the officer's own; None where the call counts no order. `ids` are those of the items.
    """

    call: CallHeading
    wishes: OwnWishes | None
    scheme: str
    items: Sequence[BrowsedPlace]
    ids: Sequence[UUID]
    total: int
    topics: Sequence[str]
    countries: Sequence[str]
    weeks: Sequence[Week]
    languages: Sequence[str]


async def place_list(
    session: AsyncSession,
    principal: Principal,
    call_id: UUID,
    kind: ApplicationKind,
    choice: Choice,
    order: str,
    number: int,
) -> PlaceList:
    """Return one page of the entries for an officer, in an order of the model. Raises `Refused` as `page` does."""
    reading = await _reading(session, principal, call_id, kind)
    found, total = await store.list_page(session, reading.scope, _filters(choice, reading), order, number)
    assert reading.call is not None
    counted = reading.terms.wishes is not Wishes.SCORES
    return PlaceList(
        call=CallHeading.of(reading.call),
        wishes=await _own_wishes(session, principal, call_id, kind) if counted else None,
        scheme=reading.terms.scheme,
        items=[_place(row, reading) for row in found],
        ids=[row.id for row in found],
        total=total,
        topics=reading.terms.topics,
        countries=await store.countries(session, reading.scope),
        weeks=[week for week in reading.weeks.values() if week.start <= last_day_of_call(reading.terms)],
        languages=await store.languages(session, reading.scope),
    )


async def _own_wishes(session: AsyncSession, principal: Principal, call_id: UUID, kind: ApplicationKind) -> OwnWishes:
    own = await applications.newest_for(session, principal.subject, call_id, kind)
    if own is None:
        return OwnWishes()
    return OwnWishes(own.id, own.own_state in APPLICATION_WRITABLE, own.answers.wishes)


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """A placement or mentor in the list."""

    title: str
    reference: str
    where: str
    facts: Sequence[SummaryRow]
    rules: Sequence[PlaceRule]


def card_of(place: BrowsedPlace, scheme: str) -> PlaceCard:
    """Return an entry as the list shows it; `scheme` is that of the call's topics."""
    visits = place.kind is ApplicationKind.STUDY_VISIT
    country = labels.country(place.country)
    profession = [labels.label(code) for code in (place.rank_group, place.service) if code is not None]
    return PlaceCard(
        place.title if visits else ", ".join(profession),
        place.reference,
        f"{place.city}, {country}" if place.city else country,
        _facts(place, scheme, visits=visits),
        place.rules,
    )


def _facts(place: BrowsedPlace, scheme: str, *, visits: bool) -> list[SummaryRow]:
    topics = "; ".join(labels.topic(code, scheme) for code in place.topics)
    areas = ", ".join(gettext("restricted") if area == RESTRICTED else labels.label(area) for area in place.expertise)
    if visits:
        places = ngettext("%(num)d place", "%(num)d places", place.places) % {"num": place.places}
    else:
        places = ngettext("up to %(num)d mentee", "up to %(num)d mentees", place.places) % {"num": place.places}
    found = [
        SummaryRow(gettext("Topics"), topics or gettext("All topics of the call")),
        SummaryRow(gettext("Areas of expertise"), areas or gettext("Any")),
        SummaryRow(
            gettext("Periods"), "; ".join(dates.span(period.start, period.end) for period in place.periods) or None
        ),
        SummaryRow(gettext("Languages, with the level you need"), required(place.languages)),
        SummaryRow(gettext("Places"), places),
    ]
    if place.days is not None:
        found.insert(3, SummaryRow(gettext("Working days of a visit"), str(place.days)))
    return found


class Applicant(Protocol):
    """The part of an application from which it follows what suits the officer."""

    @property
    def call_id(self) -> UUID:
        """The call."""

    @property
    def for_(self) -> ApplicationKind:
        """The kind of stay that is applied for."""

    @property
    def country(self) -> str:
        """The country in which the officer serves."""

    @property
    def organisation_id(self) -> UUID | None:
        """The officer's own agency; None where it is not stated yet."""

    @property
    def answers(self) -> Answers:
        """The answers so far."""


A = TypeVar("A", bound=Applicant)


def _scope(application: Applicant, terms: CallTerms) -> store.Scope:
    return store.Scope(
        application.call_id,
        application.for_,
        application.country,
        application.organisation_id,
        clock.today(),
        terms.minimum_days,
    )


async def published_places(
    session: AsyncSession, application: Applicant, terms: CallTerms, ids: Collection[UUID]
) -> set[UUID]:
    """Return those of the placements or mentors that are abroad and published in the call of an application."""
    return await store.published(session, _scope(application, terms), ids)


async def suitable_places(session: AsyncSession, application: Applicant, terms: CallTerms) -> list[SuitablePlace]:
    """Return the published placements or mentors that meet all rules that can be checked, the best first.

    None for officers whose country has no part in the call: they may not browse them.
    """
    scope, kind = _scope(application, terms), application.for_
    if terms.rules.countries and scope.country not in terms.rules.countries:
        return []
    weeks = weeks_of_call(terms, kind, scope.today)
    officer = _officer(application.answers, terms, kind, weeks.values())
    reading = _Reading(terms, scope, weeks, officer)
    found = []
    for row in await store.listed(session, scope):
        if (suits := fit(officer, _needs(row, reading), row.country)) is not None:
            card = card_of(_place(row, reading), terms.scheme)
            found.append(SuitablePlace(row.id, card.reference, card.title, card.where, card.facts, suits))
    return sorted(found, key=lambda place: (-place.fit.grade, place.reference))


@dataclass(frozen=True, slots=True)
class SuitableApplicant(Generic[A]):
    """An application that meets the rules of a placement or mentor that can be checked, and what either side states."""

    application: A
    officer: Officer
    needs: Needs


def suitable_applicants(row: store.Row, applications: Iterable[A], terms: CallTerms) -> list[SuitableApplicant[A]]:
    """Return those of the applications that meet all rules of a published entry that can be checked, in their order."""
    kind = ApplicationKind.MENTEE if isinstance(row, Mentor) else ApplicationKind.STUDY_VISIT
    weeks = weeks_of_call(terms, kind, clock.today()).values()
    needs = _needs_in(row, terms, weeks)
    found = [
        SuitableApplicant(application, _officer(application.answers, terms, kind, weeks), needs)
        for application in applications
    ]
    return [each for each in found if all(finding.met for finding in findings(each.officer, needs))]


class FittingPlace(ReadModel):
    """A published placement or mentor that suits an application, with how well and why: no name and no contact."""

    id: UUID
    reference: Annotated[str, Field(examples=["FR-P-2026-0007"])]
    title: Annotated[str, Field(description="Of a placement the title, of a mentor rank group and service.")]
    where: Annotated[str, Field(examples=["Lyon, France"])]
    grade: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_GRADES,
            description="One each for the first topic, a preferred country, and two or more possible weeks.",
        ),
    ]
    suits: Annotated[str, Field(examples=["Suits you very well"])]
    reasons: Annotated[list[str], Field(examples=[["It has your topic number 1."]])]


async def fitting_places(session: AsyncSession, application: Applicant, terms: CallTerms) -> Page[FittingPlace]:
    """Return the suitable places as the API answers them."""
    items = [
        FittingPlace(
            id=place.id,
            reference=place.reference,
            title=place.title,
            where=place.where,
            grade=place.fit.grade,
            suits=place.fit.words,
            reasons=list(place.fit.reasons),
        )
        for place in await suitable_places(session, application, terms)
    ]
    return Page[FittingPlace](items=items, next=None)


async def names_of_places(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return placements by reference, title and country, and mentors by reference and country."""
    if not ids:
        return {}
    offers, mentors = await offers_by_id(session, ids), await mentors_by_id(session, ids)
    found = {
        id_: " ".join(filter(None, (row.reference, row.title))) + f" ({labels.country(row.country)})"
        for id_, row in offers.items()
    }
    return found | {id_: f"{row.reference} ({labels.country(row.country)})" for id_, row in mentors.items()}
