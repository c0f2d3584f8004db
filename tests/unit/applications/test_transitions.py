"""Placements, profiles, clearance and answers move only as the life cycles allow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.applications import transitions
from services.applications.application.model.standing import standing
from services.applications.matches.model import answers, clearance
from services.applications.mentors.model import MentorEntry
from services.applications.mentors.model import problems as mentor_problems
from services.applications.mentorships.model import sessions
from services.applications.placements.model.placement import PlacementEntry, problems, terms_of
from services.applications.transitions import AlreadyDone, NotNow, Recorded, WrongValue
from services.applications.visits import model as visits_model
from shared.contracts import _examples as ex
from shared.contracts import mentors, offers
from shared.contracts.calls import CallTerms
from shared.contracts.codes import (
    Answer,
    ApplicationState,
    IdentityField,
    MatchState,
    MentorshipState,
    OfferState,
    Party,
    Side,
    StatedReason,
    VisitState,
)
from shared.contracts.lifecycle import allowed
from shared.contracts.matches import Pairing

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.contracts.base import Event

CALL = CallTerms.model_validate(ex.CALL_TERMS)
OFFER_EVENTS: tuple[type[Event], ...] = (
    offers.OfferSubmitted,
    offers.OfferReturned,
    offers.OfferEndorsed,
    offers.OfferPublished,
    offers.OfferPaused,
    offers.OfferResumed,
    offers.OfferClosed,
    offers.OfferWithdrawn,
)
MENTOR_EVENTS: tuple[type[Event], ...] = (
    mentors.MentorPublished,
    mentors.MentorPaused,
    mentors.MentorResumed,
    mentors.MentorClosed,
)


def refused(rule: Callable[..., object], *args: object, **kwargs: object) -> type[NotNow | WrongValue] | None:
    """Return how a rule of the model refuses: not now, already done, a value, or not at all."""
    try:
        rule(*args, **kwargs)
    except (NotNow, WrongValue) as error:
        return type(error)
    return None


@given(st.sampled_from(OFFER_EVENTS), st.sampled_from(OfferState))
def test_placements_follow_the_contracts_table(event: type[Event], state: OfferState) -> None:
    """An event is possible exactly where the contract's table allows it, and leads to its state."""
    possible = refused(transitions.after, "offer", event, state) is None
    assert possible == allowed(event.type, state)
    if possible:
        assert OfferState(transitions.after("offer", event, state))


@given(st.lists(st.sampled_from(OFFER_EVENTS), max_size=12))
@example([offers.OfferSubmitted, offers.OfferEndorsed, offers.OfferPublished, offers.OfferClosed, offers.OfferResumed])
def test_any_actions_keep_a_placement_lawful(clicks: list[type[Event]]) -> None:
    """A second click does nothing, a withdrawn placement never changes, a closed one can only go on."""
    state: str = OfferState.DRAFT
    for event in clicks:
        before = state
        if refused(transitions.after, "offer", event, state) is None:
            state = transitions.after("offer", event, state)
            assert refused(transitions.after, "offer", event, state) in {AlreadyDone, NotNow}
        if state != before:
            assert before != OfferState.WITHDRAWN
            assert before != OfferState.CLOSED or event is offers.OfferResumed


def test_a_second_click_differs_from_a_late_one() -> None:
    """Publishing a published placement was done before, and publishing a closed one is too late."""
    assert refused(transitions.after, "offer", offers.OfferPublished, OfferState.PUBLISHED) is AlreadyDone
    assert refused(transitions.after, "offer", offers.OfferPublished, OfferState.CLOSED) is NotNow
    for event in MENTOR_EVENTS:
        target = {"MentorPublished": "published", "MentorPaused": "paused", "MentorClosed": "closed"}.get(event.type)
        if target:
            assert refused(transitions.after, "mentor", event, target) is AlreadyDone


def test_a_complete_placement_becomes_the_contracts_terms() -> None:
    """The contract's example is complete, and without a required field that field is named."""
    entry = PlacementEntry.model_validate(
        {name: ex.OFFER_TERMS[name] for name in PlacementEntry.model_fields if name in ex.OFFER_TERMS}
    )
    assert problems(entry, CALL) == {}
    made = terms_of(
        entry,
        CALL,
        call_id=UUID(ex.CALL),
        reference="FR-P-2026-0007",
        organisation_id=UUID(ex.HOST_ORGANISATION),
        country="FR",
    )
    assert made == offers.OfferTerms.model_validate(ex.OFFER_TERMS)
    for field, value in {
        "title": "",
        "city": "",
        "topics": ("firearms_explosives",),
        "places": None,
        "periods": (),
        "languages": (),
        "outline": "",
        "days": 1,
    }.items():
        assert list(problems(entry.model_copy(update={field: value}), CALL)) == [field]


