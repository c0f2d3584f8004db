"""People are reminded once and in time, and missed dates are escalated, wherever the clock is moved."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.deadlines.model.lists import DeadlineFilter
from services.notifications.deadlines.model.mornings import eve_of
from services.notifications.deadlines.model.rules import set_reminders
from services.notifications.deadlines.store import lists
from services.notifications.reminders.actions import deadlines
from services.notifications.settings import Settings
from shared.bus import LeaseLost
from shared.bus.db import leases
from shared.bus.db.leases import hold
from shared.contracts import _examples as ex
from shared.contracts.lifecycle import Unit
from shared.time import clock, workdays
from shared.time.arrival import ANSWERED_WITHIN
from tests.integration.notifications.conftest import Catcher, post, published_events, rows, text_of
from tests.integration.notifications.stories import (
    APPLICATION,
    CALL,
    MATCH,
    MENTEE_PAIRING,
    OFFER,
    VISIT,
    day,
    event,
    in_days,
)
from tests.rebuilding import empty_projections
from tests.support import Feed, settings_for
from tests.waiting import PATIENCE, until, watching_the_clock

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.contracts import Event


async def sweep(app: FastAPI, **moved: float) -> list[tuple[str, str]]:
    """Move the clock and sweep; return what was announced: (type, kind of deadline and its owner)."""
    clock.move(timedelta(**moved))
    before = len(await published_events(app))
    async with hold(app.state.service.bus, "deadlines") as lease:
        await deadlines.sweep(app.state.service.bus, lease, clock.now())
    new = (await published_events(app))[before:]
    return sorted((type_, f"{payload['kind']} {payload['owner']['kind']}") for type_, _, payload in new)


async def open_kinds(app: FastAPI) -> list[str]:
    """Return the open deadlines, kind and owner, without those of deputies."""
    found = await rows(app, "SELECT kind, owner FROM deadline WHERE open AND after IS NULL ORDER BY kind, owner")
    return [f"{row.kind} {row.owner}" for row in found]


async def test_a_reminder_then_the_passing_then_the_next_in_line(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A reminder comes three days before the date, and after it the missed date is escalated."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await post(app)
    catcher.raw.clear()
    catcher.recipients.clear()
    assert await sweep(app) == []
    assert await sweep(app, days=8) == [("DeadlineNear", "endorsement home_coordinator")]
    clock.move(timedelta(hours=12))  # past the morning of that day, whatever the hour is now
    await post(app)
    assert await sweep(app) == []
    assert await sweep(app, days=4) == [("DeadlinePassed", "endorsement home_coordinator")]
    assert await sweep(app, days=30) == []
    await post(app)
    said = sorted((str(mail["subject"]), whom) for mail, whom in zip(catcher.mails, catcher.recipients, strict=True))
    assert [(subject.split("] ")[1].split(":")[0].split(" by")[0], whom.split("@")[0]) for subject, whom in said] == [
        ("Due", "home_coordinator.deputy"),
        ("Due", "home_coordinator.first"),
        ("Overdue", "home_coordinator.deputy"),
        ("Overdue", "home_coordinator.first"),
        ("Still not done", "programme_coordinator.only"),
    ]


def standing_in(country: str, since: int, until: int | None = None) -> Event:
    """Make somebody a coordinator's deputy from a day to a day, counted from today."""
    grant = {"role": "national_coordinator", "country": country, "since": day(since), "deputy_for": "first"}
    return event("AccessChanged", grants=[grant | {"until": None if until is None else day(until)}], country=country)


async def passed(app: FastAPI) -> list[tuple[str, list[str], str | None]]:
    """Return whose deadlines passed, to whom each was escalated, and the new date."""
    found = [payload for type_, _, payload in await published_events(app) if type_ == "DeadlinePassed"]
    return [
        (
            payload["owner"]["kind"],
            [to["kind"] for to in payload["escalated_to"]],
            (payload["next_due"] or "")[:10] or None,
        )
        for payload in found
    ]


