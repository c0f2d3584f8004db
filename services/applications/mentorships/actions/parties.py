"""Load a mentorship for one of the pair, and record what they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.calls import store as calls_store
from services.applications.matches.views import parties as match_parties
from services.applications.mentorships.model.pair import PAIR
from shared.errors import Refused

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.matches.views.parties import Case
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Tx
    from shared.contracts.calls import CallTerms
    from shared.contracts.codes import Party
    from shared.contracts.participation import ParticipationEvent
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class PairMember:
    """One of a pair in a mentorship that is locked until the transaction ends."""

    tx: Tx
    case: Case
    mentorship: Mentorship
    party: Party

    async def record(self, event: ParticipationEvent) -> None:
        """Record an event about the mentorship."""
        await self.tx.record(event, self.mentorship.match_id, correlation=self.case.correlation)
        await self.tx.changed("matches")

    @property
    def ids(self) -> dict[str, UUID]:
        """The ids that each event about the mentorship carries."""
        return {"application_id": self.mentorship.application_id, "mentorship_id": self.mentorship.id}

    async def terms(self) -> CallTerms:
        """Return the terms of the call under which the two were matched."""
        call = await calls_store.call(self.tx.session, self.case.match.call_id)
        assert call is not None
        return call.terms


async def pair_member(tx: Tx, principal: Principal, mentorship_id: UUID) -> PairMember:
    """Return the principal as one of the pair. Raises `Refused` (404)."""
    case, mentorship = await match_parties.case_of_mentorship(tx.session, principal, mentorship_id, lock=True)
    return PairMember(tx, case, mentorship, case.acts_as(*PAIR))


def required_text(text: str, longest: int, field: str, sentence: str) -> str:
    """Return a text that must not be empty or too long. Raises `Refused` (422) with `sentence` at `field`."""
    text = text.strip()
    if not text or len(text) > longest:
        raise Refused(sentence, 422, {field: sentence})
    return text
