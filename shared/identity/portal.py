"""Ask the portal, which alone knows people, by the token of the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import httpx2
import structlog

from shared import http_client
from shared.identity.internal import service_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class PortalSettings(Protocol):
    """The address of the portal, and the services' token."""

    @property
    def portal_url(self) -> str:
        """The address of the portal."""

    @property
    def service_token(self) -> SecretStr:
        """The token of the services."""


class PortalAway(Exception):
    """The portal did not answer, or not as agreed."""


async def ask_portal(settings: PortalSettings, caller: str, path: str, wanted: Mapping[str, str], answer: str) -> bool:
    """Return what the portal answers, yes or no, in the field `answer`. Raises `PortalAway` after two seconds."""
    headers = service_headers(caller, settings.service_token.get_secret_value())
    try:
        async with http_client.client(base_url=settings.portal_url, timeout=_SECONDS, trust_env=False) as client:
            found = await client.post(path, json=wanted, headers=headers)
            found.raise_for_status()
            is_so: bool = found.json()[answer]
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        _log.warning("the portal does not answer", path=path, reason=type(error).__name__)
        raise PortalAway from error
    return is_so
