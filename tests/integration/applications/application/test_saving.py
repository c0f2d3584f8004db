"""Tests of saving one page of an application: it is loaded once, and little of the project takes part."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
import sqlalchemy as sa

from services.applications.application.model.answers import TASKS, WISHES, Answers
from shared.contracts.codes import Section
from tests.support import ticked_versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from tests.integration.applications.conftest import Programme

ROOT = Path(__file__).resolve().parents[4]
MOST_FILES, MOST_OF_THE_PORTAL = 20, 11
PAGES: dict[str, dict[str, str]] = {
    "contact": {"name": "Ani Petrosyan", "email": "ani@police.example", "language": "en"},
    "service": {"service": "police", "rank_group": "operational", "years_in_field": "6", "sex": ""},
    "line_manager": {"line_manager_name": "Vardan Sargsyan", "line_manager_email": "v@police.example"},
    "expertise": {"expertise-0-area": "analysis", "expertise-0-level": "2", "expertise-0-years": "4"},
    "languages": {"languages-0-language": "en", "languages-0-level": "B2"},
    "background": {"courses-0-course": "Online fraud"},
    "topics": {"topics-0-topic": "online_crime", "preferred_countries-0-country": "FR"},
    "periods": {
        f"periods-0-{name}-{part}": value
        for name, month in (("start", "4"), ("end", "5"))
        for part, value in (("day", "1"), ("month", month), ("year", "2027"))
    },
    "objectives": {"objectives-0-text": "Seized devices", "cascade_committed": "yes", "cascade_plan": "A day"},
    "privacy": {"confirmed": "y"},
}


class Entered:
    """The files of the project whose functions a page calls, from its handler to its redirect, while it is a context.

    What comes before and after is the same for each request: session, rights, headers. The middleware that waits for
    the handler's answer was entered before: it does not count when it goes on, be it to read the body or to wait.
    """

    def __init__(self, handler: str) -> None:
        self.files: set[str] = set()
        self._handler = f"{ROOT}/{handler}"
        self._waiting: set[FrameType] = set()
        self._answered = False

    def _enter(self, frame: FrameType, event: str, _: Any) -> None:
        name = frame.f_code.co_filename
        ours = event == "call" and name.startswith((f"{ROOT}/services/", f"{ROOT}/shared/"))
        if not ours or self._answered or frame in self._waiting:
            return
        if not self.files and name == self._handler:
            self._waiting = set(_callers(frame))
        if self._waiting:
            self.files.add(name.removeprefix(f"{ROOT}/"))
            self._answered = frame.f_code.co_name == "see_other"

    def __enter__(self) -> Self:
        """Begin to note calls."""
        sys.setprofile(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        """Note no more."""
        sys.setprofile(None)
        self._waiting.clear()


def _callers(frame: FrameType) -> Iterator[FrameType]:
    while caller := frame.f_back:
        yield caller
        frame = caller


async def _begun(programme: Programme) -> str:
    begun = await programme.as_("ani").post(
        f"/applications/calls/{programme.call['id']}/apply", data={"kind": "study_visit"}
    )
    return begun.headers["location"]


def test_each_page_is_saved_here() -> None:
    """The pages that these tests save are all that a call has that asks no questions and for no order."""
    assert set(PAGES) == set(TASKS) - {Section.QUESTIONS, WISHES}


@pytest.mark.parametrize("page", PAGES)
async def test_saving_a_page_enters_few_files(programme: Programme, page: str) -> None:
    """From its handler to the redirect, saving a page enters few files, most of them of its own room."""
    mine = await _begun(programme)
    officer = programme.as_("ani")
    data = PAGES[page] | ({"organisation_id": programme.organisations["AM"]} if page == "service" else {})
    assert (await officer.post(f"{mine}/{page}", data=data)).status_code == 303  # what is loaded once is loaded now
    opened = ticked_versions((await officer.get(f"{mine}/{page}")).text)
    with Entered("services/applications/application/pages/tasks.py") as saving:
        assert (await officer.post(f"{mine}/{page}", data=data | opened)).status_code == 303
    assert len(saving.files) <= MOST_FILES, sorted(saving.files)
    of_the_portal = [file for file in saving.files if file.startswith("services/")]
    assert len(of_the_portal) <= MOST_OF_THE_PORTAL, sorted(of_the_portal)


async def test_saving_a_page_loads_the_application_once(programme: Programme) -> None:
    """One statement reads the application that is saved; a wrong page reads it once more for its next comparison."""
    mine = await _begun(programme)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = programme.app.state.service.bus.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    for data, status, times in ((PAGES["languages"], 303, 1), ({"languages-0-language": "en"}, 422, 2)):
        opened = ticked_versions((await programme.as_("ani").get(f"{mine}/languages")).text)
        statements.clear()
        answer = await programme.as_("ani").post(f"{mine}/languages", data=data | opened)
        assert answer.status_code == status
        loads = [statement for statement in statements if "application.profile" in statement.partition("FROM")[0]]
        assert len(loads) == times, statements
    sa.event.remove(engine, "before_cursor_execute", note)


STATEMENTS = 15
"""Two of the guard: session and access. Call, application and person; the lock and the version that is compared.

