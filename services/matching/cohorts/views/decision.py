"""Read what a cohort can be made of: each match with its reason and warnings, the countries, and what choices cost."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.board.views.board import stage_counts
from services.matching.board.views.cases import CaseFilter, cases
from services.matching.cohorts.model import NO_CHOICES, ChoiceKind, is_large, price_of, rerun
from services.matching.cohorts.store import drafts
from services.matching.facts import views as facts
from services.matching.overview.store.board import WAITING
from services.matching.provisional.model.problem import companions, solve, waiting
from services.matching.provisional.model.results import matched, proposals, unmatched
from services.matching.provisional.snapshot import load_in
from services.matching.receipts.views.explanation import explanation
from shared.contracts import labels
from shared.contracts.codes import WishMissed
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.board.views.cases import Case
    from services.matching.cohorts.model import Choice, Choices, CohortPrice, Rerun
    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.matching import Result
    from services.matching.facts.views import CallSummary, Place
    from services.matching.provisional.model.problem import Facts
    from services.matching.provisional.model.results import Proposal
    from services.matching.provisional.snapshot import Snapshot
    from services.matching.receipts.views.explanation import Explanation
    from services.matching.receipts.views.receipts import Explained
    from shared.contracts.base import DatePeriod
    from shared.contracts.codes import ApplicationKind, ServiceKind
    from shared.identity.scope import Reach

    VersionsOf = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, str]]]

MOST = 1000
"""So many pairs at most are on a page of a cohort, whose form sends them all; each page is committed as a cohort."""
_NOT_YET = UUID(int=0)
"""Stands for the run and the match of a receipt before the cohort is committed."""


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A provisional match to decide on: who, where, why in one line, points of how many, and warnings in words.

    `seat` is the offer or mentor, `organisation` the applicant's, `host` the host's, as far as they have arrived. A
    large call has neither reasons nor warnings. `choice` is set where a coordinator gave the place by hand.
    """

    id: UUID
    reference: str
    country: str
    kind: ApplicationKind
    seat: Place
    version: str
    organisation: str | None
    host: str | None
    score: int
    most: int | None = None
    service: ServiceKind | None = None
    group: UUID | None = None
    weeks: Sequence[DatePeriod] = ()
    why: Sequence[str] = ()
    warnings: Sequence[str] = ()
    choice: Choice | None = None

    @property
    def pair(self) -> str:
        """Return the pair as a form names it, with the version of the application."""
        return f"{self.id}/{self.seat.id}/{self.version}"


@dataclass(frozen=True, slots=True)
class RowFilter:
    """The matches of a cohort to list: of a country, of a service, at a place, or with a warning."""

    country: str = ""
    service: str = ""
    seat: UUID | None = None
    warned: bool = False

    def keeps(self, row: MatchRow) -> bool:
        """Return whether a match is to be listed."""
        return (
            self.country in {"", row.country}
            and self.service in {"", row.service}
            and self.seat in {None, row.seat.id}
            and (bool(row.warnings) or not self.warned)
        )


@dataclass(frozen=True, slots=True)
class ListedMatches:
    """The matches on one page of a cohort: the page, counted from 1, with all pages of those that are kept."""

    rows: Sequence[MatchRow]
    number: int
    pages: Sequence[Sequence[MatchRow]]


@dataclass(frozen=True, slots=True)
class CountryBalance:
    """The eligible applicants of a country, those of them with a place by this cohort, and its quota if it has one."""

    country: str
    applied: int
    matched: int
    ceiling: int | None

    @property
    def full(self) -> bool:
        """Return whether the quota is used up."""
        return self.ceiling is not None and self.matched >= self.ceiling


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """A coordinator's choice for this cohort: the application, the place given by hand, and the reason.

    `impossible` says that it cannot be carried out any more.
    """

    id: UUID
    reference: str
    choice: Choice
    seat: Place | None
    impossible: bool


@dataclass(frozen=True, slots=True)
class PriceInWords:
    """The cost of choices: the change of the sum of points, and the references of those whose result changes."""

    points: int
    lose: Sequence[str]
    gain: Sequence[str]
    move: Sequence[str]


@dataclass(frozen=True, slots=True)
class CohortFacts:
    """All that is read for the page of a cohort; for a `large` call the matches are in `cases`."""

    call: CallSummary
    snapshot: Snapshot
    choices: Choices
    versions: Mapping[UUID, str]
    places: Mapping[UUID, Place]
    names: Mapping[UUID, str]
    cases: Sequence[Case]
    unplaced: int
    large: bool


