"""Ask the portal for the officer's objectives, which the portal alone stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpx2
import structlog

from shared import http_client
from shared.identity import service_headers

if TYPE_CHECKING:
    from uuid import UUID

    from services.reporting.settings import Settings
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)
_SECONDS = 2.0


async def objectives(settings: ServiceSettings, application_id: UUID, purpose: str) -> dict[int, str]:
    """Return the objectives' texts by number; none while the portal is away, since a form works without them."""
    own = cast("Settings", settings)
    headers = service_headers("reporting", own.service_token.get_secret_value())
    wanted = {"application_id": str(application_id), "purpose": purpose}
    try:
        async with http_client.client(base_url=own.portal_url, timeout=_SECONDS, trust_env=False) as client:
            answer = await client.post("/applications/internal/objectives", json=wanted, headers=headers)
            answer.raise_for_status()
            return {int(each["number"]): str(each["text"]) for each in answer.json()["objectives"]}
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        log.warning("objectives not read", reason=type(error).__name__)
        return {}
