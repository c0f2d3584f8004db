"""Pages of the bank of questions, for those who steer: write, change, retire.

A form has as many fields as its kind of question, so it is no `Decision`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Query
from fastapi.responses import Response
from markupsafe import Markup, escape
from starlette.requests import Request

from services.reporting.assessments.actions import bank as actions
from services.reporting.assessments.model.bank import (
    MOST_ANSWERS,
    TOPICS,
    Draft,
    Question,
    QuestionFilters,
    QuestionKind,
    problems,
)
from services.reporting.assessments.views import bank as views
from services.reporting.assessments.views.bank import QuestionDetail
from services.reporting.guards import Steerer
from services.reporting.parameters import BusDep
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts.codes import PRIORITIES, Expertise
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.web.form_versions import show_both
from shared.web.forms import (
    CheckboxesField,
    Form,
    Needed,
    NumberField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, list_page
from shared.web.query import TopicText, one_of
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
PAGE = 50
BANK = "/reporting/questions"
_DONE = {
    "changed": N_("Saved as a new version. Tests that are published keep the old one."),
    "retired": N_("Question retired. No new test can use it."),
    "restored": N_("The question is in use again."),
    "deleted": N_("Question deleted."),
}
"""Sentences about the step that led to the page."""
_NEW = {
    QuestionKind.SINGLE: N_("New question with one right answer"),
    QuestionKind.MULTIPLE: N_("New question with several right answers"),
    QuestionKind.TRUE_FALSE: N_("New true or false question"),
}
_SHOWN = 140
"""So many characters of a question are shown in the list."""


def topic(code: str) -> str:
    """Return the name of a topic in the newest scheme that has it, with the scheme's year if that is an older one."""
    newest = sorted(PRIORITIES, reverse=True)
    scheme = next((each for each in newest if code in PRIORITIES[each]), None)
    if scheme is None:
        return code
    label = labels.topic(code)
    return label if scheme == newest[0] else f"{label} ({scheme.rpartition('-')[2]})"


def topics() -> list[tuple[str, str]]:
    """Return all topics with their names, those of the newest scheme first."""
    return [(code, topic(code)) for code in TOPICS]


