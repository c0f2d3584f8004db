"""Coordinators enter, change, withdraw and import the training needs of their country."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it comes without types
from openpyxl import load_workbook
from sqlalchemy import text

from services.applications.needs.actions.imports import forget_imports
from shared.time import clock
from tests.integration.applications.test_stale_forms import buttons, form_to, keep
from tests.integration.applications.test_stale_forms import table as compared
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

PAGES = "/applications/register/needs"
HEADER = "country,scheme,topic,area,level,quantity,from,until"
GOOD = "AM,empact-2026,online_crime,analysis,2,12,2027-01-01,2027-12-31"
OTHER = "AM,,drug_trafficking,,1,5,2027-01-01,2027-12-31"


def table(*rows: str) -> bytes:
    """Return a table as CSV."""
    return "\n".join([HEADER, *rows]).encode()


def sheet(rows: list[list[Any]]) -> bytes:
    """Return a table as a spreadsheet."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True})
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return packed.getvalue()


async def uploaded(programme: Programme, content: bytes, name: str = "needs.csv", status: int = 201) -> Any:
    """Upload a table as Armenia's coordinator; return the answer."""
    answer = await programme.as_("tigran").post(
        "/applications/api/v1/register/needs/imports", files={"file": (name, content)}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def need_events(programme: Programme) -> list[dict[str, Any]]:
    """Return the need events, in order."""
    return [payload for type_, _, payload in await programme.journal("exchange.registry") if type_ == "NeedChanged"]


def form(**changes: str) -> dict[str, str]:
    """Return a need as a form sends it."""
    first = {f"since-{part}": value for part, value in (("day", "1"), ("month", "1"), ("year", "2027"))}
    last = {f"until-{part}": value for part, value in (("day", "31"), ("month", "12"), ("year", "2027"))}
    return {
        "country": "AM",
        "topic": "empact-2026:online_crime",
        "area": "analysis",
        "level": "2",
        "quantity": "12",
        **first,
        **last,
        **changes,
    }


async def test_a_need_is_entered_changed_and_withdrawn(programme: Programme) -> None:
    """Each step has one event and an entry in the history; another country's need is not found."""
    answer = await programme.as_("tigran").post(f"{PAGES}/new", data=form())
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"].partition("?")[0]
    need = page.rpartition("/")[2]
    assert (await programme.as_("giorgi").get(page)).status_code == 404
    await programme.post("giorgi", f"/register/needs/{need}/withdraw", status=404)
    changed = form(quantity="20") | ticked_versions((await programme.as_("tigran").get(f"{page}/edit")).text)
    assert (await programme.as_("tigran").post(f"{page}/edit", data=changed)).status_code == 303
    assert (await programme.as_("tigran").post(f"{page}/edit", data=changed)).status_code == 303
    stale = await programme.as_("tigran").post(f"{page}/edit", data=changed | {"quantity": "21"})
    assert (stale.status_code, "changed since you read it" in stale.text) == (412, True)
    assert (await programme.as_("tigran").post(f"{page}/withdraw")).status_code == 303
    assert (await programme.as_("tigran").post(f"{page}/withdraw")).status_code == 303
    assert [(event["quantity"], event["withdrawn"]) for event in await need_events(programme)] == [
        (12, False),
        (20, False),
        (20, True),
    ]
    assert "20" in (await programme.as_("tigran").get(page)).text
    assert "No call covers this need yet" in (await programme.as_("tigran").get(page)).text


async def test_the_same_need_is_not_entered_twice(programme: Programme) -> None:
    """A duplicate is refused at the topic, another country's need at the country."""
    await programme.as_("tigran").post(f"{PAGES}/new", data=form())
    again = await programme.as_("tigran").post(f"{PAGES}/new", data=form(quantity="3"))
    assert (again.status_code, "This need already exists for the same time and level" in again.text) == (422, True)
    need = {"country": "GE", "topic_code": "online_crime", "level": 1, "quantity": 1}
    need |= {"since": "2027-01-01", "until": "2027-02-01"}
    await programme.post("tigran", "/register/needs", {"needs": [need]}, 422)
    await programme.post("giorgi", "/register/needs", {"needs": [need]}, 201)
    assert (await programme.get("programme", "/register/needs"))["total"] == 2
    assert (await programme.get("tigran", "/register/needs"))["people"] == 12


async def test_needs_are_read_page_by_page(programme: Programme) -> None:
    """The sums are those of all pages; `since` gives only what was changed later."""
    need = {"country": "AM", "topic_code": "online_crime", "quantity": 4, "since": "2027-01-01", "until": "2027-02-01"}
    ids = (await programme.post("tigran", "/register/needs", {"needs": [need | {"level": n} for n in (1, 2, 3)]}, 201))[
        "ids"
    ]
    first = await programme.get("tigran", "/register/needs?limit=2")
    assert ([item["id"] for item in first["items"]], first["total"], first["people"]) == (ids[:2], 3, 12)
    rest = await programme.get("tigran", f"/register/needs?limit=2&cursor={first['next']}")
    assert ([item["id"] for item in rest["items"]], rest["next"], rest["people"]) == (ids[2:], None, 12)
    assert rest["items"][0]["area"] is None
    clock.move(timedelta(hours=1))
    since = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    await programme.post("tigran", f"/register/needs/{ids[0]}", {"need": need | {"level": 1, "quantity": 5}})
    changed = await programme.get("tigran", f"/register/needs?since={since}")
    assert [item["id"] for item in changed["items"]] == [ids[0]]
    page = (await programme.as_("tigran").get(f"{PAGES}/{ids[0]}")).text
    assert "EMPACT 2026" in page
    assert "empact-2026" not in page


async def test_filters_narrow_the_list_and_its_sums(programme: Programme) -> None:
    """Country, topic and level narrow the list, and an unknown country or level is refused."""
    await programme.as_("tigran").post(f"{PAGES}/new", data=form())
    shown = (await programme.as_("programme").get(f"{PAGES}?country=AM&level=2&topic=empact-2026:online_crime")).text
    assert "12 people to be trained" in shown
    assert (
        "No training needs match these filters."
        in (await programme.as_("programme").get(f"{PAGES}?country=AM&level=3")).text
    )
    for unknown in ("country=XX", "level=9"):
        assert (await programme.as_("programme").get(f"{PAGES}?{unknown}")).status_code == 422


async def test_a_table_is_previewed_then_imported_once(programme: Programme) -> None:
    """Uploading enters nothing, confirming enters each need once, and the same file again changes nothing."""
    made = await uploaded(programme, table(GOOD, OTHER))
    assert (made["added"], made["wrong"]) == ([2, 3], [])
    assert await need_events(programme) == []
    page = f"{PAGES}/import/{made['id']}"
    assert "to be added" in (await programme.as_("tigran").get(page)).text
    assert (await programme.as_("giorgi").get(page)).status_code == 404
    answer = await programme.as_("tigran").post(f"{page}/confirm", data={"seen": made["seen"]})
    assert answer.status_code == 303
    await programme.as_("tigran").post(f"{page}/confirm", data={"seen": made["seen"]})
    assert len(await need_events(programme)) == 2
    assert "2 added" in (await programme.as_("tigran").get(page)).text

    again = await uploaded(programme, table(GOOD, OTHER))
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], [2, 3])
    result = await programme.post("tigran", f"/register/needs/imports/{again['id']}/confirm", {})
    assert result == {"added": 0, "changed": 0, "unchanged": 2, "wrong": 0}
    assert len(await need_events(programme)) == 2

    more = await uploaded(programme, table(GOOD.replace(",12,", ",15,"), OTHER))
    assert (more["changed"], more["unchanged"]) == ([2], [3])
    await programme.post("tigran", f"/register/needs/imports/{more['id']}/confirm", {})
    assert [event["quantity"] for event in await need_events(programme)] == [12, 5, 15]


