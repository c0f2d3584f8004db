"""Test what officers meet who all submit in the last seconds before a deadline."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlencode

import pytest
from lxml import html

from shared.time import clock
from shared.web import admission
from shared.web.admission import STAMP, STAMP_HEADER, Lane, NotLetIn
from tests.waiting import until

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.conftest import Programme

pytestmark = pytest.mark.usefixtures("own_clock")
OFFICERS = 40


async def _drafts(programme: Programme) -> dict[str, str]:
    """Return complete drafts of many officers, by officer."""
    names = [f"officer{number}" for number in range(OFFICERS)]
    known = {"service": "police", "rank_group": "operational", "years_in_field": 6}
    people = [programme.person(name, f"{name.title()} Petrosyan", "AM", "officer", **known) for name in names]
    await programme.post("programme", "/people", {"people": people}, 201)
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    return {name: (await programme.post(name, "/applications", body, 201))["id"] for name in names}


async def _version(programme: Programme, officer: str, draft: str) -> str:
    answer = await programme.as_(officer).get(f"/applications/api/v1/applications/{draft}")
    return str(answer.headers["ETag"])


async def test_all_that_arrived_in_time_are_accepted_in_the_end(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All send at once; who is not let in comes again after the deadline and is accepted, and nobody sees an error.

    Who sends for the first time after the deadline is refused, busy or not.
    """
    drafts = await _drafts(programme)
    late = drafts.popitem()
    stamps = {name: {"If-Match": await _version(programme, name, draft)} for name, draft in drafts.items()}

    async def submit(name: str) -> httpx2.Response:
        address = f"/applications/api/v1/applications/{drafts[name]}/submit"
        answer = await programme.as_(name).post(address, headers=stamps[name])
        if answer.status_code == 503:
            assert answer.json()["code"] == "busy"
            stamps[name].setdefault(STAMP_HEADER, answer.headers[STAMP_HEADER])
        return answer

    async def wave(names: list[str]) -> list[str]:
        """Let all of them submit at once; return who is to come again."""
        answers = await asyncio.gather(*map(submit, names))
        assert {answer.status_code for answer in answers} <= {200, 503}
        return [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 503]

    deadline = datetime.fromisoformat(programme.call["terms"]["deadline"])
    clock.move(deadline - clock.now() - timedelta(seconds=10))
    monkeypatch.setattr(admission, "PATIENCE", 0.0)  # as under a load that nobody can serve in time
    waiting = await wave(list(drafts))
    assert waiting, "the rush was too small to show anything"
    await until(lambda: clock.now() > deadline, within=30)
    for _ in range(OFFICERS):
        waiting = await wave(waiting) if waiting else []
    assert waiting == []
    refused = await programme.as_(late[0]).post(f"/applications/api/v1/applications/{late[1]}/submit")
    assert refused.status_code == 409
    types = Counter(kind for kind, _, _ in await programme.journal("exchange.applications"))
    assert types["ApplicationSubmitted"] == len(drafts)


async def test_a_form_of_a_record_comes_back_as_it_was_sent_while_the_database_is_busy(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The busy page adds no version to the form that it keeps, so that its stamp counts, and asks no database."""
    name, draft = (await _drafts(programme)).popitem()
    officer, address = programme.as_(name), f"/applications/mine/{draft}/check"
    written = _fields((await officer.get(address)).text)

    async def refuse(_: Lane) -> NoReturn:
        raise NotLetIn(2)

    with monkeypatch.context() as busy:
        busy.setattr(Lane, "_enter", refuse)
        busy.setattr(programme.app.state.service.bus, "glance", None)
        page = await officer.post(address, content=urlencode(written), headers=_FORM)
    assert page.status_code == 503
    kept = _fields(page.text)
    assert sorted(field for field in kept if field[0] != STAMP) == sorted(written)
    answer = await officer.post(address, content=urlencode(kept), headers=_FORM)
    assert "done=submitted" in answer.headers.get("location", ""), answer.text


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _fields(page: str) -> list[tuple[str, str]]:
    """Return the fields of the page's own form, as a browser sends them."""
    main = html.document_fromstring(page).find(".//main")
    assert main is not None
    (form,) = (each for each in main.iter("form") if isinstance(each, html.FormElement))
    return [(name, value) for name, value in form.form_values()]
