"""Tests of the portal's pages without JavaScript, for each role, and of their error messages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.app import create_app
from services.applications.settings import Settings
from shared.contracts import outcomes
from shared.identity import every_route
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.call_forms import revision
from tests.support import settings_for, ticked_versions

if TYPE_CHECKING:
    import pytest
    from fastapi import FastAPI

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

EVERYWHERE = ("/", "/applications/", "/applications/calls", "/applications/account", "/applications/inbox")
PAGES = {
    "ani": (*EVERYWHERE, "/applications/contracts"),
    "tigran": (*EVERYWHERE, "/applications/cases", "/applications/register"),
    "claire": EVERYWHERE,
    "programme": (
        *EVERYWHERE,
        "/applications/cases",
        "/applications/eligibility",
        "/applications/register",
        "/applications/calls/new",
        "/applications/clock",
        "/applications/dead-letters",
    ),
}

ABOUT_THE_OFFICER = {
    "contact": {"name": "name", "email": "email", "language": "language"},
    "service": {"organisation_id": "organization", "national_rank": "organization-title", "sex": "sex"},
}
_PURPOSE = re.compile(r'<(?:input|select)\b[^>]* name="([^"]+)"[^>]* autocomplete="([^"]+)"')


async def test_pages_are_rendered_for_their_roles(programme: Programme) -> None:
    """Each page of a role is drawn with one heading, also in an empty programme."""
    for subject, path in ((who, path) for who, paths in PAGES.items() for path in paths):
        page = await programme.as_(subject).get(path)
        assert page.status_code == 200, (subject, path, page.text)
        assert len(re.findall(r"<h1", page.text)) == 1, (subject, path)


async def _applied(programme: Programme) -> str:
    """Begin an application by the form; return its address."""
    begun = await programme.as_("ani").post(
        f"/applications/calls/{programme.call['id']}/apply", data={"kind": "study_visit"}
    )
    assert begun.status_code == 303
    return begun.headers["location"]


async def test_an_application_by_forms_only(programme: Programme) -> None:
    """Every page of the task list is saved and leads to the next, and the last to the check, which submits.

    Browsers can fill in the fields about the officer, and no field about anybody else.
    """
    mine = await _applied(programme)
    again = await programme.as_("ani").post(
        f"/applications/calls/{programme.call['id']}/apply", data={"kind": "study_visit"}
    )
    assert again.headers["location"] == mine
    start = clock.today() + timedelta(days=90)
    end = start + timedelta(days=20)
    periods = {
        f"periods-0-{name}-{part}": str(getattr(day, part))
        for name, day in (("start", start), ("end", end))
        for part in ("day", "month", "year")
    }
    forms = {
        "contact": {"name": "Ani Petrosyan", "email": "ani@police.example", "language": "en"},
        "service": {
            "organisation_id": programme.organisations["AM"],
            "service": "police",
            "rank_group": "operational",
            "years_in_field": "6",
            "sex": "",
        },
        "line_manager": {"line_manager_name": "Vardan Sargsyan", "line_manager_email": "v@police.example"},
        "expertise": {"expertise-0-area": "analysis", "expertise-0-level": "2", "expertise-0-years": "4"},
        "languages": {"languages-0-language": "en", "languages-0-level": "B2"},
        "background": {"courses-0-course": "Online fraud", "conflicts-0-organisation": programme.organisations["GE"]},
        "topics": {
            "topics-0-topic": "online_crime",
            "topics-1-topic": "",
            "preferred_countries-0-country": "FR",
        },
        "periods": periods,
        "objectives": {"objectives-0-text": "Seized devices", "cascade_committed": "yes", "cascade_plan": "A day"},
        "privacy": {"confirmed": "y"},
    }
    places = [*list(forms)[1:], "check"]
    for (task, data), onward in zip(forms.items(), places, strict=True):
        form = await programme.as_("ani").get(f"{mine}/{task}")
        assert form.status_code == 200
        assert dict(_PURPOSE.findall(form.text)) == ABOUT_THE_OFFICER.get(task, {}), task
        saved = await programme.as_("ani").post(f"{mine}/{task}", data=data)
        assert saved.status_code == 303, saved.text
        assert saved.headers["location"] == f"{mine}/{onward}"
    assert "Seized devices" in (await programme.as_("ani").get(f"{mine}/check")).text
    sent = await programme.as_("ani").post(f"{mine}/check")
    assert sent.headers["location"] == f"{mine}?done=submitted"
    assert "National coordinator of Armenia" in (await programme.as_("ani").get(mine)).text


async def test_the_promise_that_a_true_order_is_safe_is_made_where_it_holds(programme: Programme) -> None:
    """The page of topics promises safety under rules that keep it, and nothing once the call counts the order."""
    mine = await _applied(programme)
    assert "Answer truthfully: your order cannot harm you." in (await programme.as_("ani").get(f"{mine}/topics")).text
    assert "Answer truthfully" not in (await programme.as_("ani").get(f"{mine}/languages")).text
    for unsafe in ({"weights": [{"criterion": "topic", "applicant": 5, "host": 1}]}, {"objective": "most_good"}):
        draft = await revision(programme, **unsafe)
        await programme.post("programme", f"/call-drafts/{draft}/revise", {"favour": True})
        assert "Answer truthfully" not in (await programme.as_("ani").get(f"{mine}/topics")).text


async def test_a_page_with_errors_keeps_the_input(programme: Programme) -> None:
    """An error names the field and the remedy, and the valid answers are saved for a later visit."""
    mine = await _applied(programme)
    data = {"line_manager_name": "Vardan Sargsyan", "line_manager_email": "vardan"}
    page = await programme.as_("ani").post(f"{mine}/line_manager", data=data)
    assert page.status_code == 422
    assert "Enter an email address like" in page.text
    assert "Vardan Sargsyan" in (await programme.as_("ani").get(f"{mine}/line_manager")).text


async def test_an_invalid_day_of_a_period_is_named(programme: Programme) -> None:
    """The wrong one of two dates is named, and an added period may stay empty."""
    mine = await _applied(programme)
    start = {"periods-0-start-day": "31", "periods-0-start-month": "2", "periods-0-start-year": "2027"}
    page = (await programme.as_("ani").post(f"{mine}/periods", data=start | {"periods-0-end-day": "5"})).text
    assert page.count("“First day” must be a real date, such as 27 3 2027") == 2  # above the form, and at the field
    assert page.count("“Last day” must include a month and a year") == 2
    assert "Add at least one period" not in page


async def test_a_page_that_is_left_is_saved(programme: Programme) -> None:
    """The browser saves a half-filled page on leaving; after submission this is refused."""
    mine = await _applied(programme)
    left = await programme.as_("ani").post(f"{mine}/objectives/draft", data={"objectives-0-text": "Half a thought"})
    assert left.status_code == 204
    assert "Half a thought" in (await programme.as_("ani").get(f"{mine}/objectives")).text
    await programme.submitted()
    late = await programme.as_("ani").post(f"{mine}/objectives/draft", data={"objectives-0-text": "Too late"})
    assert late.status_code == 409


async def test_rows_are_added_and_removed_without_javascript(programme: Programme) -> None:
    """The buttons of rows send the form, which returns with one row more or less and its input."""
    mine = await _applied(programme)
    data = {"languages-0-language": "en", "languages-0-level": "B2", "row": "add:languages"}
    page = await programme.as_("ani").post(f"{mine}/languages", data=data)
    assert page.status_code == 200
    assert 'name="languages-1-language"' in page.text
    data |= {"languages-1-language": "fr", "languages-1-level": "A1", "row": "remove:languages:0"}
    page = await programme.as_("ani").post(f"{mine}/languages", data=data)
    assert 'value="fr" selected' in page.text
    assert 'name="languages-1-language"' not in page.text


async def test_a_rule_that_is_not_met_is_named_on_the_page(programme: Programme) -> None:
    """English A2 is saved, and the page says that the call asks for B1 before the officer continues."""
    mine = await _applied(programme)
    data = {"languages-0-language": "en", "languages-0-level": "A2"}
    saved = await programme.as_("ani").post(f"{mine}/languages", data=data)
    assert saved.headers["location"] == f"{mine}/languages?done=kept"
    page = await programme.as_("ani").get(saved.headers["location"])
    assert "English A2" in page.text
    assert "at level B1 or higher" in page.text
    onward = await programme.as_("ani").post(f"{mine}/languages", data=data | {"seen": "1"})
    assert onward.headers["location"] == f"{mine}/background"


async def test_a_coordinator_decides_by_forms(programme: Programme) -> None:
    """The queue links to the case, a return needs a remark, and the note of an endorsement stays in the portal."""
    made = await programme.submitted()
    case = f"/applications/cases/{made['id']}"
    queue = await programme.as_("tigran").get("/applications/cases?state=submitted")
    assert made["reference"] in queue.text
    assert "Ani Petrosyan" in queue.text
    assert (await programme.as_("tigran").post(f"{case}/return", data={})).status_code == 422
    returned = await programme.as_("tigran").post(f"{case}/return", data={"languages": "Which certificate?"})
    assert returned.status_code == 303
    await programme.post("ani", f"/applications/{made['id']}/submit")
    endorsed = await programme.as_("tigran").post(f"{case}/endorse", data={"note": "Knows the host well"})
    assert endorsed.headers["location"] == f"{case}?done=endorsed"
    assert "Knows the host well" in (await programme.as_("tigran").get(case)).text
    assert "Knows the host well" not in (await programme.as_("ani").get(f"/applications/mine/{made['id']}")).text
    again = await programme.as_("tigran").post(f"{case}/endorse", data={})
    assert again.headers["location"] == f"{case}?done=endorsed"
    late = await programme.as_("tigran").post(f"{case}/return", data={"languages": "Which certificate?"})
    assert late.status_code == 409
    assert "Which certificate?" in late.text
    types = [kind for kind, _, _ in await programme.journal("exchange.applications")]
    assert types.count("ApplicationEndorsed") == 1
    decide = f"/applications/cases/decide?act=eligibility&case={made['id']}&back=eligibility"
    question = (await programme.as_("programme").get(decide)).text
    assert made["reference"] in question
    chosen = await programme.as_("programme").post(decide, data=ticked_versions(question))
    assert "Decision saved for 1 application" in (await programme.as_("programme").get(chosen.headers["location"])).text
    queue = await programme.as_("tigran").get("/applications/cases?state=in_matching")
    assert made["reference"] in queue.text


async def test_a_question_is_answered_in_words(programme: Programme) -> None:
    """The coordinator's question is beside the field of the answer, which both read and no event contains."""
    made = await programme.submitted()
    mine, case = f"/applications/mine/{made['id']}", f"/applications/cases/{made['id']}"
    assert "Your answer to your coordinator" not in (await programme.as_("ani").get(f"{mine}/check")).text
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"languages": "Which test?"}})
    check = await programme.as_("ani").get(f"{mine}/check")
    assert "Which test?" in check.text
    assert "Your answer to your coordinator" in check.text
    long = await programme.as_("ani").post(f"{mine}/check", data={"text": "ვ" * 1001})
    assert long.status_code == 422
    assert "ვ" * 1001 in long.text
    unseen = await programme.as_("ani").post(f"{mine}/check", data={"text": "before\x00after"})
    assert unseen.status_code == 422
    api = f"/applications/{made['id']}/submit"
    await programme.post("ani", api, {"text": "before\x00after"}, 422)
    await programme.post("ani", api, {"text": "ვ" * 1001}, 422)
    sent = await programme.as_("ani").post(f"{mine}/check", data={"text": "IELTS, in May"})
    assert sent.headers["location"] == f"{mine}?done=submitted"
    twice = await programme.as_("ani").post(f"{mine}/check", data={"text": "IELTS, in June"})
    assert (twice.status_code, "the application is now “Submitted”" in twice.text) == (409, True)
    for subject, address in (("ani", mine), ("tigran", case)):
        shown = (await programme.as_(subject).get(address)).text
        assert "IELTS, in May" in shown
        assert "IELTS, in June" not in shown
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"languages": "And French?"}})
    await programme.post("ani", api, {"text": "Not yet"})
    assert "Not yet" in (await programme.as_("tigran").get(case)).text
    assert "IELTS" not in str(await programme.journal("exchange.applications"))