async def test_an_upload_of_another_content_type_is_refused(programme: Programme) -> None:
    """JSON instead of a form with a file is refused with 415, as the description says."""
    problem = await programme.post("tigran", "/register/needs/imports", {"file": "needs.csv"}, 415)
    assert problem["code"] == "wrong-content-type"


async def test_the_reader_imports_all_rows_or_the_correct_ones(programme: Programme) -> None:
    """Wrong cells are named with row, column and remedy, and correct rows are imported if chosen."""
    made = await uploaded(programme, table(GOOD, OTHER.replace(",1,5,", ",7,5,"), "GE" + OTHER[2:], GOOD))
    assert [(problem["row"], problem["column"]) for problem in made["wrong"]] == [(3, "level"), (4, "country"), (5, "")]
    path = f"/register/needs/imports/{made['id']}/confirm"
    await programme.post("tigran", path, {"all_or_none": True}, 422)
    assert await need_events(programme) == []
    unsaid = await programme.as_("tigran").post(f"{PAGES}/import/{made['id']}/confirm", data={"seen": made["seen"]})
    assert (unsaid.status_code, "Choose what happens to the wrong rows." in unsaid.text) == (422, True)
    page = (await programme.as_("tigran").get(f"{PAGES}/import/{made['id']}")).text
    assert "Enter 1, 2 or 3." in page
    assert "This is not your country" in page
    result = await programme.post("tigran", path, {"all_or_none": False})
    assert result == {"added": 1, "changed": 0, "unchanged": 0, "wrong": 3}


