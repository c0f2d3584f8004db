"""In which capacity does somebody decide for a country or an EU agency, and is the programme coordinator asked yet?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.model.silence import asked_since
from services.applications.store.coordinators import places_held
from shared import clock
from shared.contracts.codes import ActingAs, Role
from shared.identity.scope import EU, may_clear
from shared.web import dates, words
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Hands:
    """In whose hands a decision is, for one reader.

    `acting_as` is as whom the reader decides now (None: not, or not yet); `asked` since when the programme coordinator
    is asked, in the country's place; `held` whether the country has a coordinator today.
    """

    country: str
    due: datetime | None
    held: bool
    asked: datetime | None
    acting_as: ActingAs | None

    @property
    def sentence(self) -> str:
        """For a programme coordinator: why he or she is asked, or who has it and until when."""
        who = words.coordinator(self.country)
        if self.asked is not None and not self.held:
            text = gettext("Asked of you since %(day)s, because %(country)s has no coordinator today.")
            return text % {"day": dates.day(self.asked), "country": words.country(self.country)}
        if self.asked is not None:
            text = gettext("Asked of you since %(day)s, because nobody answered in time. Who had it: %(who)s.")
            return text % {"day": dates.day(self.asked), "who": who}
        if self.due is None:
            return gettext("Who decides: %(who)s.") % {"who": who}
        text = gettext("Who decides until %(day)s: %(who)s. You are asked if nobody has answered by then.")
        return text % {"day": dates.day(self.due), "who": who}

    def decides(self) -> ActingAs:
        """As whom the reader decides. Raises `Refused` (409) with who has it, where it is not the reader's turn."""
        if self.acting_as is None:
            raise Refused(self.sentence, 409)
        return self.acting_as


async def hands(
    session: AsyncSession,
    principal: Principal,
    country: str,
    organisation_id: UUID | None,
    *,
    due: datetime | None,
    since: datetime,
) -> Hands:
    """In whose hands a decision of `country` is that was first asked for at `since` and is due at `due`."""
    held = await places_held(session, clock.today())
    return hands_among(held, principal, country, organisation_id, due=due, since=since)


def hands_among(
    held: frozenset[str],
    principal: Principal,
    country: str,
    organisation_id: UUID | None,
    *,
    due: datetime | None,
    since: datetime,
) -> Hands:
    """The same, where it is known which countries and EU agencies have a coordinator (`places_held`): for lists."""
    there = (str(organisation_id) if country == EU else country) in held
    asked = asked_since(due=due, since=since, held=there, now=clock.now())
    own = acting_as(principal, country, organisation_id)
    if own is None and asked is not None and principal.has(Role.PROGRAMME_COORDINATOR):
        own = ActingAs.PROGRAMME
    return Hands(country, due, there, asked, own)


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
