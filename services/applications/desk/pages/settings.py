"""The page of a person's message settings: which, in which language, and when.

What can be chosen comes from notifications, which may be away: then there is no form, so it is no `Decision`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.desk.actions import notifications
from services.applications.desk.actions.notifications import check_language, write_in
from services.applications.desk.views import Recipient, known_recipient
from services.applications.guards import SignedIn
from services.applications.parameters import BusDep, Portal
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.errors import ProblemCode
from shared.i18n import LANGUAGES, N_, language, own_name
from shared.identity import Principal
from shared.identity.versions import versions_sent
from shared.web.forms import Needed, RadioField, SelectField
from shared.web.quiet_hours import QuietHoursForm
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/choices", include_in_schema=False)
HERE = "/applications/choices"


class ChoicesForm(QuietHoursForm):
    """The settings of one person."""

    choice = RadioField(
        N_("How do you want to receive messages that are not mandatory?"),
        [Needed(N_("Choose how you want to receive them"))],
    )
    language = SelectField(
        N_("Which language should we write to you in?"),
        description=N_("For emails and your messages here, not for the pages"),
        render_kw={"autocomplete": "language"},
    )


@router.get("")
async def show(request: Request, principal: SignedIn, bus: BusDep, settings: Portal) -> Response:
    """Show the present settings."""
    person = await known_recipient(bus, principal)
    try:
        choice = await notifications.choice(settings, person.id, person.country, language(), _roles(principal))
        choice = replace(choice, version=_version(choice, person))
    except notifications.Unavailable:
        return _page(request, person, None, None)
    form = ChoicesForm(data=_form_data(choice, person))
    _set_choices(form, choice, person)
    saved = request.query_params.get("done_version", choice.version)
    return _page(request, person, choice, form, changed=saved != choice.version)


@router.post("")
async def choose(request: Request, principal: SignedIn, bus: BusDep, settings: Portal) -> Response:
    """Save the settings: first in notifications, where it may fail."""
    person = await known_recipient(bus, principal)

    async def read() -> notifications.Choice:
        return await notifications.choice(settings, person.id, person.country, language(), _roles(principal))

    try:
        present, version = await read(), next(iter(await versions_sent(request)), "")
        form = await ChoicesForm.read(request, **_form_data(present, person))
        _set_choices(form, present, person)
        if not form.validate():
            return _page(request, person, replace(present, version=version), form, 422)
        if not version:
            raise Outdated(_version(present, person), named=False)
        of_choice, _, read_language = version.rpartition(".")
        try:
            check_language(person.written_in, read_language, form.language.data, person.changed_at)
            await notifications.choose(settings, person.id, form.choice.data, form.as_text, of_choice)
            await write_in(bus, principal, form.language.data, read_language)
        except Outdated as outdated:
            if outdated.code is ProblemCode.VERSION_NEEDED:
                raise Outdated(_version(present, person), named=False) from outdated
            person, present = await known_recipient(bus, principal), await read()
            saved = ChoicesForm(data=_form_data(present, person))
            _set_choices(saved, present, person)
            form.compare(outdated.detail, saved)
            present = replace(present, version=_version(present, person))
            return _page(request, person, present, form, outdated.status_code)
    except notifications.Unavailable:
        return see_other(f"{HERE}?done=away")
    return see_other(f"{HERE}?{await _saved(bus, principal, read)}done=yes")


async def _saved(bus: Bus, principal: Principal, read: Callable[[], Awaitable[notifications.Choice]]) -> str:
    """Return the version that was saved, as a parameter of the next page; empty where it cannot be read."""
    try:
        return urlencode({"done_version": _version(await read(), await known_recipient(bus, principal))}) + "&"
    except notifications.Unavailable:
        return ""


def _roles(principal: Principal) -> set[Role]:
    """Return the roles of the signed-in person; those that are suspended come back."""
    return {grant.role for grant in (*principal.grants, *principal.suspended)}


def _version(choice: notifications.Choice, person: Recipient) -> str:
    """Return the version of the page: that of the choice, and the language, which the portal keeps."""
    return f"{choice.version}.{person.written_in}"


def _form_data(choice: notifications.Choice, person: Recipient) -> dict[str, str]:
    return {"choice": choice.code, "language": person.written_in, **ChoicesForm.holding(choice.night, choice.usual)}


def _set_choices(form: ChoicesForm, choice: notifications.Choice, person: Recipient) -> None:
    form.choice.choices = list(choice.ways)
    form.say_usual(choice.usual)
    form.language.choices = [(code, own_name(code)) for code in LANGUAGES]
    if person.written_in not in LANGUAGES:
        form.language.choices.append((person.written_in, labels.tongue(person.written_in)))


def _page(
    request: Request,
    person: Recipient,
    choice: notifications.Choice | None,
    form: ChoicesForm | None,
    status: int = 200,
    *,
    changed: bool = False,
) -> Response:
    done = "changed" if changed else request.query_params.get("done")
    return render(request, "desk/settings.html", status, person=person, present=choice, form=form, done=done)
