"""Tests of call drafts: written section by section, previewed, published, copied and deleted."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from services.applications.calls.forms.sections import SECTION_FORMS
from services.applications.calls.pages import drafts
from shared.honesty import Cause
from shared.time import clock
from tests.integration.applications.call_forms import CALLS, begun, dated, forms, fund, second_coordinator
from tests.integration.applications.conftest import call_terms
from tests.integration.applications.test_stale_forms import form_to, table
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

DRAFTS = "/applications/api/v1/call-drafts"


async def _filled(programme: Programme, **changes: dict[str, Any]) -> str:
    """Return the address of a draft with every section filled in by its form."""
    address = await begun(programme)
    for code, data in (await forms(programme)).items():
        sent = data | changes.get(code, {})
        page = await programme.as_("programme").get(f"{address}/{code}")
        assert page.status_code == 200, page.text
        saved = await programme.as_("programme").post(f"{address}/{code}", data=sent)
        assert saved.status_code == 303, saved.text
    return address


async def test_a_call_by_forms_only(programme: Programme) -> None:
    """Every section is saved, the preview shows the officer's page, and a second click publishes nothing."""
    address = await _filled(programme)
    listed = (await programme.as_("programme").get(address)).text
    assert "All parts are complete." in listed
    assert "Autumn exchange" in (await programme.as_("programme").get(CALLS)).text
    preview = (await programme.as_("programme").get(f"{address}/preview")).text
    assert "You speak English or French at level B1 or higher." in preview
    assert "You have finished one of these courses: Digital evidence, First responder." in preview
    assert "The home national coordinator endorses within 8 working days." in preview
    done = await programme.as_("programme").post(f"{address}/publish")
    assert done.status_code == 303, done.text
    call = done.headers["location"].partition("?")[0]
    again = await programme.as_("programme").post(f"{address}/publish")
    assert again.headers["location"].partition("?")[0] == call
    assert len([1 for kind, _, _ in await programme.journal("exchange.calls") if kind == "CallPublished"]) == 2
    shown_call = (await programme.as_("ani").get(call)).text
    assert "You speak English or French at level B1 or higher." in shown_call
    terms = (await programme.get("ani", f"/calls/{call.rsplit('/', 1)[1]}"))["terms"]
    assert terms["quotas"] == [{"country": "AM", "floor": 1, "ceiling": 4}]
    assert [day["country"] for day in terms["closed_days"]] == ["UA"]
    assert "Other days without visits" in shown_call
    assert terms["weights"] == [{"criterion": "topic", "applicant": 40, "host": 20}]
    assert (terms["share_of_offer"], terms["group_size"]) == (50, 3)
    assert (terms["timers"]["endorse_wd"], terms["sessions_to_complete"]) == (8, 4)
    assert terms["rules"]["courses"] == ["Digital evidence", "First responder"]


def test_each_setting_that_rewards_an_untrue_statement_has_its_section() -> None:
    """A form that warns of a setting can be saved, whichever it is."""
    assert set(drafts._WHERE) == set(Cause)
    assert set(drafts._WHERE.values()) <= set(SECTION_FORMS)


async def test_the_choice_for_equal_points_reaches_the_call(programme: Programme) -> None:
    """Exchanges are ticked, stay ticked, and are published; without a stable matching the form refuses them."""
    address = await _filled(programme, weights={"ties": "exchanges"})
    client = programme.as_("programme")
    form = (await client.get(f"{address}/weights")).text
    (radio,) = re.findall(r'<input[^>]*name="ties"[^>]*value="exchanges"[^>]*>', form)
    assert " checked" in radio
    sent = (await forms(programme))["weights"] | {"ties": "exchanges", "objective": "most_good"}
    refused = await client.post(f"{address}/weights", data=sent | ticked_versions(form))
    assert refused.status_code == 422
    assert 'href="#ties' in refused.text
    assert (await client.post(f"{address}/publish")).status_code == 422
    form = (await client.get(f"{address}/weights")).text
    mended = await client.post(f"{address}/weights", data=sent | {"objective": "stable"} | ticked_versions(form))
    assert mended.status_code == 303, mended.text
    done = await client.post(f"{address}/publish")
    assert done.status_code == 303, done.text
    call_id = done.headers["location"].partition("?")[0].rsplit("/", 1)[1]
    assert (await programme.get("ani", f"/calls/{call_id}"))["terms"]["ties"] == "exchanges"


