"""Tests of the tasks after a visit: shown with the application, as long as they are possible."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from services.applications.contacts.actions import ContactRequest, contacts
from services.applications.outcomes.actions import manager_links
from shared.contracts import outcomes, visits
from shared.contracts.codes import AudienceKind
from shared.identity.state import identity_of
from shared.identity.tickets import open_ticket
from shared.time import clock
from tests.integration.applications.availability.test_availability import button, stranger

if TYPE_CHECKING:
    import pytest

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def test_what_is_asked_after_the_visit_stands_with_the_application(abroad: Abroad) -> None:
    """Evaluation and report open reporting's forms by a ticket, and are shown as received once reporting says so."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = abroad.pairings[match_id]["application_id"]
    mine, client = f"/applications/mine/{application_id}", abroad.of.as_("ani")
    assert "Write your report" not in (await client.get(mine)).text
    assert f"{mine}/withdraw" in (await client.get(mine)).text
    plan = abroad.plan(match_id)
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.tell_visit(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.tell_visit(visits.VisitCompleted, visit_id, match_id, **counted)
    page = (await client.get(mine)).text
    for purpose in ("evaluation", "report"):
        assert f"/applications/visits/{visit_id}/forms/{purpose}" in page
    home = (await client.get("/applications/")).text
    assert "forms to fill in: AM-" in home
    assert "Nothing waits for you" not in home
    way = await client.get(f"/applications/visits/{visit_id}/forms/report")
    assert way.headers["location"].startswith("/reporting/reports/guest.")
    assert f"{mine}/withdraw" not in page
    asked = await client.get(f"{mine}/withdraw")
    assert (asked.status_code, asked.headers["location"]) == (303, mine)
    await abroad.post("ani", f"/applications/{application_id}/withdraw", {"reason": "other"}, 409)
    assert f"/applications/visits/{visit_id}/forms/cascade" in page
    passing = await client.get(f"/applications/visits/{visit_id}/forms/cascade")
    assert passing.headers["location"].startswith("/reporting/cascades/guest.")
    example = dict(outcomes.ReportSubmitted.example) | {"application_id": application_id, "visit_id": str(visit_id)}
    await abroad.feed.deliver((outcomes.ReportSubmitted.model_validate(example), visit_id))
    assert f"/applications/visits/{visit_id}/forms/report" not in (await client.get(mine)).text
    clock.move(timedelta(days=600))
    page = (await client.get(mine)).text
    assert "Say what you use of it" in page
    assert "Tell whom you reached" not in page, "the call gives twelve months for it"


async def link_of(programme: Programme, application_id: str, message: str = "deadline_near") -> str:
    """The way of the link that a mail to the line manager gets."""
    about = UUID(application_id)
    wanted = ContactRequest(AudienceKind.LINE_MANAGER, message, application_id=about, availability_of=about)
    return str((await contacts(programme.app.state.service.bus, "notifications", wanted))[0]["link"])


async def test_a_line_manager_gets_in_by_a_button_for_ten_minutes(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner's GET and a blind POST use nothing; the button gives a ticket; ten minutes on, a new link is sent."""
    application_id = (await programme.submitted("ani"))["id"]
    link = await link_of(programme, application_id)

    async def asked_anew() -> int:
        kinds = [kind for kind, _, _ in await programme.journal("exchange.applications")]
        return kinds.count("LineManagerLinkAsked")

    async with stranger(programme) as client:
        for _ in range(3):
            page = await client.get(link)
            assert (page.status_code, "Open the form" in page.text) == (200, True)
            assert "Ani" not in page.text
        assert (await client.post(link)).status_code == 409
        assert (await client.post(link.replace("?", "/renewal?"))).status_code == 303
        assert await asked_anew() == 0, "a good link is not renewed"
        for _ in range(2):
            way = await client.post(link, data={"press": button(page.text)})
            address = urlsplit(way.headers["location"])
            assert address.path == f"/reporting/follow-ups/line_manager.{application_id}"
        key = identity_of(programme.app).settings.ticket_public_key
        ticket = open_ticket(parse_qs(address.query)["ticket"][0], "follow_up", public_key=key)
        assert (ticket.person, ticket.subject) == (None, f"line_manager.{application_id}")
        monkeypatch.setattr(manager_links, "GOOD_FOR", timedelta(seconds=-1))
        over = await client.get(link)
        assert (over.status_code, "Send me a new link" in over.text) == (410, True)
        assert (await client.post(link, data={"press": button(page.text)})).status_code == 410
        for _ in range(2):
            await client.post(link.replace("?", "/renewal?"))
        assert "newest mail" in (await client.get(link)).text
        assert await asked_anew() == 1
        assert (await client.get(f"{manager_links.PAGE}?key=nothing")).status_code == 404


async def test_a_line_manager_s_link_ends_with_the_answer_and_with_the_office(abroad: Abroad) -> None:
    """Another line manager ends the first one's link; an answer ends the other's too."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = str(abroad.pairings[match_id]["application_id"])
    link = await link_of(abroad.of, application_id)
    named = {"name": "Levon Sarkisian", "email": "levon@police.example"}
    mine = f"/applications/api/applications/{application_id}/line-manager"
    assert (await abroad.of.as_("ani").put(mine, json=named)).status_code == 200
    other = await link_of(abroad.of, application_id)
    answer = dict(outcomes.FollowUpSubmitted.example) | {
        "application_id": application_id, "visit_id": str(visit_id), "by": "manager"
    }  # fmt: skip
    async with stranger(abroad.of) as client:
        assert [(await client.get(one)).status_code for one in (link, other)] == [404, 200]
        await abroad.feed.deliver((outcomes.FollowUpSubmitted.model_validate(answer), visit_id))
        assert "your answer is in" in (await client.get(other)).text


async def test_what_is_closed_ends_the_links_about_it_alone(abroad: Abroad) -> None:
    """A pair's visit closed: its link ends, the one about what is left does not; with the mentorship closed all do."""
    match_id = await abroad.mentor_matched()
    pair = await abroad.begun(match_id)
    visit_id = await abroad.pair_visit(match_id, pair)
    application_id = UUID(abroad.pairings[match_id]["application_id"])
    mine = f"/applications/mine/{application_id}"

    async def link_about(id_: UUID) -> str:
        wanted = ContactRequest(
            AudienceKind.LINE_MANAGER, "deadline_near", application_id=application_id, availability_of=id_
        )
        return str((await contacts(abroad.of.app.state.service.bus, "notifications", wanted))[0]["link"])

    async def closed(about: UUID) -> None:
        of = {"visit_id": visit_id, "mentorship_id": None} if about == visit_id else {"visit_id": None}
        said = {**outcomes.AnswerClosed.example, "application_id": application_id, "mentorship_id": pair, **of}
        asked = {"form": "follow_up", "respondent": "line_manager"}
        await abroad.feed.deliver((outcomes.AnswerClosed.model_validate({**said, **asked}), about))

    links = [await link_about(one) for one in (visit_id, pair, application_id)]
    async with stranger(abroad.of) as client:
        await closed(visit_id)
        assert [(await client.get(link)).status_code for link in links] == [410, 200, 200]
        assert f"{mine}/line-manager" in (await abroad.of.as_("nino").get(mine)).text
        await closed(pair)
        assert [(await client.get(link)).status_code for link in links] == [410] * 3
        assert f"{mine}/line-manager" not in (await abroad.of.as_("nino").get(mine)).text


async def test_a_line_manager_confirms_sessions_by_a_link_of_its_own(
    abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads to the sessions, not to the follow-up; ends when each is answered; a new one is for the same matter."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    about = {"application_id": str(abroad.pairings[match_id]["application_id"]), "visit_id": str(visit_id)}
    sessions = [{"cascade_id": str(uuid4())} for _ in range(2)]

    async def deliver(event: type[outcomes.OutcomeEvent], **changes: str) -> None:
        await abroad.feed.deliver((event.model_validate({**event.example, **about, **changes}), visit_id))

    for session in sessions:
        await deliver(outcomes.CascadeDelivered, **session)
    link = await link_of(abroad.of, about["application_id"], "cascade_to_confirm")
    async with stranger(abroad.of) as client:
        page = await client.get(link)
        assert "Was this session held?" in page.text
        way = await client.post(link, data={"press": button(page.text)})
        assert urlsplit(way.headers["location"]).path == f"/reporting/cascades/line_manager.{about['application_id']}"
        await deliver(outcomes.CascadeConfirmed, **sessions[0])
        assert (await client.get(link)).status_code == 200
        monkeypatch.setattr(manager_links, "GOOD_FOR", timedelta(seconds=-1))
        await client.post(link.replace("?", "/renewal?"))
        told_of = await abroad.of.journal("exchange.applications")
        payloads = [payload for kind, _, payload in told_of if kind == "LineManagerLinkAsked"]
        assert [each["matter"] for each in payloads] == ["cascade"]
        await deliver(outcomes.CascadeRefused, **sessions[1])
        assert "about every session" in (await client.get(link)).text
