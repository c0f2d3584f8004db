"""Who is meant by an audience? Asked of the portal at the moment of sending, used at once and never kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared import outgoing
from shared.identity import service_headers

if TYPE_CHECKING:
    from services.notifications.settings import Settings
    from shared.contracts.notifications import Audience

_SECONDS = 10.0


class PortalAway(RuntimeError):
    """The portal does not answer, or not as agreed: the message is tried again later."""


class Contact(BaseModel):
    """One recipient: `recipient` is the opaque id, `language` the one to write in (ISO 639-1).

    `link` is a path of the portal by which this person alone answers, once; it is a secret, so it is kept nowhere.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    recipient: UUID
    name: str
    address: str
    language: str = "en"
    timezone: str = "Europe/Budapest"
    link: Annotated[str, Field(pattern="^/applications/")] | None = None


class _Contacts(BaseModel):
    recipients: tuple[Contact, ...]


@dataclass(slots=True)
class Portal:
    """The portal's internal route for contacts."""

    settings: Settings
    client: httpx2.AsyncClient

    @classmethod
    def at(cls, settings: Settings) -> Portal:
        """The portal of this installation."""
        headers = service_headers("notifications", settings.service_token.get_secret_value())
        client = outgoing.client(base_url=settings.portal_url, headers=headers, timeout=_SECONDS, trust_env=False)
        return cls(settings, client)

    async def contacts(
        self,
        audience: Audience,
        purpose: str,
        application_id: UUID | None,
        *,
        availability_of: UUID | None = None,
        without_deputies: bool = False,
    ) -> list[Contact]:
        """The recipients that an audience means now, none where the portal knows none; the portal notes the purpose.

        With `availability_of` (an offer or a mentor) each gets a link to say whether it is available;
        `without_deputies` leaves out who stands in for a coordinator.
        Raises `PortalAway`.
        """
        wanted = audience.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
        if application_id is not None:
            wanted.setdefault("application_id", str(application_id))  # for the portal's access log: in which case
        wanted |= {"audience": audience.kind.value, "purpose": purpose}
        if availability_of is not None:
            wanted["availability_of"] = str(availability_of)
        if without_deputies:
            wanted["without_deputies"] = True
        try:
            answer = await self.client.post("/applications/internal/contacts", json=wanted)
        except httpx2.HTTPError as error:
            raise PortalAway(type(error).__name__) from error
        if answer.status_code in {404, 410, 422}:
            return []
        try:
            answer.raise_for_status()
            return list(_Contacts.model_validate_json(answer.content).recipients)
        except (httpx2.HTTPError, ValidationError) as error:
            raise PortalAway(f"it answered {answer.status_code}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()