def test_invalid_periods_are_named() -> None:
    """A placement needs a period that shares a day with the call's, and all of them lie within two years of it."""
    of_call = {"start": CALL.visit_periods[0].start.isoformat(), "end": CALL.visit_periods[0].end.isoformat()}
    assert "periods" not in problems(PlacementEntry.model_validate({"periods": [of_call]}), CALL)
    for periods in (
        [{"start": "2027-01-01", "end": "2027-02-01"}],
        [of_call, {"start": "2029-01-01", "end": "2029-02-01"}],
    ):
        assert "periods" in problems(PlacementEntry.model_validate({"periods": periods}), CALL)


def test_a_profile_needs_the_fields_of_the_contract() -> None:
    """An empty profile names all missing fields, and a call without mentoring is named too."""
    assert set(mentor_problems(MentorEntry(), CALL)) == {"service", "rank_group", "expertise", "languages", "periods"}
    assert "form" in mentor_problems(MentorEntry(), CALL.model_copy(update={"kinds": ("study_visit",)}))


DECISIONS = st.sampled_from((clearance.CLEARED, clearance.REFUSED))
PEOPLE = st.sampled_from(("tigran", "deputy"))
AT = datetime(2026, 11, 28, 14, tzinfo=UTC)


def recorded(what: st.SearchStrategy[str]) -> st.SearchStrategy[Recorded]:
    """Return a strategy for what somebody decided."""
    return st.builds(Recorded, what, PEOPLE, st.just(AT))


@given(
    st.sampled_from(MatchState),
    st.dictionaries(st.sampled_from(Side), recorded(DECISIONS)),
    st.sampled_from(Side),
    DECISIONS,
    PEOPLE,
)
def test_home_clears_before_host_and_each_once(
    state: MatchState, given: dict[Side, Recorded], side: Side, decision: str, actor: str
) -> None:
    """A side decides only on a proposed match that nobody refused, in its turn; only the same again is a repeat."""
    turn = clearance.side_to_clear(state, given)
    answer = refused(clearance.may_decide, state, given, side, decision, actor)
    assert (answer is None) == (turn is side)
    if turn is Side.HOST:
        assert {side: before.what for side, before in given.items()} == {Side.HOME: clearance.CLEARED}
    if side in given:
        assert answer is (AlreadyDone if (given[side].what, given[side].by) == (decision, actor) else NotNow)


PAIRINGS = (
    Pairing.model_validate(ex.PAIRING),
    Pairing.model_validate(ex.PAIRING | {"kind": "mentee", "offer_id": None, "mentor_id": ex.MENTOR}),
)


@given(st.sampled_from(PAIRINGS), st.sampled_from(Party), st.booleans(), st.booleans())
def test_a_name_is_seen_only_after_its_release(pairing: Pairing, viewer: Party, home: bool, host: bool) -> None:  # noqa: FBT001 - what hypothesis draws
    """Host coordinators see vetting fields after home clearance, agency or mentor the name after both, others none."""
    releases = clearance.releases(pairing, Side.HOME) * home + clearance.releases(pairing, Side.HOST) * (home and host)
    facts = [(release.of, release.to, release.fields) for release in releases]
    applicant, other = clearance.applicant(pairing.kind), clearance.counterpart(pairing.kind)
    visible = clearance.visible(viewer, applicant, facts)
    expected = {
        applicant: True,
        Party.HOME_COORDINATOR: True,
        Party.HOST_COORDINATOR: home,
        other: home and host,
    }
    assert (IdentityField.NAME in visible) == expected.get(viewer, False)
    if viewer is Party.HOST_COORDINATOR:
        assert IdentityField.SERVICE_EMAIL not in visible
    if viewer is not other:
        mentee_sees = other is Party.MENTOR and viewer is applicant and home and host
        assert bool(clearance.visible(viewer, other, facts)) == mentee_sees
        sends = other is Party.MENTOR and viewer is Party.HOST_COORDINATOR
        assert bool(clearance.visible(viewer, other, facts, Party.MENTOR)) == (mentee_sees or sends)


