"""Which bodies and parameters do several routes share?"""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from services.applications.application.api.applications import settings_of
from services.applications.register.actions.address_checks import PURPOSE
from services.applications.settings import Settings
from shared.bus import Bus
from shared.contracts.codes import StatedReason
from shared.identity.sealing import Seal, keys_from
from shared.runtime.service import bus_of

Store = Annotated[Bus, Depends(bus_of)]
Portal = Annotated[Settings, Depends(settings_of)]
Text = Annotated[str, Field(max_length=1000)]


def seal_of(settings: Settings) -> Seal:
    """What makes and knows the links by which people confirm their addresses."""
    return Seal(keys_from(settings.session_key.get_secret_value()), PURPOSE)


def address_seal(request: Request) -> Seal:
    """The same, of the service that is asked."""
    return seal_of(settings_of(request))


class Body(BaseModel):
    """A request's body: a field that is not known is refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")


class Reason(Body):
    """Why; the text stays in the portal."""

    reason: StatedReason
    text: Text = ""


class MaybeReason(Body):
    """Why, where that is known; the text stays in the portal."""

    reason: StatedReason | None = None
    text: Text = ""


class TicketFor(Body):
    """Which form: `evaluation`, `report`, `follow_up`, `cascade`, `test_before`, `test_after`."""

    purpose: str
