"""Tests of the tasks after a visit: shown with the application while they are possible."""

from __future__ import annotations

import re
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
from shared.ids import new_number
from shared.time import clock
from tests.integration.applications.availability.test_availability import button, stranger

if TYPE_CHECKING:
    import pytest

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def test_tasks_after_the_visit_are_shown_with_the_application(abroad: Abroad) -> None:
    """Evaluation and report open the forms of reporting by a ticket, and are shown as received afterwards."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = abroad.pairings[match_id]["application_id"]
    mine, client = f"/applications/mine/{application_id}", abroad.of.as_("ani")
    assert "Write your report" not in (await client.get(mine)).text
    assert f"{mine}/withdraw" in (await client.get(mine)).text
    plan = abroad.plan(match_id)
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    page = (await client.get(mine)).text
    for purpose in ("evaluation", "report"):
        assert f"/applications/visits/{visit_id}/forms/{purpose}" in page
    home = (await client.get("/applications/")).text
    for purpose in ("evaluation", "report"):
        assert f"/applications/visits/{visit_id}/forms/{purpose}" in home
    assert "You have nothing to do" not in home
    way = await client.get(f"/applications/visits/{visit_id}/forms/report")
    assert way.headers["location"].startswith("/reporting/reports/guest.")
    assert f"{mine}/withdraw" not in page
    form = await client.get(f"{mine}/withdraw")
    assert (form.status_code, form.headers["location"]) == (303, mine)
    await abroad.post("ani", f"/applications/{application_id}/withdraw", {"reason": "other"}, 409)
    assert f"/applications/visits/{visit_id}/forms/cascade" in page
    passing = await client.get(f"/applications/visits/{visit_id}/forms/cascade")
    assert passing.headers["location"].startswith("/reporting/cascades/guest.")
    example = dict(outcomes.ReportSubmitted.example) | {"application_id": application_id, "visit_id": str(visit_id)}
    await abroad.feed.deliver((outcomes.ReportSubmitted.model_validate(example), visit_id))
    assert f"/applications/visits/{visit_id}/forms/report" not in (await client.get(mine)).text
    clock.move(timedelta(days=600))
    page = (await client.get(mine)).text
    assert "Complete the follow-up" in page
    assert "Report your training sessions at home" not in page, "the call gives twelve months for it"


def standing_of(page: str) -> str:
    """Return the words of a page's region about the state, each run of spaces as one."""
    region = page.partition('<section class="tandem-standing')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", region.partition(">")[2]).split())


async def test_pages_after_the_end_say_what_is_still_to_be_done(abroad: Abroad) -> None:
    """The pages of visit and application and the API name who still owes a form, until the certificate is there."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = abroad.pairings[match_id]["application_id"]
    ani = abroad.of.as_("ani")

    async def pages() -> tuple[str, str, str]:
        visit = standing_of((await ani.get(f"/applications/visits/{visit_id}")).text)
        mine = standing_of((await ani.get(f"/applications/mine/{application_id}")).text)
        listed = (await ani.get("/applications/api/v1/applications")).json()["items"]
        [summary] = [each for each in listed if each["id"] == application_id]
        detail = (await ani.get(f"/applications/api/v1/applications/{application_id}")).json()
        assert {name: summary[name] for name in ("holder", "next", "due")} == {
            name: detail[name] for name in ("holder", "next", "due")
        }
        return visit, mine, summary["next"]

    async def answer(kind: type[outcomes.OutcomeEvent], **values: str) -> None:
        example = dict(kind.example) | {"application_id": application_id, "visit_id": str(visit_id)} | values
        await abroad.feed.deliver((kind.model_validate(example), visit_id))

    plan = abroad.plan(match_id)
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    visit, mine, following = await pages()
    assert "You and the host" in visit
    assert "You and the host" in mine
    assert following in visit
    assert following == "You evaluate it. You write the report. The host evaluates the visit."
    await answer(outcomes.EvaluationSubmitted, respondent="guest")
    await answer(outcomes.ReportSubmitted)
    visit, mine, following = await pages()
    assert "Guest" not in visit
    assert "You" not in mine
    assert following == "The host evaluates the visit."
    await answer(outcomes.EvaluationSubmitted, respondent="host")
    assert (await pages())[2] == "The certificate is granted."
    await answer(outcomes.CertificateGranted, number=new_number("TC", 2026))
    visit, mine, following = await pages()
    later = "The line manager answers the follow-up. The sending country reports the results."
    assert following == "You and your line manager answer the follow-up. The sending country reports the results."
    assert following in visit
    await answer(outcomes.FollowUpSubmitted, by="self")
    assert (await pages())[2] == later
    await answer(outcomes.FollowUpSubmitted, by="manager")
    await answer(outcomes.EvaluationSubmitted, respondent="national_coordinator")
    visit, mine, following = await pages()
    assert following == ""
    assert "Next step" not in visit + mine


async def link_of(programme: Programme, application_id: str, message: str = "deadline_near") -> str:
    """Return the path of the link in a mail to the line manager."""
    about = UUID(application_id)
    wanted = ContactRequest(AudienceKind.LINE_MANAGER, message, application_id=about, availability_of=about)
    return str((await contacts(programme.app.state.service.bus, "notifications", wanted))[0].link)


async def test_a_line_manager_opens_the_form_by_a_button_for_ten_minutes(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GET or a POST without the button opens nothing, and after ten minutes a new link is sent."""
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
        assert "newest email" in (await client.get(link)).text
        assert await asked_anew() == 1
        assert (await client.get(f"{manager_links.PAGE}?key=nothing")).status_code == 404


