"""Each event becomes exactly one mail to each recipient, whatever is redelivered, refused or interrupted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import icalendar
import pytest
import sqlalchemy as sa

from services.notifications.consumers import consumers
from services.notifications.mail import actions as mail_actions
from services.notifications.mail.sending import dispatch
from services.notifications.mail.sending.delivery_log import Claim
from shared.bus import LeaseLost
from shared.contracts import _examples as ex
from shared.ids import new_id
from shared.time import clock
from tests.integration.notifications.conftest import (
    Catcher,
    Contacts,
    desk_of,
    post,
    published_events,
    rows,
    text_of,
    write,
)
from tests.integration.notifications.messages.test_pages import page
from tests.integration.notifications.stories import (
    APPLICATION,
    CALL,
    HOST,
    MATCH,
    MENTEE_PAIRING,
    OFFER,
    VISIT,
    at,
    event,
)
from tests.readers.calendars import READERS
from tests.rebuilding import empty_projections

if TYPE_CHECKING:
    from email.message import EmailMessage

    from fastapi import FastAPI

    from tests.support import Feed


async def test_one_fact_is_one_mail_to_each_person_it_concerns(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A submitted application is mailed to officer, coordinator and deputy, and to nobody else."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    await post(app)
    assert sorted(catcher.recipients) == [
        "applicant.only@police.example",
        "home_coordinator.deputy@police.example",
        "home_coordinator.first@police.example",
    ]
    events = await published_events(app)
    assert [(type_, story) for type_, story, _ in events] == [("NotificationSent", str(APPLICATION))] * 3
    assert {payload["rule"] for _, _, payload in events} == {"application_submitted", "application_to_endorse"}


async def test_a_mail_has_two_parts_a_thread_and_no_name_outside_its_greeting(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """A mail has the reference in its subject, the name in its greeting only, and its story's thread."""
    submitted = event("ApplicationSubmitted", due="2026-01-30T22:59:59Z")
    await feed.deliver((submitted, APPLICATION))
    await post(app)
    clock.move(timedelta(hours=1))
    await feed.deliver((event("ApplicationEndorsed"), APPLICATION))
    await post(app)
    first, second = catcher.to("applicant.only@police.example")
    assert first["subject"] == "[MD-2026-0042] We have your application"
    assert first["references"] == second["references"] != first["message-id"] != second["message-id"]
    assert first["to"].addresses[0].display_name == "Ștefan O'Only"
    text = text_of(first)
    html = text_of(first, "html")
    for part in (text, html):
        assert "Your national coordinator reviews it next and answers by 30 January 2026, 23:59 CET" in " ".join(
            part.split()
        )
        assert f"http://localhost:8000/applications/mine/{APPLICATION}" in part
    assert text.count("Ștefan") == 1
    assert "Ștefan" not in str(first["subject"])


