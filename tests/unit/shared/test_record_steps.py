"""The meaning and the next step of a record follow from its facts: placements, mentors, calls, partners, periods."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import (
    CallState,
    CloseCause,
    MentorState,
    OfferState,
    PartnerStatus,
    PauseCause,
    PeriodState,
    ProposalState,
)
from shared.next_steps import (
    CallFacts,
    Described,
    MentorFacts,
    PartnerFacts,
    PeriodFacts,
    PlacementFacts,
    ProposalFacts,
    call_standing,
    partner_standing,
    period_standing,
    placement_standing,
    profile_standing,
    proposal_standing,
)
from shared.time import clock
from shared.web import states
from shared.web.states import Standing, state

DUE = datetime(2026, 12, 4, 22, 59, 59, tzinfo=UTC)


def _cause(code: str) -> st.SearchStrategy[PauseCause | CloseCause | None]:
    """Return the causes that a state can have."""
    if code == OfferState.PAUSED:
        return st.sampled_from(PauseCause)
    return st.sampled_from(CloseCause) if code == OfferState.CLOSED else st.none()


def _due(code: str) -> st.SearchStrategy[datetime | None]:
    """Return the deadlines that a state can have: an endorsement has one, an answer may be asked for."""
    if code == OfferState.SUBMITTED:
        return st.just(DUE)
    return st.sampled_from((DUE, None)) if code == OfferState.PUBLISHED else st.none()


YES_OR_NO = {name: st.booleans() for name in ("call_open", "suspended", "over", "full")}
PLACEMENTS = st.sampled_from(OfferState).flatmap(
    lambda code: st.builds(
        PlacementFacts, state=st.just(code), country=st.just("FR"), due=_due(code), cause=_cause(code), **YES_OR_NO
    )
)
MENTORS = st.sampled_from(MentorState).flatmap(
    lambda code: st.builds(MentorFacts, state=st.just(code), due=_due(code), cause=_cause(code), **YES_OR_NO)
)


def _whole(found: Described) -> None:
    """Assert that a holder has a step, that each text is a sentence, and that a date belongs to a step."""
    assert bool(found.step.holder) == bool(found.step.step)
    assert not found.step.step or found.step.step.endswith(".")
    assert not found.explanation or found.explanation.endswith(".")
    assert found.step.due is None or found.step.step


def _is_you(found: Described) -> bool:
    said = f"{found.explanation} {found.step.holder} {found.step.step}".lower()
    return bool({"you", "your"} & set(re.findall("[a-z]+", said)))


@given(placement=PLACEMENTS)
def test_a_placement_says_the_same_to_its_host_and_to_all_others(placement: PlacementFacts) -> None:
    """In any combination of facts host and others read the same meaning and date; only the host is "you"."""
    others, host = placement_standing(placement), placement_standing(placement, {A.HOST_CONTACT})
    _whole(others)
    _whole(host)
    assert not _is_you(others)
    assert (host.explanation, host.step.due, bool(host.step.step)) == (
        others.explanation,
        others.step.due,
        bool(others.step.step),
    )
    assert (host.step.holder == "You") == (others.step.holder == "Host")
    code = placement.state
    ends = code in {OfferState.PUBLISHED, OfferState.PAUSED} and (placement.over or not placement.call_open)
    assert not ends or "closes automatically" in others.step.step
    assert (others.step == Described().step) == (code in {OfferState.CLOSED, OfferState.WITHDRAWN, OfferState.VOIDED})


@given(mentor=MENTORS)
def test_a_profile_says_the_same_to_its_mentor_and_to_all_others(mentor: MentorFacts) -> None:
    """In any combination of facts mentor and others read the same meaning and date; only the mentor is "you"."""
    others, own = profile_standing(mentor), profile_standing(mentor, {A.MENTOR})
    _whole(others)
    _whole(own)
    assert not _is_you(others)
    assert (own.explanation, own.step.due) == (others.explanation, others.step.due)
    assert (own.step.holder == "You") == (others.step.holder == "Mentor")
    assert (others.step == Described().step) == (mentor.state is MentorState.CLOSED)


def test_a_mentor_without_time_is_not_said_to_be_matched() -> None:
    """With as many mentees as there is time for, nobody is said to be matched before a mentorship ends."""
    full = profile_standing(MentorFacts(state=MentorState.PUBLISHED, full=True))
    assert full.step.step == "When a mentorship ends, another mentee can be matched."
    free = profile_standing(MentorFacts(state=MentorState.PUBLISHED))
    assert free.step.step == "Mentees are matched to the mentor."


@pytest.mark.parametrize(
    ("cause", "means"),
    [
        (CloseCause.FULL, "All its places are confirmed."),
        (CloseCause.PERIOD_OVER, "Its periods have ended."),
        (CloseCause.CALL_CLOSED, "Its call has closed."),
        (CloseCause.BY_CHOICE, "The host has closed it."),
    ],
)
def test_a_closed_placement_says_why(cause: CloseCause, means: str) -> None:
    """A closed placement names the one cause that it closed for, and asks nobody for anything."""
    found = placement_standing(PlacementFacts(state=OfferState.CLOSED, country="FR", cause=cause))
    assert found == Described(means)
    assert Standing.of(state("offer", "closed"), found).explanation == means


def test_an_overdue_endorsement_names_who_is_asked_too() -> None:
    """After the deadline the deputy is named besides the coordinator, then the programme coordinator."""
    facts = PlacementFacts(state=OfferState.SUBMITTED, country="FR", due=DUE)
    assert placement_standing(facts).step.holder == "National coordinator of France"
    for who, word in ((A.HOST_DEPUTY, "deputy"), (A.PROGRAMME_COORDINATOR, "programme coordinator")):
        late = PlacementFacts(state=OfferState.SUBMITTED, country="FR", due=DUE, asked_too=who)
        assert placement_standing(late).step.holder == f"National coordinator of France, and also the {word}"


@given(
    code=st.sampled_from(CallState),
    opens=st.integers(-30, 30),
    days=st.integers(1, 60),
    left=st.none() | st.integers(0, 3),
)
def test_a_call_is_open_only_between_its_opening_and_its_deadline(
    code: CallState, opens: int, days: int, left: int | None
) -> None:
    """The words of a call agree with whether one can apply; the deadline is named only while one can."""
    first = clock.now() + timedelta(days=opens, hours=1)
    last = first + timedelta(days=days)
    facts = CallFacts(state=code, opens=first, deadline=last, left=left)
    found, officer = call_standing(facts), call_standing(facts, {A.APPLICANT})
    _whole(found)
    assert not _is_you(found)
    applies = code is CallState.PUBLISHED and first <= clock.now() <= last
    assert (found.step.due is not None) == applies
    assert (officer.step.holder == "You") == (
        code is CallState.PUBLISHED and clock.now() <= first + timedelta(days=days)
    )
    if left is not None and code is CallState.PUBLISHED and clock.now() > last:
        assert ("closes the call." in found.step.step) == (left == 0)


@given(
    status=st.sampled_from(PartnerStatus),
    cases=st.integers(0, 3),
    later=st.none() | st.sampled_from([PartnerStatus.SUSPENDED, PartnerStatus.REINSTATED]),
)
def test_a_partner_names_what_was_decided_for_a_later_day(
    status: PartnerStatus, cases: int, later: PartnerStatus | None
) -> None:
    """A decision for a later day is the next step; else only a suspended partner waits for something."""
    day = clock.today() + timedelta(days=3)
    found = partner_standing(PartnerFacts(status=status, open_cases=cases, later=later, later_from=day))
    _whole(found)
    suspended = status is PartnerStatus.SUSPENDED
    assert bool(found.step.step) == (later is not None or suspended)
    assert (f"{cases} open" in found.explanation) == (suspended and cases > 0)


@given(code=st.sampled_from(PeriodState), over=st.booleans(), own=st.booleans(), data=st.data())
def test_the_author_of_a_period_decides_nothing(
    code: PeriodState, *, over: bool, own: bool, data: st.DataObject
) -> None:
    """The author of figures or of a restatement reads that another decides; before its end nobody submits."""
    frozen = code in {PeriodState.FROZEN, PeriodState.PUBLISHED}
    restated = data.draw(st.booleans()) if frozen else False
    end = clock.today() + timedelta(days=-1 if over else 1)
    found = period_standing(PeriodFacts(state=code, end=end, own=own, restated=restated, own_restatement=own))
    _whole(found)
    decided = code is PeriodState.SUBMITTED or restated
    assert found.step.holder.startswith("Another") == (decided and own)
    writing = code in {PeriodState.DRAFT, PeriodState.RETURNED}
    assert ("after its last day" in found.step.step) == (writing and not over)
    assert bool(found.step.step) == (code is not PeriodState.PUBLISHED or restated)


@given(code=st.sampled_from(ProposalState), readable=st.booleans(), changes=st.booleans())
def test_a_proposal_that_fits_no_entry_is_refused(code: ProposalState, *, readable: bool, changes: bool) -> None:
    """Approval is offered only for what can be entered; a decided proposal asks nobody."""
    found = proposal_standing(ProposalFacts(state=code, readable=readable, changes=changes))
    _whole(found)
    waits = code is ProposalState.WAITS
    assert bool(found.step.step) == waits
    assert ("approves" in found.step.step) == (waits and readable)


def test_without_a_sentence_of_its_own_a_record_means_what_its_state_means() -> None:
    """The state's own explanation stands if the facts add nothing; each has one, for the reader and for others."""
    for kind in states.kinds():
        for shown in states.states(kind):
            assert Standing.of(shown, Described()).explanation == ""
            assert shown.explanation
            assert shown.for_others.explanation