async def test_publishing_names_what_is_missing(programme: Programme) -> None:
    """An incomplete call is not published, and each problem links to its section."""
    address = await begun(programme)
    refused = await programme.as_("programme").post(f"{address}/publish")
    assert refused.status_code == 422
    for code, text in {
        "purpose": "Choose the fund that pays",
        "topics": "Choose topics from the call&#39;s scheme.",
        "dates": "Enter the last day to apply",
    }.items():
        assert re.search(rf'href="{address}/{code}">{text}', refused.text), text
    missing = (await programme.as_("programme").get(f"{address}/preview")).text
    assert "Missing before publication" in missing


async def test_contradictions_are_named_and_the_input_kept(programme: Programme) -> None:
    """A close before the deadline is named at its field, and the saved draft cannot be published."""
    address = await begun(programme)
    today = clock.today()
    data = (await forms(programme))["dates"] | dated("closes", today + timedelta(days=10))
    page = await programme.as_("programme").post(f"{address}/dates", data=data)
    assert page.status_code == 422
    assert "The call must close after its deadline" in page.text
    again = await programme.as_("programme").get(f"{address}/dates")
    assert f'value="{(today + timedelta(days=10)).day}"' in again.text
    assert (await programme.as_("programme").post(f"{address}/publish")).status_code == 422
    half = await programme.as_("programme").post(f"{address}/dates", data=data | {"closed_days-0-country": ""})
    assert "Each closed day needs a country and a date" in half.text
    wrong = await programme.as_("programme").post(f"{address}/dates", data=data | {"minimum_days": "nine"})
    assert "Enter a whole number, such as 5" in wrong.text


async def test_two_coordinators_write_one_draft(programme: Programme) -> None:
    """Two coordinators write different sections freely; the same section is refused with the input kept."""
    ada = await second_coordinator(programme)
    address = await begun(programme)
    rules = (await forms(programme))["rules"]
    client = programme.as_("programme")
    opened = {code: ticked_versions((await client.get(f"{address}/{code}")).text) for code in ("rules", "texts")}
    first = await programme.as_(ada).post(f"{address}/rules", data=rules | {"minimum_years": "7"})
    assert first.status_code == 303
    other = {"texts-0-language": "en", "texts-0-title": "Spring exchange"} | opened["texts"]
    assert (await client.post(f"{address}/texts", data=other)).status_code == 303
    late = await client.post(f"{address}/rules", data=rules | {"minimum_years": "9"} | opened["rules"])
    assert late.status_code == 412
    assert "This was changed after you opened it" in late.text
    assert "Ada Lovric last changed it on " in late.text
    row = re.search(r"Minimum years[^<]*</th><td[^>]*>9</td><td[^>]*>7</td>", late.text)
    assert row, "both versions stand side by side"
    assert f'href="{address}/rules">Keep the saved version' in late.text
    assert 'value="9"' in late.text
    put = rules | {"minimum_years": "9"} | ticked_versions(late.text)
    assert (await client.post(f"{address}/rules", data=put)).status_code == 303
    assert "Ada Lovric" not in (await programme.as_(ada).get(f"{address}/rules")).text


async def test_a_stale_publication_of_a_draft_shows_the_section_that_changed(programme: Programme) -> None:
    """A coordinator publishes a draft in which another one has changed a rule: the page shows both rules."""
    ada = await second_coordinator(programme)
    address, sections = await begun(programme), await forms(programme)
    client = programme.as_("programme")
    for code in ("purpose", "topics", "dates", "who", "rules"):
        assert (await client.post(f"{address}/{code}", data=sections[code])).status_code == 303
    form = form_to((await client.get(address)).text, f"{address}/publish")
    written = await programme.as_(ada).post(f"{address}/rules", data=sections["rules"] | {"minimum_years": "7"})
    assert written.status_code == 303
    stale = await client.post(f"{address}/publish", data=form)
    assert stale.status_code == 412
    before, now = table(stale.text)["Requirements for officers"]
    assert "7 years" in now
    assert "7 years" not in before
    assert now.endswith("Changed")


