"""The next step of a case follows from its facts, for every reader alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.codes import ApplicationKind, ApplicationState, MatchState, MentorshipState, VisitState
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.lifecycle import DEADLINES
from shared.next_steps import (
    CaseFacts,
    MatchFacts,
    NextStep,
    PairFacts,
    VisitFacts,
    first_due,
    first_dues,
    match_step,
    next_step,
    of_visit,
    owed,
    owner_word,
    pair_step,
    visit_step,
)
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDED_ON = date(2026, 3, 20)
DUE = clock.now().replace(microsecond=0) + timedelta(days=20)
"""A deadline that is ahead on whatever day the tests run."""
FORMS = {("evaluation", "guest"), ("report", "guest"), ("evaluation", "host")}
LATER = {("follow_up", "self"), ("follow_up", "manager"), ("evaluation", "national_coordinator")}
SENTENCES = {
    ("evaluation", "guest"): "The guest evaluates the visit.",
    ("report", "guest"): "The guest writes the report.",
    ("evaluation", "host"): "The host evaluates the visit.",
}
VISITORS = (A.APPLICANT, A.HOST_CONTACT)


def visit(
    received: set[tuple[str, str]], state: VisitState = VisitState.COMPLETED, *, certified: bool = False
) -> VisitFacts:
    """Return the facts about a visit that was attended to its end."""
    return VisitFacts(
        state=state, country="AM", ended_on=ENDED_ON, attended=True, certified=certified, received=frozenset(received)
    )


def subsets(forms: set[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Return all combinations of forms."""
    ordered = sorted(forms)
    return chain.from_iterable(combinations(ordered, count) for count in range(len(ordered) + 1))


@pytest.mark.parametrize("received", list(subsets(FORMS)))
def test_each_missing_form_is_named_with_its_respondent(received: tuple[tuple[str, str], ...]) -> None:
    """In every combination exactly the missing forms are named, with who owes them, until the earliest deadline."""
    missing = FORMS - set(received)
    step = visit_step(visit(set(received) | LATER))
    assert {form for form, sentence in SENTENCES.items() if sentence in step.step} == missing
    if not missing:
        assert step == NextStep("Programme", "The certificate is granted.")
        return
    holders = {of for _, of in missing}
    assert (
        step.holder
        == {("guest",): "Guest", ("host",): "Host", ("guest", "host"): "Guest and host"}[tuple(sorted(holders))]
    )
    assert step.due is not None
    days = 7 if any(form == "evaluation" for form, _ in missing) else 30
    assert (step.due.date() - ENDED_ON).days == days


@pytest.mark.parametrize("instead", [("waiver", "host"), ("closed_evaluation", "host")])
def test_a_form_that_is_no_longer_asked_for_is_not_waited_for(instead: tuple[str, str]) -> None:
    """A waived or closed evaluation by the host is not named any more."""
    assert "host" not in visit_step(visit((FORMS - {("evaluation", "host")}) | {instead})).step


def test_follow_ups_come_after_the_certificate() -> None:
    """Guest, line manager and sending country are named until all of them have answered; without completion nobody."""
    step = visit_step(visit(FORMS, certified=True))
    assert step.holder == "Guest · Line manager · National coordinator of Armenia"
    assert step.step == "Guest and line manager answer the follow-up. The sending country reports the results."
    assert step.due is not None
    assert step.due.date() == date(2026, 9, 20)
    assert visit_step(visit(FORMS | LATER, certified=True)) == NextStep()
    closed = {("closed_follow_up", "guest"), ("closed_follow_up", "line_manager")}
    assert visit_step(visit(FORMS | closed | {("evaluation", "national_coordinator")}, certified=True)) == NextStep()
    assert visit_step(visit(FORMS, VisitState.ENDED, certified=True)) == NextStep()


def test_a_certificate_that_is_missing_does_not_hide_an_overdue_follow_up() -> None:
    """The follow-ups come after the certificate while they have time, and first once they are overdue."""
    facts = visit(FORMS)
    assert (visit_step(facts).step == "The certificate is granted.") == (clock.today() <= date(2026, 9, 20))


