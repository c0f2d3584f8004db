"""Pages of the tests, for those who steer: compose, publish, close."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup
from starlette.requests import Request

from services.reporting.assessments.actions import bank as actions
from services.reporting.assessments.model.bank import Question, Test, points
from services.reporting.assessments.pages.bank import show_refusal, topic, topics
from services.reporting.assessments.views import bank as views
from services.reporting.assessments.views.bank import KnowledgeTest
from services.reporting.guards import Steerer
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import TestPhase
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.web import states
from shared.web.forms import CheckboxesField, Form, Needed, SelectField, StringField
from shared.web.lists import Cell, Column, Empty, Link, Listing, list_page, tag
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
TESTS = "/reporting/tests"
_DONE = {
    "begun": N_("Draft saved. Choose the questions next."),
    "composed": N_("Questions saved. Publish the test when it is complete."),
    "published": N_("Test published. Guests with a visit still to come are asked now."),
    "closed": N_("Test closed. No more guests are asked."),
    "deleted": N_("Draft deleted."),
}
"""Sentences about the step that led to the page."""


class TestForm(Form):
    """A new test."""

    __test__ = False  # or pytest would collect it by its name

    title = StringField(
        N_("Title"), [Needed(N_("Enter a title for the test"))], description=N_("The guest sees it above the questions")
    )
    topic = SelectField(N_("Topic"), [Needed(N_("Select a topic"))], choices=(), blank=N_("Choose one"))
    call = SelectField(N_("Call"), choices=(), blank=N_("All calls"))


async def _test_form(bus: Bus) -> type[TestForm]:
    async with bus.read() as session:
        calls = await views.call_choices(session)
    fields = {
        "topic": SelectField(N_("Topic"), [Needed(N_("Select a topic"))], choices=topics(), blank=N_("Choose one")),
        "call": SelectField(N_("Call"), choices=calls, blank=N_("All calls")),
    }
    return type("NewTestForm", (TestForm,), fields)


@router.get(TESTS)
async def all_tests(request: Request, _: Steerer, bus: BusDep, done: str = "") -> Response:
    """Show all tests with how many took each, and the form for a new one."""
    return await _tests_page(request, bus, (await _test_form(bus))(), done=done)


@router.post(TESTS)
async def begin(request: Request, principal: Steerer, bus: BusDep) -> Response:
    """Begin a test; its questions are chosen on its own page."""
    form = await (await _test_form(bus)).read(request)
    if form.validate():
        try:
            made = await actions.begin(
                bus, principal, form.title.data or "", form.topic.data or "", form.call.data or ""
            )
        except Refused as problem:
            show_refusal(form, problem)
        else:
            return see_other(f"{TESTS}/{made.id}?done=begun")
    return await _tests_page(request, bus, form, 422)


async def _tests_page(request: Request, bus: Bus, form: Form, status: int = 200, *, done: str = "") -> Response:
    async with bus.read() as session:
        found = await views.test_list(session)
    names = (
        gettext("Test"),
        gettext("Topic"),
        gettext("State"),
        gettext("Invited"),
        gettext("Tests received before visit"),
        gettext("Tests received after visit"),
    )
    listing = Listing(
        gettext("Tests before and after"),
        TESTS,
        [Column(name) for name in names],
        [_row(test, found.calls) for test in found.tests],
        len(found.tests),
        Empty(
            gettext(
                "There is no test yet, so nobody is asked to take one. Write the questions first, then create "
                "a test with them."
            )
        ),
        size=max(len(found.tests), 1),
        done=gettext(_DONE[done]) if done in _DONE else "",
        caption=gettext("Figures"),
        back="/reporting/",
        back_text=gettext("All figures"),
        heading=gettext("Tests before and after a visit"),
        table_title=gettext("Tests"),
    )
    return list_page(
        request, listing, "assessments/tests.html", status, counts=found.questions_by_topic, f=form, named=topic
    )


def _row(test: KnowledgeTest, calls: Mapping[UUID, str]) -> list[Cell]:
    call = gettext("All calls") if test.call_id is None else calls.get(test.call_id, gettext("All calls"))
    return [
        Link(test.title, f"{TESTS}/{test.id}"),
        Markup('<div>{}<br><span class="tandem-quiet govuk-body-s">{}</span></div>').format(topic(test.topic), call),
        tag(states.state("test", test.state.value)),
        test.invited,
        test.handed_in.pre,
        test.handed_in.post,
    ]


@router.get(TESTS + "/{test}")
async def show_test(request: Request, test: str, _: Steerer, bus: BusDep, done: str = "") -> Response:
    """Show one test: a draft with the questions to choose from; else as it was published, with how many took it."""
    return await _test_page(request, bus, test, done=done)


async def _test_page(
    request: Request, bus: Bus, test: str, form: Form | None = None, status: int = 200, *, done: str = ""
) -> Response:
    async with bus.read() as session:
        found = await views.test_detail(session, test)
    forms = found.test.forms
    return render(
        request,
        "assessments/test.html",
        status,
        test=found.test,
        done=gettext(_DONE[done]) if done in _DONE else "",
        f=form or _items(found.bank)(data=_chosen(found.test, found.bank)),
        bank=found.bank,
        call=found.call,
        taken=found.taken,
        handed_out=found.forms,
        points={phase: points(found.test, phase, found.bank) for phase in TestPhase},
        parallel=TestPhase.POST in forms,
        gone=[id_ for ids in forms.values() for id_ in ids if id_ not in found.bank],
        phases=TestPhase,
        named=topic,
    )


def _hint(question: Question) -> str:
    """Return points and kind of a question, in a line."""
    points = ngettext("%(num)d point", "%(num)d points", question.points) % {"num": question.points}
    return f"{points}. {gettext(question.kind.label)}."


def _items(bank: Mapping[UUID, Question]) -> type[Form]:
    """Return a form with the questions on the test's topic, twice: for before, and for another form after."""
    choices = [
        (
            str(id_),
            each.text,
            _hint(each),
        )
        for id_, each in bank.items()
    ]
    fields = {
        "before": CheckboxesField(N_("Before the visit"), choices=choices),
        "after": CheckboxesField(
            N_("After the visit"),
            choices=choices,
            description=N_(
                "Leave this empty to ask the same questions again. A parallel form needs the same number of points."
            ),
        ),
    }
    return type("ItemsForm", (Form,), fields)


