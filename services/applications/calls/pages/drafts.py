"""The pages on which the programme coordinator writes a call: task list, sections, preview, publication."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.calls.actions import drafts as actions
from services.applications.calls.actions import revisions
from services.applications.calls.forms.fields import field_of, prepare
from services.applications.calls.forms.sections import SECTION_FORMS, Section
from services.applications.calls.model.copying import LeftOut
from services.applications.calls.model.entry import SECTIONS, TITLES, CallEntry, section_of, sentences, with_values
from services.applications.calls.model.field_sentences import need_sentence
from services.applications.calls.views.drafts import DraftPage, draft_page
from services.applications.display import TaskRow
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.refusals import readable, reading
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.errors import Refused
from shared.honesty import Breach, Cause, breaches_of
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.form_versions import show_both
from shared.web.forms import Form
from shared.web.path_parameters import limit_parameter
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/calls", include_in_schema=False)
limit_parameter("call_section", SECTION_FORMS)

_WHERE: dict[Cause, str] = {
    Cause.OBJECTIVE: "weights",
    Cause.WEIGHT: "weights",
    Cause.EXCHANGES: "weights",
    Cause.FIRST_TIME_FIRST: "rules",
    Cause.NEEDS: "topics",
    Cause.QUOTAS: "quotas",
}
"""The section in which a setting is written by which an officer could gain."""


def draft_address(draft_id: UUID, rest: str = "") -> str:
    """Return the address of a draft, or of a page of it."""
    return f"/applications/calls/drafts/{draft_id}" + (f"/{rest}" if rest else "")


async def load(bus: Bus, draft_id: UUID) -> DraftPage:
    """Return one draft. Raises `Refused` (404)."""
    async with bus.read() as session:
        return await draft_page(session, draft_id)


@router.get("/new")
async def new(request: Request, _: Coordinator) -> Response:
    """Ask the first question: the call's title, and in which language."""
    section = SECTION_FORMS["texts"]
    return render(request, "calls/section.html", form_=section.form()(data=section.fields(CallEntry())), **_first())


def _first() -> dict[str, Any]:
    section = SECTION_FORMS["texts"]
    return {
        "section": section,
        "draft": None,
        "caption": gettext("New call"),
        "back_to": "/applications/calls",
        "warnings": (),
        "done": None,
    }