def test_each_reader_is_addressed_for_their_own_part_only() -> None:
    """Guest and host read "you" for their own part, and all readers the same date."""
    guest, host = (visit_step(visit(set()), {by}) for by in VISITORS)
    assert (guest.holder, host.holder) == ("You and the host", "You and the guest")
    assert guest.step == "You evaluate it. You write the report. The host evaluates the visit."
    assert host.step == "The guest evaluates the visit. The guest writes the report. You evaluate it."
    assert guest.due == host.due == visit_step(visit(set())).due
    only_host = visit_step(visit({("evaluation", "guest"), ("report", "guest")}), {A.APPLICANT})
    assert (only_host.holder, only_host.step) == ("Host", "The host evaluates the visit.")


def test_a_mentorship_asks_both_to_sign_and_to_evaluate_it() -> None:
    """A side that has signed is not asked again; no report and no certificate belong to a mentorship."""
    opened = PairFacts(state=MentorshipState.OPENED, country="AM", due=DUE)
    assert pair_step(opened) == NextStep("Mentee and mentor", "Both sign the agreement, then it begins.", DUE)
    signed = PairFacts(state=MentorshipState.OPENED, country="AM", due=DUE, signed={A.MENTOR})
    assert pair_step(signed) == NextStep("Mentee", "The mentee signs the agreement.", DUE)
    assert pair_step(signed, {A.APPLICANT}) == NextStep("You", "You sign the agreement.", DUE)
    assert pair_step(PairFacts(state=MentorshipState.ACTIVE, country="AM"), {A.MENTOR}).holder == "You and the mentee"
    early = pair_step(PairFacts(state=MentorshipState.ENDED_EARLY, country="AM", ended_on=ENDED_ON))
    assert early.holder == "Mentee and mentor"
    assert early.step == "The mentee evaluates the mentorship. The mentor evaluates the mentorship."


def test_a_match_names_the_country_or_the_side_that_is_asked_now() -> None:
    """First the home country, then the host country, then each side that has not accepted."""

    def match(state: MatchState, **others: object) -> MatchFacts:
        kind = ApplicationKind.STUDY_VISIT
        return MatchFacts(state=state, kind=kind, country="AM", host_country="FR", due=DUE, **others)  # type: ignore[arg-type]  # fields of many types

    home = match_step(match(MatchState.PROPOSED))
    assert home == NextStep(
        "National coordinator of Armenia", "The home country clears it, then the host country.", DUE
    )
    host = match_step(match(MatchState.PROPOSED, home_cleared=True))
    assert host == NextStep("National coordinator of France", "The host country clears it.", DUE)
    assert match_step(match(MatchState.PROPOSED, refused=True)) == NextStep()
    both = match_step(match(MatchState.OFFERED))
    assert both == NextStep("Officer and host", "Both accept, or the next in line gets the offer.", DUE)
    officer = match_step(match(MatchState.OFFERED, accepted={A.HOST_CONTACT}))
    assert officer == NextStep("Officer", "The officer accepts or declines.", DUE)
    assert match_step(match(MatchState.OFFERED, accepted=set(VISITORS))).step == "The match is confirmed."
    assert match_step(match(MatchState.CLEARED, reserve=True)).step == (
        "When a place becomes free, it is offered at once."
    )


