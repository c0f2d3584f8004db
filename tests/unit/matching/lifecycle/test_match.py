"""The state machine of a match holds under any order of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.model.match import HELD, Match
from shared.contracts import _examples as ex
from shared.contracts.codes import Answer, MatchState, Party, Reason, Side
from shared.contracts.lifecycle import allowed
from shared.contracts.matches import AnswerTooLate, MatchExpired, Pairing

if TYPE_CHECKING:
    from shared.contracts.matches import MatchEvent

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PAIRING = Pairing.model_validate(ex.PAIRING)


def _proposed(*, reserve: bool = False) -> Match:
    match, events = matches.propose(
        UUID(ex.MATCH),
        PAIRING,
        run_id=UUID(ex.RUN),
        score=78,
        weeks=(),
        next_in_line=(),
        due=NOW + 14 * DAY,
        now=NOW,
        reserve=reserve,
    )
    assert [event.type for event in events] == ["MatchProposed"]
    return match


STEPS = st.one_of(
    st.tuples(st.just("clear"), st.sampled_from(Side)),
    st.tuples(st.just("answer"), st.sampled_from((Party.GUEST, Party.HOST)), st.sampled_from(Answer)),
    st.tuples(st.just("expire"), st.integers(0, 40)),
    st.tuples(st.just("cancel"), st.sampled_from((Party.GUEST, Party.HOST, Party.PROGRAMME))),
    st.just(("call_up",)),
)


def _step(match: Match, step: tuple[object, ...], now: datetime) -> matches.Step:
    match step:
        case "clear", Side() as side:
            return matches.clear(match, side, now=now, due=now + 14 * DAY, host_due=None, waiting=())
        case "answer", Party() as by, Answer() as given_:
            return matches.answer(match, by, given_, None, at=now, now=now)
        case "expire", int():
            return matches.expire(match, now=now, silences=0)
        case "cancel", Party() as by:
            return matches.cancel(match, by, Reason.OTHER, now=now)
        case ("call_up",):
            return matches.call_up(match, run_id=match.run_id, now=now, due=now + 14 * DAY, waiting=())
    raise AssertionError(step)


@given(st.lists(st.tuples(STEPS, st.integers(0, 10)), max_size=25), st.booleans())
def test_every_step_is_a_transition_of_the_life_cycle(
    steps: list[tuple[tuple[object, ...], int]],
    reserve: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """Each fact is allowed in its state, states change with a fact only, and an end is final.

    A reserve is neither offered nor takes a place before it is called up, which happens once.
    """
    match, now = _proposed(reserve=reserve), NOW
    for step, days in steps:
        now += days * DAY
        before = match
        match, events = _step(match, step, now)
        _told_by_the_table(before, match, events)
        assert [event.type for event in events].count("MatchCalledUp") == (before.in_reserve and not match.reserve)
        if match.reserve:
            assert match.state not in {MatchState.OFFERED, MatchState.CONFIRMED}
            assert not match.takes_place
        if before.state not in HELD:
            assert match == before
        if match.state is MatchState.CONFIRMED:
            assert match.home_cleared
            assert match.host_cleared
            assert match.applicant_accepted
            assert match.host_accepted


def _told_by_the_table(before: Match, after: Match, events: tuple[MatchEvent, ...]) -> None:
    state: MatchState = before.state
    for event in events:
        assert allowed(event.type, state), (event.type, state)
        if event.type == "MatchCleared":
            state = MatchState.CLEARED
        elif event.type != "MatchCalledUp" and not isinstance(event, AnswerTooLate):
            state = after.state
    assert state == after.state


@given(st.permutations([Party.GUEST, Party.HOST]), st.permutations([Side.HOME, Side.HOST]))
def test_both_countries_and_both_sides_in_any_order_confirm(parties: list[Party], sides: list[Side]) -> None:
    """Two clearances and two answers are enough, and none of them is dispensable."""
    match = _proposed()
    for count, side in enumerate(sides, 1):
        match, _ = _step(match, ("clear", side), NOW)
        assert (match.state is MatchState.OFFERED) is (count == 2)
    for count, party in enumerate(parties, 1):
        match, _ = _step(match, ("answer", party, Answer.ACCEPT), NOW)
        assert (match.state is MatchState.CONFIRMED) is (count == 2)


@given(st.booleans(), st.booleans(), st.integers(0, 3))
def test_expiry_names_exactly_those_who_were_silent(guest: bool, host: bool, earlier: int) -> None:  # noqa: FBT001 - drawn by hypothesis
    """The officer's silences are counted only if the officer was silent."""
    match = _proposed()
    for side in Side:
        match, _ = _step(match, ("clear", side), NOW)
    for accepted, party in ((guest, Party.GUEST), (host, Party.HOST)):
        if accepted:
            match, _ = _step(match, ("answer", party, Answer.ACCEPT), NOW)
    if guest and host:
        return
    match, events = matches.expire(match, now=NOW + 15 * DAY, silences=earlier)
    (event,) = events
    assert isinstance(event, MatchExpired)
    assert set(event.silent) == {party for here, party in ((guest, Party.GUEST), (host, Party.HOST)) if not here}
    assert event.silences == earlier + (not guest)


def test_only_a_no_bars_the_pair() -> None:
    """A decline and a refused clearance bar the pair; silence and the programme's cancellation do not.

    Nobody but the countries is asked about a reserve, so that no other departure bars it.
    """
    reserve = _proposed(reserve=True)
    assert matches.cancel(reserve, Party.HOME_COORDINATOR, Reason.PERSONAL, now=NOW)[0].bars
    assert not matches.cancel(reserve, Party.GUEST, Reason.PERSONAL, now=NOW)[0].bars
    match = _proposed()
    assert matches.cancel(match, Party.HOST_COORDINATOR, Reason.PERSONAL, now=NOW)[0].bars
    assert not matches.cancel(match, Party.PROGRAMME, Reason.OTHER, now=NOW)[0].bars
    for side in Side:
        match, _ = _step(match, ("clear", side), NOW)
    assert matches.answer(match, Party.GUEST, Answer.DECLINE, None, at=NOW, now=NOW)[0].bars
    assert not matches.expire(match, now=NOW + 30 * DAY, silences=0)[0].bars