class QuestionForm(Form):
    """The fields of every question; the answers to choose from come with its kind."""

    topic = SelectField(N_("Topic"), [Needed(N_("Select a topic"))], choices=(), blank=N_("Choose one"))
    area = SelectField(N_("Area of expertise"), choices=Expertise, blank=N_("None"))
    text = TextAreaField(
        N_("Question"),
        [Needed(N_("Enter the question"))],
        description=N_("Ask about knowledge that the visit can give. Do not name anybody."),
    )
    points = NumberField(
        N_("Points"),
        [Needed(N_("Enter a whole number of points from 1 to 10"))],
        description=N_("From 1 to 10, for a fully right answer"),
    )

    kind: ClassVar[QuestionKind]

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the question; what is wrong with its answers once each of them can be read."""
        found = at_fields({name: gettext(text) for name, text in problems(_draft(self.kind, self)).items()})
        given = [field for field in self if field.short_name.startswith(("answer_", "right"))]
        if any(field.errors for field in given):
            found = {name: text for name, text in found.items() if not name.startswith(("answer_", "right"))}
        return found


_LEAST_ANSWERS = (N_("Enter the first answer"), N_("Enter the second answer"))
"""The errors at the two answers that every question needs."""


def _form(kind: QuestionKind) -> type[QuestionForm]:
    fields: dict[str, Any] = {"kind": kind}
    if kind is QuestionKind.TRUE_FALSE:
        choices = (("0", N_("It is true")), ("1", N_("It is false")))
        needed = [Needed(N_("Select if the statement is true or false"))]
        fields["right"] = RadioField(N_("Is the statement true?"), needed, choices=choices)
    else:
        for place in range(MOST_ANSWERS):
            label = gettext("Answer %(number)s") % {"number": place + 1}
            checks = [Needed(_LEAST_ANSWERS[place])] if place < len(_LEAST_ANSWERS) else []
            fields[f"answer_{place}"] = StringField(label, checks)
        numbers = [(str(place), gettext("Answer %(number)s") % {"number": place + 1}) for place in range(MOST_ANSWERS)]
        field = RadioField if kind is QuestionKind.SINGLE else CheckboxesField
        label = N_("Which answer is right?") if kind is QuestionKind.SINGLE else N_("Which answers are right?")
        fields["right"] = field(label, [Needed(N_("Select the right answer"))], choices=numbers)
    return type("OneQuestionForm", (QuestionForm,), fields)


def _draft(kind: QuestionKind, form: Form) -> Draft:
    data = form.data
    right = data.get("right") or ()
    chosen: list[Any] = right if isinstance(right, list) else [right]
    return Draft(
        topic=data["topic"] or "",
        area=data["area"] or "",
        kind=kind.value,
        text=data["text"] or "",
        answers=tuple(data.get(f"answer_{place}") or "" for place in range(MOST_ANSWERS)),
        right=tuple(int(place) for place in chosen if str(place).isdecimal()),
        points=data["points"],
    )


def _values(question: Question) -> dict[str, Any]:
    """Return a question as values of its form."""
    right = [str(place) for place in question.right]
    texts = {} if question.kind is QuestionKind.TRUE_FALSE else dict(enumerate(question.answers))
    return {
        "topic": question.topic,
        "area": question.area or "",
        "text": question.text,
        "points": question.points,
        "right": right if question.kind is QuestionKind.MULTIPLE else right[0],
        **{f"answer_{place}": text for place, text in texts.items()},
    }


@router.get(BANK)
async def overview(
    request: Request,
    _: Steerer,
    bus: BusDep,
    topic: TopicText = "",
    area: Annotated[str, one_of(*Expertise)] = "",
    state: Annotated[str, Query(pattern="^(in_use|retired)?$")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    done: str = "",
) -> Response:
    """Show the bank, by topic and area; questions in use, or retired ones."""
    filters = QuestionFilters(topic, area, state == "retired")
    async with bus.read() as session:
        found = await views.question_list(session, filters, PAGE, (page - 1) * PAGE)
    title, numbers = gettext("Test questions"), (gettext("Points"), gettext("Version"))
    names = (gettext("Question"), gettext("Topic"), gettext("Kind"))
    listing = Listing(
        title,
        BANK,
        [*map(Column, names), *map(Column, numbers)],
        [_row(question) for question in found.questions],
        found.total,
        Empty(_why_empty(filters, found.others)),
        done=gettext(_DONE[done]) if done in _DONE else "",
        page=page,
        size=PAGE,
        caption=gettext("Figures"),
        intro=gettext(
            "Tests before and after a visit use these questions. A change creates a new version. People who "
            "already have a test answer the version it was published with."
        ),
        filters=_filters(filters),
        back="/reporting/tests",
        back_text=gettext("All tests"),
        buttons=[Link(gettext(text), f"{BANK}/new/{kind.value}") for kind, text in _NEW.items()],
    )
    return list_page(request, listing)


def _row(question: Question) -> list[Cell]:
    of_topic = escape(topic(question.topic))
    if question.area:
        area = labels.label(Expertise(question.area))
        of_topic += Markup('<br><span class="tandem-quiet govuk-body-s">{}</span>').format(area)
    text = question.text if len(question.text) <= _SHOWN else question.text[:_SHOWN].rstrip() + "…"
    return [
        Link(text, f"{BANK}/{question.id}"),
        of_topic,
        gettext(question.kind.label),
        question.points,
        question.version,
    ]


def _filters(filters: QuestionFilters) -> list[Filter]:
    areas = [(area.value, labels.label(area)) for area in Expertise]
    states = [("in_use", gettext("In use")), ("retired", gettext("Retired"))]
    return [
        Filter("topic", gettext("Topic"), filters.topic, topics()),
        Filter("area", gettext("Area"), filters.area, areas),
        Filter("state", gettext("Category"), "retired" if filters.retired else "in_use", states, always=True),
    ]


def _why_empty(filters: QuestionFilters, others: int) -> str:
    if filters.retired:
        return gettext("None of these questions is retired.")
    if others:
        return gettext("All of these questions are retired. Return a question to use, or write a new question.")
    return gettext("There are no such questions yet. Write the first question.")


@router.get(BANK + "/new/{kind}")
async def ask_new(request: Request, kind: str, _: Steerer) -> Response:
    """Show the form for a new question of that kind."""
    return _question_page(request, _kind(kind), _form_class(_kind(kind))(data={"points": 1}))


@router.post(BANK + "/new/{kind}")
async def write(request: Request, kind: str, principal: Steerer, bus: BusDep) -> Response:
    """Add a question; errors are shown at their fields, and what was written stays."""
    form = await _form_class(_kind(kind)).read(request)
    if form.validate():
        try:
            made = await actions.write(bus, principal, _draft(_kind(kind), form))
        except Refused as problem:
            show_refusal(form, problem)
        else:
            return see_other(f"{BANK}?topic={made.topic}")
    return _question_page(request, _kind(kind), form, status=422)


def _kind(text: str) -> QuestionKind:
    if text not in set(QuestionKind):
        raise Refused(gettext("There is no such kind of question."), 404)
    return QuestionKind(text)


def _form_class(kind: QuestionKind) -> type[QuestionForm]:
    made = _form(kind)
    needed = [Needed(N_("Select a topic"))]
    made.topic = SelectField(N_("Topic"), needed, choices=topics(), blank=N_("Choose one"))
    return made


def show_refusal(form: Form, problem: Refused) -> None:
    """Show a refusal at its fields; errors in the answers together at the first of them."""
    form.take(Refused(problem.detail, fields=at_fields(problem.fields), code=problem.code))


def at_fields(errors: Mapping[str, str]) -> dict[str, str]:
    """Return errors by the fields of the form."""
    return {"answer_0" if name == "answers" else name: sentence for name, sentence in errors.items()}


def _question_page(
    request: Request,
    kind: QuestionKind,
    form: Form,
    found: QuestionDetail | None = None,
    *,
    status: int = 200,
    done: str = "",
) -> Response:
    return render(
        request,
        "assessments/question.html",
        status,
        kind=kind,
        new=_NEW[kind],
        done=gettext(_DONE[done]) if done in _DONE else "",
        f=form,
        versions=found.versions if found else [],
        tests=found.tests if found else [],
        answer_names=[name for name in form._fields if name.startswith("answer_")],
    )


@router.get(BANK + "/{question}")
async def show(request: Request, question: str, _: Steerer, bus: BusDep, done: str = "") -> Response:
    """Show one question: to change it, to retire it, or (in no test yet) to delete it; and its earlier versions."""
    async with bus.read() as session:
        found = await views.question_detail(session, question)
    kind = found.newest.kind
    return _question_page(request, kind, _form_class(kind)(data=_values(found.newest)), found, done=done)


@router.post(BANK + "/{question}")
async def change(request: Request, question: str, principal: Steerer, bus: BusDep) -> Response:
    """Write the next version of a question; where it has one, show what was written beside that."""
    async with bus.read() as session:
        found = await views.question_detail(session, question)
    kind = found.newest.kind
    form = await _form_class(kind).read(request)
    text = str((await request.form()).get("version", ""))
    version = int(text) if text.isdecimal() and len(text) < 9 else 0
    if form.validate():
        try:
            await actions.change(bus, principal, question, _draft(kind, form), version)
        except Outdated as outdated:
            async with bus.read() as session:
                found = await views.question_detail(session, question)
            show_both(request, outdated, form, _form_class(kind)(data=_values(found.newest)))
            return _question_page(request, kind, form, found, status=outdated.status_code)
        except Refused as problem:
            show_refusal(form, problem)
        else:
            return see_other(f"{BANK}/{question}?done=changed")
    return _question_page(request, kind, form, found, status=422)


@router.post(BANK + "/{question}/retire")
async def retire(question: str, principal: Steerer, bus: BusDep) -> Response:
    """Retire a question."""
    await actions.retire(bus, principal, question)
    return see_other(f"{BANK}/{question}?done=retired")


@router.post(BANK + "/{question}/restore")
async def restore(question: str, principal: Steerer, bus: BusDep) -> Response:
    """Return a retired question to use."""
    await actions.restore(bus, principal, question)
    return see_other(f"{BANK}/{question}?done=restored")


@router.post(BANK + "/{question}/drop")
async def drop(question: str, principal: Steerer, bus: BusDep) -> Response:
    """Delete a question that is in no test."""
    await actions.drop(bus, principal, question)
    return see_other(f"{BANK}?done=deleted")