def test_before_travel_what_is_open_is_named_and_what_is_done_is_not() -> None:
    """Agenda, preparation and new dates are asked of those who have not done their part; then the visit begins."""
    start = clock.today() + timedelta(days=90)

    def scheduled(**others: object) -> VisitFacts:
        days = {"start": start, "end": start + timedelta(days=4), "agenda_due": DUE}
        return VisitFacts(state=VisitState.SCHEDULED, country="AM", **days, **others)  # type: ignore[arg-type]  # fields of many types

    everybody = {A.APPLICANT, A.HOST_CONTACT, A.HOME_COORDINATOR}
    both = visit_step(scheduled(prepared=everybody))
    assert both == NextStep("Guest and host", "Guest and host agree on the agenda.", DUE)
    assert (
        visit_step(scheduled(prepared=everybody), {A.APPLICANT}).step == "You agree on the agenda with the other side."
    )
    left = visit_step(scheduled(prepared=everybody, agreed={A.HOST_CONTACT}))
    assert left == NextStep("Guest", "The guest agrees to the agenda.", DUE)
    preparing = visit_step(scheduled(agreed=set(VISITORS), prepared={A.APPLICANT}))
    assert preparing.holder == "Host · National coordinator of Armenia"
    assert preparing.step == "Host and sending country prepare the visit."
    done = visit_step(scheduled(prepared=everybody, agreed=set(VISITORS)))
    assert (done.holder, done.due) == ("Guest and host", None)
    assert done.step.startswith("The visit begins on ")
    moving = visit_step(scheduled(prepared=everybody, agreed=set(VISITORS), move_due=DUE, move_accepted={A.APPLICANT}))
    assert moving == NextStep("Host", "The host accepts or refuses the new dates.", DUE)


@pytest.mark.parametrize("days_ago", [0, 2, 4, 5, 11])
def test_a_visit_that_has_begun_asks_for_attendance_only(days_ago: int) -> None:
    """From its first day until attendance is recorded, nobody is asked for an agenda or for preparation any more."""
    start = clock.today() - timedelta(days=days_ago)
    end = start + timedelta(days=4)
    facts = VisitFacts(state=VisitState.SCHEDULED, country="AM", start=start, end=end, agenda_due=DUE)
    assert [(item.kind, item.by) for item in of_visit(facts)] == [(D.ATTENDANCE, A.HOST_CONTACT)]
    step = visit_step(facts)
    assert (step.holder, step.step) == ("Host", "The host records attendance day by day.")
    assert step == visit_step(replace(facts, state=VisitState.UNDER_WAY))
    before = replace(facts, start=clock.today() + timedelta(days=1), end=clock.today() + timedelta(days=5))
    assert {item.kind for item in of_visit(before)} == {D.AGENDA, D.PREPARATION}


def test_a_draft_is_not_to_be_submitted_after_the_deadline() -> None:
    """Until the call's deadline a draft is to be submitted by then; after it nobody is asked for anything by a date."""
    draft = CaseFacts(kind=ApplicationKind.STUDY_VISIT, country="AM", state=ApplicationState.DRAFT)
    before = next_step(replace(draft, due=clock.now() + timedelta(minutes=1)), {A.APPLICANT})
    assert before.step == "You check it and submit it."
    after = next_step(replace(draft, due=clock.now() - timedelta(minutes=1)), {A.APPLICANT})
    assert after == NextStep("You", "The call's deadline has passed. You can delete the draft.")