Then the quota of messages, the number, whether it is the first time, the companions, and the line manager's agency;
the application and its step are written, and the new version is read, which the page that follows is to show.
"""


async def test_a_submit_executes_few_statements(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending an application reads each row once, and all of its answers once, however many rules look at them."""
    begun = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    check = f"/applications/mine/{(await programme.post('ani', '/applications', begun, 201))['id']}/check"
    officer = programme.as_("ani")
    opened = ticked_versions((await officer.get(check)).text)
    statements: list[str] = []
    whole: list[int] = []
    from_stored = Answers.from_stored

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    def read(document: dict[str, Any]) -> Answers:
        whole.extend([1] if len(document) > 1 else [])
        return from_stored(document)

    monkeypatch.setattr(Answers, "from_stored", read)
    engine = programme.app.state.service.bus.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    answer = await officer.post(check, data=opened)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert "done=submitted" in answer.headers["location"], answer.text
    assert len(statements) == STATEMENTS, "\n".join(statements)
    assert len(whole) == 1


HALF_WRITTEN: dict[str, tuple[dict[str, str], list[str], str]] = {
    "expertise": (
        {
            "expertise-0-area": "analysis",
            "expertise-0-level": "2",
            "expertise-0-years": "4",
            "expertise-1-area": "forensics",
            "expertise-1-level": "",
            "expertise-1-years": "7",
        },
        ['value="forensics" selected', 'value="analysis" selected', 'value="7"'],
        "Analysis (advanced, 4 years); Forensics, 7 (incomplete)",
    ),
    "languages": (
        {"languages-0-language": "en", "languages-0-level": "B2", "languages-1-language": "fr"},
        ['value="en" selected', 'value="fr" selected'],
        "English B2; French (incomplete)",
    ),
    "periods": (
        PAGES["periods"]
        | {"blackouts-0-start-day": "3", "blackouts-0-start-month": "9", "blackouts-0-start-year": "2028"},
        ['value="2027"', 'value="2028"'],
        "3 September 2028 (incomplete)",
    ),
    "objectives": (
        {"objectives-0-text": "Seized devices", "objectives-1-text": "much " * 300},
        ["Seized devices", "much much"],
        "much (not accepted)",
    ),
}


@pytest.mark.parametrize("way", ["later", "autosave", "refused"])
@pytest.mark.parametrize("page", HALF_WRITTEN)
async def test_a_half_written_row_is_kept(programme: Programme, page: str, way: str) -> None:
    """An area without its level is there again when its officer comes back; it cannot be submitted so."""
    mine, officer = await _begun(programme), programme.as_("ani")
    data, shown, words = HALF_WRITTEN[page]
    statuses = {"later": 303, "autosave": 204, "refused": 422}
    sent = data | ({"later": "1"} if way == "later" else {})
    address = f"{mine}/{page}/draft" if way == "autosave" else f"{mine}/{page}"
    assert (await officer.post(address, data=sent)).status_code == statuses[way]
    again = await officer.get(f"{mine}/{page}")
    assert all(text in again.text for text in shown), again.text
    found = await programme.get("ani", f"/applications/{mine.rsplit('/', 1)[1]}")
    assert page in found["missing"]
    assert found["answers"][page if page != "periods" else "blackouts"] == []
    assert len(found["unaccepted"][page if page != "periods" else "blackouts"]) == (1 if page == "periods" else 2)
    assert words in (await officer.get(f"{mine}/check")).text
    assert (await officer.post(f"{mine}/languages", data=PAGES["languages"])).status_code == 303
    if page in {"expertise", "languages"}:
        assert (await officer.post(f"{mine}/{page}", data=PAGES[page])).status_code == 303
        found = await programme.get("ani", f"/applications/{mine.rsplit('/', 1)[1]}")
        assert page not in found["missing"]
        assert len(found["answers"][page]) == 1
    else:
        again = await officer.get(f"{mine}/{page}")
        assert all(text in again.text for text in shown), again.text
