"""The printable report gives the figures, each with its proof, and only for periods."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from pypdf import PdfReader

from services.reporting.disclosure import views as disclosure_views
from shared.contracts.codes import Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

ADDRESS = "/reporting/report.pdf?period=2026-H1"
PROOF = re.compile(r" (?:[\d.,]+ of [\d.,]+ )?[0-9a-f]{12}")
"""The rest of a printed row after its figure: the base of a share, and the digest of its events."""


def words(content: bytes) -> str:
    """Return the report's text in one line, in the order of its letters."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


async def test_the_report_has_each_figure_with_its_proof(house: House) -> None:
    """A published report has number, version, digest and address of each figure, is tagged, and never changes."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    assert (await donor.get(ADDRESS)).status_code == 409, "not published yet"
    draft = await other.get(ADDRESS)
    assert draft.status_code == 200, draft.text
    assert "Draft for review, not published" in words(draft.content)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        assert (await who.post(f"/reporting/periods/2026-H1/{step}")).status_code == 303

    answer = await donor.get(ADDRESS, follow_redirects=True)
    assert answer.url.path == "/reporting/2026-H1/1/report.pdf"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == (await donor.get(ADDRESS, follow_redirects=True)).content
    read = PdfReader(io.BytesIO(answer.content))
    assert read.metadata is not None
    assert read.metadata.title == "Figures of the programme, 2026-H1"
    assert str(read.root_object["/Lang"]) == "en"
    assert "/StructTreeRoot" in read.root_object, "tagged for screen readers"
    text = words(answer.content)
    assert "Draft" not in text
    assert "12 events" in text
    assert "%(" not in text
    for figure in (await donor.get("/reporting/api/v1/figures?period=2026-H1")).json()["figures"]:
        assert f"{figure['indicator']}, definition version {figure['definition']['version']}" in text
        assert f"/reporting/2026-H1/1/indicators/{figure['indicator']}/events" in text
        if figure["events_digest"]:
            assert f"digest {figure['events_digest'][:12]}" in text
        if figure["numerator"] and figure["denominator"]:
            assert f"{figure['numerator']} of {figure['denominator']}" in text
        elif figure["value"] is not None:
            assert f"{figure['title']}: {figure['value']}" in text


async def test_the_report_has_each_part_of_a_figure_with_its_proof(house: House) -> None:
    """Each row of a breakdown has number and digest, and a hidden one reveals nothing."""
    await feed_events(house, world(17))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        assert (await who.post(f"/reporting/periods/2026-H1/{step}")).status_code == 303
    text = words((await author.get(ADDRESS, follow_redirects=True)).content)
    answer = (await author.get("/reporting/api/v1/figures?period=2026-H1")).json()["figures"]
    places = [text.index(f"{each['indicator']}, definition version") for each in answer]
    found: set[str] = set()
    for figure, start in zip(answer, places, strict=True):
        after = [place for place in places if place > start]
        section = text[start : min(after, default=len(text))]
        for dimension, cells in figure["breakdowns"].items():
            if cells:
                of = " Of how many" if any(cell["numerator"] and cell["denominator"] for cell in cells) else ""
                assert f"{disclosure_views.dimension(dimension)} Figure{of} Digest" in section
            for cell in cells:
                name = disclosure_views.value_of(dimension, cell["value_of"])
                if cell["hidden"] == "no_data":
                    found.add("no data")
                    assert f"{name} no data yet" in section
                elif cell["hidden"]:
                    found.add("hidden")
                    rows = re.findall(rf"{re.escape(name)} not shown(.{{0,60}})", section)
                    assert rows, (figure["indicator"], name)
                    assert not any(map(PROOF.match, rows)), "what is hidden has no proof to count"
                else:
                    found.add("shown")
                    assert cell["events"] is None
                    proof = cell["events_digest"][:12] if cell["events_digest"] else ""
                    row = re.search(rf"{re.escape(name)} [\d.,]+ ?%? (\S+ of \S+ )?{proof}", section)
                    assert row is not None, (figure["indicator"], name, proof)
                    if proof:
                        rows = re.findall(rf"{re.escape(name)} [\d.,]+(?: ?%)?(.{{0,60}})", section)
                        assert any(map(PROOF.match, rows)), "what no hidden row may look like is how others look"
        for dimension in figure["withheld"]:
            found.add("withheld")
            assert (
                f"{disclosure_views.dimension(dimension)}: not shown, because its parts are based on few people."
                in section
            )
    assert {"shown", "hidden", "withheld"} <= found, "the programme of this test has parts of each sort"


async def test_every_page_of_a_draft_has_a_watermark(house: House) -> None:
    """The watermark in the reader's language is on each page until the period is published."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)

    async def marked() -> list[bool]:
        pages = PdfReader(io.BytesIO((await author.get(ADDRESS, follow_redirects=True)).content)).pages
        return ["Draft" in page.extract_text().splitlines() for page in pages]

    draft = await marked()
    assert len(draft) > 2
    assert all(draft)
    for who, step in ((author, "submit"), (other, "approve")):
        assert (await who.post(f"/reporting/periods/2026-H1/{step}")).status_code == 303
        assert all(await marked()), f"not published after {step}"
    assert (await author.post("/reporting/periods/2026-H1/publish")).status_code == 303
    assert not any(await marked())


async def test_only_a_period_has_a_report(house: House) -> None:
    """The whole programme and a wrong label have no report, and only coordinators get a link to the draft."""
    steerer, donor = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.DONOR)
    for label in ("programme", "2026-H3"):
        assert (await steerer.get(f"/reporting/report.pdf?period={label}")).status_code == 404
    assert "report.pdf" in (await steerer.get("/reporting/?period=2026-H1")).text
    assert "report.pdf" not in (await donor.get("/reporting/?period=2026-H1")).text
    empty = await steerer.get(ADDRESS)
    assert "no data yet" in words(empty.content)
