"""In which capacity does somebody decide for a country or an EU agency, and is the programme coordinator asked yet?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.applications.access import store
from services.applications.access.model import programme_asked_since
from shared.contracts import labels
from shared.contracts.codes import ActingAs, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import EU, may_clear
from shared.time import clock, dates

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.access.model import Deciders
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Capacity:
    """In whose hands a decision is, for one reader.

    `acting_as` is as whom the reader decides now (None: not, or not yet); `asked` since when the programme coordinator
    is asked, in the country's place; `deputy_until` until when the deputy has it after `due`, where one was in charge;
    `held` whether the country has a coordinator today; `now` when that is so.
    """

    country: str
    due: datetime | None
    held: bool
    deputy_until: datetime | None
    asked: datetime | None
    acting_as: ActingAs | None
    now: datetime

    @property
    def overdue(self) -> bool:
        """Whether the country has let the deadline pass."""
        return self.due is not None and self.due < self.now

    @property
    def holder(self) -> str:
        """Who has it, and who is asked beside them once they have let the deadline pass."""
        who = labels.coordinator(self.country)
        if self.asked is not None:
            return gettext("%(who)s; the programme coordinator is asked too") % {"who": who}
        return gettext("%(who)s; the deputy is asked too") % {"who": who} if self.overdue else who

    @property
    def sentence(self) -> str:
        """For a programme coordinator: why he or she is asked, or who has it and until when."""
        who, country = labels.coordinator(self.country), labels.country(self.country)
        if self.asked is not None and not self.held:
            text = gettext("Asked of you since %(day)s, because %(country)s has no coordinator today.")
            return text % {"day": dates.day(self.asked), "country": country}
        if self.asked is not None and self.deputy_until is not None:
            text = gettext("Asked of you since %(day)s, because neither they nor their deputy answered: %(who)s.")
            return text % {"day": dates.day(self.asked), "who": who}
        if self.asked is not None:
            text = gettext("Asked of you since %(day)s, because nobody answered in time. Who had it: %(who)s.")
            return text % {"day": dates.day(self.asked), "who": who}
        if self.due is None:
            return gettext("Who decides: %(who)s.") % {"who": who}
        if self.overdue and self.deputy_until is not None:
            text = gettext("Who has not answered: %(who)s. The deputy decides until %(day)s; then you are asked.")
            return text % {"day": dates.day(self.deputy_until), "who": who}
        text = gettext("Who decides until %(day)s: %(who)s. Then the deputy is asked, or you if there is none.")
        return text % {"day": dates.day(self.due), "who": who}

    def said(self, principal: Principal) -> str | None:
        """What a page says about it to the programme coordinator, and to whoever decides for the country."""
        if principal.has(Role.PROGRAMME_COORDINATOR):
            return self.sentence
        return None if self.acting_as is None else self._told

    @property
    def _told(self) -> str | None:
        """For the country itself, once it is overdue: who is asked in its place, and until when."""
        if self.due is None or not self.overdue:
            return None
        if self.asked is not None:
            text = gettext("This was due by %(due)s. The programme coordinator is asked too since %(day)s.")
            return text % {"due": dates.day(self.due), "day": dates.day(self.asked)}
        assert self.deputy_until is not None
        if self.acting_as is ActingAs.DEPUTY:
            text = gettext("This was due by %(due)s. As the deputy you are asked to decide by %(day)s.")
        else:
            text = gettext(
                "This was due by %(due)s. Your deputy is asked until %(day)s, then the programme coordinator."
            )
        return text % {"due": dates.day(self.due), "day": dates.day(self.deputy_until)}

    def decides(self) -> ActingAs:
        """As whom the reader decides. Raises `Refused` (409) with who has it, where it is not the reader's turn."""
        if self.acting_as is None:
            raise Refused(self.sentence, 409)
        return self.acting_as


@dataclass(frozen=True, slots=True)
class Question:
    """A decision that a country or an EU agency is asked for, since when, until when, and in which call."""

    country: str
    organisation_id: UUID | None
    call_id: UUID
    due: datetime | None
    since: datetime


class Waits(Protocol):
    """What waits for a country's decision: an application, or a placement."""

    country: str
    call_id: UUID
    due: datetime | None
    since: datetime

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation that it belongs to."""


async def capacity_for(session: AsyncSession, principal: Principal, of: Waits | Question) -> Capacity:
    """In whose hands the decision is that was first asked for `since` and is due at `due`."""
    return capacity_among(await store.deciders_on(session, clock.today()), principal, of)


def capacity_among(held: Deciders, principal: Principal, of: Waits | Question) -> Capacity:
    """The same, where it is known who decides for which countries and EU agencies (`coordinators.held`): for lists."""
    now = clock.now()
    place = str(of.organisation_id) if of.country == EU else of.country
    there = place in held.places
    deputy = held.deputy_until(place, of.country, of.call_id, of.due)
    asked = programme_asked_since(due=of.due, deputy_until=deputy, since=of.since, held=there, now=now)
    own = acting_as(principal, of.country, of.organisation_id)
    if own is None and asked is not None and principal.has(Role.PROGRAMME_COORDINATOR):
        own = ActingAs.PROGRAMME
    return Capacity(of.country, of.due, there, deputy, asked, own, now)


def acting_as(principal: Principal, country: str, organisation_id: UUID | None) -> ActingAs | None:
    """Whether the principal decides as the coordinator of a country (of an EU agency: its officer), or as a deputy."""
    if not may_clear(principal, country, organisation_id):
        return None
    if country == EU:
        wanted = Role.CLEARANCE_OFFICER
        held = [one for one in principal.grants if one.role is wanted and one.organisation_id == str(organisation_id)]
    else:
        wanted = Role.NATIONAL_COORDINATOR
        held = [one for one in principal.grants if one.role is wanted and one.country == country]
    return ActingAs.DEPUTY if all(grant.deputy_for for grant in held) else ActingAs.COORDINATOR
