"""Are a published period's files served at addresses that stay, and is nothing published that breaks a rule?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from services.reporting.actions.feeds import KINDS
from shared.contracts.codes import Role
from tests.integration.reporting.test_figures_served import tell
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House


async def test_files_come_with_publication_and_stay(house: House) -> None:
    """Refused before; then each has one address, an ETag that is heeded, and the same bytes whatever comes later."""
    await tell(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    address = "/reporting/api/feeds/2026-Q1"
    early = await donor.get(f"{address}/figures.csv")
    assert (early.status_code, "not published" in early.text) == (409, True)
    assert "has no files yet" in (await donor.get("/reporting/feeds?period=2026-Q1")).text
    await author.post("/reporting/periods/2026-Q1/submit")
    await other.post("/reporting/periods/2026-Q1/approve")

    bus = house.app.state.service.bus
    right = bus.settings
    bus.settings = right.model_copy(update={"iati_organisation_type": "99"})
    refused = await author.post("/reporting/periods/2026-Q1/publish")
    assert (refused.status_code, "OrganisationType" in refused.text) == (409, True)
    page = (await author.get("/reporting/feeds?period=2026-Q1")).text
    assert "The code 99 is not in IATI" in page
    bus.settings = right
    assert (await author.post("/reporting/periods/2026-Q1/publish")).status_code == 303

    told = (await donor.get(address)).json()
    assert [each["name"] for each in told["files"]] == list(KINDS)
    assert told["findings"] == []
    before = {each["address"]: await donor.get(each["address"]) for each in told["files"]}
    await tell(house, world(16)[-20:])
    for name, answer in before.items():
        assert answer.status_code == 200, answer.text
        again = await donor.get(name)
        assert again.content == answer.content, name
        assert again.headers["last-modified"] == answer.headers["last-modified"]
        same = await donor.get(name, headers={"If-None-Match": answer.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert (await donor.get(name.replace("/api", ""))).content == answer.content
    etree.fromstring(before[f"{address}/iati-activities.xml"].content)
    assert "describedby" in before[f"{address}/figures.csv"].headers["link"]
    assert (await donor.get(f"{address}/figures.pdf")).status_code == 404
    assert "Yes: they hold" in (await donor.get("/reporting/feeds?period=2026-Q1")).text


async def test_the_exclusion_policy_says_what_is_left_out(house: House) -> None:
    """In general, and by indicator for the period that is looked at; also where there is no figure yet."""
    donor = await house.grant(Role.DONOR)
    assert (await donor.get("/reporting/feeds/exclusions")).status_code == 200
    await tell(house, world(12))
    page = (await donor.get("/reporting/feeds/exclusions?period=2026")).text
    assert "fewer than 5 people" in page
    assert "TOPCOP-PR-02" in page or "TOPCOP-OP-02" in page
    assert "The whole breakdown by" in page
