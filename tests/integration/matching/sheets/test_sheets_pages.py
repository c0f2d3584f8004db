"""The page on which a programme coordinator has own sheets checked and matched."""

from __future__ import annotations

import asyncio
import io
import re
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from services.matching.background import processes
from services.matching.sheets import actions, model
from services.matching.sheets.files.templates import make_problem
from services.matching.sheets.model import answer
from shared.contracts.codes import Role
from shared.identity import csrf
from shared.identity.state import identity_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    from openpyxl import Workbook

    from services.matching.sheets.model import SheetRequest
    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

ADDRESS = "/matching/sheets"


async def _sign_in(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    browser.headers[csrf.HEADER] = csrf.new_token(identity_of(world.app).csrf, csrf.person("carla"))


async def _in_thread(_: object, request: SheetRequest, watch: object) -> object:
    """Compute here, without the second that a process takes to start."""
    del watch
    return await asyncio.to_thread(answer, request, lambda _step: None)


def _spoilt() -> bytes:
    book = load_workbook(io.BytesIO(make_problem()))
    book["Candidates"]["C2"], book["Candidates"]["C3"] = "Atlantis", "Lemuria"
    book["Candidates"]["Z1"], book["Candidates"]["Z2"] = "Name", "Tamar Secret"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _workbooks(page: httpx2.Response) -> dict[str, Workbook]:
    """Return the workbooks that a page holds, by name."""
    kept = re.findall(r'href="data:[^"]*;base64,([^"]*)" download="([^"]*)"', page.text)
    return {name: load_workbook(io.BytesIO(b64decode(content))) for content, name in kept}


async def _stored(world: World) -> dict[str, int]:
    """Return the number of rows of each table."""
    async with world.bus.read() as session:
        names = (await session.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all()
        return {
            name: (await session.execute(sa.text(f'SELECT count(*) FROM "{name}"'))).scalar_one()
            for name in sorted(names)
        }


async def test_sheets_are_checked_matched_compared_and_downloaded_and_nothing_is_stored(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All faults stand on one page; a sound workbook is matched and compared; no table has a row more."""
    await _sign_in(world, browser, sign_in)
    before = await _stored(world)
    page = await browser.post(
        ADDRESS, data={"wish": "match", "objective": "most_good"}, files={"file": ("own.xlsx", make_problem())}
    )
    assert page.status_code == 200, page.text
    assert "You have a place: placement FR-1 in France." in page.text
    assert "Armenia" in page.text
    assert "1 of 1" in page.text
    assert "Comparison of objectives" in page.text
    assert '<option value="most_good" selected>' in page.text, "the next step keeps it"
    assert page.headers["cache-control"] == "no-store"
    monkeypatch.setattr(processes, "run_in_process", _in_thread)
    wrong = await browser.post(ADDRESS, data={"wish": "match"}, files={"file": ("own.xlsx", _spoilt())})
    assert wrong.status_code == 422
    assert "2 faults must be corrected" in wrong.text
    assert "sheet Candidates, row 2, column country" in wrong.text
    assert "sheet Candidates, row 3, column country" in wrong.text
    assert "do not put personal data into these files" in wrong.text
    assert "Tamar Secret" not in wrong.text
    assert "Atlantis" in _workbooks(wrong)["annotated.xlsx"]["Candidates"]["C2"].comment.text
    assert _workbooks(page)["result.xlsx"].sheetnames[:3] == ["Summary", "Matches", "Messages"]
    template = await browser.get(f"{ADDRESS}/template.xlsx")
    assert template.content == make_problem()
    assert await _stored(world) == before


def _with_rules_beside() -> bytes:
    """Return the template's workbook with rules on the sheet of the candidates, and no sheet of their own."""
    book = load_workbook(io.BytesIO(make_problem()))
    candidates, column = book["Candidates"], book["Candidates"].max_column + 2
    for row, (name, value) in enumerate((("Setting", "Value"), ("Share of a country", "50")), 1):
        candidates.cell(row, column, name)
        candidates.cell(row, column + 1, value)
    del book["Rules"]
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


async def test_rules_beside_the_candidates_and_visits_are_faults_of_an_upload(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is matched without rules that stand on the wrong sheet, or with visits as pairs that are agreed."""
    await _sign_in(world, browser, sign_in)
    monkeypatch.setattr(processes, "run_in_process", _in_thread)
    beside = await browser.post(ADDRESS, data={"wish": "match"}, files={"file": ("own.xlsx", _with_rules_beside())})
    assert beside.status_code == 422
    assert "Setting and Value are of rules beside the candidates; put each table on a sheet" in beside.text
    visits = b"candidate_id;seat_id;home_country;confirmed_on;host_periods\nAM-1;FR-1;AM;2027-01-11;\n"
    files = [("file", ("own.xlsx", make_problem())), ("file", ("visits.csv", visits))]
    page = await browser.post(ADDRESS, data={"wish": "match"}, files=files)
    assert (page.status_code, "These are visits, to which tandem schedule gives dates" in page.text) == (422, True)


def _many(count: int) -> bytes:
    """Return the template's workbook with so many candidates."""
    book = load_workbook(io.BytesIO(make_problem()))
    candidates = book["Candidates"]
    row = [cell.value for cell in candidates[2]]
    candidates.delete_rows(2, candidates.max_row)
    for number in range(1, count + 1):
        candidates.append([f"C-{number:04}", *row[1:]])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


async def test_the_page_has_the_result_of_every_one_of_1200_candidates(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of 500 rows follow one another, each named by its rows, and none is left out."""
    await _sign_in(world, browser, sign_in)
    monkeypatch.setattr(processes, "run_in_process", _in_thread)
    monkeypatch.setattr(model, "COPIED", 1_000)
    checked = await browser.post(ADDRESS, data={"wish": "check"}, files={"file": ("own.xlsx", _many(1200))})
    assert "tandem match FILE --check --annotate" in checked.text
    assert not _workbooks(checked)
    with monkeypatch.context() as few:
        few.setattr(model, "MOST_PAIRS", 10)
        refused = await browser.post(ADDRESS, data={"wish": "match"}, files={"file": ("own.xlsx", _many(1200))})
    assert "are too many to match here; the most is 10" in refused.text
    assert "tandem match FILE --check --annotate" not in refused.text, "what is too large is not the number of rows"
    page = await browser.post(ADDRESS, data={"wish": "match"}, files={"file": ("own.xlsx", _many(1200))})
    assert page.status_code == 200, page.text[:3000]
    for rows in ("1 to 500 of 1,200", "501 to 1,000 of 1,200", "1,001 to 1,200 of 1,200"):
        assert rows in page.text
    assert "are listed" not in page.text
    found = re.findall(r'<th scope="row" class="govuk-table__header">(C-\d{4})<', page.text)
    assert found == [f"C-{number:04}" for number in range(1, 1201)]


async def test_other_files_are_refused_and_a_second_run_takes_the_place_of_the_first(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file, another kind of file and too large a one get a sentence; who sends again gets the newer answer."""
    await _sign_in(world, browser, sign_in)
    assert "Select a file" in (await browser.post(ADDRESS, data={"wish": "check"})).text
    other = await browser.post(ADDRESS, files={"file": ("own.docx", b"PK")})
    assert (other.status_code, "end with .xlsx, .csv or .json" in other.text) == (422, True)
    large = await browser.post(ADDRESS, files={"file": ("own.csv", b"a" * 5_000_001)})
    assert (large.status_code, "smaller than 5 MB in total" in large.text) == (422, True)
    files = {"file": ("own.xlsx", make_problem())}
    earlier = await browser.post(ADDRESS, files=files | {"earlier": ("result.json", b"{}")})
    assert (earlier.status_code, earlier.text.count("ends with .xlsx or .csv")) == (422, 2)
    assert 'href="#earlier"' in earlier.text
    assert re.findall(r'id="(\w+)" name="\w+"[^>]* aria-invalid="true"', earlier.text) == ["earlier"]

    begun = asyncio.Event()

    async def until_stopped(*_: object, watch: Callable[[int], Awaitable[bool]]) -> object:
        begun.set()
        for _tries in range(3_000):
            if not await watch(0):
                raise processes.Stopped
            await asyncio.sleep(0.01)
        pytest.fail("nothing stopped it")

    monkeypatch.setattr(processes, "run_in_process", until_stopped)
    first = asyncio.ensure_future(browser.post(ADDRESS, files=files))
    await asyncio.wait_for(begun.wait(), 30)
    monkeypatch.setattr(processes, "run_in_process", _in_thread)
    second = await browser.post(ADDRESS, files=files)
    assert (second.status_code, "No place" in second.text) == (200, False)
    stopped = await first
    assert (stopped.status_code, "You sent files in another tab" in stopped.text) == (409, True)


async def test_a_run_that_takes_too_long_or_fails_is_stopped_with_a_sentence(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is up after the limit, and a failure names no cell: both say on the page what to do."""
    await _sign_in(world, browser, sign_in)
    files = {"file": ("own.xlsx", make_problem())}

    async def slow(*_: object, watch: Callable[[int], Awaitable[bool]]) -> object:
        await asyncio.sleep(0.15)
        assert not await watch(0)
        raise processes.Stopped

    async def broken(*_: object, watch: object) -> object:
        del watch
        raise processes.Failed(next(failures))

    monkeypatch.setattr(processes, "run_in_process", slow)
    monkeypatch.setattr(actions.SheetRuns.run, "__kwdefaults__", {"seconds": 0.1})
    assert "Send fewer rows" in (await browser.post(ADDRESS, files=files)).text
    failures = iter(["ValueError: Tamar Secret", "MemoryError: "])
    monkeypatch.setattr(processes, "run_in_process", broken)
    page = await browser.post(ADDRESS, files=files)
    assert "Copy the tables into a new workbook" in page.text
    assert "Tamar" not in page.text
    assert "need too much memory" in (await browser.post(ADDRESS, files=files)).text