@dataclass(frozen=True, slots=True)
class CohortChoice:
    """The matches of a call to choose from, and how many reserves the call has for each place.

    `unplaced` applications have no place. `price` is what the choices cost, None without any; `held_back` of the
    applications are held back. The rows of a `large` call have no reasons.
    """

    call: CallSummary
    rows: Sequence[MatchRow]
    reserves_a_place: int
    balance: Sequence[CountryBalance] = ()
    choices: Sequence[ChoiceRow] = ()
    price: PriceInWords | None = None
    unplaced: int = 0
    held_back: int = 0
    large: bool = False

    def listed(self, page: int, wanted: RowFilter | None = None) -> ListedMatches:
        """Return the matches on a page of those that the filter keeps; those of the last page for one behind it.

        A group is listed whole where one of its members is kept, for it is committed whole.
        """
        keeps = wanted.keeps if wanted is not None else bool
        groups = {row.group for row in self.rows if row.group is not None and keeps(row)}
        pages = _pages([row for row in self.rows if row.group in groups or keeps(row)])
        number = max(1, min(page, len(pages)))
        return ListedMatches(pages[number - 1] if pages else (), number, pages)

    def chosen(self, pairs: set[str]) -> list[MatchRow]:
        """Return the matches whose pair is among these."""
        return [row for row in self.rows if row.pair in pairs]

    @property
    def impossible(self) -> bool:
        """Return whether a choice cannot be carried out any more."""
        return any(row.impossible for row in self.choices)


async def cohort_facts(session: AsyncSession, within: Reach, call_id: UUID, versions_of: VersionsOf) -> CohortFacts:
    """Return what the page of a cohort is made of. Raises `Refused` (404) for an unknown call."""
    call, _ = await facts.known_call(session, call_id)
    snapshot = await load_in(session, call_id)
    if snapshot is None:
        raise Refused(gettext("This call does not exist."), 404)
    draft = await drafts.draft(session, call_id)
    large = is_large(snapshot.facts)
    listed: list[Case] = []
    known = snapshot.facts
    if large:
        provisional = CaseFilter(call_id=call_id, stage="match:provisional")
        listed = _whole(known, (await cases(session, within, provisional, size=len(known.candidates))).rows)
    places = await facts.places(session, known.places)
    organisations = {place.organisation_id for place in places.values()}
    organisations |= {profile.organisation_id for profile in known.candidates.values()}
    return CohortFacts(
        call=call,
        snapshot=snapshot,
        choices=NO_CHOICES if draft is None else draft.choices,
        versions=await versions_of([case.id for case in listed] if large else list(waiting(known))),
        places=places,
        names=await facts.organisation_names(session, organisations),
        cases=listed,
        unplaced=sum(each.count for each in await stage_counts(session, within, call_id) if each.state in WAITING),
        large=large,
    )


def _whole(known: Facts, found: Sequence[Case]) -> list[Case]:
    """Return the cases without those of a group of which a member is not among them: it is committed whole."""
    pool = waiting(known)
    sizes = Counter(profile.group_id for profile in pool.values())
    here = Counter(pool[case.id].group_id for case in found if case.id in pool)
    return [
        case
        for case in found
        if case.id not in pool or (group := pool[case.id].group_id) is None or here[group] == sizes[group]
    ]


def _pages(rows: Sequence[MatchRow]) -> list[list[MatchRow]]:
    """Return the rows in pages; where there are several, each group is whole beside its first member."""
    if len(rows) <= MOST:
        return [list(rows)] if rows else []
    together: dict[UUID, list[MatchRow]] = {}
    for row in rows:
        together.setdefault(row.group or row.id, []).append(row)
    pages: list[list[MatchRow]] = []
    for members in together.values():
        if not pages or len(pages[-1]) + len(members) > MOST:
            pages.append([])
        pages[-1].extend(members)
    return pages


async def cohort_choice(read: CohortFacts) -> CohortChoice:
    """Return the matches of a call to choose from, with the choices made before."""
    reserves = read.snapshot.facts.terms.reserves
    if not read.snapshot.open:
        return CohortChoice(read.call, (), reserves)
    if read.large:
        rows = [_plain_row(read, case) for case in read.cases]
        # None can be carried out in so large a call: each is listed with the way to remove it.
        left = choice_rows(read, read.choices.keys())
        return CohortChoice(
            read.call,
            rows,
            reserves,
            _balance(read, rows),
            choices=left,
            unplaced=read.unplaced,
            large=True,
        )
    return await asyncio.to_thread(_decision, read)


