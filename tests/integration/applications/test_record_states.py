"""Pages of placements, profiles and calls say in each state what is true of the record now, to all readers alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lxml import html

from services.applications.availability.actions import checks
from shared.contracts.codes import CallState, MentorState, OfferState
from shared.contracts.lifecycle import Unit
from shared.time import clock, dates, workdays
from tests.integration.applications.test_abroad_pages import read

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

HOST_COORDINATOR = "National coordinator of France"
PROGRAMME = "Programme coordinator"


async def status_of(abroad: Abroad, who: str, address: str) -> dict[str, str]:
    """Return what a page says of a record's state: its word, its meaning, with whom it is, next step and date."""
    page: Any = html.fromstring(await read(abroad, who, address))
    (found,) = page.xpath('//section[contains(@class, "tandem-standing")]')
    said = {
        "word": found.xpath("string(.//strong)").strip(),
        "means": found.xpath('string(.//p[@class="tandem-standing__text"])').strip(),
    }
    for fact in found.xpath(".//dl/div"):
        said[fact.xpath("string(dt)")] = fact.xpath("normalize-space(dd)")
    return said


async def same(abroad: Abroad, address: str, own: str, others: tuple[str, ...]) -> dict[str, str]:
    """Return what others read of a record; its owner reads the same, as "You" where others read the owner's role."""
    first, *further = [await status_of(abroad, who, address) for who in others]
    assert all(said == first for said in further), (first, further)
    mine = await status_of(abroad, own, address)
    assert (mine["word"], mine.get("Due")) == (first["word"], first.get("Due"))
    assert (mine.get("With") == "You") == (first.get("With") in {"Host", "Mentor"}), (mine, first)
    listed = await read(abroad, others[0], "/applications/offers" if "offers" in address else LIST_OF_MENTORS)
    rows: Any = html.fromstring(listed)
    (row,) = rows.xpath(f'//tbody/tr[.//a/@href="{address}"]')
    assert first["word"] in row.text_content()
    return first


LIST_OF_MENTORS = "/applications/mentors/country"


async def test_a_placement_in_each_of_its_states(abroad: Abroad, programme: Programme) -> None:
    """Host, coordinator and programme read the same step and date in each state, and each cause has its sentence."""
    reached = {OfferState.DRAFT}
    made = await abroad.post(
        "claire", "/offers", {"call_id": programme.call["id"], "entry": abroad.offer_entry(places=1)}, 201
    )
    api, at = f"/offers/{made['id']}", f"/applications/offers/{made['id']}"
    assert (await status_of(abroad, "claire", at))["Next step"] == "You complete it and submit it."

    async def act(who: str, move: str, **body: Any) -> dict[str, str]:
        placement = await abroad.post(who, f"{api}/{move}", body or None)
        reached.add(OfferState(placement["state"]))
        said = await same(abroad, at, "claire", ("luc", "programme"))
        due = placement["due"]
        assert bool(due) == ("Due" in said)
        return said

    said = await act("claire", "submit")
    assert (said["With"], said["Next step"]) == (HOST_COORDINATOR, "The coordinator endorses or returns it.")
    assert (await act("luc", "return", remarks={"places": "Only one?"}))["Next step"].startswith(
        "The host changes it as asked"
    )
    await act("claire", "submit")
    assert (await act("luc", "endorse"))["Next step"] == "The host publishes it."
    assert (await act("claire", "publish"))["Next step"] == "Guests are matched to its free places."
    clock.move(timedelta(days=61))
    await checks.check_all(programme.app.state.service.bus)
    checked = await same(abroad, at, "claire", ("luc", "programme"))
    assert (checked["With"], checked["Next step"]) == ("Host", "The host must answer, or it is paused.")
    assert checked["Due"].startswith(dates.day(workdays.due(clock.now(), 10, Unit.WORKING_DAYS, "FR")))
    clock.move(timedelta(days=20))
    await checks.check_all(programme.app.state.service.bus)
    reached.add(OfferState.PAUSED)
    silent = await same(abroad, at, "claire", ("luc", "programme"))
    assert silent["means"].startswith("The host did not answer whether it is still available.")
    assert "Due" not in silent
    assert (await act("claire", "resume"))["means"] == "Its places can be matched."
    assert (await act("claire", "pause"))["means"].startswith("The host has paused it.")
    closed = await act("claire", "close")
    assert (closed["means"], closed.get("Next step")) == ("The host has closed it.", None)
    void = {"reason": "duplicate"}
    assert (await act("programme", "void", **void))["means"] == "It is not counted."
    other = await abroad.offer()
    withdrawn = await abroad.post("claire", f"/offers/{other['id']}/withdraw", {"reason": "not_available"})
    reached.add(OfferState(withdrawn["state"]))
    said = await same(abroad, f"/applications/offers/{other['id']}", "claire", ("luc", "programme"))
    assert said.keys() == {"word", "means"}
    assert reached == set(OfferState)