def _chosen(test: Test, bank: Mapping[UUID, Question]) -> dict[str, list[str]]:
    before, after = (test.forms.get(phase, ()) for phase in (TestPhase.PRE, TestPhase.POST))
    return {
        "before": [str(id_) for id_ in before if id_ in bank],
        "after": [str(id_) for id_ in after if id_ in bank],
    }


@router.post(TESTS + "/{test}")
async def compose(request: Request, test: str, principal: Steerer, bus: BusDep) -> Response:
    """Choose the questions of a draft."""
    async with bus.read() as session:
        found = await views.test_detail(session, test)
    form = await _items(found.bank).read(request)
    if form.validate():
        try:
            await actions.compose(bus, principal, test, form.data["before"], form.data["after"])
        except Refused as problem:
            show_refusal(form, problem)
        else:
            return see_other(f"{TESTS}/{test}?done=composed")
    return await _test_page(request, bus, test, form, 422)


@router.post(TESTS + "/{test}/publish")
async def publish(test: str, principal: Steerer, bus: BusDep) -> Response:
    """Publish a test."""
    await actions.publish(bus, principal, test)
    return see_other(f"{TESTS}/{test}?done=published")


@router.post(TESTS + "/{test}/close")
async def close(test: str, principal: Steerer, bus: BusDep) -> Response:
    """Close a test."""
    await actions.close(bus, principal, test)
    return see_other(f"{TESTS}/{test}?done=closed")


@router.post(TESTS + "/{test}/drop")
async def remove(test: str, principal: Steerer, bus: BusDep) -> Response:
    """Delete a draft."""
    await actions.remove(bus, principal, test)
    return see_other(f"{TESTS}?done=deleted")
