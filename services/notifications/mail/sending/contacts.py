"""Ask the portal for the people of an audience at the moment of sending; the contacts are never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.notifications.catalogues import MAILS
from shared import http_client
from shared.i18n import SOURCE, offered
from shared.identity import service_headers
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.notifications.settings import Settings
    from shared.contracts.notifications import Audience

_SECONDS = 10.0


class PortalAway(RuntimeError):
    """The portal does not answer, or not as agreed: the message is tried again later."""


class Contact(BaseModel):
    """One recipient: `recipient` is the opaque id, `language` that of the mail, English where there are no others.

    `timezone` says when it is morning there, when night, and by which clock deadlines are written; the programme's
    where the zone is not known.

    `link` is a path of the portal by which this person alone answers, once; it is a secret and is not stored.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    recipient: UUID
    name: str
    address: str
    language: str = "en"
    timezone: str = ZONE.key
    link: Annotated[str, Field(pattern="^/applications/")] | None = None

    @field_validator("language")
    @classmethod
    def _written(cls, code: str) -> str:
        return code if code in offered(MAILS) else SOURCE

    @field_validator("timezone")
    @classmethod
    def _exists(cls, name: str) -> str:
        """Keep a zone that this machine knows: no mail waits for a data base of zones to be brought up to date."""
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return ZONE.key

    @property
    def reader(self) -> tuple[str, str, str]:
        """Address, name and language, which the messages of one email share."""
        return self.address, self.name, self.language


class _Answers(BaseModel):
    answers: tuple[tuple[Contact, ...], ...]
    erased: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Recipients:
    """The people of an audience now; `erased` is whether the one person of it was known and is gone."""

    people: tuple[Contact, ...] = ()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """An audience and the purpose of asking, which the portal logs.

    With `availability_of` (a placement or a mentor) each recipient gets a link to say whether it is available;
    `without_deputies` leaves out a coordinator's deputies.
    """

    audience: Audience
    purpose: str
    application_id: UUID | None = None
    availability_of: UUID | None = None
    without_deputies: bool = False

    def body(self) -> dict[str, object]:
        """Return the request as the portal reads it."""
        body = self.audience.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
        if self.application_id is not None:
            body.setdefault("application_id", str(self.application_id))  # for the access log
        body |= {"audience": self.audience.kind.value, "purpose": self.purpose}
        if self.availability_of is not None:
            body["availability_of"] = str(self.availability_of)
        if self.without_deputies:
            body["without_deputies"] = True
        return body


@dataclass(slots=True)
class Portal:
    """The portal's internal route for contacts."""

    settings: Settings
    client: httpx2.AsyncClient

    @classmethod
    def at(cls, settings: Settings) -> Portal:
        """Return the portal of this installation."""
        headers = service_headers("notifications", settings.service_token.get_secret_value())
        client = http_client.client(base_url=settings.portal_url, headers=headers, timeout=_SECONDS, trust_env=False)
        return cls(settings, client)

    async def contacts_of(self, asks: Sequence[ContactRequest]) -> list[Recipients]:
        """Return the people of each audience, none where the portal knows none. Raises `PortalAway`."""
        if not asks:
            return []
        bodies = [ask.body() for ask in asks]
        try:
            answer = await self.client.post("/applications/internal/contacts/many", json={"wanted": bodies})
            answer.raise_for_status()
            found = _Answers.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError) as error:
            raise PortalAway(type(error).__name__) from error
        if len(found.answers) != len(asks):
            raise PortalAway("it answered something else than it was asked")
        return [Recipients(people, place in found.erased) for place, people in enumerate(found.answers)]

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()
