"""The page behind the signed link in a mail, on which a person chooses how mails come, and the one-click answer.

Opening the link changes nothing, since programs that check mails open every link. Only a POST does, that of the page or
that of a mail program (RFC 8058), which has no cookie and none of our forms.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from services.notifications.parameters import BusDep, settings_of
from services.notifications.preferences import actions
from services.notifications.preferences.model.choices import Choice, optional, recipient_in
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import public
from shared.identity.confirmations import rest_on
from shared.identity.page_limits import count_link
from shared.identity.versions import expect_opened, opened_versions, show_versions
from shared.web.forms import Needed, RadioField
from shared.web.quiet_hours import QuietHoursForm
from shared.web.render import render, see_other

router = APIRouter(
    prefix="/notifications/choice", include_in_schema=False, dependencies=[Depends(public(count_link("token")))]
)
_ONE_CLICK = ("List-Unsubscribe", "One-Click")


class ChoiceForm(QuietHoursForm):
    """The choice of a way to get optional messages, and of the hours without mail."""

    choice = RadioField(
        N_("How do you want to receive messages that are not mandatory?"),
        [Needed(N_("Choose how you want to receive them"))],
        choices=Choice,
    )


@router.get("/{token}")
async def ask(request: Request, token: str, bus: BusDep) -> Response:
    """Return the present choice."""
    whose = _recipient(request, token)
    await _expect_opened(request, bus, whose)
    return _page(request, token, ChoiceForm(data=await _present_choice(bus, whose)))


@router.post("/{token}")
async def answer(request: Request, token: str, bus: BusDep) -> Response:
    """Save the choice; a mail program's one click means no mails at all."""
    whose = _recipient(request, token)
    name, value = _ONE_CLICK
    if (await request.form()).get(name) == value:
        await actions.choose(bus, whose, Choice.NONE)
        return PlainTextResponse("unsubscribed")
    await _expect_opened(request, bus, whose)
    form = await ChoiceForm.read(request, **await _present_choice(bus, whose))
    if not form.validate():
        return _page(request, token, form, 422)
    try:
        await actions.choose(bus, whose, Choice(form.choice.data), form.as_text)
    except Outdated as outdated:
        if outdated.code is ProblemCode.VERSION_NEEDED:
            raise
        form.compare(outdated.detail, ChoiceForm(data=await _present_choice(bus, whose)))
        show_versions(request, outdated)
        return _page(request, token, form, outdated.status_code)
    rest_on(request, actions.CHOOSER, whose)
    return see_other(f"/notifications/choice/{token}?done=yes")


async def _expect_opened(request: Request, bus: Bus, whose: UUID) -> None:
    """Have the form rest on the choice that was there when it was opened: no tab overwrites what another has saved."""
    async with bus.read() as session:
        await expect_opened(request, session, actions.choice_record(whose))


async def _present_choice(bus: Bus, whose: UUID) -> dict[str, str]:
    choice, night = await actions.chosen(bus, whose)
    return {"choice": choice.value, **ChoiceForm.holding(night)}


def _page(request: Request, token: str, form: ChoiceForm, status: int = 200) -> Response:
    subjects = sorted({gettext(subject) for subject in optional()})
    return render(
        request,
        "preferences/choice.html",
        status,
        form=form,
        token=token,
        subjects=subjects,
        opened=opened_versions(request) or [],
        done=request.query_params.get("done"),
    )


def _recipient(request: Request, token: str) -> UUID:
    settings = settings_of(request)
    found = recipient_in(settings.choice_seal, token)
    if found is None:
        sentence = gettext(
            "Links like this choose which emails you get. Part of the link may be missing. Copy the whole link from "
            "the end of our email."
        )
        raise Refused(sentence, 404)
    return found
