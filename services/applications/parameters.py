"""The parameters and bodies that several routes share."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from services.applications.register.actions.address_checks import PURPOSE
from services.applications.settings import Settings
from shared.bus import Bus
from shared.contracts.codes import StatedReason
from shared.identity.sealing import Seal, keys_from
from shared.runtime.service import bus_of, service_of

BusDep = Annotated[Bus, Depends(bus_of)]


def settings_of(request: Request) -> Settings:
    """Return the settings of the portal that answers the request."""
    settings = service_of(request).settings
    assert isinstance(settings, Settings)
    return settings


async def _settings(request: Request) -> Settings:
    return settings_of(request)


Portal = Annotated[Settings, Depends(_settings)]
REGISTER, REGISTER_API = "/applications/register", "/applications/api/v1/register"
"""The addresses of the register, with access and training needs: its pages, and its operations for programs."""
Text = Annotated[str, Field(max_length=1000)]


def seal_of(settings: Settings) -> Seal:
    """Return the seal of the links by which people confirm their addresses."""
    return Seal(keys_from(settings.session_key.get_secret_value()), PURPOSE)


def address_seal(request: Request) -> Seal:
    """Return the same seal, for the service that answers the request."""
    return seal_of(settings_of(request))


class Body(BaseModel):
    """A request body; an unknown field is refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")


class Reason(Body):
    """A reason; the text stays in the portal."""

    reason: StatedReason
    text: Text = ""


class MaybeReason(Body):
    """A reason, where one is known; the text stays in the portal."""

    reason: StatedReason | None = None
    text: Text = ""


class TicketFor(Body):
    """The form: `evaluation`, `report`, `follow_up`, `cascade`, `test_before`, `test_after`."""

    purpose: str