@router.post("/new")
async def begin(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Begin a draft with its title."""
    section = SECTION_FORMS["texts"]
    form = await section.form().read(request)
    if await form.rows_changed(request):
        return render(request, "calls/section.html", form_=form, **_first())
    valid = form.validate()
    section.check(form)
    written = section.written(form)
    if not written["texts"] and not form.problems():
        form.refuse("texts", gettext("Write the call's title in at least one language"))
    if not valid or form.problems():
        return render(request, "calls/section.html", 422, form_=form, **_first())
    draft = await actions.begin(bus, principal.subject, readable(CallEntry, written))
    return see_other(draft_address(draft.id) + "?done=begun")


@router.post("/{call_id}/copy")
async def copy(call_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Begin next year's call from this one."""
    draft = await actions.copy(bus, principal.subject, call_id)
    return see_other(draft_address(draft.id) + "?done=copied")


@router.get("/drafts/{draft_id}")
async def show(request: Request, draft_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Show the task list: what is written, what is missing, what others wrote."""
    return task_page(request, principal, await load(bus, draft_id))


def task_page(request: Request, principal: Principal, draft: DraftPage, refused: Refused | None = None) -> Response:
    """Show the task list of a draft; `refused` says why it was not published."""
    fields = {} if refused is None else refused.fields
    return render(
        request,
        "calls/draft.html",
        200 if refused is None else refused.status_code,
        draft=draft,
        tasks=_tasks(draft, principal.subject, fields),
        left=sum(bool(draft.of(code)) for code in SECTIONS),
        refused=refused,
        refusals=[(draft_address(draft.id, section_of(name)), text) for name, text in fields.items()],
        saved_by=draft.names.get(draft.saved_by, draft.saved_by),
        left_out=[_left_out(left_out, draft) for left_out in draft.left_out],
        done=request.query_params.get("done"),
        unwritten=draft.reading.unwritten,
        warnings=[breach.warning for breach in breaches_of(draft.entry)],
    )


def _left_out(left_out: LeftOut, draft: DraftPage) -> str:
    if left_out.topic is not None:
        return gettext("The topic %(topic)s has no replacement.") % {"topic": labels.topic(left_out.topic)}
    need = None if left_out.need is None else draft.facts.need(left_out.need)
    return gettext("A training need that is no longer in the register.") if need is None else need_sentence(need)


def _tasks(draft: DraftPage, reader: str, refused: dict[str, str]) -> list[TaskRow]:
    rows = []
    for code in SECTIONS:
        wrong = draft.of(code) + [text for name, text in refused.items() if section_of(name) == code]
        status = gettext("Not yet complete") if wrong else gettext("Completed")
        if draft.call is not None and not wrong:
            status = gettext("Changed") if code in draft.changed else gettext("Unchanged")
        hint = wrong[0] if wrong else _written_by(draft, code, reader)
        rows.append(TaskRow(gettext(TITLES[code]), draft_address(draft.id, code), hint, status))
    return rows


def _written_by(draft: DraftPage, code: str, reader: str) -> str:
    """Return who else has written a section last; empty where it was the reader, or nobody."""
    change = draft.touched.get(code)
    if change is None or change.by == reader or change.by not in draft.names:
        return ""
    values = {"name": draft.names[change.by], "moment": dates.moment(change.at)}
    return gettext("Written by %(name)s, %(moment)s") % values


def last_change(draft: DraftPage, code: str) -> tuple[str, datetime | None]:
    """Return who changed a section last and when, for a page that shows two versions of it; None where nobody did."""
    change = draft.touched.get(code)
    return ("", None) if change is None else (draft.names.get(change.by, ""), change.at)


@router.get("/drafts/{draft_id}/preview")
async def preview(request: Request, draft_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """Show the call as an officer will see it, what is missing, and all its sentences."""
    draft = await load(bus, draft_id)
    all_sentences = sentences(draft.entry, draft.facts)
    return render(
        request,
        "calls/preview.html",
        draft=draft,
        view=draft.reading,
        missing=[(draft_address(draft_id, section_of(name)), text) for name, text in draft.problems.items()],
        said=[(gettext(TITLES[code]), draft_address(draft_id, code), all_sentences[code]) for code in SECTIONS],
    )


@router.post("/drafts/{draft_id}/publish")
async def publish(request: Request, draft_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Publish the draft; what is missing is named, each with a link to where it is written."""
    try:
        call = await actions.publish(bus, principal.subject, draft_id)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        return task_page(request, principal, await load(bus, draft_id), refused)
    return see_other(f"/applications/calls/{call.id}?done=published")


class DiscardForm(Form):
    """The confirmation to delete a draft; it has no fields."""


async def _ask_discard(request: DecisionRequest[DiscardForm]) -> Question:
    draft = await load(request.bus, request.id)
    text = gettext("This deletes the draft for all programme coordinators. You cannot undo this.")
    if draft.call is not None:
        text = gettext("This deletes the draft for all programme coordinators. The published call stays as it is.")
    return Question(
        gettext("Delete “%(title)s”?") % {"title": draft.title},
        gettext("Yes, delete draft"),
        draft_address(draft.id),
        text=text,
        warning=True,
    )


async def _discard(request: DecisionRequest[DiscardForm]) -> str:
    await actions.discard(request.bus, request.principal.subject, request.id)
    return "/applications/calls?done=discarded"


add_decision(router, Coordinator, Decision("/drafts/{draft_id}/discard", DiscardForm, _ask_discard, _discard))


@router.post("/{call_id}/revise")
async def revise(call_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Begin the next revision, or open the one that somebody has begun."""
    draft = await revisions.begin(bus, principal.subject, call_id)
    return see_other(draft_address(draft.id))


@router.get("/drafts/{draft_id}/{code:call_section}")
async def section(request: Request, draft_id: UUID, code: str, _: Coordinator, bus: BusDep) -> Response:
    """Show one section."""
    part, draft = SECTION_FORMS[code], await load(bus, draft_id)
    return _page(request, draft, part, _saved(part, draft))


def _saved(part: Section, draft: DraftPage) -> Form:
    """Return the form of a section with what is saved."""
    form = part.form()(data=part.fields(draft.entry))
    prepare(form, draft.facts, draft.entry)
    return form


def _with_section(entry: CallEntry, written: dict[str, object]) -> CallEntry:
    """Return the entry with a section replaced. Raises `Refused` (422) for what cannot be read."""
    with reading():
        return with_values(entry, written)


def _page(request: Request, draft: DraftPage, part: Section, form: Form, status: int = 200) -> Response:
    codes = list(SECTIONS)
    return render(
        request,
        "calls/section.html",
        status,
        draft=draft,
        section=part,
        form_=form,
        caption=draft.caption,
        back_to=draft_address(draft.id),
        step=codes.index(part.code) + 1,
        steps=len(codes),
        warnings=[breach.warning for breach in _breaches(draft.entry, part.code)],
        done=request.query_params.get("done"),
    )


def _breaches(entry: CallEntry, code: str) -> list[Breach]:
    """Return by which settings of a section an officer could gain by an untrue statement."""
    return [breach for breach in breaches_of(entry) if _WHERE[breach.cause] == code]


async def _refused_page(
    request: Request, bus: Bus, draft_id: UUID, part: Section, form: Form, refused: Outdated | Refused
) -> Response:
    """Show a section again that was not saved: beside what is saved now, or with what is wrong at its fields."""
    if refused.status_code == 404:
        raise refused
    draft = await load(bus, draft_id)
    prepare(form, draft.facts, draft.entry)
    if isinstance(refused, Outdated):
        by, at = last_change(draft, part.code)
        show_both(request, refused, form, _saved(part, draft), by=by, at=at)
    else:
        for name, sentence in refused.fields.items():
            form.refuse(field_of(form, name), sentence)
    return _page(request, draft, part, form, refused.status_code)


@router.post("/drafts/{draft_id}/{code:call_section}")
async def save(request: Request, draft_id: UUID, code: str, principal: Coordinator, bus: BusDep) -> Response:
    """Save a section, and go on to the next one or back to the list."""
    part, draft = SECTION_FORMS[code], await load(bus, draft_id)
    form, sent = await part.form().read(request), await request.form()
    changed = await form.rows_changed(request)
    prepare(form, draft.facts, draft.entry)
    if changed:
        return _page(request, draft, part, form)
    valid = form.validate()
    part.check(form)
    if not valid or form.problems():
        return _page(request, draft, part, form, 422)
    try:
        await actions.save(bus, principal.subject, draft_id, lambda entry: _with_section(entry, part.written(form)))
    except (Outdated, Refused) as refused:
        return await _refused_page(request, bus, draft_id, part, form, refused)
    # What contradicts itself is kept, and said at once.
    after = await load(bus, draft_id)
    wrong = {name: text for name, text in after.problems.items() if section_of(name) == code}
    if wrong and "seen" not in sent:
        for name, sentence in wrong.items():
            form.refuse(field_of(form, name), sentence)
        prepare(form, after.facts, after.entry)
        return _page(request, after, part, form, 422)
    return see_other(_next_address(draft, after, code, later="later" in sent))


def _next_address(before: DraftPage, after: DraftPage, code: str, *, later: bool) -> str:
    """Return where to go after a section is saved: to its new warnings, to the next section or back to the list."""
    if set(_breaches(after.entry, code)) - set(_breaches(before.entry, code)):
        return draft_address(after.id, code) + "?done=warned"
    codes = list(SECTIONS)
    onward = codes.index(code) + 1
    if later or onward == len(codes) or after.call is not None:
        return draft_address(after.id)
    return draft_address(after.id, codes[onward])