def _decision(read: CohortFacts) -> CohortChoice:
    """Match the call with the choices, and say of each match why it is, and what is to be looked at."""
    known = read.snapshot.facts
    found = rerun(known, read.choices)
    rows = _with_warnings(
        read, [row for kind, result in found.results.items() for row in _rows(read, found, kind, result)]
    )
    return CohortChoice(
        call=read.call,
        rows=rows,
        reserves_a_place=known.terms.reserves,
        balance=_balance(read, rows),
        choices=choice_rows(read, found.impossible),
        price=price_in_words(read, price_of(solve(known), found.results)) if read.choices else None,
        unplaced=sum(len(result.unmatched) for result in found.results.values()),
        held_back=len(found.held_back),
    )


def _rows(
    read: CohortFacts, found: Rerun, kind: ApplicationKind, result: Result
) -> Iterator[tuple[MatchRow, Proposal]]:
    """Yield the matches of one kind, by application."""
    for proposal in proposals(read.snapshot.facts, kind, result):
        receipt = _as_planned(result.receipt(str(proposal.application_id), effort=0), planned=bool(found.pins(result)))
        profile, place = read.snapshot.facts.candidates[proposal.application_id], read.places[proposal.seat_id]
        choice = found.given.get(proposal.application_id)
        yield (
            MatchRow(
                id=proposal.application_id,
                reference=profile.reference,
                country=profile.country,
                kind=kind,
                seat=place,
                version=read.versions[proposal.application_id],
                organisation=read.names.get(profile.organisation_id),
                host=read.names.get(place.organisation_id),
                score=proposal.score,
                most=sum(earned.applicant_of for earned in receipt.match.earned) if receipt.match else None,
                service=profile.service,
                group=profile.group_id,
                weeks=proposal.weeks,
                why=why_in_short(receipt, read.places) if choice is None else by_hand_in_short(choice),
                choice=choice,
            ),
            proposal,
        )


def _as_planned(receipt: Receipt, *, planned: bool) -> Receipt:
    """Return a receipt as it is beside places given by hand: a lower wish need not follow from the aim of the call."""
    if not planned or receipt.missed is None or receipt.missed.why is not WishMissed.HIGHEST_SUM:
        return receipt
    return replace(receipt, missed=replace(receipt.missed, why=WishMissed.PLAN))


def why_in_short(receipt: Receipt, places: Mapping[UUID, Place]) -> list[str]:
    """Return why an application has its place, in one or two short sentences."""
    match = receipt.match
    if match is None:
        return []
    numbers = {"rank": match.rank}
    if match.rank == 1 and receipt.missed is not None:
        first = ngettext("The only suitable place.", "Best of %(num)d suitable places.", receipt.feasible) % {
            "num": receipt.feasible
        }
    elif match.rank == 1:
        first = ngettext(
            "First choice. The only suitable place.",
            "First choice. Best of %(num)d suitable places.",
            receipt.feasible,
        ) % {"num": receipt.feasible}
    else:
        first = ngettext(
            "Choice %(rank)d of %(num)d suitable place.",
            "Choice %(rank)d of %(num)d suitable places.",
            receipt.feasible,
        ) % {"num": receipt.feasible, **numbers}
    said = [first]
    if receipt.missed is not None:
        missed = places.get(UUID(receipt.missed.seat_id))
        said.append(
            gettext("Not %(place)s: %(reason)s.")
            % {
                "place": missed.reference if missed else gettext("another place"),
                "reason": labels.label(receipt.missed.why),
            }
        )
    if receipt.together is not None:
        said.append(
            ngettext("In a group of %(num)d.", "In a group of %(num)d.", receipt.together.size)
            % {"num": receipt.together.size}
        )
    return said


def by_hand_in_short(choice: Choice) -> list[str]:
    """Return that a coordinator gave a place by hand, and why."""
    said = gettext("Pinned by a coordinator.") if choice.kind is ChoiceKind.PIN else gettext("Moved by a coordinator.")
    return [said, gettext("Reason: %(reason)s.") % {"reason": labels.label(choice.reason)}]


def _with_warnings(read: CohortFacts, found: Sequence[tuple[MatchRow, Proposal]]) -> list[MatchRow]:
    """Return the rows by reference, each with what a coordinator should look at before committing it."""
    known = read.snapshot.facts
    countries = Counter(row.country for row, _ in found)
    scores = [row.score / row.most for row, _ in found if row.most]
    least = min(scores) if len(scores) > 1 and min(scores) < max(scores) else None
    rows = []
    for row, proposal in found:
        warnings = []
        if countries[row.country] == 1 and len(countries) > 1:
            warnings.append(gettext("Only match for %(country)s.") % {"country": labels.country(row.country)})
        if least is not None and row.most and row.score / row.most == least:
            warnings.append(gettext("Fewest points in this cohort."))
        if known.candidates[row.id].prematched_with or getattr(
            known.places[row.seat.id].terms, "prematched_with", None
        ):
            warnings.append(gettext("Fixed pair: one side named the other."))
        if known.terms.reserves and not proposal.next_in_line:
            warnings.append(gettext("No reserve: nobody is in line for this place."))
        rows.append(replace(row, warnings=warnings))
    return sorted(rows, key=lambda row: (row.reference, row.id))


