"""The pages on which a host writes a placement in steps, checks it, and previews a revision before it is published.

A step of a draft is saved as it is left. A revision is previewed, so it is no `Decision`. A form that names no step
(`part`) is read as the first one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from services.applications import transitions
from services.applications.display import entry_changes
from services.applications.fields import Reading
from services.applications.forms import CONTROL_FIELDS, refuse
from services.applications.guards import Host
from services.applications.parameters import BusDep
from services.applications.placements.actions import placements, revisions
from services.applications.placements.forms import BasePlacementForm, OfferForm
from services.applications.placements.model.placement import (
    STEPS,
    PlacementEntry,
    offer_path,
    problems,
    step_of,
    terms_of,
    to_change,
)
from services.applications.placements.views.names import application_named, conflicts_named, names_of
from services.applications.placements.views.placement import (
    FormContext,
    Placement,
    begun_form,
    edit_form,
    new_form,
    remarks_by_section,
    rows,
)
from services.applications.places.views import PlaceCard, browsed_placement, card_of
from services.applications.refusals import not_found
from services.applications.stored_entries import UNANSWERED
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import OfferState, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.identity.versions import show_present
from shared.ids import new_id, read_id
from shared.time import clock
from shared.web.form_versions import show_both
from shared.web.query import IdText, one_of
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
ALL = tuple(STEPS)
FIRST = ALL[:1]
CHECK = "check"
_UUID_VERSION = 7
_LOOK_UPS: dict[str, Callable[[AsyncSession, str, UUID], Awaitable[object]]] = {
    "prematched_with": application_named,
    "conflicts": conflicts_named,
}


@router.get("/new")
async def new(request: Request, principal: Host, bus: BusDep, call: UUID, draft: IdText = "") -> Response:
    """Show the first step of the form, empty; once its draft is begun, as after the browser's back button, as saved."""
    draft_id = _draft_id(draft)
    async with bus.read() as session:
        context = await new_form(session, principal, call)
        begun = await begun_form(session, principal, draft_id)
    if begun is not None:
        return see_other(_step_path(draft_id, FIRST[0]))
    form = OfferForm()
    form.limit(FIRST)
    return _form_page(request, context, form, FIRST, draft=draft_id)


