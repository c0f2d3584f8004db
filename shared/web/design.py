"""Show developers the components of all pages, with examples, at `/design` of a local run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup

from shared.contracts.codes import Expertise, LanguageLevel
from shared.identity import public
from shared.web import states
from shared.web.forms import (
    Between,
    BooleanField,
    CheckboxesField,
    DateField,
    Difference,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
)
from shared.web.graphics.charts import Bar, Series, bars, lines
from shared.web.quiet_hours import QuietHoursForm
from shared.web.render import render
from shared.web.stale_forms import ComparedFact, ComparedRecord

if TYPE_CHECKING:
    from starlette.responses import Response

TEMPLATE = "plain/design.html"
_NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
_LINES = (
    ("AM-2026-0042", "Armenia", "submitted", "20 November 2026", 87),
    ("GE-2026-0043", "Georgia", "offered", "18 November 2026", 79),
    ("UA-2026-0044", "Ukraine", "returned_for_information", "17 November 2026", None),
    ("MD-2026-0045", "Moldova", "completed", "2 November 2026", 91),
    ("AZ-2026-0046", "Azerbaijan", "withdrawn", "1 November 2026", 45),
    ("AM-2026-0047", "Armenia", "draft", "1 November 2026", 12),
)


class LanguageRow(Row):
    """One language with its level."""

    language = SelectField(
        "Language",
        [Needed("Choose a language")],
        choices=[("en", "English"), ("hy", "Armenian"), ("ka", "Georgian")],
        blank="Choose",
    )
    level = SelectField("Level", [Needed("Choose a level")], choices=LanguageLevel, blank="Choose")


class ExampleForm(Form):
    """One field of each kind."""

    unit = StringField("Unit", [Needed("Enter your unit")], description="As it is called in English")
    years = NumberField("Years in the field", [Needed("Enter how many years you have worked in the field")])
    first_day = DateField(
        "First day on which you can travel", [Needed("Enter the first day"), Between(date(2027, 1, 4))]
    )
    objective = TextAreaField("What do you want to learn?", [Needed("Say what you want to learn"), Longest(60)])
    kind = RadioField(
        "What do you apply for?",
        [Needed("Choose what you apply for")],
        choices=[("study_visit", "A study visit"), ("mentee", "A mentor")],
    )
    expertise = CheckboxesField("Your expertise", choices=list(Expertise)[:6])
    languages = FieldList(FormField(LanguageRow), min_entries=1, max_entries=4)
    privacy = BooleanField("I have read the privacy notice", [Needed("Confirm that you have read the privacy notice")])


def router() -> APIRouter:
    """Return the router of the page, open to everybody: for a local run only."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/design", dependencies=[Depends(public())])
    async def design(request: Request) -> Response:
        return draw(request)

    return pages


def draw(request: Request) -> Response:
    """Return the page."""
    refused, nights = ExampleForm(), QuietHoursForm(None, **QuietHoursForm.holding("country"))
    refused.validate()
    return render(request, TEMPLATE, **examples(), form_=refused, nights_=nights, sort="reference", live_at=None)


def examples() -> dict[str, Any]:
    """Return an example of everything that the macros draw."""
    state = states.state
    return {
        "where": states.Standing(
            state("application", "offered"),
            _NOW - timedelta(days=2),
            due=date(2026, 12, 8),
            next="You answer. If you decline, the next in line is asked.",
        ),
        "kinds": states.kinds(),
        "history": [
            _event("A place was offered", 2, "Programme", state=state("application", "offered")),
            _event("Cleared by Estonia", 3, "Host national coordinator"),
            _event("Endorsed", 20, "Home national coordinator", text="Fits the national training plan."),
            _event("Submitted", 24, "You"),
        ],
        "rows": [
            [{"text": reference, "href": "#"}, country, _tag(state("application", code)), day, points]
            for reference, country, code, day, points in _LINES
        ],
        "cases": [
            SimpleNamespace(
                id=reference,
                reference=reference,
                name=country,
                state=_tag(state("application", code)),
                text="It is decided already.",
                notes=(),
            )
            for reference, country, code, *_ in _LINES[:2]
        ],
        "beside": [
            ("#", name, reference, state("application", code), "Due: 30 Nov 2026", name == "Giorgi Beridze")
            for (reference, _, code, *_), name in zip(_LINES, ("Ani Hakobyan", "Giorgi Beridze", ""), strict=False)
        ],
        "differences": [Difference("Objective", "Digital evidence", "Online crime")],
        "records": [ComparedRecord("Match", [ComparedFact("Status", "Proposed", "Offer sent")], known=True)],
        "work": [
            _task("Application AM-2026-0042", "Review application", about="Ani Hakobyan", overdue=True),
            _task("Visit GE-2026-0043", "Prepare visit", about="Tallinn"),
        ],
        "waiting": [
            SimpleNamespace(
                thing="Application UA-2026-0044",
                href="#",
                about="Olena Shevchenko",
                state=state("application", "matched"),
                text="With: home country.",
                due=date(2026, 12, 8),
            )
        ],
        "bars": bars(
            "Three in five officers were matched in Georgia, one in five in Armenia",
            [Bar("Georgia", 61, marked=True), Bar("Ukraine", 48), Bar("Moldova", 33), Bar("Armenia", 19)],
            label="Country",
            value="Matched, %",
            definition="Matched: applications with a confirmed match, of those found eligible.",
        ),
        "lines": lines(
            "More applications are matched each quarter",
            [
                Series("Eligible", [("Q1", 14), ("Q2", 22), ("Q3", 31), ("Q4", 40)]),
                Series("Matched", [("Q1", 9), ("Q2", 15), ("Q3", None), ("Q4", 35)]),
            ],
            label="Quarter",
        ),
    }


def _event(title: str, days: int, by: str, **more: object) -> dict[str, object]:
    """Return an entry of a history, so many days old."""
    return {"title": title, "when": _NOW - timedelta(days=days), "by": by, **more}


def _task(thing: str, action: str, *, about: str, overdue: bool = False) -> SimpleNamespace:
    """Return an entry of a list of work."""
    return SimpleNamespace(thing=thing, about=about, due=date(2026, 11, 30), overdue=overdue, action=action, href="#")


def _tag(state: states.State) -> Markup:
    """Return what the macro `tag` draws, for a cell that is made in code."""
    return Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(state.tone, state.word)
