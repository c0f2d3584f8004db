"""Baselines and targets are imported as a table: all rows or none, with errors named, and only once."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest

from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.targets.actions.import_file import COLUMNS, MOST_BYTES, MOST_ROWS
from shared.contracts.codes import Role
from tests.support import items, older, ticked_versions, without_versions

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House
API = "/reporting/api/v1/targets"
HEAD = ",".join(COLUMNS)
TABLE = (
    f"{HEAD}\r\n"
    "TOPCOP-OP-02,baseline,2024-12-31,0,Inception report,\r\n"
    "TOPCOP-OP-02,target,2026-12-31,120,Grant agreement,Annex 1\r\n"
    ",,,,,\r\n"
    "TOPCOP-PR-01,target,2026-12-31,87.5,Grant agreement,\r\n"
)


async def send(who: httpx2.AsyncClient, table: str | bytes) -> httpx2.Response:
    """Return the page's answer to an uploaded table."""
    content = table.encode() if isinstance(table, str) else table
    return await who.post("/reporting/targets/import", files={"file": ("targets.csv", content, "text/csv")})


def approval(page: str) -> dict[str, Any]:
    """Return the fields with which a page approves all values: their ids, and their versions."""
    found = re.search(r'name="target_ids" value="([^"]+)"', page)
    assert found is not None, page
    return {"target_ids": found[1], **ticked_versions(page)}


