"""Does the printable report say what the figures say, with what proves each, and only when it may?"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pypdf import PdfReader

from shared.contracts.codes import Role
from tests.integration.reporting.test_figures_served import tell
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

ADDRESS = "/reporting/report.pdf?period=2026-H1"


def words(content: bytes) -> str:
    """The report's text in one line, as its letters stand there."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


async def test_the_report_says_each_figure_with_its_proof(house: House) -> None:
    """Published, it holds each figure's number, version, digest and address, is tagged, and is the same each time."""
    await tell(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    assert (await donor.get(ADDRESS)).status_code == 409, "not published yet"
    draft = await other.get(ADDRESS)
    assert draft.status_code == 200, draft.text
    assert "Draft for review, not published" in words(draft.content)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        assert (await who.post(f"/reporting/periods/2026-H1/{step}")).status_code == 303

    answer = await donor.get(ADDRESS)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == (await donor.get(ADDRESS)).content
    read = PdfReader(io.BytesIO(answer.content))
    assert read.metadata is not None
    assert read.metadata.title == "Figures of the programme, 2026-H1"
    assert str(read.root_object["/Lang"]) == "en"
    assert "/StructTreeRoot" in read.root_object, "tagged for screen readers"
    text = words(answer.content)
    assert "Draft" not in text
    assert "12 events" in text
    assert "%(" not in text
    for figure in (await donor.get("/reporting/api/figures?period=2026-H1")).json()["figures"]:
        assert f"{figure['indicator']}, definition version {figure['definition']['version']}" in text
        assert f"/reporting/indicators/{figure['indicator']}/events?period=2026-H1" in text
        if figure["events_digest"]:
            assert f"digest {figure['events_digest'][:12]}" in text
        if figure["numerator"] and figure["denominator"]:
            assert f"{figure['numerator']} of {figure['denominator']}" in text
        elif figure["value"] is not None:
            assert f"{figure['title']}: {figure['value']}" in text


async def test_only_a_period_has_a_report(house: House) -> None:
    """The programme as a whole has none, a wrong label has none, and the page leads to the draft only who steers."""
    steerer, donor = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.DONOR)
    for label in ("programme", "2026-H3"):
        assert (await steerer.get(f"/reporting/report.pdf?period={label}")).status_code == 404
    assert "report.pdf" in (await steerer.get("/reporting/?period=2026-H1")).text
    assert "report.pdf" not in (await donor.get("/reporting/?period=2026-H1")).text
    empty = await steerer.get(ADDRESS)
    assert "no data yet" in words(empty.content)