async def test_a_link_ends_with_the_answer_or_a_new_line_manager(abroad: Abroad) -> None:
    """Naming another line manager ends the first link, and an answer ends the second."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = str(abroad.pairings[match_id]["application_id"])
    link = await link_of(abroad.of, application_id)
    named = {"name": "Levon Sarkisian", "email": "levon@police.example"}
    mine = f"/applications/api/v1/applications/{application_id}/line-manager"
    assert (await abroad.of.as_("ani").put(mine, json=named)).status_code == 200
    other = await link_of(abroad.of, application_id)
    answer = dict(outcomes.FollowUpSubmitted.example) | {
        "application_id": application_id, "visit_id": str(visit_id), "by": "manager"
    }  # fmt: skip
    async with stranger(abroad.of) as client:
        assert [(await client.get(case_id)).status_code for case_id in (link, other)] == [404, 200]
        await abroad.feed.deliver((outcomes.FollowUpSubmitted.model_validate(answer), visit_id))
        assert "We have received your answer" in (await client.get(other)).text


async def test_closed_forms_end_only_their_own_links(abroad: Abroad) -> None:
    """A closed form of a pair's visit ends its link only, and one of the mentorship ends all."""
    match_id = await abroad.mentor_matched()
    pair = await abroad.begun(match_id)
    visit_id = await abroad.pair_visit(match_id, pair)
    application_id = UUID(abroad.pairings[match_id]["application_id"])
    mine = f"/applications/mine/{application_id}"

    async def link_about(id_: UUID) -> str:
        wanted = ContactRequest(
            AudienceKind.LINE_MANAGER, "deadline_near", application_id=application_id, availability_of=id_
        )
        return str((await contacts(abroad.of.app.state.service.bus, "notifications", wanted))[0].link)

    async def closed(about: UUID) -> None:
        of = {"visit_id": visit_id, "mentorship_id": None} if about == visit_id else {"visit_id": None}
        values = {**outcomes.AnswerClosed.example, "application_id": application_id, "mentorship_id": pair, **of}
        question = {"form": "follow_up", "respondent": "line_manager"}
        await abroad.feed.deliver((outcomes.AnswerClosed.model_validate({**values, **question}), about))

    links = [await link_about(case_id) for case_id in (visit_id, pair, application_id)]
    async with stranger(abroad.of) as client:
        await closed(visit_id)
        assert [(await client.get(link)).status_code for link in links] == [410, 200, 200]
        assert f"{mine}/line-manager" in (await abroad.of.as_("nino").get(mine)).text
        await closed(pair)
        assert [(await client.get(link)).status_code for link in links] == [410] * 3
        assert f"{mine}/line-manager" not in (await abroad.of.as_("nino").get(mine)).text


async def test_a_line_manager_confirms_sessions_by_a_separate_link(
    abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link opens the sessions, ends when each is answered, and can be sent anew."""
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
        assert "about all sessions" in (await client.get(link)).text