@given(
    st.sampled_from(ApplicationState),
    st.sampled_from(ApplicationKind),
    st.none() | st.sampled_from(MatchState),
    st.none() | st.sampled_from(VisitState),
    st.none() | st.sampled_from(MentorshipState),
    st.frozensets(st.sampled_from(sorted(FORMS | LATER))),
    st.frozensets(st.sampled_from([A.APPLICANT, A.HOST_CONTACT, A.MENTOR, A.HOME_COORDINATOR])),
    st.sampled_from([60, 1, 0, -1, -60]),
)
def test_the_next_step_is_what_is_due_first(
    state: ApplicationState,
    kind: ApplicationKind,
    match: MatchState | None,
    of_visit_: VisitState | None,
    pair: MentorshipState | None,
    received: frozenset[tuple[str, str]],
    done: frozenset[A],
    starts_in: int,
) -> None:
    """In any combination of states a dated step is the first deadline, and every party reads the same date and step."""
    start = clock.today() + timedelta(days=starts_in)
    forms = {"received": received, "ended_on": ENDED_ON}
    case = CaseFacts(
        kind=kind,
        country="AM",
        state=state,
        due=DUE,
        match=None
        if match is None
        else MatchFacts(state=match, kind=kind, country="AM", host_country="FR", due=DUE, accepted=done),
        visits=[]
        if of_visit_ is None
        else [
            VisitFacts(
                state=of_visit_,
                country="AM",
                start=start,
                end=start,
                agenda_due=DUE,
                agreed=done,
                prepared=done,
                **forms,  # type: ignore[arg-type]  # fields of many types
            )
        ],
        pair=None
        if pair is None
        else PairFacts(
            state=pair,
            country="AM",
            due=DUE,
            signed=done,
            **forms,  # type: ignore[arg-type]  # fields of many types
        ),
    )
    step, items = next_step(case), owed(case)
    assert bool(step.holder) == bool(step.step)
    dues = first_dues(case)
    now = dues.due_then if dues.changes_at is not None and dues.changes_at <= clock.now() else dues.due
    assert now == first_due(items), "what is stored beforehand is the same on any day"
    if items and "certificate" not in step.step:
        assert step.due == first_due(items)
    kinds = {item.kind for item in items}
    assert of_visit_ is not VisitState.SCHEDULED or (D.ATTENDANCE in kinds) == (starts_in <= 0)
    assert D.ATTENDANCE not in kinds or not kinds & {D.AGENDA, D.PREPARATION}
    for item in items:
        assert item.by in DEADLINES[item.kind].owners
        assert owner_word(item.kind, item.by, "AM", mentored=kind is ApplicationKind.MENTEE)
    for reader in (A.APPLICANT, A.HOST_CONTACT, A.MENTOR):
        own = next_step(case, {reader})
        assert (own.due, bool(own.step)) == (step.due, bool(step.step))
        owes = bool(items) and min(items, key=lambda item: item.due or DUE).by is reader
        assert not owes or "certificate" in step.step or own.holder.startswith("You")


def test_nothing_is_asked_of_a_visit_that_does_not_take_place() -> None:
    """A cancelled visit, a no-show and one entered in error ask nobody for anything."""
    for state in (VisitState.CANCELLED, VisitState.NO_SHOW, VisitState.VOIDED):
        assert of_visit(visit(set(), state)) == []
        assert visit_step(visit(set(), state)) == NextStep()
    assert {item.kind for item in of_visit(visit(set()))} == {D.EVALUATION, D.REPORT, D.FOLLOW_UP, D.RESULTS}


LAPSING = {
    D.ANSWER: "The time to answer has passed. The offer expires. The next in line gets it, if any.",
    D.MOVE: "The time to answer has passed. The visit keeps its dates.",
    D.AGREEMENT: "The time to sign has passed. The mentorship ends.",
}
AROUND = st.timedeltas(timedelta(days=-3), timedelta(days=3))
"""The time since a date passed, or until it comes."""


def test_the_deadlines_that_lapse_are_those_that_refuse_a_late_answer() -> None:
    """A late answer, signature, test or appeal does not count; whatever else is overdue is still asked for."""
    assert {kind for kind, deadline in DEADLINES.items() if deadline.lapses} == {*LAPSING, D.APPEAL, D.TEST}


@given(
    st.sampled_from(sorted(LAPSING)), AROUND, st.frozensets(st.sampled_from([A.APPLICANT, A.HOST_CONTACT, A.MENTOR]))
)
def test_from_its_deadline_on_nobody_is_asked_for_what_lapses(kind: D, ahead: timedelta, done: frozenset[A]) -> None:
    """Between the deadline and the sweep the programme acts, nothing is overdue, and no reader is asked to answer."""
    due, start = clock.now() + ahead, clock.today() + timedelta(days=30)
    everybody = {A.APPLICANT, A.HOST_CONTACT, A.HOME_COORDINATOR}
    sort = ApplicationKind.MENTEE if A.MENTOR in done or kind is D.AGREEMENT else ApplicationKind.STUDY_VISIT
    match = MatchFacts(
        state=MatchState.OFFERED if kind is D.ANSWER else MatchState.CONFIRMED,
        kind=sort,
        country="AM",
        host_country="FR",
        due=due,
        accepted=done,
    )
    moving = VisitFacts(
        state=VisitState.SCHEDULED,
        country="AM",
        start=start,
        end=start,
        agreed=everybody,
        prepared=everybody,
        move_due=due,
        move_accepted=done,
    )
    pair = PairFacts(state=MentorshipState.OPENED, country="AM", due=due, signed=done)
    case = CaseFacts(
        kind=sort,
        country="AM",
        state=ApplicationState.ELIGIBLE,
        match=match,
        visits=[moving] if kind is D.MOVE else [],
        pair=pair if kind is D.AGREEMENT else None,
    )
    sides = {A.APPLICANT, A.MENTOR if sort is ApplicationKind.MENTEE and kind is not D.MOVE else A.HOST_CONTACT}
    left = sides - done
    assert {(item.kind, item.by) for item in owed(case)} == (
        {(kind, by) for by in left} if ahead > timedelta() else set()
    )
    dues = first_dues(case)
    stored = dues.due_then if dues.changes_at is not None and dues.changes_at <= clock.now() else dues.due
    assert stored == first_due(owed(case))
    for reader in ((), {A.APPLICANT}, {A.HOST_CONTACT}, {A.MENTOR}):
        step = next_step(case, reader)
        if left and ahead <= timedelta():
            assert step == NextStep("Programme", LAPSING[kind])
        else:
            assert step.step not in LAPSING.values()
            assert step.due == (due if left else None)