def _plain_row(read: CohortFacts, case: Case) -> MatchRow:
    """Return a match of a large call, as the board has it."""
    assert case.seat_id is not None
    place, profile = read.places[case.seat_id], read.snapshot.facts.candidates.get(case.id)
    return MatchRow(
        id=case.id,
        reference=case.reference,
        country=case.country,
        kind=case.kind,
        seat=place,
        version=read.versions[case.id],
        organisation=read.names.get(case.organisation_id),
        host=read.names.get(place.organisation_id),
        score=case.score or 0,
        service=None if profile is None else profile.service,
        group=None if profile is None else profile.group_id,
    )


def _balance(read: CohortFacts, rows: Sequence[MatchRow]) -> list[CountryBalance]:
    """Return the countries of all eligible applicants by code, with those who have a place or would by this cohort."""
    known = read.snapshot.facts
    standing = {match.pairing.application_id: match.pairing.country for match in known.matches if match.takes_place}
    applied = Counter((standing | {id_: profile.country for id_, profile in known.candidates.items()}).values())
    matched = Counter((standing | {row.id: row.country for row in rows}).values())
    ceilings = {quota.country: quota.ceiling for quota in known.terms.quotas}
    return [
        CountryBalance(country, applied[country], matched[country], ceilings.get(country))
        for country in sorted(applied)
    ]


def choice_rows(read: CohortFacts, impossible: Collection[UUID] = ()) -> list[ChoiceRow]:
    """Return the choices for a cohort, of which those for some applications are `impossible`."""
    return [_choice_row(read, impossible, id_, choice) for id_, choice in read.choices.items()]


def _choice_row(read: CohortFacts, impossible: Collection[UUID], application_id: UUID, choice: Choice) -> ChoiceRow:
    profile = read.snapshot.facts.candidates.get(application_id)
    return ChoiceRow(
        id=application_id,
        reference=profile.reference if profile is not None else "",
        choice=choice,
        seat=read.places.get(choice.seat_id) if choice.seat_id else None,
        impossible=application_id in impossible,
    )


def price_in_words(read: CohortFacts, price: CohortPrice) -> PriceInWords:
    """Return a price with the references of those whom it touches."""

    def references(ids: Sequence[UUID]) -> list[str]:
        return sorted(read.snapshot.facts.candidates[id_].reference for id_ in ids)

    return PriceInWords(price.points, references(price.lose), references(price.gain), references(price.move))


async def cohort_receipt(read: CohortFacts, application_id: UUID, *, effort: int) -> tuple[str, Explanation]:
    """Return the reference of an application, and its receipt as the cohort would publish it now.

    Raises `Refused`: 404 if it is not looking for a place, 409 in a large call, which no page matches again.
    """
    if read.large:
        raise Refused(
            gettext("This call is too large to explain single matches before the cohort is committed."),
            code=ProblemCode.LIMIT_REACHED,
        )
    profile = read.snapshot.facts.candidates.get(application_id)
    found = await asyncio.to_thread(_receipt, read, application_id, effort)
    if profile is None or found is None:
        raise Refused(gettext("This application is not looking for a place."), 404)
    return profile.reference, found


def _receipt(read: CohortFacts, application_id: UUID, effort: int) -> Explanation | None:
    known = read.snapshot.facts
    found = rerun(known, read.choices)
    for kind, result in found.results.items():
        if str(application_id) not in result.candidate_ids:
            continue
        planned = bool(found.pins(result))
        receipt = result.receipt(str(application_id), effort=0 if planned else effort)
        if receipt.match is None:
            published: Explained = unmatched(receipt, run_id=_NOT_YET, call_id=known.call_id, kind=kind)
        else:
            pairs = proposals(known, kind, result)
            pair = next(pair for pair in pairs if pair.application_id == application_id)
            choice = found.given.get(application_id)
            reason = None if choice is None else choice.reason
            published = matched(receipt, pair, run_id=_NOT_YET, match_id=_NOT_YET, override=reason, plan=planned)
            if choice is not None and (size := len(companions(known, application_id))) > 1:
                published = published.model_copy(update={"group_size": size})
        return explanation(published, read.places, known.terms.scheme, side="both")
    return None