async def test_silence_goes_to_the_deputy_and_then_to_the_programme(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A missed date goes to the deputy in charge alone, and after the call's term to the programme."""
    terms = {**event("CallPublished").model_dump(mode="json")["terms"], "timers": {"deputy_wd": 4}}
    due = datetime.fromisoformat(in_days(10))
    await feed.deliver((standing_in("MD", 5, 12), "deputy"))
    await feed.deliver(
        (event("CallPublished", terms=terms), CALL), (event("ApplicationSubmitted", due=due.isoformat()), APPLICATION)
    )
    until = workdays.due(due, 4, Unit.WORKING_DAYS, "MD")
    clock.move(due + timedelta(minutes=1) - clock.now())
    assert await sweep(app) == [("DeadlinePassed", "endorsement home_coordinator")]
    assert await passed(app) == [("home_coordinator", ["home_deputy"], str(until.date()))]
    await post(app)
    clock.move(timedelta(days=1, hours=12))  # the morning after
    await post(app)
    both = list(zip(catcher.mails, catcher.recipients, strict=True))
    mail, whom = next((mail, whom) for mail, whom in both if "Still not done" in str(mail["subject"]))
    assert whom.startswith("home_deputy.only@")
    overdue = [whom.split("@")[0] for mail, whom in both if "Overdue" in str(mail["subject"])]
    assert overdue == ["home_coordinator.first"]
    assert f"{until.day} {until:%B %Y}" in text_of(mail)
    clock.move(until - timedelta(minutes=5) - clock.now())
    assert [announcement for announcement in await sweep(app) if announcement[0] == "DeadlinePassed"] == []
    assert await sweep(app, minutes=10) == [("DeadlinePassed", "endorsement home_deputy")]
    assert (await passed(app))[1:] == [("home_deputy", ["programme_coordinator"], None)]
    assert await sweep(app, days=60) == []


@pytest.mark.parametrize("deputy", [("MD", -9, 9), ("MD", 12, None), ("GE", 0, None)])
async def test_a_deputy_of_another_day_or_country_is_not_asked(
    app: FastAPI, feed: Feed, deputy: tuple[str, int, int | None]
) -> None:
    """Without a deputy on that day in that country the programme is asked at once."""
    await feed.deliver((standing_in(*deputy), "deputy"), (event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await sweep(app, days=11)
    assert await passed(app) == [("home_coordinator", ["programme_coordinator"], None)]
    assert await sweep(app, days=60) == []


async def test_nobody_stands_in_for_a_suspended_country(app: FastAPI, feed: Feed) -> None:
    """The deputy of a suspended country is not asked; the programme is."""
    await feed.deliver(
        (standing_in("MD", 5, 12), "deputy"), (event("ApplicationSubmitted", due=in_days(10)), APPLICATION)
    )
    await feed.deliver((event("PartnerStatusChanged", country="MD", status="suspended", since=day(7)), "MD"))
    await sweep(app, days=11)
    assert await passed(app) == [("home_coordinator", ["programme_coordinator"], None)]


async def test_a_deputy_is_asked_about_placements_and_both_clearances(app: FastAPI, feed: Feed) -> None:
    """The host's deputy is asked about placement and host clearance, the home deputy about home clearance."""
    host = event("MatchProposed").model_dump(mode="json")["pairing"]["host_country"]
    await feed.deliver((standing_in("MD", 0), "ours"), (standing_in(host, 0), "theirs"))
    await feed.deliver((event("OfferSubmitted", due=in_days(10)), OFFER), (event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("MatchProposed", due=in_days(10)), MATCH))
    await sweep(app, days=11)
    late = [payload[:2] for payload in await passed(app)]
    assert ("home_coordinator", ["home_deputy"]) in late
    assert ("host_coordinator", ["host_deputy"]) in late
    await feed.deliver((event("ClearanceGiven", host_due=in_days(10), host_country=host), MATCH))
    assert ("DeadlinePassed", "host_clearance host_coordinator") in await sweep(app, days=11)
    gone_on = [
        payload["escalated_to"][0]["kind"]
        for _, _, payload in await published_events(app)
        if payload["kind"] == "host_clearance"
    ]
    assert gone_on == ["host_deputy"]


async def test_the_deputy_of_a_mentors_eu_agency_is_asked(app: FastAPI, feed: Feed) -> None:
    """The deputy of the mentor's own EU agency is asked, and no other agency's."""
    pairing = {**MENTEE_PAIRING, "host_country": "EU"}
    grant = {"role": "clearance_officer", "country": "EU", "since": day(0), "deputy_for": "first"}
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    for place, audience in ((str(uuid4()), "programme_coordinator"), (ex.HOST_ORGANISATION, "host_deputy")):
        grants = [grant | {"organisation_id": place}]
        await feed.deliver((event("AccessChanged", grants=grants, country="EU"), f"deputy-{audience}"))
        match = uuid4()
        await feed.deliver((event("MatchProposed", pairing=pairing, due=in_days(10)), match))
        await feed.deliver((event("ClearanceGiven", host_due=in_days(10), host_country="EU"), match))
        await sweep(app, days=11)
        late = [
            payload
            for type_, _, payload in await published_events(app)
            if type_ == "DeadlinePassed" and payload["subject_id"] == str(match)
        ]
        late = [payload for payload in late if payload["kind"] == "host_clearance"]
        assert [to["kind"] for to in late[0]["escalated_to"]] == [audience]
        assert late[0]["owner"]["organisation_id"] == ex.HOST_ORGANISATION


async def test_an_endorsement_in_time_is_not_asked_for_again(app: FastAPI, feed: Feed) -> None:
    """An endorsement in time ends its deadline, and the next step has its own."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await feed.deliver((event("ApplicationEndorsed", due=in_days(20)), APPLICATION))
    assert await open_kinds(app) == ["eligibility programme_coordinator"]
    assert await sweep(app, days=15) == []
    await feed.deliver((event("ApplicationFoundEligible"), APPLICATION))
    assert await open_kinds(app) == []
    assert await sweep(app, days=60) == []


async def test_a_resubmitted_application_has_a_new_deadline(app: FastAPI, feed: Feed) -> None:
    """A resubmitted application gives the coordinator a new date and a new reminder."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    assert await sweep(app, days=8) == [("DeadlineNear", "endorsement home_coordinator")]
    await feed.deliver((event("ApplicationReturned", due=in_days(10)), APPLICATION))
    assert await open_kinds(app) == ["information applicant"]
    await feed.deliver((event("ApplicationResubmitted", due=in_days(10)), APPLICATION))
    assert await open_kinds(app) == ["endorsement home_coordinator"]
    assert await sweep(app, days=8) == [("DeadlineNear", "endorsement home_coordinator")]


async def test_a_question_is_reminded_once_after_the_calls_days(app: FastAPI, feed: Feed) -> None:
    """An officer is reminded of a question once, after the call's number of working days."""
    terms = {**event("CallPublished").model_dump(mode="json")["terms"], "timers": {"information_reminder_wd": 2}}
    await feed.deliver((event("CallPublished", terms=terms), CALL), (event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("ApplicationReturned", due=in_days(40)), APPLICATION))
    day = workdays.due(clock.now(), 2, Unit.WORKING_DAYS, "MD").date()
    clock.move(eve_of(day) - timedelta(minutes=5) - clock.now())
    assert await sweep(app) == []
    assert await sweep(app, minutes=10) == [("DeadlineNear", "information applicant")]
    assert await sweep(app, days=5) == []


async def test_each_side_has_its_own_answer(app: FastAPI, feed: Feed) -> None:
    """Only the side that has not answered is reminded."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("MatchOffered", due=in_days(10)), MATCH))
    await feed.deliver((event("AnswerGiven", by="guest"), MATCH))
    answers = [pair for pair in await open_kinds(app) if pair.startswith("answer")]
    assert answers == ["answer host_contact"]
    other = "019a0000-0000-7000-8000-0000000000aa"
    await feed.deliver((event("MatchOffered", due=in_days(10), pairing=MENTEE_PAIRING), other))
    answers = [pair for pair in await open_kinds(app) if pair.startswith("answer")]
    assert answers == ["answer applicant", "answer host_contact", "answer mentor"]


async def test_an_answer_that_arrives_before_its_question_counts(app: FastAPI, feed: Feed) -> None:
    """An answer that is read before its question still meets the deadline."""
    offered = feed.record(event("MatchOffered", due=in_days(10)), MATCH)
    clock.move(timedelta(hours=1))
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("AnswerGiven", by="host"), MATCH))
    await feed.apply([offered])
    assert "answer host_contact" not in await open_kinds(app)
    assert "answer applicant" in await open_kinds(app)


async def test_nobody_is_asked_to_prepare_a_visit_that_has_begun(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """From the first day of a visit, agenda and preparation are neither listed nor reminded of; attendance is."""
    plan = event("VisitScheduled").model_dump(mode="json")["plan"]
    days = [day(40), day(41)]
    plan |= {"start": days[0], "end": days[1], "days": days, "required_days": 2}
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("VisitScheduled", plan=plan, agenda_due=in_days(26)), VISIT))
    before = {"agenda applicant", "agenda host_contact", "preparation applicant", "preparation host_contact"}

    async def listed() -> set[str]:
        async with app.state.service.bus.read() as session:
            found, _ = await lists.deadlines_page(session, DeadlineFilter(clock.now()), 1, 100)
        return {f"{entry.deadline.kind} {entry.deadline.owner}" for entry in found}

    assert before <= await listed()
    clock.move(timedelta(days=18))  # the reminders of the agenda are near
    async with hold(app.state.service.bus, "deadlines") as lease:
        await deadlines.sweep(app.state.service.bus, lease, clock.now())
    await post(app)
    catcher.raw.clear()
    clock.move(timedelta(days=24))
    assert not {each for each in await listed() if each.startswith(("agenda", "preparation"))}
    assert "attendance host_contact" in await listed()
    announced = await sweep(app)
    assert not [what for _, what in announced if what.startswith(("agenda", "preparation"))]
    await post(app)
    assert not [mail for mail in catcher.mails if "agenda" in str(mail["subject"]).lower()]


async def test_after_a_visit_evaluation_report_and_follow_up_fall_due(app: FastAPI, feed: Feed) -> None:
    """The three follow the call's timers, and each is met by its own owner."""
    terms = {**event("CallPublished").model_dump(mode="json")["terms"], "timers": {"report_days": 20}}
    ended = {"ended_on": day(0)}
    await feed.deliver((event("CallPublished", terms=terms), CALL), (event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("VisitEnded", **ended), VISIT), (event("VisitCompleted", **ended), VISIT))
    found = await rows(app, "SELECT kind, owner, due FROM deadline WHERE open ORDER BY due, kind, owner")
    today = clock.today()
    after = [(f"{row.kind} {row.owner}", (row.due.date() - today).days) for row in found]
    mine = [each for each in after if not each[0].startswith("endorsement")]
    assert mine[:3] == [("evaluation applicant", 7), ("evaluation host_contact", 7), ("report applicant", 20)]
    later = ["follow_up applicant", "follow_up line_manager", "results home_coordinator"]
    assert [each for each, days in mine[3:] if 180 <= days <= 185] == later
    of_visit: dict[str, Any] = {"application_id": APPLICATION, "visit_id": VISIT}
    await feed.deliver((event("EvaluationSubmitted", respondent="host", **of_visit), VISIT))
    await feed.deliver((event("ReportSubmitted", **of_visit), VISIT))
    still = [pair for pair in await open_kinds(app) if not pair.startswith(("endorsement", "follow_up"))]
    assert still == ["evaluation applicant", "results home_coordinator"]
    await feed.deliver((event("EvaluationSubmitted", respondent="national_coordinator", **of_visit), VISIT))
    assert "results home_coordinator" not in await open_kinds(app)


async def test_a_test_falls_due_before_and_again_after_the_visit(app: FastAPI, feed: Feed) -> None:
    """A test is requested by one mail, keeps it when dates move, and is met by its score or with the visit."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("VisitScheduled"), VISIT))
    of_visit: dict[str, Any] = {"application_id": APPLICATION, "visit_id": VISIT}

    async def ask(phase: str, days: int, **said: Any) -> None:
        due = (clock.now() + timedelta(days=days)).isoformat()
        await feed.deliver((event("TestAsked", phase=phase, due=due, **of_visit, **said), VISIT))

    async def mails() -> list[str]:
        found = await rows(app, "SELECT rule FROM message WHERE rule LIKE 'test_%' ORDER BY rule")
        return [row.rule for row in found]

    await ask("pre", 40)
    assert await mails() == ["test_before_asked"]
    await ask("pre", 47, again=True)
    assert await mails() == ["test_before_asked"]
    assert "test applicant" in await open_kinds(app)
    await feed.deliver((event("TestScored", phase="pre", **of_visit), VISIT))
    assert "test applicant" not in await open_kinds(app)
    await ask("post", 30)
    assert await mails() == ["test_after_asked", "test_before_asked"]
    assert "test applicant" in await open_kinds(app)
    await feed.deliver((event("VisitVoided"), VISIT))
    assert "test applicant" not in await open_kinds(app)


async def test_a_right_that_lapses_is_nobodys_failure(app: FastAPI, feed: Feed) -> None:
    """An officer is reminded of the right to appeal; after the date nothing is overdue."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await feed.deliver((event("ApplicationNotEndorsed", appeal_until=in_days(10)), APPLICATION))
    assert await sweep(app, days=8) == [("DeadlineNear", "appeal applicant")]
    assert await sweep(app, days=8) == []


async def test_a_rebuild_reminds_nobody_twice(app: FastAPI, feed: Feed) -> None:
    """A rebuild keeps the record of announcements, so no second reminder is sent."""
    record = feed.record(event("ApplicationSubmitted", due=in_days(10)), APPLICATION)
    await feed.apply([record])
    assert len(await sweep(app, days=8)) == 1
    await empty_projections(app.state.service.bus, consumers, "system:test")
    assert await sweep(app) == []
    await feed.apply([record])
    assert await open_kinds(app) == ["endorsement home_coordinator"]
    assert await sweep(app) == []


async def test_only_the_holder_of_the_lease_sweeps(app: FastAPI, feed: Feed) -> None:
    """A sweep under a lost lease changes nothing."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    clock.move(timedelta(days=30))
    bus = app.state.service.bus
    lease = await leases.acquire(bus, "deadlines")
    assert lease is not None
    await leases.release(bus, lease)
    with pytest.raises(LeaseLost):
        await deadlines.sweep(bus, lease, clock.now())
    assert await published_events(app) == []


class Reading:
    """A reader that reports these numbers of unread records, one after the other, and then the last."""

    def __init__(self, *behind: int | None) -> None:
        """Keep the numbers to report."""
        self._left = list(behind)

    def behind(self) -> int | None:
        """Return how many records are not applied yet."""
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


@pytest.mark.parametrize(("behind", "sweeps"), [((0,), True), ((None, 7, 0), True), ((7,), False), ((None,), True)])
async def test_after_a_standstill_the_answers_are_read_first(
    app: FastAPI, behind: tuple[int | None, ...], *, sweeps: bool
) -> None:
    """No sweep runs while the log may hold an answer; a process without partitions does not wait longer."""
    app.state.service.reader = Reading(*behind)
    assert await deadlines.caught_up(app.state.service, patience=0.6) is sweeps


async def test_deadlines_of_months_are_announced_once_in_order(app: FastAPI, feed: Feed) -> None:
    """After a leap of months each deadline is announced once, in order, and not again after a restart."""
    days = {uuid4(): count for count in (40, 10, 25, 33)}
    for id_, count in days.items():
        await feed.deliver((event("ApplicationSubmitted", due=in_days(count)), id_))
    await feed.deliver((standing_in("MD", 30), "deputy"), (event("ApplicationEndorsed", due=in_days(200)), APPLICATION))
    clock.move(timedelta(days=120))
    bus = app.state.service.bus
    async with hold(bus, "deadlines") as lease:
        assert await deadlines.sweep(bus, lease, clock.now()) == 6
    said = [row.said for row in await rows(app, "SELECT payload::jsonb AS said FROM outbox ORDER BY position")]
    found = [(deadline["due"], deadline["owner"]["kind"], deadline["subject_id"]) for deadline in said]
    assert [due for due, _, _ in found] == sorted(due for due, _, _ in found)
    coordinators = [id_ for _, kind, id_ in found if kind == "home_coordinator"]
    assert coordinators == [str(id_) for id_, _ in sorted(days.items(), key=lambda each: each[1])]
    assert [kind for _, kind, _ in found].count("home_deputy") == 2
    async with hold(bus, "deadlines") as lease:
        assert await deadlines.sweep(bus, lease, clock.now()) == 0


async def test_a_clock_set_back_repeats_no_announcement(app: FastAPI, feed: Feed) -> None:
    """After the clock is set back nothing is repeated, and the rest is announced in its time."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    bus, now = app.state.service.bus, clock.now()
    seen = []
    for days in (8, 2, 8, 11, 5, 9, 11):
        async with hold(bus, "deadlines") as lease:
            seen.append(await deadlines.sweep(bus, lease, now + timedelta(days=days)))
    assert seen == [1, 0, 0, 1, 0, 0, 0]


async def test_an_installation_says_how_long_before_people_are_reminded(migrated: str) -> None:
    """The setting changes or turns off reminders by kind; an unknown kind is refused by name."""
    with pytest.raises(ValidationError, match="endorsment"):
        Settings(**settings_for(migrated, reminders={"endorsment": 6}))
    app = create_app(
        Settings(**settings_for(migrated, reminders={"endorsement": 6, "eligibility": 0})), background=False
    )
    try:
        feed = Feed(app.state.service.bus, consumers)
        await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
        assert await sweep(app, days=3) == []
        assert await sweep(app, days=2) == [("DeadlineNear", "endorsement home_coordinator")]
        await feed.deliver((event("ApplicationEndorsed", due=in_days(14)), APPLICATION))
        assert await sweep(app, days=8) == []
        assert [type_ for type_, _ in await sweep(app, days=9)] == ["DeadlinePassed"]
    finally:
        set_reminders({})
        await app.state.service.bus.close()


async def test_a_date_that_was_moved_or_withdrawn_never_fires(app: FastAPI, feed: Feed) -> None:
    """An extended deadline is announced at its new date only, a withdrawn one never."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await feed.deliver((event("ApplicationChanged", due=in_days(30), state="submitted"), APPLICATION))
    assert await sweep(app, days=20) == []
    assert await sweep(app, days=8) == [("DeadlineNear", "endorsement home_coordinator")]
    await feed.deliver((event("ApplicationWithdrawn"), APPLICATION))
    assert await sweep(app, days=30) == []


async def test_a_deadline_gets_its_holder_when_the_case_arrives(app: FastAPI, feed: Feed) -> None:
    """A deadline whose case arrives later gets its holder then, and is announced."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await feed.deliver((event("ClearanceGiven", host_due=in_days(10)), MATCH))
    query = "SELECT holder_key, country FROM deadline WHERE kind = 'host_clearance' AND owner = 'host_coordinator'"
    assert [tuple(row) for row in await rows(app, query)] == [(None, None)]
    await feed.deliver((event("MatchProposed", due=in_days(10)), MATCH))
    await sweep(app)
    assert [tuple(row) for row in await rows(app, query)] == [("office:FR", "FR")]


async def test_the_loop_feels_a_moved_clock_within_seconds(
    app: FastAPI, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running loop announces a deadline soon after the clock is moved past it and what was under way then."""
    app.state.service.reader = Reading(0)
    due = in_days(10)
    await feed.deliver((event("ApplicationSubmitted", due=due), APPLICATION))

    async def passed() -> bool:
        return "DeadlinePassed" in [type_ for type_, _, _ in await published_events(app)]

    waits = watching_the_clock(monkeypatch)
    loop = asyncio.create_task(deadlines.watch_deadlines(app.state.service))
    try:
        await asyncio.wait_for(waits.wait(), PATIENCE)
        waits.clear()
        clock.move(datetime.fromisoformat(due) - clock.now() + ANSWERED_WITHIN - timedelta(minutes=1))
        await asyncio.wait_for(waits.wait(), PATIENCE)
        assert not await passed()
        clock.move(timedelta(minutes=2))
        await until(passed, "a deadline is announced", unless=loop)
    finally:
        loop.cancel()
        await asyncio.wait([loop])


async def test_a_line_manager_is_reminded_once_by_mail(app: FastAPI, feed: Feed, catcher: Catcher) -> None:
    """A line manager is reminded of the follow-up by one mail with the portal's link."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitCompleted", ended_on=day(0)), VISIT))
    told_now = await sweep(app, days=175)
    assert ("DeadlineNear", "follow_up line_manager") in told_now
    assert ("DeadlineNear", "follow_up applicant") in told_now
    await post(app)
    assert len([whom for whom in catcher.recipients if whom.startswith("line_manager")]) == 1
    assert ex.APPLICATION in str([payload for _, _, payload in await published_events(app)])


async def test_a_line_manager_gets_the_link_though_there_was_an_email(
    app: FastAPI, feed: Feed, catcher: Catcher
) -> None:
    """A reminder with a link to answer by does not wait for the hour after another email about the case."""
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("VisitCompleted", ended_on=day(0)), VISIT))
    clock.move(timedelta(days=175))
    await feed.deliver((event("CascadeDelivered"), APPLICATION))
    await post(app)
    managers = [whom for whom in catcher.recipients if whom.startswith("line_manager")]
    assert ("DeadlineNear", "follow_up line_manager") in await sweep(app)
    await post(app)
    assert [whom for whom in catcher.recipients if whom.startswith("line_manager")] == managers * 2