async def test_a_full_placement_and_one_of_a_closed_call_say_so(abroad: Abroad, programme: Programme) -> None:
    """A placement closes by itself with its last place or its call, and says which; a draft can then be copied."""
    full = await abroad.offer(places=1)
    await abroad.scheduled(await abroad.proposed(await abroad.eligible(), offer_id=full["id"]))
    said = await same(abroad, f"/applications/offers/{full['id']}", "claire", ("luc", "programme"))
    assert (said["word"], said["means"]) == ("Closed", "All its places are confirmed.")
    left = await abroad.offer()
    draft = await abroad.post("claire", "/offers", {"call_id": programme.call["id"]}, 201)
    await abroad.post("programme", f"/calls/{programme.call['id']}/close")
    at = f"/applications/offers/{left['id']}"
    ends = await same(abroad, at, "claire", ("luc", "programme"))
    assert (ends["word"], ends["With"], ends["Next step"]) == ("Published", "Programme", "It closes automatically.")
    await checks.check_all(programme.app.state.service.bus)
    said = await same(abroad, at, "claire", ("luc", "programme"))
    assert (said["word"], said["means"], said.get("Next step")) == ("Closed", "Its call has closed.", None)
    said = await status_of(abroad, "claire", f"/applications/offers/{draft['id']}")
    assert (said["means"], said["Next step"]) == ("Its call has closed.", "You can copy it to another call.")
    call = await status_of(abroad, "programme", f"/applications/calls/{programme.call['id']}")
    assert (call["word"], sorted(call)) == ("Closed", ["means", "word"])


async def test_a_profile_in_each_of_its_states(abroad: Abroad, programme: Programme) -> None:
    """Mentor, coordinator and programme read the same; a mentor without time for more is not said to be matched."""
    entry = abroad.mentor_entry(capacity=1)
    made = await abroad.post("jonas", "/mentors", {"call_id": programme.call["id"], "entry": entry}, 201)
    at, readers = f"/applications/mentors/{made['id']}", ("rasa", "programme")
    reached = {MentorState(made["state"])}
    assert (await status_of(abroad, "jonas", at))["Next step"] == "You complete it and publish it."

    async def act(move: str) -> dict[str, str]:
        reached.add(MentorState((await abroad.post("jonas", f"/mentors/{made['id']}/{move}"))["state"]))
        return await same(abroad, at, "jonas", readers)

    said = await act("publish")
    assert (said["With"], said["Next step"]) == (PROGRAMME, "Mentees are matched to the mentor.")
    assert (await act("pause"))["With"] == "Mentor"
    await act("resume")
    application = await abroad.eligible("nino", "giorgi", "mentee")
    match = await abroad.proposed(
        application,
        kind="mentee",
        offer_id=None,
        mentor_id=made["id"],
        country="GE",
        organisation_id=programme.organisations["GE"],
        host_country="LT",
        host_organisation_id=programme.organisations["LT"],
    )
    await abroad.opened(match)
    said = await same(abroad, at, "jonas", readers)
    assert said["means"] == "The mentor has no time for more mentees."
    assert said["Next step"] == "When a mentorship ends, another mentee can be matched."
    assert (await act("close"))["means"] == "The mentor has closed it."
    assert reached == set(MentorState)


async def test_a_call_is_announced_then_open_then_past_its_deadline(abroad: Abroad, programme: Programme) -> None:
    """A call says that one can apply exactly while one can; the coordinator reads how many are left without a place."""
    await programme.submitted()
    at = f"/applications/calls/{programme.call['id']}"
    officer, said = await status_of(abroad, "nino", at), await status_of(abroad, "programme", at)
    assert (said["word"], said["With"]) == ("Open", "Officers")
    assert (officer["With"], officer["Due"]) == ("You", said["Due"])
    assert (await status_of(abroad, "ani", at))["With"] == "Officers", "who has applied is not asked to"
    assert (await abroad.get("ani", f"/calls/{programme.call['id']}"))["state"] == CallState.PUBLISHED
    clock.move(timedelta(days=400))
    said = await status_of(abroad, "programme", at)
    assert said["word"] == "Deadline passed"
    assert said["Next step"].startswith("1 application has no place yet.")
    assert "Due" not in said
    assert "1 application" not in (await status_of(abroad, "luc", at))["Next step"]
