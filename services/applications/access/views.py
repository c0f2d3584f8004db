"""Determine in which capacity a person decides, and whether the programme coordinator is asked yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from services.applications.access import store
from services.applications.access.model import programme_asked_since
from services.applications.own_cases.model import Concerned, Tie, why_not
from shared.contracts import labels
from shared.contracts.codes import ActingAs, AudienceKind, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.own_cases import own_case
from shared.identity.scope import EU, may_clear
from shared.time import clock, dates
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.model import Deciders
    from shared.identity import Principal


class MailSent(ReadModel):
    """The confirmation that an email is on its way."""

    sent: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """The capacity in which one reader may decide for a country.

    `acting_as`: the reader's capacity now (None: not, or not yet). `escalated_at`: since when the programme
    coordinator decides in the country's place. `deputy_until`: the deputy's deadline after `due`, if one was in charge.
    `has_decider`: the country has a coordinator today. `now`: the moment of all this. `tie`: what ties the reader to
    the case, so that somebody else decides. `all_tied`: the case concerns everybody who decides for the country.
    """

    country: str
    due: datetime | None
    has_decider: bool
    deputy_until: datetime | None
    escalated_at: datetime | None
    acting_as: ActingAs | None
    now: datetime
    tie: Tie | None = None
    all_tied: bool = False

    @property
    def overdue(self) -> bool:
        """Return whether the country has let the deadline pass."""
        return self.due is not None and self.due < self.now

    @property
    def asked_too(self) -> AudienceKind | None:
        """Return who is asked besides the country once the deadline has passed; None before."""
        if self.escalated_at is not None:
            return AudienceKind.PROGRAMME_COORDINATOR
        return AudienceKind.HOST_DEPUTY if self.overdue else None

    @property
    def sentence(self) -> str:
        """Return for a programme coordinator why he or she is asked, or who decides and until when."""
        if self.tie is not None:
            return why_not(self.tie)
        if self.escalated_at is not None:
            return self._escalated_because(self.escalated_at)
        coordinator = labels.coordinator(self.country)
        if self.due is None:
            return gettext("Assigned to: %(who)s.") % {"who": coordinator}
        if self.overdue and self.deputy_until is not None:
            text = gettext("No answer yet from: %(who)s. The deputy decides until %(day)s. Then we ask you.")
            return text % {"day": dates.day(self.deputy_until), "who": coordinator}
        text = gettext("Assigned until %(day)s to: %(who)s. Then we ask the deputy, or you if there is no deputy.")
        return text % {"day": dates.day(self.due), "who": coordinator}

    def _escalated_because(self, escalated_at: datetime) -> str:
        """The sentence that says why the programme coordinator is asked since `escalated_at`."""
        if self.all_tied:
            text = gettext("Assigned to you since %(day)s, because the case concerns those who decide for %(country)s.")
        elif not self.has_decider:
            text = gettext("Assigned to you since %(day)s, because %(country)s has no coordinator today.")
        elif self.deputy_until is not None:
            text = gettext("Assigned to you since %(day)s, because neither they nor their deputy answered: %(who)s.")
        else:
            text = gettext(
                "Assigned to you since %(day)s, because nobody answered in time. Assigned before to: %(who)s."
            )
        coordinator, country = labels.coordinator(self.country), labels.country(self.country)
        return text % {"day": dates.day(escalated_at), "who": coordinator, "country": country}

    def notice_for(self, principal: Principal) -> str | None:
        """Return the notice for the programme coordinator, or for the person who decides for the country."""
        if principal.has(Role.PROGRAMME_COORDINATOR) and self.tie is None:
            return self.sentence
        return None if self.acting_as is None else self._country_notice

    @property
    def _country_notice(self) -> str | None:
        """The notice for the country itself, once it is overdue: who is asked in its place, and until when."""
        if self.due is None or not self.overdue:
            return None
        if self.escalated_at is not None:
            text = gettext("This was due by %(due)s. Since %(day)s it is also assigned to the programme coordinator.")
            return text % {"due": dates.day(self.due), "day": dates.day(self.escalated_at)}
        assert self.deputy_until is not None
        if self.acting_as is ActingAs.DEPUTY:
            text = gettext("This was due by %(due)s. As the deputy, you must decide by %(day)s.")
        else:
            text = gettext("This was due by %(due)s. We ask your deputy until %(day)s, then the programme coordinator.")
        return text % {"due": dates.day(self.due), "day": dates.day(self.deputy_until)}

    def decides(self) -> ActingAs:
        """Return the reader's capacity. Raises `Refused` if the reader may not decide: 409, naming who decides.

        Where the case concerns the reader it is 403 (`own-case`).
        """
        if self.tie is not None:
            raise own_case(self.sentence)
        if self.acting_as is None:
            raise Refused(self.sentence, 409)
        return self.acting_as


@dataclass(frozen=True, slots=True)
class Question:
    """A decision that a country or an EU agency is asked for."""

    country: str
    organisation_id: UUID | None
    call_id: UUID
    due: datetime | None
    since: datetime
    concerned: Concerned = field(default_factory=Concerned)


class Waits(Protocol):
    """Anything that waits for a country's decision: an application, or a placement."""

    country: str
    call_id: UUID
    due: datetime | None
    since: datetime

    @property
    def organisation_id(self) -> UUID | None:
        """Return its organisation."""

    @property
    def concerned(self) -> Concerned:
        """Return whom the decision concerns."""


async def capacity_for(session: AsyncSession, principal: Principal, of: Waits | Question) -> Capacity:
    """Return the reader's capacity for a decision that was asked for at `since` and is due at `due`."""
    return capacity_among(await store.deciders_on(session, clock.today()), principal, of)


def capacity_among(deciders: Deciders, principal: Principal, of: Waits | Question) -> Capacity:
    """Return the same with known deciders (`store.deciders_on`), for lists."""
    now = clock.now()
    place = str(of.organisation_id) if of.country == EU else of.country
    has_decider = place in deciders.places
    deputy_until = deciders.deputy_until(place, of.country, of.call_id, of.due)
    all_tied = deciders.all_tied(place, of.concerned)
    asked_since = programme_asked_since(
        due=of.due, deputy_until=deputy_until, since=of.since, has_decider=has_decider and not all_tied, now=now
    )
    tie = deciders.ties.between(principal.subject, of.concerned)
    capacity = acting_as(principal, of.country, of.organisation_id)
    if capacity is None and asked_since is not None and principal.has(Role.PROGRAMME_COORDINATOR):
        capacity = ActingAs.PROGRAMME
    return Capacity(
        of.country,
        of.due,
        has_decider,
        deputy_until,
        asked_since,
        None if tie else capacity,
        now,
        tie,
        has_decider and all_tied,
    )


def acting_as(principal: Principal, country: str, organisation_id: UUID | None) -> ActingAs | None:
    """Return whether the principal decides as coordinator (of an EU agency: clearance officer) or as deputy."""
    if not may_clear(principal, country, organisation_id):
        return None
    if country == EU:
        role = Role.CLEARANCE_OFFICER
        grants = [
            grant for grant in principal.grants if grant.role is role and grant.organisation_id == str(organisation_id)
        ]
    else:
        role = Role.NATIONAL_COORDINATOR
        grants = [grant for grant in principal.grants if grant.role is role and grant.country == country]
    return ActingAs.DEPUTY if all(grant.deputy_for for grant in grants) else ActingAs.COORDINATOR
