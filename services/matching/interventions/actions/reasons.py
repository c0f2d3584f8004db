"""Have the portal store why a coordinator assigns a place manually: free words never stay in matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.portal import PortalAway, ask_portal

if TYPE_CHECKING:
    from uuid import UUID

    from shared.contracts.codes import Reason
    from shared.identity.portal import PortalSettings

LONGEST = 1000
"""The most characters of a reason in words."""


@dataclass(frozen=True, slots=True)
class OverrideReason:
    """The reason for an override: the code that events have, and the words, which the portal alone stores."""

    code: Reason
    text: str


def words_of(written: str) -> str:
    """Return the words of a reason as they are stored. Raises `Refused` (422) if there are none or too many."""
    text = written.replace("\r\n", "\n").strip()
    if not text:
        sentence = gettext("Enter the reason in your own words")
        raise Refused(sentence, 422, {"text": sentence})
    if len(text) > LONGEST:
        sentence = gettext("The reason must be %(most)s characters or fewer") % {"most": LONGEST}
        raise Refused(sentence, 422, {"text": sentence})
    return text


async def store_reason(
    settings: PortalSettings, by: str, match_id: UUID, application_id: UUID, reason: OverrideReason
) -> bool:
    """Have the portal store the reason for a match; return whether it is the one that is stored for that match.

    Raises `Refused` (503) while the portal does not store it, since no place is assigned without a reason.
    """
    wanted = {
        "match_id": str(match_id),
        "application_id": str(application_id),
        "decided_by": by,
        "reason": reason.code.value,
        "text": reason.text,
    }
    try:
        return await ask_portal(settings, "matching", "/applications/internal/override-reasons", wanted, "stored")
    except PortalAway as away:
        raise Refused(
            gettext("We cannot store your reason now, so no place was assigned. Try again in a moment."),
            code=ProblemCode.UNAVAILABLE,
        ) from away