async def test_two_coordinators_write_one_draft_by_api(programme: Programme) -> None:
    """The API refuses a change that rests on an older version (412), and accepts one that rests on the present one."""
    draft = await programme.post("programme", "/call-drafts", {"entry": {"reserves": 2}}, 201)
    path, client = f"{DRAFTS}/{draft['id']}", programme.as_("programme")
    read = {"If-Match": (await client.get(path)).headers["etag"]}
    first = await client.patch(path, json={"entry": {"reserves": 3}}, headers=read)
    assert first.status_code == 200
    assert (await client.patch(path, json={"entry": {"reserves": 4}}, headers=read)).status_code == 412
    next_version = {"If-Match": first.headers["etag"]}
    assert (await client.patch(path, json={"entry": {"maximum_days": 4}}, headers=next_version)).status_code == 200
    assert (await client.patch(path, json={"entry": {"anything": 4}})).status_code == 422
    assert (await client.patch(path, json={"entry": {}, "more": 4})).status_code == 422


async def test_a_draft_is_listed_and_deleted(programme: Programme) -> None:
    """Another coordinator finds the draft in the list and deletes it, by page or API."""
    ada = await second_coordinator(programme)
    for by_page in (True, False):
        address = await begun(programme)
        draft = address.rsplit("/", 1)[1]
        assert [item["id"] for item in (await programme.get(ada, "/call-drafts"))["items"]] == [draft]
        assert address in (await programme.as_(ada).get(f"{CALLS}?state=draft")).text
        assert "Delete “Autumn exchange”?" in (await programme.as_(ada).get(f"{address}/discard")).text
        if by_page:
            assert (await programme.as_(ada).post(f"{address}/discard")).status_code == 303
        else:
            assert (await programme.as_(ada).delete(f"{DRAFTS}/{draft}")).status_code == 204
        assert (await programme.as_("programme").get(address)).status_code == 404


@pytest.mark.parametrize("subject", ["ani", "tigran", "claire"])
async def test_only_programme_coordinators_write_calls(programme: Programme, subject: str) -> None:
    """Officers, national coordinators and hosts neither see nor write drafts, by page or API."""
    address = await begun(programme)
    draft, client = address.rsplit("/", 1)[1], programme.as_(subject)
    for path in (address, f"{address}/dates", f"{address}/preview", f"{address}/questions", f"{CALLS}/new"):
        assert (await client.get(path)).status_code == 403
    for path in (f"{address}/publish", f"{address}/discard", f"{CALLS}/{programme.call['id']}/copy"):
        assert (await client.post(path)).status_code == 403
    for path in (DRAFTS, f"{DRAFTS}/{draft}", f"{DRAFTS}/{draft}/effects"):
        assert (await client.get(path)).status_code == 403
    for path in (f"{DRAFTS}/{draft}/publish", f"/applications/api/v1/calls/{programme.call['id']}/revise"):
        assert (await client.post(path, json={})).status_code == 403
    assert "Autumn exchange" not in (await client.get(CALLS)).text


