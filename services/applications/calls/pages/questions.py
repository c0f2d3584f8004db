"""The pages on which the programme coordinator writes a call's own questions, one a page.

A question has rows that are added and removed, so it is no `Decision`.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.calls.actions import drafts as actions
from services.applications.calls.model.checks import question_problem
from services.applications.calls.model.entry import MOST_QUESTIONS, SECTIONS, CallEntry
from services.applications.calls.model.field_sentences import question_sentence
from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from services.applications.calls.pages.drafts import draft_address, last_change, load
from services.applications.calls.views.drafts import DraftPage
from services.applications.fields import with_changes
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.refusals import not_found, readable, unreadable
from shared import i18n
from shared.bus.db.outdated import Outdated
from shared.contracts.calls import CallQuestion
from shared.contracts.codes import QuestionKind
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import Principal
from shared.ids import new_id
from shared.web.form_versions import show_both
from shared.web.forms import (
    Between,
    BooleanField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NotOptional,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
)
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/calls", include_in_schema=False)


class WordingRow(Row):
    """The question in one language."""

    language = SelectField(
        N_("Language"),
        [NotOptional()],
        choices=[(code, i18n.own_name(code)) for code in WRITTEN],
        blank=N_("Choose one"),
    )
    question = StringField(N_("Question"), [NotOptional(), Longest(300)])
    hint = StringField(N_("Hint"), [Longest(500)])
    choices = TextAreaField(
        N_("Answers to choose from"),
        [Longest(4000)],
        description=N_("Only for a choice question. Enter one answer per line, in the same order in each language"),
    )


class QuestionForm(Form):
    """One question."""

    kind = RadioField(N_("How is it answered?"), [Needed(N_("Choose how it is answered"))], choices=QuestionKind)
    required = BooleanField(N_("It must be answered"))
    texts = FieldList(FormField(WordingRow), min_entries=1, max_entries=len(WRITTEN))
    longest = NumberField(N_("Text: maximum number of characters"), [Between(1, 1000)])
    minimum = NumberField(N_("Number: minimum"), [Between(-1_000_000, 1_000_000)])
    maximum = NumberField(N_("Number: maximum"), [Between(-1_000_000, 1_000_000)])


def _fields(question: CallQuestion) -> dict[str, Any]:
    texts = [text.model_dump() | {"choices": "\n".join(text.choices)} for text in question.texts]
    names = ("required", "longest", "minimum", "maximum")
    return {"kind": question.kind.value, "texts": texts} | {name: getattr(question, name) for name in names}


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _written(form: QuestionForm, before: CallQuestion | None) -> CallQuestion:
    """Return the question of the form. An answer that was there keeps its code. Raises pydantic.ValidationError."""
    rows = [entry.data for entry in form.texts if entry.data["language"] and entry.data["question"]]
    choice = form.kind.data == QuestionKind.CHOICE
    texts = [row | {"hint": row["hint"] or "", "choices": _lines(row["choices"]) if choice else []} for row in rows]
    codes: list[str] = []
    if choice and texts:
        codes_by_name = {}
        if before is not None and before.texts:
            codes_by_name = dict(zip(before.texts[0].choices, before.choices, strict=False))
        codes = [codes_by_name.get(name) or f"a_{new_id().hex[-8:]}" for name in texts[0]["choices"]]
    return CallQuestion.model_validate(
        {
            "code": before.code if before is not None else f"q_{new_id().hex[-8:]}",
            "kind": form.kind.data,
            "required": bool(form.required.data),
            "texts": texts,
            "longest": form.longest.data or 1000,
            "minimum": form.minimum.data if form.kind.data == QuestionKind.NUMBER else None,
            "maximum": form.maximum.data if form.kind.data == QuestionKind.NUMBER else None,
            "choices": codes,
        }
    )


@router.get("/drafts/{draft_id}/questions")
async def show(request: Request, draft_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """Show the questions in their order, each to be changed, moved or removed."""
    draft = await load(bus, draft_id)
    codes = list(SECTIONS)
    onward = codes[codes.index("questions") + 1]
    return render(
        request,
        "calls/questions.html",
        draft=draft,
        questions=[question_sentence(question) for question in draft.entry.questions],
        wrong=draft.of("questions"),
        most=MOST_QUESTIONS,
        onward=draft_address(draft_id, onward),
    )


def _question(draft: DraftPage, number: int) -> CallQuestion:
    if not 1 <= number <= len(draft.entry.questions):
        raise not_found()
    return draft.entry.questions[number - 1]


@router.get("/drafts/{draft_id}/questions/new")
async def new(request: Request, draft_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """Show an empty question."""
    form = QuestionForm(data={"required": True, "longest": 1000, "texts": [{"language": "en"}]})
    return _page(request, await load(bus, draft_id), form, None)


@router.get("/drafts/{draft_id}/questions/{place}")
async def show_question(request: Request, draft_id: UUID, place: int, _: Coordinator, bus: BusDep) -> Response:
    """Show one question."""
    draft = await load(bus, draft_id)
    return _page(request, draft, QuestionForm(data=_fields(_question(draft, place))), place)


def _page(
    request: Request,
    draft: DraftPage,
    form: QuestionForm,
    number: int | None,
    status: int = 200,
) -> Response:
    return render(request, "calls/question.html", status, draft=draft, form_=form, number=number)


@router.post("/drafts/{draft_id}/questions/new")
async def add(request: Request, draft_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Save a new question."""
    return await _save(request, draft_id, principal, bus, None)