async def test_a_change_since_the_preview_is_noticed(programme: Programme) -> None:
    """A need entered after the preview is shown beside it, and the kept table is imported without its file."""
    made = await uploaded(programme, table(GOOD))
    page, client = f"{PAGES}/import/{made['id']}", programme.as_("tigran")
    sent = form_to((await client.get(page)).text, f"{page}/confirm")
    await client.post(f"{PAGES}/new", data=form(quantity="7"))
    for number in (7, 8):
        async with programme.app.state.service.bus.engine.begin() as connection:
            await connection.execute(text("UPDATE need SET quantity = :number"), {"number": number})
        answer = await client.post(f"{page}/confirm", data=sent)
        keep("needs", answer)
        assert (answer.status_code, "Review them again" in answer.text) == (412, True)
        then, now = compared(answer.text)["Row 2"]
        assert then.startswith("To be added." if number == 7 else "To be changed. People now: 7.")
        assert now.startswith(f"To be changed. People now: {number}.")
        assert buttons(answer.text) == ["Import all the same"]
        sent = form_to(answer.text, f"{page}/confirm")
        await programme.post("tigran", f"/register/needs/imports/{made['id']}/confirm", {"seen": made["seen"]}, 409)
    assert (await client.post(f"{page}/confirm", data=sent)).status_code == 303
    assert "1 changed" in (await client.get(page)).text


