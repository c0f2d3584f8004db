"""A host writes a placement in steps: each is saved as it is left, and the last page shows it as officers see it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

from services.applications.fields import fields_of
from services.applications.placements.model.placement import STEPS, PlacementEntry
from shared.ids import new_id
from tests.integration.applications.test_abroad_pages import offer_form, read, send, step
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad

MOST_QUESTIONS = 5


def test_each_field_is_asked_in_one_step() -> None:
    """The steps hold every field of a placement once, and at most five each."""
    fields = [name for _, names in STEPS.values() for name in names]
    assert sorted(fields) == sorted(fields_of(PlacementEntry))
    assert all(len(names) <= MOST_QUESTIONS for _, names in STEPS.values())


async def begin(abroad: Abroad) -> str:
    """Send the first step as the host; return the address of the placement."""
    made = await send(abroad, "claire", f"/applications/offers/new?call={abroad.of.call['id']}", step("what"))
    at, _, onward = made.headers["location"].partition("/edit")
    assert onward == "?step=when"
    return at


async def test_the_first_step_begins_one_draft(abroad: Abroad) -> None:
    """Sent twice, or opened by the back button, the first step leads to its draft; other words replace nothing."""
    [new] = re.findall(r'href="(/applications/offers/new[^"]+)"', await read(abroad, "claire", "/applications/offers"))
    new = html.unescape(new)
    [draft] = re.findall(r'name="draft" value="([^"]+)"', await read(abroad, "claire", new))
    first = await send(abroad, "claire", new, step("what", draft=draft))
    second = await send(abroad, "claire", new, step("what", draft=draft))
    assert second.headers["location"] == first.headers["location"]
    at = f"/applications/offers/{draft}"
    back = await abroad.of.as_("claire").get(new)
    assert (back.status_code, back.headers["location"]) == (303, f"{at}/edit?step=what")
    await send(abroad, "claire", f"{at}/edit", step("what", title="By another tab"))
    stale = await send(abroad, "claire", new, step("what", draft=draft, title="Another title"), 412)
    both = stale.text.partition("Your version")[2]
    assert '>Another title</td><td class="govuk-table__cell" data-label="Saved version">By another tab</td>' in both
    [offer] = (await abroad.get("claire", "/offers"))["items"]
    assert offer["entry"]["title"] == "By another tab"
    changed = step("what", title="Another title", **ticked_versions(stale.text))
    assert (await send(abroad, "claire", f"{at}/edit", changed)).headers["location"] == f"{at}/edit?step=when"
    await send(abroad, "paul", new, step("what", draft=draft), 404)


async def test_a_first_step_is_not_saved_after_submission(abroad: Abroad) -> None:
    """The first step with other words is refused once its placement is submitted, and does not say that it is saved."""
    draft = str(new_id())
    new = f"/applications/offers/new?call={abroad.of.call['id']}&draft={draft}"
    await send(abroad, "claire", new, step("what", draft=draft))
    for code in ("when", "who"):
        await send(abroad, "claire", f"/applications/offers/{draft}/edit", step(code))
    await send(abroad, "claire", f"/applications/offers/{draft}/submit")
    await send(abroad, "claire", new, step("what", draft=draft, title="Another title", later="1"), 409)


async def entry_of(abroad: Abroad, at: str) -> dict[str, Any]:
    """Return the entry of a placement as the API answers it."""
    found: dict[str, Any] = (await abroad.get("claire", at.removeprefix("/applications")))["entry"]
    return found


def questions(page: str) -> set[str]:
    """Return the names of a page's fields, each row of a list for the list."""
    opened: Any = lxml.html.document_fromstring(page)
    form = opened.xpath("//form[.//input[@name='part']]")[0]
    names = {field.get("name") for field in form.xpath(".//*[@name]") if field.get("type") not in {"hidden", "submit"}}
    return {str(name).partition("-")[0] for name in names} & set(fields_of(PlacementEntry))


async def test_a_placement_is_written_step_by_step(abroad: Abroad) -> None:
    """Each step asks for its own fields and leads to the next; the last page shows all, and submits it."""
    at = await begin(abroad)
    codes = list(STEPS)
    for code, onward in zip(codes[1:], [*codes[2:], None], strict=True):
        page = await read(abroad, "claire", f"{at}/edit?step={code}")
        assert questions(page) == set(STEPS[code][1])
        assert "Why do we ask?" in page
        sent = await send(abroad, "claire", f"{at}/edit", step(code, **ticked_versions(page)))
        assert sent.headers["location"] == f"{at}/edit" + (f"?step={onward}" if onward else "")
    page = await read(abroad, "claire", f"{at}/edit")
    for words in ("Check your answers", "Identity document.", "What officers see before they apply"):
        assert words in page
    assert page.count(">Change<") == len(STEPS)
    again = step("who", then="check", **{"languages-0-level": "C1"})
    assert (await send(abroad, "claire", f"{at}/edit", again)).headers["location"] == f"{at}/edit"
    page = await read(abroad, "claire", f"{at}/edit")
    assert 'action="' + f'{at}/submit"' in page
    await send(abroad, "claire", f"{at}/submit", ticked_versions(page))
    assert (await abroad.get("claire", at.removeprefix("/applications")))["state"] == "submitted"
    entry = await entry_of(abroad, at)
    assert entry["languages"] == [{"language": "en", "level": "C1"}]
    assert (entry["title"], entry["places"], entry["days"]) == ("A week with the cybercrime unit", 2, 5)