@router.post("/new")
async def begin(request: Request, principal: Host, bus: BusDep, call: UUID) -> Response:
    """Save the first step of a new placement, and go on to the next one. Sent again, it begins no other."""
    sent = await request.form()
    steps, draft_id = _steps_sent(sent), _draft_id(sent.get("draft"))
    async with bus.read() as session:
        context = await new_form(session, principal, call)
        begun = await begun_form(session, principal, draft_id)
    form = await _read(request, context, steps)
    if begun is not None and begun.placement is not None:
        return _sent_again(request, begun, begun.placement, form, steps, later="later" in sent)
    if await form.rows_changed(request) or not form.validate():
        return _form_page(request, context, form, steps, 422, draft=draft_id)
    own_ids = sorted(principal.organisations(Role.HOST_CONTACT))
    chosen = str(sent.get("organisation_id") or own_ids[0])
    if chosen not in own_ids:
        raise not_found()
    try:
        entered = await _entered(bus, form, call)
        offer = await placements.begin(bus, principal, call, UUID(chosen), entered, offer_id=draft_id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        refuse(form, refused)
        return _form_page(request, context, form, steps, 422, draft=draft_id)
    return see_other(_saved_path(offer.id) if "later" in sent else _step_path(offer.id, _next(steps)))


def _steps_sent(sent: FormData) -> Sequence[str]:
    """Return the steps that a form holds; the first where it names none. Raises `Refused` (404)."""
    named = sent.getlist("part")
    if not STEPS.keys() >= set(named):
        raise not_found()
    return [code for code in STEPS if code in named] or FIRST


def _draft_id(text: object) -> UUID:
    """Return the id that the first step of a new placement names for it; another one where it names none."""
    named = read_id(str(text))
    return named if named is not None and named.version == _UUID_VERSION else new_id()


def _sent_again(
    request: Request,
    context: FormContext,
    placement: Placement,
    form: BasePlacementForm,
    steps: Sequence[str],
    *,
    later: bool,
) -> Response:
    """Return the page after a first step that is sent again; where it differs from what is saved, both versions.

    The page was opened before there was a draft, so it names no version. Raises `Refused` (409) for other words where
    the placement can change no more.
    """
    form.compare(Outdated().detail, _filled(context, steps))
    if not form.differences:
        return see_other(_saved_path(placement.id) if later else _step_path(placement.id, _next(steps)))
    if not placement.writable:
        raise Refused(str(transitions.refuse("offer", placement.state)), 409)
    return _form_page(request, context, form, steps, 412)


def _next(steps: Sequence[str]) -> str:
    """Return the step after the last of these; empty for the page that shows all answers."""
    after = ALL.index(steps[-1]) + 1
    return ALL[after] if after < len(ALL) else ""


def _step_path(offer_id: UUID, code: str = "", *, then: str = "") -> str:
    """Return the address of a step, or of the page that shows all answers; `then` is the page after the step."""
    return offer_path(offer_id, "edit") + (f"?step={code}" if code else "") + (f"&then={then}" if then else "")


def _saved_path(offer_id: UUID) -> str:
    return offer_path(offer_id) + "?done=saved"


async def _read(request: Request, context: FormContext, steps: Sequence[str]) -> BasePlacementForm:
    form = await OfferForm.read(request)
    form.limit(steps)
    form.fill(None, context.terms)
    return form


def _form_page(
    request: Request,
    context: FormContext,
    form: BasePlacementForm,
    steps: Sequence[str],
    status: int = 200,
    **more: Any,
) -> Response:
    """Return the page of some steps of the form, for a new placement of a call or an existing one."""
    placement = context.placement
    form.fill(None, context.terms)
    return render(
        request,
        "placements/form.html",
        status,
        form_=form,
        context=context,
        offer=placement,
        remarks=[] if placement is None else remarks_by_section(placement),
        steps=[(code, gettext(STEPS[code][0]), [form[name] for name in STEPS[code][1]]) for code in steps],
        number=ALL.index(steps[0]) + 1,
        last=len(ALL) + 1,
        back_to=_back_path(context, steps),
        **({"then": "", "seen": False, "draft": None} | more),
    )


def _back_path(context: FormContext, steps: Sequence[str]) -> str:
    """Return the address of the page before a step: the step before in a draft, else the answers of the placement."""
    if context.placement is None:
        return "/applications/offers"
    number = ALL.index(steps[0])
    if context.drafts and number and len(steps) == 1:
        return _step_path(context.placement.id, ALL[number - 1])
    return _step_path(context.placement.id)


async def _named(bus: Bus, form: BasePlacementForm, call_id: UUID) -> tuple[dict[str, object], list[Refused]]:
    """Return the ids of those whom the fields of a form name, by field, and the refusals (422) of unknown names.

    A field that is refused has its text as it was typed.
    """
    found: dict[str, object] = {}
    refusals = []
    async with bus.read() as session:
        for name, look_up in _LOOK_UPS.items():
            if name in form:
                text = form[name].data or ""
                try:
                    found[name] = await look_up(session, text, call_id)
                except Refused as refused:
                    found[name] = text
                    refusals.append(refused)
    return found, refusals


async def _entered(bus: Bus, form: BasePlacementForm, call_id: UUID) -> PlacementEntry:
    """Return the entered values, with the ids of those that they name. Raises `Refused` (422)."""
    named, refusals = await _named(bus, form, call_id)
    for refused in refusals:
        raise refused
    return form.changes(named)


async def _edited(bus: Bus, principal: Principal, offer_id: UUID) -> FormContext:
    async with bus.read() as session:
        return await edit_form(session, principal, offer_id)


async def refused_page(request: Request, principal: Principal, bus: Bus, offer_id: UUID, refused: Refused) -> Response:
    """Return the page on which a refusal is mended: of a draft its answers, else the steps with the refusals.

    Raises `Refused` (404).
    """
    context = await _edited(bus, principal, offer_id)
    if context.drafts and context.placement is not None:
        return _check_page(request, context, context.placement, refused.status_code)
    steps = [code for code in STEPS if code in set(map(step_of, refused.fields))] or ALL
    form = _filled(context, steps)
    refuse(form, refused)
    return _form_page(request, context, form, steps, refused.status_code)


def _filled(context: FormContext, steps: Sequence[str]) -> BasePlacementForm:
    form = OfferForm()
    form.limit(steps)
    form.fill(None if context.placement is None else context.placement.entry, context.terms, context.names)
    return form


@router.get("/{offer_id}/edit")
async def edit(
    request: Request,
    offer_id: UUID,
    principal: Host,
    bus: BusDep,
    step: Annotated[str, one_of(*STEPS)] = "",
    then: Annotated[str, one_of(CHECK)] = "",
) -> Response:
    """Show all answers, or a step with what is saved; a placement that cannot be changed says why on its page."""
    context = await _edited(bus, principal, offer_id)
    placement = context.placement
    if placement is None or not placement.writable:
        return see_other(offer_path(offer_id))
    if not step:
        return _check_page(request, context, placement)
    steps: Sequence[str] = [step]
    if context.revises:
        closed = placement.state is OfferState.CLOSED
        steps = to_change(placement.entry, context.terms, step, closed=closed)
    return _form_page(request, context, _filled(context, steps), steps, then=then)


def _check_page(request: Request, context: FormContext, placement: Placement, status: int = 200) -> Response:
    """Return the page of all answers, with the way to change each step, what is missing, and what officers see."""
    found = problems(placement.entry, context.terms)
    sections = []
    for code, (title, names) in STEPS.items():
        first, *others = rows(placement.entry, context.names, names)
        change = _step_path(placement.id, code, then=CHECK)
        sections.append((code, gettext(title), [replace(first, change=change), *others]))
    return render(
        request,
        "placements/check.html",
        status,
        offer=placement,
        context=context,
        remarks=remarks_by_section(placement),
        sections=sections,
        missing=[
            (_step_path(placement.id, step_of(name), then=CHECK), gettext(STEPS[step_of(name)][0]), text)
            for name, text in found.items()
        ],
        preview=None if found else _preview_card(context, placement),
        number=len(ALL) + 1,
        back_to=_step_path(placement.id, ALL[-1]) if context.drafts else offer_path(placement.id),
    )


def _preview_card(context: FormContext, placement: Placement) -> PlaceCard:
    """Return a placement without gaps as officers will browse it."""
    terms = terms_of(
        placement.entry,
        context.terms,
        call_id=placement.call_id,
        reference=placement.reference,
        organisation_id=placement.organisation_id,
        country=placement.country,
    )
    return card_of(browsed_placement(placement.reference, terms, clock.today()), context.terms.scheme)


@router.post("/{offer_id}/edit")
async def save(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Save the entered values; for a published placement it is a revision, which is previewed before publication."""
    sent, context = await request.form(), await _edited(bus, principal, offer_id)
    steps = _steps_sent(sent)
    form = await _read(request, context, steps)
    if context.drafts:
        return await _save_step(request, principal, bus, offer_id, context, form)
    back = "back" in sent
    if back or await form.rows_changed(request) or not form.validate():
        return _form_page(request, context, form, steps, 200 if back else 422)
    try:
        entered = await _entered(bus, form, context.call_id)
        if context.revises and "told" not in sent:
            proposed = await revisions.preview(bus, principal, offer_id, entered)
            if proposed.preview.changes:
                return await _preview_page(request, bus, proposed, sent)
        await placements.save(bus, principal, offer_id, entered)
    except Outdated as outdated:
        return await _outdated_page(request, principal, bus, offer_id, form, outdated)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, context, form, steps, refused.status_code)
    return see_other(_saved_path(offer_id))


async def _save_step(
    request: Request, principal: Principal, bus: Bus, offer_id: UUID, context: FormContext, form: BasePlacementForm
) -> Response:
    """Save what can be read of a step and go on; what is wrong is kept as it was typed and shown again."""
    sent = await request.form()
    steps, then = _steps_sent(sent), _then(sent)
    autosaves, rows_changed = "x-autosave" in request.headers, await form.rows_changed(request)
    if not rows_changed:
        form.validate()
    named, refusals = await _named(bus, form, context.call_id)
    for refused in refusals:
        refuse(form, refused)
    try:
        async with placements.writing(bus, principal, offer_id) as draft:
            await draft.save_readable(form.values(named))
            entry = draft.offer.entry
            await show_present(request, draft.session)
    except Outdated as outdated:
        return await _outdated_page(request, principal, bus, offer_id, form, outdated)
    if autosaves or "later" in sent:
        return Response(status_code=204) if autosaves else see_other(_saved_path(offer_id))
    broken = not rows_changed and _refuse_broken(form, entry, context, seen="seen" in sent)
    if rows_changed or form.problems():
        context = await _edited(bus, principal, offer_id)
        return _form_page(request, context, form, steps, 200 if rows_changed else 422, then=then, seen=broken)
    returned = context.placement is not None and context.placement.state is not OfferState.DRAFT
    return see_other(_step_path(offer_id, "" if then or returned else _next(steps)))


def _then(sent: FormData) -> str:
    return CHECK if sent.get("then") == CHECK else ""


def _refuse_broken(form: BasePlacementForm, entry: PlacementEntry, context: FormContext, *, seen: bool) -> bool:
    """Say at the fields of a step what is wrong with their answers; return whether a rule is broken.

    What breaks a rule is saved, so it is said once only: `seen` is whether its writer has read it. What cannot be read
    is said each time.
    """
    broken = False
    for name, text in problems(entry, context.terms).items():
        field = name.partition(".")[0]
        if field not in form or form[field].errors:
            continue
        if field in entry.typed:
            form.refuse(field, text)
        elif getattr(entry, field) not in UNANSWERED:
            broken = True
            if not seen:
                form.refuse(field, text)
    return broken


async def _outdated_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    offer_id: UUID,
    form: BasePlacementForm,
    outdated: Outdated,
) -> Response:
    """Return the form that was sent beside what another tab saved; raises `outdated` where it can change no more."""
    sent = await request.form()
    steps = _steps_sent(sent)
    context = await _edited(bus, principal, offer_id)
    if context.placement is None or not context.placement.writable:
        raise outdated
    show_both(request, outdated, form, _filled(context, steps))
    return _form_page(request, context, form, steps, outdated.status_code, then=_then(sent))


async def _preview_page(request: Request, bus: Bus, proposed: revisions.ProposedRevision, sent: FormData) -> Response:
    """Return the page with the changes of a revision and those affected; only its button publishes it."""
    before, after = proposed.placement.entry, proposed.entry
    async with bus.read() as session:
        names = await names_of(session, [before, after])
    return render(
        request,
        "placements/revise.html",
        offer=proposed.placement,
        preview=proposed.preview,
        changes=entry_changes(
            before, after, [change.field for change in proposed.preview.changes], Reading(names=names)
        ),
        sent=[
            (name, value) for name, value in sent.multi_items() if isinstance(value, str) and name not in CONTROL_FIELDS
        ],
    )
