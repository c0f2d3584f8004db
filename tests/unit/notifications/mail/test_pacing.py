"""A reader gets at most one email about a case in an hour, unless something has to come at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.mail.sending.pacing import HOUR, Candidate, Key, waits
from services.notifications.messages.model.table import RULES

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
READER, CASE = UUID(int=1), UUID(int=2)


@dataclass(frozen=True)
class _Sent:
    """An email: when it went, to whom, and what was in it."""

    at: datetime
    recipient: UUID
    parts: tuple[Candidate, ...]

    def about(self, case: UUID) -> list[Candidate]:
        """Return what of it is about a case."""
        return [part for part in self.parts if part.case == case]


@dataclass
class _Desk:
    """Sends what is due, as the dispatcher does: with those that wait, where something has to come at once."""

    waiting: dict[Candidate, datetime] = field(default_factory=dict)
    latest: dict[Key, datetime] = field(default_factory=dict)
    sent: list[_Sent] = field(default_factory=list)

    def look(self, now: datetime, arrived: list[Candidate]) -> None:
        leads = {each.key for each in arrived if each.at_once}
        due = [each for each, until in self.waiting.items() if until <= now or each.key in leads] + arrived
        paused = waits(due, self.latest, now)
        emails: dict[tuple[UUID, object], list[Candidate]] = {}
        for each in due:
            self.waiting.pop(each, None)
            if each.id in paused:
                self.waiting[each] = paused[each.id]
            else:
                self.latest[each.key] = now
                emails.setdefault((each.recipient, each.to), []).append(each)
        self.sent += [_Sent(now, recipient, tuple(parts)) for (recipient, _), parts in emails.items()]

    def run(self, until: datetime) -> None:
        while self.waiting and (next_at := min(self.waiting.values())) <= until:
            self.look(next_at, [])


_ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 70), st.integers(0, 1), st.integers(0, 1), st.sampled_from("aaab"), st.sampled_from([0, 0, 0, 1])
    ),
    min_size=1,
    max_size=30,
)


def _after(arrivals: list[tuple[int, int, int, str, int]]) -> tuple[_Desk, dict[Candidate, datetime]]:
    """Return the desk after all has been sent, and when each message arrived."""
    desk, now, came = _Desk(), START, {}
    for number, (minutes, reader, case, to, at_once) in enumerate(arrivals):
        now += timedelta(minutes=minutes)
        desk.run(now)
        each = Candidate(UUID(int=100 + number), UUID(int=reader), UUID(int=10 + case), to, bool(at_once))
        came[each] = now
        desk.look(now, [each])
    desk.run(now + 100 * HOUR)
    return desk, came


@given(_ARRIVALS)
def test_an_hour_lies_between_two_emails_about_a_case(arrivals: list[tuple[int, int, int, str, int]]) -> None:
    """Each message is in exactly one email; a second one about a case within the hour has something to come at once."""
    desk, came = _after(arrivals)
    assert sorted(part.id for email in desk.sent for part in email.parts) == sorted(each.id for each in came)
    assert not desk.waiting
    for number, email in enumerate(desk.sent):
        for part in email.parts:
            assert came[part] <= email.at
            assert not part.at_once or came[part] == email.at
            for earlier in desk.sent[:number]:
                if earlier.recipient == email.recipient and earlier.about(part.case) and email.at < earlier.at + HOUR:
                    assert any(each.at_once for each in email.about(part.case)), (earlier, email)


@given(_ARRIVALS)
def test_nothing_waits_longer_than_an_hour_after_the_last_email(
    arrivals: list[tuple[int, int, int, str, int]],
) -> None:
    """A waiting message goes at the end of the hour that began with the last email about its case."""
    desk, came = _after(arrivals)
    for number, email in enumerate(desk.sent):
        for part in email.parts:
            before = [
                each.at for each in desk.sent[:number] if each.recipient == part.recipient and each.about(part.case)
            ]
            assert email.at <= max([came[part], *(at + HOUR for at in before)])


def _part(number: int, *, at_once: bool = False, as_it_was: bool = False, to: str = "a") -> Candidate:
    return Candidate(UUID(int=number), READER, CASE, to, at_once, as_it_was)


def test_the_first_message_about_a_case_goes_at_once() -> None:
    """Nothing waits where nothing went within the hour; a moment ahead of the clock does not count."""
    key = (READER, CASE)
    assert waits([_part(1), _part(2)], {}, START) == {}
    assert waits([_part(1)], {key: START - HOUR}, START) == {}
    assert waits([_part(1)], {key: START + timedelta(days=3)}, START) == {}
    moment = START - timedelta(minutes=59)
    assert waits([_part(1)], {key: moment}, START) == {_part(1).id: moment + HOUR}


def test_urgent_messages_take_the_waiting_ones_along() -> None:
    """A message that comes at once takes along what goes to the same address, and nothing else."""
    latest = {(READER, CASE): START}
    assert waits([_part(1), _part(2, at_once=True)], latest, START) == {}
    other = _part(1, to="b")
    assert waits([other, _part(2, at_once=True)], latest, START) == {other.id: START + HOUR}


def test_a_second_attempt_goes_as_it_was() -> None:
    """An email that may have arrived is sent again alone; what came since waits for the end of its hour."""
    again, new = _part(1, as_it_was=True), _part(2)
    assert waits([again, new], {}, START) == {new.id: START + HOUR}


def test_the_messages_that_come_at_once_are_known_by_name() -> None:
    """The rows that do not wait: access, links and codes, what was refused or cancelled, and dates for calendars."""
    calendar = {
        *("session_planned", "session_planned_mentor", "visit_moved", "visit_moved_host"),
        *("visit_scheduled", "visit_scheduled_host"),
    }
    cancelled = {
        *("application_cancelled", "application_voided", "match_cancelled", "match_cancelled_host", "mentee_cancelled"),
        *("pair_visit_refused", "pair_visit_refused_mentor", "place_lost", "visit_cancelled", "visit_cancelled_home"),
        *("visit_cancelled_host", "visit_no_show", "visit_no_show_guest", "visit_voided", "visit_voided_host"),
        *("session_cancelled", "session_cancelled_mentor", "session_moved", "session_moved_mentor"),
        *("certificate_revoked", "offer_paused_with_partner", "mentor_paused_with_partner", "partner_suspended"),
    }
    access = {"access_lapsed", "address_to_confirm", "partner_reinstated"}
    links = {
        *(
            "answer_asked_manager",
            "cascade_reminder",
            "cascade_to_confirm",
            "line_manager_link",
            "line_manager_link_cascade",
        ),
        *("mentor_availability", "offer_availability"),
    }
    assert {rule.name for rule in RULES if rule.at_once} == calendar | cancelled | access | links