async def waiting(who: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """Return the values that wait for approval."""
    found: list[dict[str, Any]] = (await who.get(f"{API}/waiting")).json()["items"]
    return found


async def test_values_that_were_not_seen_are_not_approved(house: House) -> None:
    """A value that was deleted or approved meanwhile is left and named, and one without its version; others count."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    third = await house.grant(Role.EVALUATOR, name="third")
    await send(author, TABLE)
    first, second, last = await waiting(author)
    fields = approval((await other.get("/reporting/targets")).text)
    without = await other.post("/reporting/targets/approve", data={"target_ids": fields["target_ids"]})
    assert without.status_code == 409
    assert "3 values were not approved" in without.text
    assert "It was changed after you opened this page" in without.text
    assert (await author.post(f"/reporting/targets/{first['id']}/drop")).status_code == 303
    assert (await third.post(f"/reporting/targets/{second['id']}/approve")).status_code == 303
    answer = await other.post("/reporting/targets/approve", data=fields)
    assert answer.status_code == 409
    for words in (
        "2 values were not approved",
        "1 value was approved",
        "This value was approved on",
        "may have been removed",
    ):
        assert words in answer.text
    assert await waiting(author) == []
    approved = {each["id"] for each in (await author.get(API)).json()["items"]}
    assert approved == {second["id"], last["id"]}


async def test_a_program_approves_the_values_that_it_read(house: House) -> None:
    """Each value is sent with its version: without one all are refused with a pointer, an older one is left."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    await send(author, TABLE)
    read = [{"id": each["id"], "version": each["version"]} for each in await waiting(other)]
    async with without_versions(other, house.app) as program:
        body = {"targets": [*read[:2], {"id": read[2]["id"]}]}
        refused = await program.post(f"{API}/approve", json=body)
        assert refused.status_code == 428, refused.text
        [error] = refused.json()["errors"]
        assert (error["pointer"], error["version"]) == ("/targets/2/version", read[2]["version"])
        assert len(await waiting(other)) == 3
        body = {"targets": [*read[:2], read[2] | {"version": older(read[2]["version"])}]}
        answer = (await program.post(f"{API}/approve", json=body)).json()
        assert sorted(answer["done"]) == sorted(each["id"] for each in read[:2])
        [left] = answer["left"]
        assert (left["id"], left["code"], left["version"]) == (read[2]["id"], "outdated", read[2]["version"])
        again = await program.post(f"{API}/approve", json={"targets": items(*(each["id"] for each in read[:2]))})
        assert (again.status_code, again.json()["left"]) == (200, []), "a repeat needs no version"


async def test_a_table_is_imported_once_and_approved_in_one_step(house: House) -> None:
    """Another person approves all rows, and the same table or the template then changes nothing."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    assert (await send(await house.grant(Role.DONOR), TABLE)).status_code == 403
    first = await send(author, TABLE)
    assert first.headers["location"] == "/reporting/targets?done_added=3&done_unchanged=0"
    assert "3 values are waiting for a second person" in (await author.get(first.headers["location"])).text
    assert "Approve all" not in (await author.get("/reporting/targets")).text, "they are one's own"
    again = await send(author, TABLE)
    assert again.headers["location"] == "/reporting/targets?done_added=0&done_unchanged=3"
    assert "Nothing was changed, because all 3 values" in (await author.get(again.headers["location"])).text
    ids = [each["id"] for each in await waiting(author)]
    assert (await author.post("/reporting/targets/approve", data={"target_ids": ",".join(ids)})).status_code == 409
    page = (await other.get("/reporting/targets")).text
    assert "Approve all 3 values" in page
    assert (await other.post("/reporting/targets/approve", data=approval(page))).status_code == 303
    assert await waiting(author) == []
    assert (await send(author, TABLE)).headers["location"].endswith("done_added=0&done_unchanged=3")
    template = await author.get("/reporting/targets/template.csv")
    assert len(list(csv.reader(io.StringIO(template.text)))) == 4
    assert (await send(author, template.content)).headers["location"].endswith("done_added=0&done_unchanged=3")

    more = TABLE + "TOPCOP-OP-02,target,2027-12-31,240,Grant agreement,\r\n"
    assert (
        (await send(author, more.replace(",120,", ",130,")))
        .headers["location"]
        .endswith("done_added=2&done_unchanged=2")
    )
    taken = (await author.post(f"{API}/import", content=more.replace(",120,", ",130,").encode())).json()
    assert (taken["added"], taken["unchanged"]) == ([], 4)


async def test_a_table_of_another_content_type_is_refused(house: House) -> None:
    """Only CSV is read as a table; any other content type is answered with 415."""
    author = await house.grant(Role.EVALUATOR)
    headers = {"Content-Type": "text/plain"}
    answer = await author.post(f"{API}/import", content=HEAD.encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong-content-type")
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    assert (await author.post(f"{API}/import", content=TABLE.encode(), headers=headers)).status_code == 200


async def test_errors_are_named_by_row_and_column_and_nothing_is_imported(house: House) -> None:
    """One wrong cell keeps all rows out, and each is named with its row, by page and API."""
    author = await house.grant(Role.EVALUATOR)
    bad = (
        f"{HEAD}\n"
        "TOPCOP-OP-02,target,2026-12-31,120,Grant agreement,\n"
        "TOPCOP-XX-02,aim,2026-13-31,many,,\n"
        "TOPCOP-OP-02,target,31.12.2026,130,Grant agreement,\n"
        "TOPCOP-OP-01,target,2026-12-31,1,Grant agreement,a,b\n"
    )
    answer = await send(author, bad)
    assert answer.status_code == 422
    assert "3 rows must be corrected, so nothing was imported" in answer.text
    response = (await author.post(f"{API}/import", content=bad.encode())).json()
    assert [each["name"] for each in response["errors"]] == [
        "3.day",
        "3.indicator",
        "3.kind",
        "3.source",
        "3.value",
        "4.day",
        "5.comment",
    ]  # fmt: skip - one line reads as the list
    assert "Row 2 has a value for the same indicator and day" in answer.text
    assert await waiting(author) == []

    assert (await send(author, TABLE)).is_redirect
    other = await send(author, TABLE.replace(",120,", ",121,"))
    assert (other.status_code, "is already waiting for approval" in other.text, "Row 3" in other.text) == (
        422,
        True,
        True,
    )
    assert {each["value"] for each in await waiting(author)} == {"0", "120", "87.5"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Select a file"),
        (b"\xff\xfe\x00", "not in UTF-8"),
        (b"a\x00b", "not a table"),
        (HEAD.encode(), "a header but no rows"),
        (b"indicator,kind\nTOPCOP-OP-02,target\n", "day, value, source"),
        (b'indicator,"kind\n', "cannot be read as CSV"),
        ((HEAD + "\n" * (MOST_ROWS + 2)).encode(), "too many rows"),
        (b"x" * (MOST_BYTES + 1), "The file must be smaller than 1 MB."),
    ],
    ids=range(8),
)
async def test_files_without_a_table_are_refused(house: House, content: bytes, words: str) -> None:
    """An empty, foreign, badly encoded or large file is refused at the field, never with a server error."""
    author = await house.grant(Role.EVALUATOR)
    answer = await send(author, content)
    assert (answer.status_code, words in answer.text, 'href="#file"' in answer.text) == (422, True, True), answer.text
    response = await author.post(f"{API}/import", content=content)
    assert (response.status_code, [each["name"] for each in response.json()["errors"]]) == (422, ["file"])


async def test_tables_of_other_spreadsheets_are_read(house: House) -> None:
    """Semicolons, byte order marks, decimal commas and other dates are read, and formulas stay text."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    table = (
        "\ufeffComment;Source;Value;Day;Kind;Indicator\n"
        "-;=Annex 1;87,5;31/12/2026;Target;topcop-pr-01\n"
        '@home;"Two; parts";1000;1.2.2027;baseline;TOPCOP-OP-01\n'
    )
    assert (await send(author, table)).headers["location"].endswith("done_added=2&done_unchanged=0")
    found = [(each["indicator"], each["day"], each["value"], each["source"]) for each in await waiting(author)]
    assert found == [
        ("TOPCOP-OP-01", "2027-02-01", "1000", "Two; parts"),
        ("TOPCOP-PR-01", "2026-12-31", "87.5", "=Annex 1"),
    ]
    page = (await other.get("/reporting/targets")).text
    assert (await other.post("/reporting/targets/approve", data=approval(page))).is_redirect
    template = (await author.get("/reporting/targets/template.csv")).content
    assert b"'=Annex 1" in template
    assert (await send(author, template)).headers["location"].endswith("done_added=0&done_unchanged=2")


async def test_the_page_describes_a_row(house: House) -> None:
    """The page lists indicator ids and column formats, and only people with the role can upload."""
    page = (await (await house.grant(Role.EVALUATOR)).get("/reporting/targets/import")).text
    assert all(each in page for each in INDICATORS)
    donor = await house.grant(Role.DONOR)
    assert (await donor.get("/reporting/targets/import")).status_code == 403
    assert "targets/import" not in (await donor.get("/reporting/targets")).text
    assert (await donor.get("/reporting/targets/template.csv")).text.strip() == HEAD
