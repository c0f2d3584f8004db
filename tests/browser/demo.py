"""A page with every part of shared/web on it, for looking at: `python tests/browser/demo.py`, then open the address."""

# ruff: noqa: E501 - one line an example is easier to change
from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from markupsafe import Markup

from shared.contracts.codes import Expertise, LanguageLevel, Role
from shared.errors import Refused
from shared.identity.principal import Grant, Principal
from shared.web import setup, site, states
from shared.web.forms import (
    Between,
    BooleanField,
    CheckboxesField,
    DateField,
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
from shared.web.live import Live, live_route
from shared.web.render import render, see_other

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


class LanguageRow(Row):
    """One language with its level."""

    language = SelectField("Language", choices=[("en", "English"), ("hy", "Armenian"), ("ka", "Georgian")])
    level = SelectField("Level", choices=LanguageLevel)


class DemoForm(Form):
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


def context() -> dict[str, Any]:
    """Return an example of everything that the macros draw."""
    s = states.state
    return {
        "where": states.Standing(s("application", "offered"), NOW - timedelta(days=2), due=date(2026, 12, 8), next="You answer. If you decline, the next in line is asked."),
        "kinds": states.kinds(),
        "history": [
            {"title": "A place was offered", "when": NOW - timedelta(days=2), "by": "Programme", "state": s("application", "offered")},
            {"title": "Cleared by Estonia", "when": NOW - timedelta(days=3), "by": "Host national coordinator"},
            {"title": "Endorsed", "when": NOW - timedelta(days=20), "by": "Home national coordinator", "text": "Fits the national training plan.", "state": s("application", "endorsed")},
            {"title": "Submitted", "when": NOW - timedelta(days=24), "by": "You"},
        ],
        "rows": [
            [{"text": f"{c}-2026-00{n}", "href": "#"}, country, Markup(state_tag(s("application", code))), day, pts]
            for n, (c, country, code, day, pts) in enumerate(
                [("AM", "Armenia", "submitted", "20 November 2026", 87), ("GE", "Georgia", "offered", "18 November 2026", 79), ("UA", "Ukraine", "returned_for_information", "17 November 2026", None), ("MD", "Moldova", "completed", "2 November 2026", 91), ("AZ", "Azerbaijan", "withdrawn", "1 November 2026", 45), ("AM", "Armenia", "draft", "1 November 2026", 12)], 42)
        ],
        "bars": bars("Three in five officers were matched in Georgia, one in five in Armenia", [Bar("Georgia", 61, marked=True), Bar("Ukraine", 48), Bar("Moldova", 33), Bar("Armenia", 19)], label="Country", value="Matched, %", definition="Matched: applications with a confirmed match, of those found eligible."),
        "lines": lines("More applications are matched each quarter", [Series("Eligible", [("Q1", 14), ("Q2", 22), ("Q3", 31), ("Q4", 40)]), Series("Matched", [("Q1", 9), ("Q2", 15), ("Q3", None), ("Q4", 35)])], label="Quarter"),
    }  # fmt: skip


def state_tag(state: states.State) -> str:
    """Return what the macro `tag` draws, for a cell that is made in code."""
    return f'<strong class="govuk-tag tandem-tag tandem-tag--{state.tone}">{state.word}</strong>'


def app(live: Live | None = None) -> FastAPI:
    """Return the demo as an app; `live` as in a service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if live:
            await live.start()
        yield
        if live:
            await live.stop()

    made = FastAPI(lifespan=lifespan)
    setup.install(made, place="board", templates=HERE / "templates", local=True)
    made.mount("/static", StaticFiles(directory=site.STATIC))
    made.state.service = SimpleNamespace(live=live)

    @made.middleware("http")
    async def signed_in(request: Request, call_next: Any) -> Response:
        grants = (Grant(Role.NATIONAL_COORDINATOR, NOW, "AM"), Grant(Role.PROGRAMME_COORDINATOR, NOW))
        request.state.principal = None if "stranger" in request.query_params else Principal("ani", grants)
        answer: Response = await call_next(request)
        return answer

    @made.get("/")
    async def page(request: Request) -> Response:
        return render(
            request,
            "demo.html",
            **context(),
            sort=request.query_params.get("sort"),
            form_=DemoForm(),
            done="sent" in request.query_params,
        )

    @made.post("/")
    async def sent(request: Request) -> Response:
        form = await DemoForm.read(request)
        if await form.rows_changed(request) or not form.validate():
            return render(request, "form.html", 422, form_=form)
        return see_other("/?sent=1")

    @made.get("/form")
    async def form(request: Request) -> Response:
        return render(request, "form.html", form_=DemoForm())

    @made.get("/refused")
    async def refused() -> None:
        raise Refused("The offer was withdrawn a minute ago.", 409)

    drafts: list[str] = []

    @made.post("/draft", status_code=204)
    async def draft(request: Request) -> None:
        drafts.append((await request.body()).decode())

    @made.get("/drafts")
    async def list_drafts() -> list[str]:
        return drafts

    @made.get("/broken")
    async def broken() -> float:
        return 1 / 0

    made.add_api_route("/live", live_route("board"))
    return made


if __name__ == "__main__":
    site.csrf = lambda *_: Markup()  # nobody signs in here
    hub = Live(os.environ["DEMO_DATABASE"]) if "DEMO_DATABASE" in os.environ else None
    uvicorn.run(app(hub), port=int(sys.argv[1]) if len(sys.argv) > 1 else 8123, log_level="warning")