async def test_a_step_is_saved_as_it_is_left(abroad: Abroad) -> None:
    """A step that is left half way keeps what was written, also without its button."""
    at = await begin(abroad)
    later = await send(abroad, "claire", f"{at}/edit", step("when", places="", later="1"))
    assert later.headers["location"] == f"{at}?done=saved"
    assert len((await entry_of(abroad, at))["periods"]) == 1
    more = await send(abroad, "claire", f"{at}/edit", step("when", places="7", row="add:periods"), 200)
    assert "periods-1-start-day" in more.text
    assert (await entry_of(abroad, at))["places"] == 7
    client = abroad.of.as_("claire")
    kept = await client.post(f"{at}/edit", data=step("security", security="A pass."), headers={"X-Autosave": "1"})
    assert kept.status_code == 204
    assert kept.headers["etag"]
    assert (await entry_of(abroad, at))["security"] == "A pass."
    missing = await read(abroad, "claire", f"{at}/edit")
    assert f'href="{at}/edit?step=who&amp;then=check"' in missing
    assert "Add at least one working language" in missing
    assert f"{at}/submit" not in missing


async def test_a_wrong_value_is_kept_and_named(abroad: Abroad) -> None:
    """An answer that cannot be read stays as it was typed, beside the saved answers, until it is written anew."""
    at = await begin(abroad)
    await send(abroad, "claire", f"{at}/edit", step("when"))
    await send(abroad, "claire", f"{at}/edit", step("who"))
    wrong = await send(abroad, "claire", f"{at}/edit", step("when", places="many", days="3"), 422)
    assert 'id="places-error"' in wrong.text
    assert (await entry_of(abroad, at))["days"] == 3
    opened = await read(abroad, "claire", f"{at}/edit?step=when")
    assert 'value="many"' in opened
    assert 'id="places-error"' in opened
    named = step("security", prematched_with="AM-2026-9999", conflicts="Police of Georgia")
    assert 'id="prematched_with-error"' in (await send(abroad, "claire", f"{at}/edit", named, 422)).text
    opened = await read(abroad, "claire", f"{at}/edit?step=security")
    assert 'value="AM-2026-9999"' in opened
    assert "Police of Georgia" in opened
    refused = html.unescape((await send(abroad, "claire", f"{at}/submit", {}, 422)).text)
    assert "Places and periods: This must be a whole number" in refused
    assert "Security and conflicts: Check the reference of the application" in refused
    await send(abroad, "claire", f"{at}/edit", step("when", days="3"))
    await send(abroad, "claire", f"{at}/edit", step("security", prematched_with=""))
    await send(abroad, "claire", f"{at}/submit")


async def test_texts_may_have_the_length_that_their_field_states(abroad: Abroad) -> None:
    """The outline takes 5,000 characters, as its field states, and a longer city is counted in characters."""
    at = await begin(abroad)
    outline = "A day in the laboratory. " * 190
    await send(abroad, "claire", f"{at}/edit", step("what", outline=outline))
    assert (await entry_of(abroad, at))["outline"] == outline.strip()
    await send(abroad, "claire", f"{at}/edit", step("what", city="Lyon" * 26), 422)
    opened = await read(abroad, "claire", f"{at}/edit?step=what")
    assert "This must have 100 characters or fewer" in opened


async def test_no_guest_a_week_is_not_read_as_one(abroad: Abroad) -> None:
    """A period for 0 guests a week is named at its field, and stays as it was typed."""
    at = await begin(abroad)
    none = step("when", **{"periods-0-places_per_week": "0"})
    assert "This must be 1 or more" in (await send(abroad, "claire", f"{at}/edit", none, 422)).text
    assert (await entry_of(abroad, at))["periods"] == []


async def test_an_unknown_step_changes_nothing(abroad: Abroad) -> None:
    """A form or an address that names a step that does not exist is refused, and no answer is emptied."""
    at = await begin(abroad)
    await send(abroad, "claire", f"{at}/edit", {"part": "nonsense", "title": "Another title"}, 404)
    assert (await entry_of(abroad, at))["title"] == "A week with the cybercrime unit"
    await read(abroad, "claire", f"{at}/edit?step=nonsense", 422)


