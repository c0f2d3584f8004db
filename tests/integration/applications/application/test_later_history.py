"""The history of an application goes on after eligibility: match, clearance, offer, visit or mentorship."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.integration.applications.test_abroad_pages import read

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad

_ENTRY = re.compile(r'<p class="tandem-timeline__title">(?:<a class="govuk-link" href="([^"]*)">)?([^<]*)')


async def timeline(abroad: Abroad, subject: str, address: str) -> list[tuple[str, str]]:
    """Return the address and title of each entry of a page's timeline, the newest first."""
    return _ENTRY.findall(await read(abroad, subject, address))


async def test_the_history_of_an_application_goes_on_to_its_visit(abroad: Abroad) -> None:
    """Officer, home coordinator and programme read match, clearance and visit in the history, and every link opens."""
    match_id = await abroad.placement_matched()
    application_id = abroad.pairings[match_id]["application_id"]
    pages = {
        "ani": f"/applications/mine/{application_id}",
        "tigran": f"/applications/cases/{application_id}",
        "programme": f"/applications/cases/{application_id}",
    }
    for person, address in pages.items():
        assert (await timeline(abroad, person, address))[0] == (f"/applications/matches/{match_id}", "Match proposed")
    visit_id = await abroad.scheduled(match_id)
    for person, address in pages.items():
        entries = await timeline(abroad, person, address)
        assert entries[0] == (f"/applications/visits/{visit_id}", "Visit planned")
        titles = [title for _, title in entries]
        assert {"Match confirmed", "Cleared by both countries", "Match proposed", "Found eligible"} <= set(titles)
        assert titles.index("Match confirmed") < titles.index("Match proposed") < titles.index("Found eligible")
        for link, _ in entries:
            if link:
                await read(abroad, person, link)


async def test_the_history_of_an_application_goes_on_to_its_mentorship(abroad: Abroad) -> None:
    """The history of a mentee's application names the start of the mentorship."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.begun(match_id)
    address = f"/applications/mine/{abroad.pairings[match_id]['application_id']}"
    entries = await timeline(abroad, "nino", address)
    assert entries[0] == (f"/applications/mentorships/{mentorship_id}", "Mentorship started")


async def test_a_reserve_is_no_part_of_the_history(abroad: Abroad) -> None:
    """A match that is cleared in advance, for a place that another holds, is not in the history."""
    offer, application_id = await abroad.offer(), await abroad.eligible()
    await abroad.proposed(application_id, offer_id=offer["id"], reserve=True)
    titles = [title for _, title in await timeline(abroad, "ani", f"/applications/mine/{application_id}")]
    assert "Match proposed" not in titles


async def test_withdrawing_names_what_ends(abroad: Abroad) -> None:
    """Before an officer withdraws, the page says that the place, the planned visit or the mentorship is lost."""
    match_id = await abroad.placement_matched()
    address = f"/applications/mine/{abroad.pairings[match_id]['application_id']}/withdraw"
    assert "goes to the next officer in line" in await read(abroad, "ani", address)
    await abroad.scheduled(match_id)
    assert "Your visit is cancelled." in await read(abroad, "ani", address)
    pair = await abroad.mentor_matched()
    await abroad.begun(pair)
    own = f"/applications/mine/{abroad.pairings[pair]['application_id']}/withdraw"
    assert "Your mentorship ends." in await read(abroad, "nino", own)