async def test_questions_are_written_on_pages_of_their_own(programme: Programme) -> None:
    """A question is added, changed with its code kept, moved and removed, and an invalid one is refused."""
    address = await begun(programme)
    client, draft = programme.as_("programme"), address.rsplit("/", 1)[1]
    choice = {
        "kind": "choice",
        "required": "y",
        "longest": "1000",
        "texts-0-language": "en",
        "texts-0-question": "Do you bring equipment?",
        "texts-0-choices": "Yes\nNo",
        "texts-1-language": "ka",
        "texts-1-question": "მოგაქვთ აღჭურვილობა?",
        "texts-1-choices": "დიახ",
    }
    odd = await client.post(f"{address}/questions/new", data=choice)
    assert odd.status_code == 422
    assert "Enter the same answers, in the same order, in each language." in odd.text
    good = await client.post(f"{address}/questions/new", data=choice | {"texts-1-choices": "დიახ\nარა"})
    assert good.status_code == 303, good.text
    number = {"kind": "number", "texts-0-language": "en", "texts-0-question": "How many?", "minimum": "1"}
    await client.post(f"{address}/questions/new", data=number)
    before = (await programme.get("programme", f"/call-drafts/{draft}"))["entry"]["questions"]
    changed = choice | {"texts-0-choices": "No\nYes", "texts-1-choices": "არა\nდიახ"}
    opened = ticked_versions((await client.get(f"{address}/questions/1")).text)
    assert (await client.post(f"{address}/questions/1", data=changed)).status_code == 303
    after = (await programme.get("programme", f"/call-drafts/{draft}"))["entry"]["questions"]
    assert after[0]["code"] == before[0]["code"]
    assert after[0]["choices"] == before[0]["choices"][::-1]
    stale = await client.post(f"{address}/questions/1", data=choice | {"texts-1-choices": "დიახ\nარა"} | opened)
    assert stale.status_code == 412
    assert "This was changed after you opened it" in stale.text
    page = (await client.get(f"{address}/questions")).text
    assert "“How many?” (a number of 1 or more, may be left empty)." in page
    await client.post(f"{address}/questions/2/up")
    order = (await programme.get("programme", f"/call-drafts/{draft}"))["entry"]["questions"]
    assert [question["kind"] for question in order] == ["number", "choice"]
    assert (await client.post(f"{address}/questions/1/remove", data=opened)).status_code == 412
    await client.post(f"{address}/questions/1/remove")
    left = (await programme.get("programme", f"/call-drafts/{draft}"))["entry"]["questions"]
    assert [question["kind"] for question in left] == ["choice"]
    assert (await client.get(f"{address}/questions/7")).status_code == 404


async def test_a_call_is_read_in_the_readers_language(programme: Programme) -> None:
    """A reader gets their own language, else English, else the first; coordinators see the missing ones."""
    terms = call_terms(await fund(programme))
    terms["texts"] = [
        {"language": "ka", "title": "გაცვლა", "summary": ""},
        {"language": "hy", "title": "Փոխանակում", "summary": ""},
    ]
    made = await programme.post("programme", "/calls", terms, 201)
    page = (await programme.as_("ani").get(f"{CALLS}/{made['id']}")).text
    assert "გაცვლა" in page
    assert "This call is written in Georgian." in page
    assert "Not translated yet: English" in (await programme.as_("programme").get(f"{CALLS}/{made['id']}")).text


async def test_rules_of_a_newer_version_are_refused(programme: Programme) -> None:
    """Rules that the portal cannot apply are not published, and the answer gives the version it knows."""
    terms = call_terms(await fund(programme))
    newer = terms | {"rules": terms["rules"] | {"schema_version": 2}}
    refused = await programme.post("programme", "/calls", newer, 422)
    assert "this portal supports versions up to 1" in str(refused)
    older = terms | {"rules": {"minimum_years": 5}}
    made = await programme.post("programme", "/calls", older, 201)
    assert made["terms"]["rules"]["schema_version"] == 1


async def test_publishing_checks_the_register(programme: Programme) -> None:
    """An unknown fund, one that does not cover the visits' periods, and an unknown need are named."""
    terms = call_terms(await fund(programme))
    nobody = "019a0000-0000-7000-8000-00000000dead"
    wrong = await programme.post("programme", "/calls", terms | {"fund_id": nobody, "needs": [nobody]}, 422)
    assert "This fund no longer pays." in str(wrong)
    assert "no longer in the register" in str(wrong)
    over = {"name": "TOPCOP I", "payer": "European Commission", "since": "2020-01-01", "until": "2022-12-31"}
    funds = await programme.post("programme", "/funds", {"funds": [over]}, 201)
    late = await programme.post("programme", "/calls", terms | {"fund_id": funds["ids"][0]}, 422)
    assert "TOPCOP I does not pay during the visit periods." in str(late)