@given(
    st.sampled_from(MatchState),
    st.dictionaries(st.sampled_from(Party), recorded(st.sampled_from(Answer))),
    st.sampled_from(Answer),
    PEOPLE,
)
def test_each_party_answers_once_while_it_is_offered(
    state: MatchState, given: dict[Party, Recorded], answer: Answer, actor: str
) -> None:
    """An answer is accepted from a party that has not answered an offered match; only the same again is a repeat."""
    for party in Party:
        expected: type[NotNow] | None = None if state is MatchState.OFFERED else NotNow
        if party in given:
            expected = AlreadyDone if (given[party].what, given[party].by) == (answer, actor) else NotNow
        assert refused(answers.may_answer, state, given, party, answer, actor) is expected


DAYS = [date(2026, 3, 16) + timedelta(days=count) for count in range(5)]


@given(st.sampled_from(VisitState), st.integers(-3, 8), st.integers(-2, 7))
def test_attendance_is_for_past_days(state: VisitState, day: int, today: int) -> None:
    """A day is recorded exactly if it is a past day of a visit that takes place."""
    at, now = DAYS[0] + timedelta(days=day), DAYS[0] + timedelta(days=today)
    takes_place = state in {VisitState.SCHEDULED, VisitState.UNDER_WAY}
    recordable = refused(visits_model.may_record, state, DAYS, at, now) is None
    assert recordable == (takes_place and at in DAYS and at <= now)
    assert (at in visits_model.days_to_record(DAYS, now)) == (at in DAYS and at <= now)


def test_no_show_and_early_return_differ() -> None:
    """A no-show needs a first day without attendance, an early return a visit in progress with days left."""
    scheduled, under_way = VisitState.SCHEDULED, VisitState.UNDER_WAY
    assert refused(visits_model.may_report_no_show, scheduled, DAYS[0], [], DAYS[0]) is None
    assert refused(visits_model.may_report_no_show, scheduled, DAYS[0], [], DAYS[0] - timedelta(1)) is NotNow
    assert refused(visits_model.may_report_no_show, scheduled, DAYS[0], DAYS[:1], DAYS[1]) is NotNow
    assert refused(visits_model.may_report_no_show, VisitState.NO_SHOW, DAYS[0], [], DAYS[0]) is AlreadyDone
    assert refused(visits_model.may_report_return, under_way, DAYS, DAYS[1], DAYS[2]) is None
    assert refused(visits_model.may_report_return, under_way, DAYS, DAYS[4], DAYS[4]) is WrongValue
    assert refused(visits_model.may_report_return, under_way, DAYS, DAYS[3], DAYS[2]) is WrongValue
    assert refused(visits_model.may_report_return, scheduled, DAYS, DAYS[1], DAYS[2]) is NotNow


@given(
    st.dictionaries(st.sampled_from((Party.GUEST, Party.HOST)), st.integers(1, 3)),
    st.sampled_from((Party.GUEST, Party.HOST)),
    st.integers(1, 3),
)
def test_an_agenda_is_complete_when_both_agree(agreed: dict[Party, int], party: Party, version: int) -> None:
    """The second agreement to the same version completes it, and another version never does."""
    if agreed.get(party) == version:
        assert refused(visits_model.agenda_complete, agreed, party, version) is AlreadyDone
        return
    other = Party.HOST if party is Party.GUEST else Party.GUEST
    assert visits_model.agenda_complete(agreed, party, version) == (agreed.get(other) == version)


def test_a_match_is_cancelled_before_its_visit_begins() -> None:
    """A confirmed match can be cancelled while its visit is scheduled or has no week, but not later."""
    confirmed = MatchState.CONFIRMED
    own = (StatedReason.HEALTH, "ani")
    for visit in (None, VisitState.SCHEDULED, VisitState.UNSCHEDULABLE):
        assert refused(answers.may_cancel, confirmed, visit, None, *own) is None
    assert refused(answers.may_cancel, confirmed, VisitState.UNDER_WAY, None, *own) is NotNow
    assert refused(answers.may_cancel, confirmed, VisitState.CANCELLED, None, *own) is NotNow
    assert refused(answers.may_cancel, MatchState.OFFERED, None, None, *own) is NotNow
    before = Recorded(StatedReason.HEALTH, "ani", AT)
    assert refused(answers.may_cancel, confirmed, VisitState.CANCELLED, before, *own) is AlreadyDone
    assert refused(answers.may_cancel, confirmed, None, before, StatedReason.FUNDING, "ani") is NotNow