async def test_the_check_page_shows_all_answers(programme: Programme) -> None:
    """The check page shows earlier participation and private answers, of which the coordinator reads less."""
    made = await programme.submitted(took_part_before=True)
    shown = (await programme.as_("ani").get(f"/applications/mine/{made['id']}")).text
    assert "Took part before" in shown
    assert "Female" in shown
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"languages": "Which test?"}})
    for address in (f"/applications/cases/{made['id']}", f"/applications/cases/{made['id']}/return"):
        assert "Female" not in (await programme.as_("tigran").get(address)).text


async def test_the_clock_is_moved_in_a_local_run(programme: Programme) -> None:
    """The coordinator of a local run moves the clock by page and by API."""
    before = clock.now()
    moved = await programme.as_("programme").post("/applications/clock", data={"days": "3"})
    assert moved.status_code == 303
    await programme.post("programme", "/clock", {"days": 11})
    assert clock.now() - before >= timedelta(days=14)
    assert (await programme.as_("ani").get("/applications/clock")).status_code == 403


async def test_a_certificate_is_shown_and_verified(programme: Programme, feed: Feed) -> None:
    """The officer's certificate shows the name, the verification shows none, and nobody else sees it."""
    made = await programme.submitted()
    example = dict(outcomes.CertificateGranted.example) | {"application_id": made["id"]}
    await feed.deliver((outcomes.CertificateGranted.model_validate(example), new_id()))
    number = example["number"]
    page = await programme.as_("ani").get(f"/applications/certificates/{number}")
    assert "Ani Petrosyan" in page.text
    assert (await programme.as_("nino").get(f"/applications/certificates/{number}")).status_code == 404
    checked = await programme.as_("claire").get(f"/applications/verify/{number}")
    assert "This certificate is valid." in checked.text
    assert "Petrosyan" not in checked.text
    assert (await programme.as_("claire").get("/applications/verify/TC-0")).status_code == 404