async def test_redelivery_and_rebuild_send_nothing_again(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A redelivered event and a rebuilt projection send no second mail."""
    record = feed.record(event("ApplicationSubmitted"), APPLICATION)
    await feed.apply([record])
    await feed.apply([record, record])
    await post(app)
    bus = app.state.service.bus
    await empty_projections(bus, consumers, "system:test")
    assert await rows(app, 'SELECT 1 FROM "case"') == []
    await feed.apply([record])
    await post(app)
    assert len(catcher.raw) == 3
    assert len(await rows(app, 'SELECT 1 FROM "case"')) == 1


async def test_a_sender_without_its_lease_cannot_record_a_mail(app: FastAPI, feed: Feed) -> None:
    """A sender raises instead of committing when another process has taken over since it last looked."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    async with desk_of(app) as desk:
        async with app.state.service.bus.transaction("test") as tx:
            await tx.session.execute(sa.text("UPDATE lease SET epoch = epoch + 1"))
        assert desk.delivery_log.lease.sure
        with pytest.raises(LeaseLost):
            await desk.send_due()
    assert await published_events(app) == []


async def test_nothing_is_claimed_once_another_process_has_taken_over(app: FastAPI, feed: Feed) -> None:
    """An attempt that a sender claims under a lost lease is not recorded, so its mail is not handed over."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    async with desk_of(app) as desk:
        async with app.state.service.bus.transaction("test") as tx:
            await tx.session.execute(sa.text("UPDATE lease SET epoch = epoch + 1"))
        claim = Claim({new_id(): None}, asyncio.get_running_loop().create_future())
        with pytest.raises(LeaseLost):
            await desk.delivery_log.record([claim])
    assert not claim.claimed.done()


async def test_a_refused_address_is_a_failure_that_can_be_tried_again(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """A 5xx is a failure; a retry by hand sends the same notification."""
    submitted = event("ApplicationSubmitted", due="2026-01-30T22:59:59Z")
    await feed.deliver((submitted, APPLICATION), (event("ApplicationEndorsed"), APPLICATION))
    catcher.to_address = "550 No such user"
    await post(app)
    failed = [payload for type_, _, payload in await published_events(app) if type_ == "NotificationFailed"]
    assert failed
    assert {payload["cause"] for payload in failed} == {"refused"}
    assert all(payload["final"] for payload in failed)
    assert catcher.raw == []
    await post(app)
    assert len([1 for type_, _, _ in await published_events(app) if type_ == "NotificationFailed"]) == len(failed)
    catcher.to_address = "250 OK"
    (message,) = await rows(app, "SELECT id FROM message WHERE rule = 'application_endorsed'")
    await mail_actions.retry(app.state.service.bus, "system:test", message.id)
    await post(app)
    assert catcher.recipients == ["applicant.only@police.example"]
    assert (await rows(app, f"SELECT state FROM message WHERE id = '{message.id}'"))[0].state == "done"


@pytest.mark.parametrize("what", ["portal", "address", "mail", "server"])
async def test_mails_are_kept_while_portal_or_server_are_away(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, what: str
) -> None:
    """While portal or mail server are away nothing is lost; later each mail is sent once."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    settings = app.state.service.settings
    if what == "portal":
        contacts.away = True
    elif what == "address":
        catcher.to_address = "451 Later"
    elif what == "mail":
        catcher.to_mail = "452 Full"
    else:
        app.state.service.settings = settings.model_copy(update={"smtp_port": 1})
    await post(app)
    assert await published_events(app) == []
    waiting = await rows(app, "SELECT state, cause, attempts, next_at > now() AS later FROM message")
    assert [tuple(row) for row in waiting] == [("waiting", "unreachable", 1, True)] * 2
    contacts.away, catcher.to_address, catcher.to_mail = False, "250 OK", "250 OK"
    app.state.service.settings = settings
    async with app.state.service.bus.transaction("system:test") as tx:
        await tx.session.execute(sa.text("UPDATE message SET next_at = now()"))
    await post(app)
    assert len(catcher.raw) == 3
    assert len({mail["message-id"] for mail in catcher.mails}) == 3


async def test_a_message_without_known_recipients_is_a_failure(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """An audience without known people is a failure with its cause."""
    contacts.known = False
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    assert catcher.raw == []
    assert {(t, story, p["cause"]) for t, story, p in await published_events(app)} == {
        ("NotificationFailed", str(APPLICATION), "no_contact")
    }
    assert {row.state for row in await rows(app, "SELECT state FROM message")} == {"failed"}


async def test_a_clock_set_back_sends_nothing_twice_and_loses_nothing(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """After the clock is set back, sent mails are not repeated and queued ones are sent at once."""
    first = feed.record(event("ApplicationSubmitted"), APPLICATION)
    await feed.apply([first])
    await post(app)
    await feed.deliver((event("ApplicationSubmitted"), new_id()))
    async with app.state.service.bus.transaction("system:test") as tx:
        for column in ("queued_at", "next_at"):  # as a clock that ran an hour ahead has written them
            await tx.session.execute(sa.text(f"UPDATE message SET {column} = {column} + interval '1 hour'"))
    await feed.apply([first])
    catcher.to_address = "451 Later"
    await post(app)
    assert len(catcher.raw) == 3
    later = "SELECT next_at - now() < interval '1 minute' AS soon FROM message WHERE state = 'waiting'"
    assert {row.soon for row in await rows(app, later)} == {True}, "it is tried again in a few seconds, not at once"
    catcher.to_address = "250 OK"
    async with app.state.service.bus.transaction("system:test") as tx:  # it fell due, and then the clock was set back
        await tx.session.execute(sa.text("UPDATE message SET next_at = now() + interval '1 hour' WHERE attempts = 1"))
    await post(app)
    await post(app)
    assert len(catcher.raw) == 6
    assert len({mail["message-id"] for mail in catcher.mails}) == 6
    assert {row.state for row in await rows(app, "SELECT state FROM message")} == {"done"}


@pytest.mark.parametrize("batch", [1, 200])
async def test_a_message_from_a_machine_whose_clock_is_ahead_is_one_email(
    app: FastAPI, feed: Feed, catcher: Catcher, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """A message that another machine queued a moment later than it is here goes out once, in whatever batches."""
    monkeypatch.setattr(dispatch, "BATCH", batch)
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("VisitScheduled"), VISIT))
    await write(app, "UPDATE message SET queued_at = queued_at + interval '1 minute'")
    await post(app)
    assert len({mail["message-id"] for mail in catcher.mails}) == len(catcher.raw)
    assert {row.state for row in await rows(app, "SELECT state FROM message")} == {"done"}


@pytest.mark.parametrize("tried", [False, True])
async def test_a_contact_erased_before_the_mail_is_a_named_failure(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, *, tried: bool
) -> None:
    """An erased contact gets no mail; the failure and the log say so."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    if tried:
        catcher.to_address = "451 Later"
        await post(app)
        catcher.to_address = "250 OK"
        async with app.state.service.bus.transaction("system:test") as tx:
            await tx.session.execute(sa.text("UPDATE message SET next_at = now()"))
    contacts.erased = True
    await post(app)
    await post(app)
    assert catcher.raw == []
    causes = [(type_, payload["cause"], payload["final"]) for type_, _, payload in await published_events(app)]
    assert causes == [("NotificationFailed", "contact_erased", True)] * (3 if tried else 2)
    assert {tuple(row) for row in await rows(app, "SELECT state, cause FROM message")} == {("failed", "contact_erased")}
    assert "Contact erased" in await page(app, "programme", "/notifications/")
    (message, *_) = await rows(app, "SELECT id FROM message")
    shown = await page(app, "programme", f"/notifications/messages/{message.id}")
    assert "Contact erased" in shown
    assert "Send again" not in shown


async def test_an_invitation_is_sent_moved_and_cancelled(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Guest and host get the visit with one UID and a growing SEQUENCE, and at the end a CANCEL."""
    await feed.deliver(
        (event("OrganisationChanged"), HOST),
        (event("ApplicationSubmitted"), APPLICATION),
        (event("VisitScheduled"), VISIT),
    )
    moved = {"start": "2026-04-20", "end": "2026-04-24", "days": [f"2026-04-{day}" for day in range(20, 25)]}
    plan = {**event("VisitScheduled").model_dump(mode="json")["plan"], **moved}
    await feed.deliver((event("VisitMoved", plan=plan), VISIT))
    await feed.deliver((event("VisitCancelled", plan=plan, reason="partner_suspended"), VISIT))
    await post(app)
    for address in ("applicant.only@police.example", "host_contact.only@police.example"):
        invitations = []
        for mail in catcher.to(address):
            if mail.get_content_type() == "multipart/mixed":
                raw = invitation_in(mail)
                invitations.append(icalendar.Calendar.from_ical(raw))
                first, *others = [read(raw) for read in READERS]
                assert all(other == first for other in others)
                assert first.events[0].organizer == ("Tandem", "no-reply@tandem.example")
                assert first.events[0].attendees == ((mail["to"].addresses[0].display_name, address),)
        entries = [(str(invitation["METHOD"]), invitation.walk("VEVENT")[0]) for invitation in invitations]
        entries.sort(key=lambda entry: int(str(entry[1]["SEQUENCE"])))
        assert [method for method, _ in entries] == ["REQUEST", "REQUEST", "CANCEL"]
        assert len({str(entry["UID"]) for _, entry in entries}) == 1
        assert [int(str(entry["SEQUENCE"])) for _, entry in entries] == [1, 2, 3]
        begins = [entry.decoded("DTSTART").isoformat() for _, entry in entries]
        assert begins == ["2026-03-16T09:00:00+01:00", "2026-04-20T09:00:00+02:00", "2026-04-20T09:00:00+02:00"]
        assert str(entries[0][1]["LOCATION"]) == "Anti-cybercrime office, Lyon branch"
    assert any("Anti-cybercrime office" in text_of(mail) for mail in catcher.mails)


def invitation_in(mail: EmailMessage) -> bytes:
    """Return the calendar of an invitation: one alternative, the richest, and the same bytes as an attached file."""
    alternatives, attached = mail.iter_parts()
    plain, html, calendar = alternatives.iter_parts()
    assert alternatives.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in (plain, html)] == ["text/plain", "text/html"]
    assert (calendar.get_content_type(), attached.get_content_type()) == ("text/calendar", "application/ics")
    assert (attached.get_content_disposition(), attached.get_filename()) == ("attachment", "invite.ics")
    raw = attached.get_payload(decode=True)
    assert isinstance(raw, bytes)
    assert calendar.get_payload(decode=True) == raw
    assert f"METHOD:{calendar.get_param('method')}\r\n".encode() in raw
    return raw


async def test_a_question_is_answered_by_a_link_of_the_readers_own(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """An availability question has the portal's personal link, which is not stored."""
    offer, mentor = new_id(), new_id()
    await feed.deliver((event("OfferPublished"), offer), (event("AvailabilityAsked"), offer))
    await feed.deliver((event("MentorPublished"), mentor), (event("MentorAvailabilityAsked"), mentor))
    await post(app)
    clock.move(timedelta(hours=1))
    await feed.deliver((event("OfferEndorsed"), offer))
    await post(app)
    mails = {str(mail["subject"]): mail for mail in catcher.mails}
    for reference, about in (("FR-P-2026-0007", offer), ("RO-M-2026-0003", mentor)):
        ((_, mail),) = [
            each for each in mails.items() if each[0].startswith(f"[{reference}]") and "available" in each[0]
        ]
        for kind in ("plain", "html"):
            part = text_of(mail, kind)
            assert f"http://localhost:8000/applications/available?key=for-{about}" in part
    endorsed = next(mail for subject, mail in mails.items() if "endorsed" in subject)
    assert "available?key" not in str(endorsed)
    assert {question.get("availability_of") for question in contacts.questions} == {str(offer), str(mentor), None}
    for table in ("message", "notification", "journal"):
        kept = await rows(app, f"SELECT string_agg(t::text, '') AS text FROM {table} AS t")
        assert "available?key" not in kept[0].text


async def test_an_event_ahead_of_its_case_waits_for_it(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """An event that arrives before its case or application is announced once when both are there."""
    await feed.deliver((event("ClearanceGiven"), MATCH))
    await feed.deliver((event("MatchProposed"), MATCH))
    await post(app)
    assert catcher.raw == []
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    subjects = sorted(str(mail["subject"]) for mail in catcher.mails)
    assert subjects == [
        "[MD-2026-0042] 2 messages: A match needs your clearance; An application is waiting for you",
        "[MD-2026-0042] 2 messages: A match needs your clearance; An application is waiting for you",
        "[MD-2026-0042] A guest needs your clearance",
        "[MD-2026-0042] We have your application",
    ]


async def test_the_store_holds_no_name_no_address_and_no_text(app: FastAPI, feed: Feed, contacts: Contacts) -> None:
    """No table of the service has a name, an address or a mail's text."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    assert contacts.questions
    for (table,) in await rows(app, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"):
        content = str(await rows(app, f'SELECT t::text FROM "{table}" t'))
        for secret in ("Ștefan", "police.example", "Your national coordinator reviews"):
            assert secret not in content, table


async def test_mails_are_dated_by_the_programmes_clock(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A mail is dated by the programme's clock."""
    clock.move(timedelta(days=40))
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    assert abs((catcher.mails[0]["date"].datetime - clock.now()).total_seconds()) < 60


async def test_a_proposal_and_its_decision_are_mailed(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """A proposal goes to the programme coordinator, its decision to the proposer."""
    waits, refused, back = new_id(), new_id(), new_id()
    await feed.deliver((event("ProposalChanged"), waits), (event("ProposalChanged", state="taken_back"), back))
    await feed.deliver((event("ProposalChanged", state="refused"), refused))
    await post(app)
    assert sorted(zip(subjects(catcher), catcher.recipients, strict=True)) == [
        ("A proposal for the register is waiting for you", "programme_coordinator.only@police.example"),
        ("Your proposal is not approved", "person.only@police.example"),
    ]
    questions = [question for question in contacts.questions if question["audience"] == "person"]
    assert [question["recipient_id"] for question in questions] == [ex.PERSON]
    assert f"/applications/register/proposals/{waits}" in body(catcher.mails, "A proposal for the register")


async def test_a_suspension_and_a_reinstatement_are_mailed_to_the_country(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """Each is announced on its day, with the date."""
    await feed.deliver((event("PartnerStatusChanged", status="suspended"), "BY"))
    await post(app)
    assert set(subjects(catcher)) == {"Your country's part in the programme is suspended"}
    assert "from 1 February 2026" in body(catcher.mails, "Your country's part")
    catcher.raw.clear()
    catcher.recipients.clear()
    await feed.deliver((event("PartnerStatusChanged", status="reinstated"), "BY"))
    await post(app)
    assert set(catcher.recipients) == {f"home_coordinator.{name}@police.example" for name in ("first", "deputy")}
    assert set(subjects(catcher)) == {"Your country takes part again"}


async def test_owners_get_a_mail_when_their_country_is_reinstated(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A reinstatement reaches the owners of all that still pauses with the country, once each."""
    resumed, silent, abroad, mentor, second = (new_id() for _ in range(5))
    terms = event("OfferPublished").model_dump(mode="json")["terms"]
    for id_, country in ((OFFER, "BY"), (second, "BY"), (resumed, "BY"), (silent, "BY"), (abroad, "FR")):
        told_of = event("OfferPublished", terms={**terms, "country": country, "reference": f"{country}-P-2026-0001"})
        await feed.deliver((told_of, id_))
        cause = "silence" if id_ == silent else "partner_suspended"
        await feed.deliver((event("OfferPaused", cause=cause), id_))
    profile = event("MentorPublished").model_dump(mode="json")["profile"]
    await feed.deliver((event("MentorPublished", profile={**profile, "country": "BY"}), mentor))
    await feed.deliver((event("MentorPaused", cause="partner_suspended"), mentor), (event("OfferResumed"), resumed))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()
    clock.move(timedelta(hours=1))
    await feed.deliver((event("PartnerStatusChanged", status="reinstated"), "BY"))
    await post(app)
    assert sorted(catcher.recipients) == [
        "home_coordinator.deputy@police.example",
        "home_coordinator.first@police.example",
        "host_contact.only@police.example",
        "mentor.only@police.example",
    ]
    (placements,) = catcher.to("host_contact.only@police.example")
    assert placements["subject"] == "[BY-P-2026-0001] 2 messages: Your placement can continue"
    text = text_of(placements)
    assert all(text.count(f"/applications/offers/{id_}") == 1 for id_ in (OFFER, second))
    assert "Belarus takes part again" in body(catcher.mails, "Your profile can continue")


async def test_officers_who_gain_by_a_revision_get_one_mail(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A revision reaches the officers that it names, even if their application arrives later."""
    other = new_id()
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("CallRevised", touches=[str(APPLICATION), str(other)]), CALL))
    await feed.deliver((event("ApplicationSubmitted"), other))
    await feed.deliver((event("CallRevised"), CALL))
    await post(app)
    assert "4 messages: We have your application (2); The call was revised in your favour (2)" in subjects(catcher)


async def test_a_withdrawn_session_is_mailed_to_the_mentee(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """The mentee gets a message after the mentor withdraws a session."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("MatchProposed", pairing=MENTEE_PAIRING), MATCH))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()
    clock.move(timedelta(hours=1))
    await feed.deliver((event("SessionWithdrawn", by="mentor"), MATCH))
    await post(app)
    assert subjects(catcher) == ["A session was withdrawn"]
    assert catcher.recipients == ["applicant.only@police.example"]


async def test_a_planned_session_is_in_both_calendars(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """Mentee and mentor get a session planned, moved and cancelled under one UID."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("MatchProposed", pairing=MENTEE_PAIRING), MATCH))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()
    for name in ("SessionPlanned", "SessionMoved", "SessionCancelled"):
        await feed.deliver((event(name), MATCH))
    await feed.deliver((event("SessionCancelled", by=None, version=4), MATCH))
    await post(app)
    for reader in ("applicant.only@police.example", "mentor.only@police.example"):
        found = []
        for mail in catcher.to(reader):
            calendar, *others = [read(invitation_in(mail)) for read in READERS]
            assert all(other == calendar for other in others)
            (entry,) = calendar.events
            found.append((calendar.method, entry.uid, entry.sequence, *entry.moments))
        uid = f"session-{ex.MEETING}@tandem.example"
        first, second = at("2026-04-01T08:00:00"), at("2026-04-03T12:30:00")
        assert found == [
            ("REQUEST", uid, 1, first),
            ("REQUEST", uid, 2, second),
            ("CANCEL", uid, 3, first),
            ("CANCEL", uid, 4, first),
        ]
    planned, _, cancelled, by_itself = catcher.to("mentor.only@police.example")
    text = " ".join(text_of(planned).split())
    assert "1 April 2026, 11:00 (Moldova), 10:00 (France). Length: 60 minutes. Where: remote." in text
    assert f"http://localhost:8000/applications/mentorships/{ex.MENTORSHIP}" in text
    assert "Central European Time" not in text
    assert "Cancelled by: Mentor." in text_of(cancelled)
    assert "Cancelled by" not in text_of(by_itself)


async def test_each_gets_the_mail_in_the_language_that_the_portal_says(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """A mail is in its recipient's language; without a catalogue it is English."""
    contacts.languages = {"applicant": "ka", "home_coordinator": "fr"}
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(app)
    (mail,) = catcher.to("applicant.only@police.example")
    assert str(mail["subject"]) == "[MD-2026-0042] თქვენი განაცხადი მივიღეთ"
    assert mail["content-language"] == "ka"
    plain, html = (text_of(mail, kind) for kind in ("plain", "html"))
    assert "განაცხადის გახსნა" in plain
    assert '<html lang="ka">' in html
    assert "31 იანვარი 2026" in " ".join(plain.split())
    (other, _) = (mail for mail in catcher.mails if "An application is waiting" in str(mail["subject"]))
    assert other["content-language"] == "en"
    languages = {row.language for row in await rows(app, "SELECT language FROM notification")}
    assert languages == {"ka", "en"}


async def test_each_reads_a_deadline_by_the_own_clock(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Two readers of one deadline each read the office's time, and their own where it differs."""
    contacts.zones = {"applicant.only": "Asia/Yerevan", "home_coordinator.first": "Europe/Paris"}
    await feed.deliver((event("ApplicationSubmitted", due="2026-01-30T22:59:59Z"), APPLICATION))
    await post(app)
    texts = {
        name: " ".join(text_of(catcher.to(f"{name}@police.example")[0]).split())
        for name in ("applicant.only", "home_coordinator.first")
    }
    assert "by 30 January 2026, 23:59 CET (your time: 31 January, 02:59)." in texts["applicant.only"]
    assert "Your time zone: Armenia." in texts["applicant.only"]
    assert "by 30 January 2026, 23:59 CET: endorse it" in texts["home_coordinator.first"]
    assert "our time" not in texts["home_coordinator.first"]


def subjects(catcher: Catcher) -> list[str]:
    """Return the subjects of the mails without the reference."""
    return [str(mail["subject"]).rpartition("] ")[2] for mail in catcher.mails]


def body(mails: list[EmailMessage], subject: str) -> str:
    """Return the plain text of the mail with that subject."""
    mail = next(mail for mail in mails if subject in str(mail["subject"]))
    return text_of(mail)
