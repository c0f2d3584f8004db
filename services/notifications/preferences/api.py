"""Read and save a person's choices about mails for the portal."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.notifications.parameters import BusDep, settings_of
from services.notifications.preferences import actions
from services.notifications.preferences.model.choices import Choice, optional
from services.notifications.preferences.model.quiet_hours import Hours
from shared.contracts.base import Country
from shared.contracts.codes import AudienceKind
from shared.contracts.labels import label
from shared.i18n import gettext, speak
from shared.identity import internal
from shared.identity.versions import expect_in_body
from shared.web.items import RecordVersion
from shared.web.quiet_hours import MOST_HOURS, QuietHours, length

router = APIRouter(prefix="/notifications/internal/choice", include_in_schema=False, dependencies=[Depends(internal())])


class Way(BaseModel):
    """One way to get what is not mandatory, in words."""

    code: str
    text: str


class ChoicesOut(BaseModel):
    """A person's choice and its alternatives; `subjects` are of the messages that need not be mailed.

    Mail to the person's country waits for the morning from `quiet_since` to `quiet_until` (`21:00`, its local time),
    where it has quiet hours. `night` is the person's own choice of hours: `country` (those), `none`, `22:00-06:00`.
    A change of the choice names its `version`.
    """

    choice: Choice
    ways: list[Way]
    subjects: list[str]
    quiet_since: str | None = None
    quiet_until: str | None = None
    night: str = QuietHours.COUNTRY.value
    version: str


_HOURS = Field(pattern="^(country|none|[0-9]{2}:00-[0-9]{2}:00)$")


def _readable(night: str) -> str:
    """Refuse hours that begin and end at the same time, and too many of them."""
    hours = None if night == QuietHours.COUNTRY else Hours.read(night)
    if hours is not None and length(hours.since.hour, hours.until.hour) > MOST_HOURS:
        raise ValueError(f"{night!r}: choose at most {MOST_HOURS} hours without mail.")
    return night


class Chosen(BaseModel):
    """A person's choice: the way, and the hours without mail (`country`, `none`, or at most twelve hours).

    `version` is that of the choice which the person has read.
    """

    model_config = ConfigDict(extra="ignore")

    recipient: UUID
    choice: Choice
    night: Annotated[str, _HOURS, AfterValidator(_readable)] | None = None
    version: RecordVersion = ""


@router.get("")
async def read_choices(
    request: Request,
    bus: BusDep,
    recipient: UUID,
    to: Annotated[list[AudienceKind], Query(description="As which audiences the person may be told something")],
    country: Country | None = None,
    language: Annotated[str, Query(pattern="^[a-z]{2}$", description="Of the page that shows it")] = "en",
) -> ChoicesOut:
    """Return the present choice, with its alternatives in words."""
    speak(language)
    settings = settings_of(request)
    now, night = await actions.chosen(bus, recipient)
    hours = settings.quiet.hours(country)
    return ChoicesOut(
        choice=now,
        ways=[Way(code=choice.value, text=label(choice)) for choice in Choice],
        subjects=sorted({gettext(subject) for subject in optional(to)}),
        quiet_since=None if hours is None else f"{hours.since:%H:%M}",
        quiet_until=None if hours is None else f"{hours.until:%H:%M}",
        night=night,
        version=await actions.choice_version(bus, recipient),
    )


@router.post("")
async def choose(request: Request, body: Chosen, bus: BusDep) -> dict[str, str]:
    """Save a person's choice; it holds for all that is not sent yet."""
    expect_in_body(request, actions.CHOOSER, body.recipient, body.version, "/version")
    await actions.choose(bus, body.recipient, body.choice, body.night)
    return {"choice": body.choice.value}
