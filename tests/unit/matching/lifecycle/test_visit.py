"""The state machine of a visit: conclusions from attendance, and moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.schedule import Scheduled, Unscheduled
from services.matching.lifecycle.model import visit as visits
from shared.contracts import _examples as ex
from shared.contracts.codes import Party, Reason, UnschedulableCause, VisitState
from shared.contracts.lifecycle import allowed
from shared.contracts.visits import VisitMoveDropped, VisitOf

if TYPE_CHECKING:
    from services.matching.lifecycle.model.visit import Visit
    from shared.contracts.visits import VisitEvent

NOW = datetime(2026, 3, 16, 18, tzinfo=UTC)
MONDAY = date(2026, 3, 16)
DAYS = tuple(MONDAY + timedelta(days=after) for after in range(5))
OF = VisitOf.model_validate({name: value for name, value in ex.VISIT_PLAN.items() if name in VisitOf.model_fields})


def _scheduled() -> Visit:
    visit, events = visits.open_visit(UUID(ex.VISIT), OF, Scheduled(DAYS), days=5, agenda_due=NOW, now=NOW)
    assert [event.type for event in events] == ["VisitScheduled"]
    return visit


@given(st.permutations(DAYS), st.lists(st.booleans(), min_size=5, max_size=5))
def test_completed_exactly_if_every_required_day_was_attended(days: list[date], present: list[bool]) -> None:
    """In any order of records it starts with the first attended day and ends with the last record, each once."""
    visit, events_, recorded = _scheduled(), [], {}
    for day, here in zip(days, present, strict=True):
        recorded[day] = here
        before = visit.state
        visit, events = visits.attended(visit, recorded, now=NOW)
        for event in events:
            assert allowed(event.type, before) or len(events) > 1
        events_ += [event.type for event in events]
    expected = (
        ["VisitStarted", "VisitEnded", "VisitCompleted"]
        if all(present)
        else (["VisitStarted", "VisitEnded"] if any(present) else ["VisitNoShow"])
    )
    assert events_ == expected
    if any(present):
        assert visit.ended_on == max(day for day in DAYS if recorded[day])


def test_a_late_correction_can_still_complete_it() -> None:
    """A day first recorded as absent and then as present completes the visit."""
    visit, recorded = _scheduled(), dict.fromkeys(DAYS, True) | {DAYS[2]: False}
    visit, _ = visits.attended(visit, recorded, now=NOW)
    assert visit.state is VisitState.ENDED
    visit, events = visits.attended(visit, recorded | {DAYS[2]: True}, now=NOW)
    assert [event.type for event in events] == ["VisitCompleted"]
    assert visits.attended(visit, recorded, now=NOW) == (visit, ())


def test_time_over_ends_it_with_what_was_recorded() -> None:
    """If the host stops recording, the visit ends and is not completed."""
    visit, recorded = _scheduled(), {DAYS[0]: True}
    visit, _ = visits.attended(visit, recorded, now=NOW)
    visit, events = visits.time_over(visit, recorded, now=NOW)
    assert [event.type for event in events] == ["VisitEnded"]
    assert (visit.state, visit.ended_on) == (VisitState.ENDED, DAYS[0])


def test_a_visit_under_way_is_not_cancelled() -> None:
    """A visit under way can end early, but not be cancelled."""
    visit, _ = visits.attended(_scheduled(), {DAYS[0]: True}, now=NOW)
    assert visits.cancel(visit, Party.GUEST, Reason.OTHER, now=NOW) == (visit, ())


def test_a_visit_without_a_lawful_week_names_the_cause() -> None:
    """A visit without dates has no plan, names the cause, and ends without a fact of its own."""
    answer = Unscheduled(((UnschedulableCause.NOTICE_TOO_SHORT, 3),))
    visit, events = visits.open_visit(UUID(ex.VISIT), OF, answer, days=5, agenda_due=None, now=NOW)
    assert [event.type for event in events] == ["VisitUnschedulable"]
    visit, events = visits.cancel(visit, Party.PROGRAMME, Reason.OTHER, now=NOW)
    assert (visit.state, events) == (VisitState.CANCELLED, ())


def test_a_visit_whose_days_are_all_corrected_ends_without_attendance() -> None:
    """If the host corrects every day to absent, a visit that had begun ends with no day attended."""
    begun, _ = visits.attended(_scheduled(), {DAYS[0]: True}, now=NOW)
    visit, events = visits.attended(begun, dict.fromkeys(DAYS, False), now=NOW)
    assert (visit.state, visit.ended_on, [event.type for event in events]) == (
        VisitState.ENDED,
        DAYS[-1],
        ["VisitEnded"],
    )
    visit, _ = visits.time_over(begun, {DAYS[0]: False}, now=NOW)
    assert visit.state is VisitState.ENDED


LATER = tuple(day + timedelta(days=28) for day in DAYS)
DUE = NOW + timedelta(days=14)


def _proposed() -> Visit:
    visit, events = visits.propose_move(
        _scheduled(), Scheduled(LATER), Party.HOST, Reason.TIMETABLE_CONFLICT, due=DUE, now=NOW
    )
    assert [event.type for event in events] == ["VisitMoveProposed"]
    return visit


def _accept(visit: Visit, by: Party, *, number: int = 1, lawful: bool = True, at: datetime = NOW) -> visits.Step:
    return visits.accept_move(visit, by, number, lawful=lawful, agenda_due=NOW, at=at, now=at)


@given(st.permutations([Party.GUEST, Party.HOST]), st.lists(st.sampled_from([Party.GUEST, Party.HOST]), max_size=4))
def test_a_visit_moves_exactly_once_both_accepted(order: list[Party], again: list[Party]) -> None:
    """In either order, with repeated answers, it moves once; until then the old dates stand."""
    visit, events = _accept(_proposed(), order[0])
    for by in again:
        if by is order[0]:
            visit, events = _accept(visit, by)
    assert events == ()
    assert visit.plan is not None
    assert visit.plan.start == MONDAY
    visit, events = _accept(visit, order[1])
    assert [event.type for event in events] == ["VisitMoved"]
    assert visit.plan is not None
    assert (visit.plan.days, visit.proposal) == (LATER, None)
    for by in again:
        assert _accept(visit, by) == (visit, ())


def test_a_move_that_fails_leaves_the_old_dates() -> None:
    """A refusal, silence, a week taken meanwhile, or none found: published once with the cause, nothing moves."""
    proposed = _proposed()
    refused, events = visits.refuse_move(proposed, Party.GUEST, 1, Reason.NOT_AVAILABLE)
    assert _cause(events) == ("refused", Party.GUEST)
    assert visits.refuse_move(refused, Party.HOST, 1, Reason.OTHER) == (refused, ())
    assert visits.expire_move(proposed, now=DUE) == (proposed, ())
    expired, events = visits.expire_move(proposed, now=DUE + timedelta(seconds=1))
    assert _cause(events) == ("expired", Party.CLOCK)
    guest, _ = _accept(proposed, Party.GUEST)
    taken, events = _accept(guest, Party.HOST, lawful=False)
    assert _cause(events) == ("no_lawful_week", Party.HOST)
    none = Unscheduled(((UnschedulableCause.HOLIDAYS, 1),))
    sought, events = visits.propose_move(refused, none, Party.GUEST, Reason.OPERATIONAL_DUTY, due=DUE, now=NOW)
    assert _cause(events) == ("no_lawful_week", Party.GUEST)
    assert sought.moves == 2
    for visit in (refused, expired, taken, sought):
        assert visit.plan is not None
        assert (visit.plan.start, visit.proposal) == (MONDAY, None)


def _cause(events: tuple[VisitEvent, ...]) -> tuple[str, Party]:
    (event,) = events
    assert isinstance(event, VisitMoveDropped)
    return event.cause.value, event.by


def test_an_answer_to_another_proposal_or_too_late_changes_nothing() -> None:
    """The number and the deadline count, and only guest and host answer."""
    proposed = _proposed()
    assert _accept(proposed, Party.GUEST, number=2) == (proposed, ())
    assert _accept(proposed, Party.GUEST, at=DUE + timedelta(seconds=1)) == (proposed, ())
    assert _accept(proposed, Party.PROGRAMME) == (proposed, ())
    again = visits.propose_move(proposed, Scheduled(LATER), Party.GUEST, Reason.OTHER, due=DUE, now=NOW)
    assert again == (proposed, ())


def test_a_visit_without_dates_can_find_some() -> None:
    """Tried again in further periods it is scheduled, or stays unschedulable and says so again."""
    none = Unscheduled(((UnschedulableCause.NO_COMMON_WEEK, 3),))
    visit, _ = visits.open_visit(UUID(ex.VISIT), OF, none, days=5, agenda_due=None, now=NOW)
    still, events = visits.find_dates(visit, none, days=5, agenda_due=None, now=DUE)
    assert ([event.type for event in events], still.since) == (["VisitUnschedulable"], NOW)
    found, events = visits.find_dates(still, Scheduled(LATER), days=5, agenda_due=NOW, now=DUE)
    assert [event.type for event in events] == ["VisitScheduled"]
    assert found.state is VisitState.SCHEDULED
    assert visits.find_dates(found, Scheduled(DAYS), days=5, agenda_due=NOW, now=DUE) == (found, ())