async def test_a_broken_rule_of_the_call_is_said_once(abroad: Abroad) -> None:
    """An answer that the call does not allow is saved and named at its field; sent again, the host goes on."""
    at = await begin(abroad)
    broken = await send(abroad, "claire", f"{at}/edit", step("when", days="1"), 422)
    assert "The call allows visits of 2 to 5 working days" in broken.text
    assert (await entry_of(abroad, at))["days"] == 1
    assert 'name="seen"' in broken.text
    again = step("when", days="1", seen="1")
    assert (await send(abroad, "claire", f"{at}/edit", again)).headers["location"] == f"{at}/edit?step=who"
    assert "The call allows visits of 2 to 5 working days" in await read(abroad, "claire", f"{at}/edit")


async def test_a_stale_step_is_shown_beside_the_saved_one(abroad: Abroad) -> None:
    """Of two tabs the second shows both versions of its step; sent again, it counts, and other steps stay."""
    at = await begin(abroad)
    opened = ticked_versions(await read(abroad, "claire", f"{at}/edit?step=when"))
    await send(abroad, "claire", f"{at}/edit", step("when", **opened))
    stale = await send(abroad, "claire", f"{at}/edit", step("when", places="4", **opened), 412)
    assert "This was changed after you opened it" in stale.text
    both = stale.text.partition("Your version")[2]
    assert '>4</td><td class="govuk-table__cell" data-label="Saved version">2</td>' in both
    await send(abroad, "claire", f"{at}/edit", step("when", places="4", **ticked_versions(stale.text)))
    entry = await entry_of(abroad, at)
    assert (entry["places"], entry["title"]) == (4, "A week with the cybercrime unit")


async def test_a_form_without_a_step_is_the_first_step(abroad: Abroad) -> None:
    """A form that names no step saves the fields of the first one, of a new placement, a draft and a revision."""
    unnamed = offer_form(title="Without a step")
    made = await send(abroad, "claire", f"/applications/offers/new?call={abroad.of.call['id']}", unnamed)
    at, _, onward = made.headers["location"].partition("/edit")
    assert onward == "?step=when"
    again = await send(abroad, "claire", f"{at}/edit", offer_form(title="Another title"))
    assert again.headers["location"] == f"{at}/edit?step=when"
    entry = await entry_of(abroad, at)
    assert (entry["title"], entry["places"], entry["languages"]) == ("Another title", None, [])
    offer = await abroad.offer()
    at = f"/applications/offers/{offer['id']}"
    await send(abroad, "claire", f"{at}/edit", offer_form(title="A third title", places="9", told="1"))
    assert await entry_of(abroad, at) == offer["entry"] | {"title": "A third title", "outline": "Case work."}


async def test_a_revision_changes_one_step(abroad: Abroad) -> None:
    """A published placement opens at its answers; a changed step is previewed, and the others stay as they are."""
    offer = await abroad.offer(contact="Claire, room 12")
    at = f"/applications/offers/{offer['id']}"
    page = await read(abroad, "claire", f"{at}/edit")
    assert page.count(">Change<") == len(STEPS)
    assert f"{at}/submit" not in page
    page = await read(abroad, "claire", f"{at}/edit?step=practical")
    assert questions(page) == set(STEPS["practical"][1])
    changed = step("practical", contact="Claire, room 14", **ticked_versions(page))
    shown = await send(abroad, "claire", f"{at}/edit", changed, 200)
    assert "room 14" in shown.text
    assert (await entry_of(abroad, at))["contact"] == "Claire, room 12"
    back = await send(abroad, "claire", f"{at}/edit", changed | {"back": "1"}, 200)
    assert questions(back.text) == set(STEPS["practical"][1])
    sent = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', shown.text.partition(f"{at}/edit")[2]))
    await send(abroad, "claire", f"{at}/edit", sent | {"told": "1"})
    assert await entry_of(abroad, at) == offer["entry"] | {"contact": "Claire, room 14"}


@pytest.mark.parametrize("state", ["draft", "published"])
async def test_the_host_sees_what_officers_see(abroad: Abroad, state: str) -> None:
    """The card of the preview is that of the list of placements, without the rules for its reader."""
    if state == "draft":
        body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry()}
        offer = await abroad.post("claire", "/offers", body, 201)
    else:
        offer = await abroad.offer()
    at = f"/applications/offers/{offer['id']}"
    preview = _card(await read(abroad, "claire", f"{at}/edit"), offer["reference"])
    if state == "draft":
        await abroad.post("claire", f"/offers/{offer['id']}/submit")
        await abroad.post("luc", f"/offers/{offer['id']}/endorse")
        await abroad.post("claire", f"/offers/{offer['id']}/publish")
    listed = await read(abroad, "ani", f"/applications/calls/{abroad.of.call['id']}/places/study_visit")
    assert "Working days of a visit" in preview
    assert _card(listed, offer["reference"]).startswith(preview)


def _card(page: str, reference: str) -> str:
    """Return the words of the card of a placement."""
    cards: Any = lxml.html.document_fromstring(page).xpath("//section[contains(@class, 'tandem-card')]")
    card = next(each for each in cards if reference in each.text_content())
    return " ".join(card.text_content().split())