@pytest.mark.parametrize("by_page", [True, False])
async def test_a_call_is_copied_into_the_next_year(programme: Programme, by_page: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The copy has all dates 52 weeks later and no reference, and is published as a separate call."""
    call, path = programme.call, f"{CALLS}/{programme.call['id']}/copy"
    if by_page:
        made = await programme.as_("programme").post(path)
        address = made.headers["location"].partition("?")[0]
        draft = await programme.get("programme", f"/call-drafts/{address.rsplit('/', 1)[1]}")
        assert call["reference"] in (await programme.as_("programme").get(address)).text
    else:
        draft = await programme.post("programme", f"/calls/{call['id']}/copy", status=201)
    old, new = call["terms"], draft["entry"]
    for name in ("opens", "closes"):
        assert date.fromisoformat(new[name]) - date.fromisoformat(old[name]) == timedelta(weeks=52)
    assert draft["missing"] == {}
    published = await programme.post("programme", f"/call-drafts/{draft['id']}/publish", status=201)
    assert published["reference"] != call["reference"]
    assert published["id"] == draft["id"]
    await programme.post("programme", f"/calls/{draft['id'][:-4]}dead/copy", status=404)


async def test_the_list_shows_what_needs_the_reader_first(programme: Programme) -> None:
    """Counts link to their rows, and officers read the conditions of each open call and whether they meet them."""
    await begun(programme)
    page = (await programme.as_("programme").get(CALLS)).text
    assert f'href="{CALLS}?state=draft"' in page
    assert "Autumn exchange" not in (await programme.as_("programme").get(f"{CALLS}?state=published")).text
    officer = (await programme.as_("ani").get(CALLS)).text
    assert "You meet all rules that we can check so far." in officer
    clock.move(timedelta(days=40))
    assert "Deadline passed" in (await programme.as_("ani").get(f"{CALLS}?state=past_deadline")).text
    empty = (await programme.as_("ani").get(f"{CALLS}?state=closed")).text
    assert "No call is in this state." in empty


async def test_an_officer_reads_unmet_conditions_before_applying(programme: Programme) -> None:
    """A call that asks for more years than the register has says so with the remedy, by page and API."""
    terms = call_terms(await fund(programme))
    made = await programme.post("programme", "/calls", terms | {"rules": {"minimum_years": 20}}, 201)
    page = (await programme.as_("ani").get(CALLS)).text
    assert "Not met so far:" in page
    assert "You have worked in the field for at least 20 years." in page
    conditions = (await programme.get("ani", f"/calls/{made['id']}"))["requirements"]
    assert [condition["met"] for condition in conditions if condition["rule"] == "years_in_field"] == [False]
    assert (await programme.get("tigran", f"/calls/{made['id']}"))["requirements"] is None


def _need(programme: Programme, country: str, until: date, **changes: Any) -> dict[str, Any]:
    """Return a training need as the register accepts it."""
    today = clock.today()
    return {
        "country": country,
        "topic_code": "online_crime",
        "area": "analysis",
        "level": 2,
        "quantity": 12,
        "since": str(today - timedelta(days=400)),
        "until": str(until),
        **changes,
    }


async def test_a_call_answers_training_needs_of_the_register(programme: Programme) -> None:
    """Needs come from the register and are published; one that ends is left out of next year's call."""
    today = clock.today()
    later = _need(programme, "AM", today + timedelta(days=900))
    sooner = _need(programme, "GE", today + timedelta(days=300))
    made = await programme.post("programme", "/register/needs", {"needs": [later, sooner]}, 201)
    stays, ends = made["ids"]
    needs = {"topics": {"needs": [stays, ends]}}
    address = await _filled(programme, **needs)
    page = (await programme.as_("programme").get(f"{address}/topics")).text
    assert page.count("It covers a need of") == 2
    assert page.index("Topics of EMPACT-2022") < page.index("Training needs covered")
    preview = (await programme.as_("programme").get(f"{address}/preview")).text
    assert "It covers a need of Armenia: Online crime, Analysis, advanced, 12 people" in preview
    call = (await programme.as_("programme").post(f"{address}/publish")).headers["location"].partition("?")[0]
    payloads = [payload for kind, _, payload in await programme.journal("exchange.calls") if kind == "CallPublished"]
    assert payloads[-1]["terms"]["needs"] == [stays, ends]
    assert (await programme.as_("programme").get(call)).text.count("It covers a need of") == 2
    officer = (await programme.as_("ani").get(call)).text
    assert "It covers a need of Armenia" in officer
    assert "It covers a need of Georgia" not in officer
    of_need = (await programme.as_("tigran").get(f"/applications/register/needs/{stays}")).text
    assert f'href="{call}"' in of_need.partition("Calls that cover it")[2]
    copied = await programme.post("programme", f"/calls/{call.rsplit('/', 1)[1]}/copy", status=201)
    assert copied["entry"]["needs"] == [stays]
    assert copied["left_out"] == [{"need": ends, "topic": None}]
    shown = (await programme.as_("programme").get(f"{CALLS}/drafts/{copied['id']}")).text
    assert "It covers a need of Georgia: Online crime, Analysis, advanced, 12 people" in shown
    await programme.post("programme", f"/register/needs/{stays}/withdraw")
    refused = await programme.post("programme", f"/call-drafts/{copied['id']}/publish", status=422)
    assert "no longer in the register" in str(refused)


async def test_calls_and_drafts_are_read_page_by_page(programme: Programme) -> None:
    """Pages of one give each call and each draft once, and `since` leaves out what was not changed since."""
    terms = call_terms(await fund(programme))
    later = terms | {"deadline": (clock.now() + timedelta(days=60)).isoformat()}
    second = await programme.post("programme", "/calls", later, 201)
    first = await programme.get("ani", "/calls?limit=1")
    assert [call["id"] for call in first["items"]] == [second["id"]]
    rest = await programme.get("ani", f"/calls?limit=1&cursor={first['next']}")
    assert ([call["id"] for call in rest["items"]], rest["next"]) == ([programme.call["id"]], None)
    await programme.get("ani", "/calls?cursor=W10", 422)
    drafts = [(await programme.post("programme", "/call-drafts", {}, 201))["id"] for _ in range(2)]
    newest = await programme.get("programme", "/call-drafts?limit=1")
    oldest = await programme.get("programme", f"/call-drafts?limit=1&cursor={newest['next']}")
    assert [draft["id"] for draft in (*newest["items"], *oldest["items"])] == drafts[::-1]
    clock.move(timedelta(hours=1))
    since = clock.now().isoformat().replace("+00:00", "Z")
    assert (await programme.get("ani", f"/calls?since={since}"))["items"] == []
    assert (await programme.get("programme", f"/call-drafts?since={since}"))["items"] == []
    await programme.post("programme", f"/calls/{second['id']}/close")
    closed = await programme.get("ani", f"/calls?since={since}")
    assert [(call["id"], call["state"]) for call in closed["items"]] == [(second["id"], "closed")]


async def test_a_setting_by_which_officers_gain_is_warned_of_where_it_is_set(programme: Programme) -> None:
    """A weight on an officer's own word is saved and warned of on its page, and again on the list of all parts."""
    address = await begun(programme)
    coordinator = programme.as_("programme")
    assert "untrue statement" not in (await coordinator.get(f"{address}/weights")).text
    data = {"objective": "stable", "topic-applicant": "40", "topic-host": "20"}
    saved = await coordinator.post(f"{address}/weights", data=data)
    assert saved.headers["location"] == f"{address}/weights?done=warned"
    page = (await coordinator.get(saved.headers["location"])).text
    assert "Saved. Officers could now gain by an untrue statement." in page
    assert "“Topic wanted” counts for the host, but nobody verifies what officers state for it." in page
    onward = await coordinator.post(f"{address}/weights", data=data)
    assert onward.headers["location"] == f"{address}/questions"
    assert "“Topic wanted” counts for the host" in (await coordinator.get(address)).text
    settings = {
        "rules": {"minimum_years": "2", "minimum_level": "B1", "first_time_first": "y"},
        "quotas": {"quotas-0-country": "AM", "quotas-0-ceiling": "4", "share_of_offer": "40", "group_size": "5"},
    }
    for code, sent in settings.items():
        saved = await coordinator.post(f"{address}/{code}", data=sent | {"reserves": "1"})
        assert saved.headers["location"] == f"{address}/{code}?done=warned", code
        assert "Officers could gain by an untrue statement." in (await coordinator.get(f"{address}/{code}")).text