@router.post("/drafts/{draft_id}/questions/{place}")
async def change(request: Request, draft_id: UUID, place: int, principal: Coordinator, bus: BusDep) -> Response:
    """Save an existing question."""
    return await _save(request, draft_id, principal, bus, place)


def _valid(form: QuestionForm, before: CallQuestion | None) -> CallQuestion | None:
    """Return the question that a form holds; None where something is wrong, which then stands at its field."""
    if not form.validate():
        return None
    try:
        question = _written(form, before)
    except ValidationError as error:
        for sentence in unreadable(error).values():
            form.refuse("texts", sentence)
        return None
    wrong = question_problem(question)
    if wrong is not None:
        form.refuse("texts", wrong)
        return None
    return question


async def _save(request: Request, draft_id: UUID, principal: Principal, bus: BusDep, number: int | None) -> Response:
    draft, form = await load(bus, draft_id), await QuestionForm.read(request)
    before = None if number is None else _question(draft, number)
    if await form.rows_changed(request):
        return _page(request, draft, form, number)
    question = _valid(form, before)
    if question is None:
        return _page(request, draft, form, number, 422)
    questions = list(draft.entry.questions)
    if number is None:
        questions.append(question)
    else:
        questions[number - 1] = question
    try:
        await _replace(bus, principal, draft_id, questions)
    except Outdated as outdated:
        fresh = await load(bus, draft_id)
        saved = None if number is None else QuestionForm(data=_fields(_question(fresh, number)))
        by, at = last_change(fresh, "questions")
        show_both(request, outdated, form, saved, by=by, at=at)
        return _page(request, fresh, form, number, outdated.status_code)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        for sentence in refused.fields.values():
            form.refuse("texts", sentence)
        return _page(request, await load(bus, draft_id), form, number, refused.status_code)
    return see_other(draft_address(draft_id, "questions"))


async def _replace(bus: BusDep, principal: Principal, draft_id: UUID, questions: list[CallQuestion]) -> None:
    changes = readable(CallEntry, {"questions": questions})
    await actions.save(bus, principal.subject, draft_id, lambda entry: with_changes(entry, changes))


@router.post("/drafts/{draft_id}/questions/{place}/{verb}")
async def move(draft_id: UUID, place: int, verb: str, principal: Coordinator, bus: BusDep) -> Response:
    """Move a question up or down, or remove it."""
    draft = await load(bus, draft_id)
    question, questions = _question(draft, place), list(draft.entry.questions)
    questions.remove(question)
    places = {"up": max(place - 2, 0), "down": place}
    if verb in places:
        questions.insert(places[verb], question)
    elif verb != "remove":
        raise not_found()
    await _replace(bus, principal, draft_id, questions)
    return see_other(draft_address(draft_id, "questions"))