async def test_an_upload_expires_after_a_week(programme: Programme) -> None:
    """The list offers an upload for a week, and a discarded one cannot be confirmed."""
    first, second = await uploaded(programme, table(GOOD)), await uploaded(programme, table(OTHER), "my needs.csv")
    assert "my needs.csv" in (await programme.as_("tigran").get(PAGES)).text
    assert (await programme.as_("tigran").post(f"{PAGES}/import/{second['id']}/discard")).status_code == 303
    await programme.post("tigran", f"/register/needs/imports/{second['id']}/confirm", {}, 409)
    clock.move(timedelta(days=8))
    await programme.get("tigran", f"/register/needs/imports/{first['id']}", 404)


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "needs.csv", "Select a file"),
        (b"\n\n", "needs.csv", "This file is empty"),
        (b"Name,Age\nA,1\n", "needs.csv", "These columns are missing"),
        (HEADER.encode(), "needs.csv", "a header but no rows"),
        (table(GOOD).decode().replace("AM", "\u0531").encode("utf-16"), "needs.csv", "UTF-8"),
        (table(GOOD) + "\u00e9".encode("latin-1"), "needs.csv", "UTF-8"),
        (b"x" * 1_000_001, "needs.csv", "smaller than 1 MB"),
        (table(*[GOOD] * 1001), "needs.csv", "the maximum is 1000"),
        (b"PK\x03\x04 this is no zip", "needs.xlsx", "cannot be read as .xlsx"),
        (b"\xd0\xcf\x11\xe0old", "needs.xls", "old Excel file"),
        (table("\x00"), "needs.csv", "not a table"),
    ],
)
async def test_files_without_a_table_are_refused(
    programme: Programme, content: bytes, name: str, sentence: str
) -> None:
    """An unreadable file is refused with the problem and its remedy, by API and page."""
    answer = await uploaded(programme, content, name, 422)
    assert sentence in answer["errors"][0]["detail"]
    page = await programme.as_("tigran").post(f"{PAGES}/import", files={"file": (name, content)})
    assert page.status_code == 422
    assert 'href="#file"' in page.text
    assert "What the columns mean" in page.text


async def test_a_spreadsheet_with_real_dates_and_a_formula(programme: Programme) -> None:
    """Dates and numbers of a spreadsheet are read; a formula is refused in its cell."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    page = book.add_worksheet()
    page.write_row(0, 0, HEADER.split(","))
    page.write_row(1, 0, ["AM", "empact-2026", "online_crime", "analysis", 2, 12])
    page.write_datetime(1, 6, date(2027, 1, 1))
    page.write_datetime(1, 7, date(2027, 12, 31))
    page.write_row(2, 0, ["AM", "", "drug_trafficking", "", 1])
    page.write_formula(2, 5, "=2+3")
    page.write_row(2, 6, ["01/02/2027", "2027-12-31"])
    book.close()
    made = await uploaded(programme, packed.getvalue(), "needs.xlsx")
    assert made["added"] == [2]
    assert [(problem["row"], problem["column"]) for problem in made["wrong"]] == [(3, "quantity")]
    mended = sheet([HEADER.split(","), ["AM", "", "drug_trafficking", "", 1, 5, "01/02/2027", "2027-12-31"]])
    made = await uploaded(programme, mended, "needs.xlsx")
    assert [(problem["row"], problem["column"], problem["remedy"]) for problem in made["wrong"]] == [
        (2, "from", "Enter the day as year-month-day, such as 2027-01-31.")
    ]


async def test_the_templates_can_be_uploaded_as_they_are(programme: Programme) -> None:
    """The example row of both templates is valid except for the country, and the spreadsheet lists the codes."""
    for name in ("template.csv", "template.xlsx"):
        answer = await programme.as_("tigran").get(f"{PAGES}/{name}")
        assert answer.status_code == 200
        made = await uploaded(programme, answer.content, name)
        assert [(problem["row"], problem["column"]) for problem in made["wrong"]] == [(2, "country")]
    book = load_workbook(io.BytesIO(answer.content))
    assert {"online_crime", "analysis", "MD"} <= {str(row[1].value) for row in book.worksheets[1].iter_rows()}


async def test_an_upload_is_deleted_once_all_that_arrived_in_time_is_answered(programme: Programme) -> None:
    """After its week an upload is there for as long as a confirmation that arrived in time may still be answered."""
    await uploaded(programme, table(GOOD))
    bus = programme.app.state.service.bus

    async def uploads() -> int:
        async with bus.read() as session:
            return int(await session.scalar(text("SELECT count(*) FROM need_import")) or 0)

    clock.move(timedelta(days=7, minutes=5))
    await forget_imports(bus)
    assert await uploads() == 1
    clock.move(timedelta(minutes=7))
    await forget_imports(bus)
    assert await uploads() == 0