@given(AROUND, st.integers(0, 3), st.sampled_from([MentorshipState.ACTIVE, MentorshipState.PAUSED]))
def test_a_pair_reads_its_planned_end_before_it_and_what_follows_after_it(
    ahead: timedelta, missing: int, state: MentorshipState
) -> None:
    """Until the last day the pair is named, with that day; from the day after the programme is, for every reader."""
    until = (clock.now() + ahead).date()
    facts = PairFacts(state=state, country="AM", until=until, missing=missing)
    for reader in (set[A](), {A.APPLICANT}, {A.MENTOR}, {A.HOME_COORDINATOR}):
        step = pair_step(facts, reader)
        assert step.due is None
        if until < clock.today():
            assert step.holder == "Programme"
            ends = "The mentorship ends early." if missing else "The mentorship is completed."
            assert step.step.endswith(ends)
        else:
            assert step.holder in {"Mentee and mentor", "You and the mentor", "You and the mentee"}
            assert str(until.year) in step.step
            assert ("more confirmed" in step.step) == (bool(missing) and state is MentorshipState.ACTIVE)


BEFORE_MATCHING = {
    D.ENDORSEMENT: ApplicationState.SUBMITTED,
    D.INFORMATION: ApplicationState.RETURNED_FOR_INFORMATION,
    D.ELIGIBILITY: ApplicationState.ENDORSED,
    D.APPEAL_DECISION: ApplicationState.APPEALED,
}


@given(st.sampled_from([*BEFORE_MATCHING, D.HOME_CLEARANCE, D.HOST_CLEARANCE]), AROUND)
def test_an_overdue_task_that_can_still_be_done_keeps_its_holder(kind: D, ahead: timedelta) -> None:
    """A decision or a clearance that is overdue keeps its holder and its date."""
    due, sort = clock.now() + ahead, ApplicationKind.STUDY_VISIT
    cleared = kind is D.HOST_CLEARANCE
    proposed = MatchFacts(
        state=MatchState.PROPOSED, kind=sort, country="AM", host_country="FR", due=due, home_cleared=cleared
    )
    state = BEFORE_MATCHING.get(kind, ApplicationState.ELIGIBLE)
    match = proposed if state is ApplicationState.ELIGIBLE else None
    case = CaseFacts(kind=sort, country="AM", state=state, due=due, match=match)
    step = next_step(case)
    assert [item.kind for item in owed(case)] == [kind]
    assert step.due == due
    assert step.holder != "Programme"


@given(AROUND)
def test_a_draft_is_to_be_submitted_until_the_deadline_only(ahead: timedelta) -> None:
    """At any moment around the call's deadline the draft's step follows the clock."""
    draft = CaseFacts(
        kind=ApplicationKind.STUDY_VISIT, country="AM", state=ApplicationState.DRAFT, due=clock.now() + ahead
    )
    assert ("submits it" in next_step(draft).step) == (ahead > timedelta())