async def test_officers_get_tickets_for_their_own_applications_only(programme: Programme) -> None:
    """An officer gets a ticket for their own application, and nobody else finds it."""
    made = await programme.submitted()
    body = {"purpose": "receipt", "application_id": made["id"]}
    way = await programme.post("ani", "/tickets", body, 201)
    assert way["link"].startswith(f"/matching/receipts/{made['id']}?ticket=")
    await programme.post("nino", "/tickets", body, 404)
    await programme.post("ani", "/tickets", body | {"purpose": "anything"}, 422)


def test_every_route_is_guarded(portal: FastAPI) -> None:
    """No route of the portal is without a guard."""
    assert len(every_route(portal)) > 60


def test_the_clock_cannot_be_moved_outside_a_local_run(
    portal: FastAPI, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control exists neither with a real clock nor outside a local run."""
    assert any("/clock" in str(route.path) for route, _ in every_route(portal))
    settled = create_app(Settings(**settings_for(migrated, local=False)), background=False)
    monkeypatch.delenv("TANDEM_CLOCK_FILE")
    fixed = create_app(Settings(**settings_for(migrated)), background=False)
    for app in (settled, fixed):
        assert not any("/clock" in str(route.path) for route, _ in every_route(app))


async def test_a_draft_is_deleted_without_a_reason(programme: Programme) -> None:
    """Throwing a draft away asks once more and for no reason; withdrawing what was submitted asks for one."""
    mine, officer = await _applied(programme), programme.as_("ani")
    response = await officer.get(f"{mine}/withdraw")
    assert "Delete this draft?" in response.text
    assert 'name="reason"' not in response.text
    gone = await officer.post(f"{mine}/withdraw")
    assert (gone.status_code, gone.headers["location"]) == (303, "/applications/?done=discarded")
    assert (await officer.get(mine)).status_code == 404

    made = await programme.submitted()
    submitted = f"/applications/mine/{made['id']}/withdraw"
    assert 'name="reason"' in (await officer.get(submitted)).text
    without = await officer.post(submitted)
    assert without.status_code == 422
    assert "Choose a reason" in without.text
    assert (await officer.post(submitted, data={"reason": "health"})).status_code == 303
    again = await officer.get(submitted)
    assert (again.status_code, again.headers["location"]) == (303, f"/applications/mine/{made['id']}")