@given(st.sampled_from(MentorshipState), st.booleans(), st.sampled_from((Party.MENTEE, Party.MENTOR)))
def test_a_session_is_confirmed_by_the_other_side(state: MentorshipState, confirmed: bool, party: Party) -> None:  # noqa: FBT001 - what hypothesis draws
    """Only the side that did not log it confirms a session, once, in an active or paused mentorship."""
    begun = state in {MentorshipState.ACTIVE, MentorshipState.PAUSED}
    expected: type[NotNow] | None = None if begun and party is Party.MENTEE else NotNow
    if confirmed:
        expected = AlreadyDone
    session = sessions.LoggedSession(
        sessions.SessionState.CONFIRMED if confirmed else sessions.SessionState.LOGGED, Party.MENTOR
    )
    assert refused(sessions.may_confirm, state, session, party) is expected


def test_a_session_lies_between_start_and_today() -> None:
    """A session is neither before the start of the mentorship nor in the future, nor longer than a day."""
    start, today = date(2026, 3, 3), date(2026, 3, 10)

    def log(day: date, minutes: int = 60, next_on: date | None = None) -> type[NotNow | WrongValue] | None:
        return refused(sessions.check_session, day, minutes, next_on, started_on=start, today=today)

    assert log(today) is log(start) is log(today, 60, today + timedelta(1)) is None
    assert log(today + timedelta(1)) is log(start - timedelta(1)) is WrongValue
    assert log(today, 4) is log(today, 1441) is log(today, 60, today) is WrongValue
    assert refused(sessions.may_log, MentorshipState.ACTIVE, 0) is None
    assert refused(sessions.may_log, MentorshipState.PAUSED, 0) is NotNow


@given(
    st.none() | st.sampled_from(MatchState),
    st.none() | st.sampled_from(VisitState),
    st.booleans(),
    st.none() | st.sampled_from(MentorshipState),
    st.booleans(),
)
def test_every_combination_has_a_projected_state(
    match: MatchState | None,
    visit: VisitState | None,
    whole: bool,  # noqa: FBT001 - what hypothesis draws
    pair: MentorshipState | None,
    waiting: bool,  # noqa: FBT001 - as above
) -> None:
    """In any order of topics an application has a projected state, and never one of the portal's own."""
    state = standing(match, visit=visit, whole=whole, mentorship=pair, waiting=waiting)
    projected = list(ApplicationState)[list(ApplicationState).index(ApplicationState.IN_MATCHING) :]
    assert state in projected


@pytest.mark.parametrize(
    ("match", "visit", "pair", "expected"),
    [
        (None, None, None, ApplicationState.IN_MATCHING),
        (MatchState.PROPOSED, None, None, ApplicationState.MATCHED),
        (MatchState.OFFERED, None, None, ApplicationState.OFFERED),
        (MatchState.CONFIRMED, None, None, ApplicationState.ACCEPTED),
        (MatchState.CONFIRMED, VisitState.SCHEDULED, None, ApplicationState.SCHEDULED),
        (MatchState.CONFIRMED, VisitState.UNDER_WAY, None, ApplicationState.UNDER_WAY),
        (MatchState.CONFIRMED, VisitState.COMPLETED, None, ApplicationState.COMPLETED),
        (MatchState.CANCELLED, VisitState.CANCELLED, None, ApplicationState.IN_MATCHING),
        (MatchState.CANCELLED, VisitState.VOIDED, None, ApplicationState.ENDED),
        (MatchState.DECLINED, None, None, ApplicationState.IN_MATCHING),
        (MatchState.CONFIRMED, None, MentorshipState.OPENED, ApplicationState.ACCEPTED),
        (MatchState.CONFIRMED, None, MentorshipState.ACTIVE, ApplicationState.UNDER_WAY),
        (MatchState.CONFIRMED, None, MentorshipState.COMPLETED, ApplicationState.COMPLETED),
    ],
)
def test_states_from_matching_to_completed(
    match: MatchState | None, visit: VisitState | None, pair: MentorshipState | None, expected: ApplicationState
) -> None:
    """The states lead from matching to completed, for a visit and for a mentorship."""
    assert standing(match, visit=visit, mentorship=pair) is expected
