"""Have the portal store why a coordinator assigns a place manually: free words never stay in matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import structlog

from shared import http_client
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import service_headers

if TYPE_CHECKING:
    from uuid import UUID

    from shared.contracts.codes import Reason
    from shared.identity.own_cases import PortalSettings

LONGEST = 1000
"""The most characters of a reason in words."""
_SECONDS = 2.0
_log = structlog.get_logger(__name__)


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
    headers = service_headers("matching", settings.service_token.get_secret_value())
    wanted = {
        "match_id": str(match_id),
        "application_id": str(application_id),
        "decided_by": by,
        "reason": reason.code.value,
        "text": reason.text,
    }
    try:
        async with http_client.client(base_url=settings.portal_url, timeout=_SECONDS, trust_env=False) as client:
            answer = await client.post("/applications/internal/override-reasons", json=wanted, headers=headers)
            answer.raise_for_status()
            stored: bool = answer.json()["stored"]
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        _log.warning("reason of an override not stored", reason=type(error).__name__)
        raise Refused(
            gettext("We cannot store your reason now, so no place was assigned. Try again in a moment."),
            code=ProblemCode.UNAVAILABLE,
        ) from error
    return stored
