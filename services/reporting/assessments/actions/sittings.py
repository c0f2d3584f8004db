"""Ask guests to take tests before and after a visit; save their answers, and score them at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.assessments.model import sittings
from services.reporting.assessments.model.bank import Invalid, for_visit
from services.reporting.assessments.model.sittings import Availability
from services.reporting.assessments.store import bank
from services.reporting.assessments.store import sittings as sittings_store
from services.reporting.assessments.views.sittings import Paper, paper
from services.reporting.cases import views as cases_views
from shared.contracts import visits
from shared.contracts.codes import Respondent, TestPhase, VisitState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.reporting.assessments.model.bank import Test
    from services.reporting.assessments.store.sittings import Sitting
    from services.reporting.cases.model import Case
    from shared.bus import Bus, Envelope, Tx

PRE, POST = TestPhase.PRE, TestPhase.POST


async def save(bus: Bus, subject: str, phase: TestPhase, chosen: Mapping[int, Sequence[int]]) -> Paper:
    """Save answers for later, in place of those saved before.

    Raises `Refused`: 404 if no test is asked for, 409 if its time is over or other answers were submitted, 422 for an
    answer that does not exist.
    """
    async with bus.transaction(f"respondent:{Respondent.GUEST}") as tx:
        found = await paper(tx.session, subject, phase, lock=True)
        if not _submitted_so(found, chosen):
            _open(found)
            _keep(tx, found, chosen)
    return found


async def hand_in(bus: Bus, subject: str, phase: TestPhase, chosen: Mapping[int, Sequence[int]]) -> tuple[Paper, bool]:
    """Submit a test, which is scored at once; return it, and whether it was submitted now (False: it was before).

    Raises `Refused` as `save`, and 422 if nothing was answered.
    """
    async with bus.transaction(f"respondent:{Respondent.GUEST}") as tx:
        found = await paper(tx.session, subject, phase, lock=True)
        if _submitted_so(found, chosen):
            return found, False
        _open(found)
        answers = _keep(tx, found, chosen)
        try:
            reached = sittings.result(found.questions, answers)
        except Invalid as problem:
            raise _refused(problem) from None
        row = found.sitting
        row.handed_in_at, row.score, row.maximum = clock.now(), reached.score, reached.maximum
        await tx.record(
            sittings.scored(found.case, phase, reached), found.case.id, correlation=found.case.application_id
        )
    return replace(found, stand=Availability.HANDED_IN), True


def _submitted_so(found: Paper, chosen: Mapping[int, Sequence[int]]) -> bool:
    """Return whether these answers were submitted before. Raises `Refused` (409) where others were."""
    if found.stand is not Availability.HANDED_IN:
        return False
    try:
        same = sittings.valid_answers(found.questions, chosen) == found.sitting.chosen
    except Invalid:
        same = False
    if not same:
        sentence = gettext("The test was submitted with other answers on %(when)s. What you sent now was not saved.")
        raise Refused(sentence % {"when": moment(found.sitting.handed_in_at)}, code=ProblemCode.ALREADY_DONE)
    return True


def _keep(tx: Tx, found: Paper, chosen: Mapping[int, Sequence[int]]) -> sittings.Answers:
    try:
        answers = sittings.valid_answers(found.questions, chosen)
    except Invalid as problem:
        raise _refused(problem) from None
    found.sitting.answers, found.sitting.saved_at = sittings_store.values_of(answers), clock.now()
    tx.session.add(found.sitting)
    return answers


def _open(found: Paper) -> None:
    if found.stand is Availability.OVER:
        raise Refused(
            gettext("The time for this test has ended, so we accept no more answers."), code=ProblemCode.DEADLINE_PASSED
        )
    if found.stand is Availability.OFF:
        raise Refused(gettext("The visit does not take place as planned, so there is no test."), 409)


def _refused(problem: Invalid) -> Refused:
    fields = {name: gettext(text) for name, text in problem.fields.items()}
    return Refused(" ".join(f"{each}." for each in fields.values()), 422, fields)


async def ask_before(tx: Tx, wanted: Mapping[UUID, tuple[Case, UUID]]) -> int:
    """Ask the guests of these visits to take these tests beforehand; return how many were not asked before."""
    new = await sittings_store.ask(tx.session, wanted, PRE, clock.now())
    terms = await cases_views.timers_of(tx.session, {wanted[id_][0].call_id for id_ in new})
    for id_ in sorted(new):
        case, test_id = wanted[id_]
        last = sittings.until(case, PRE, terms[case.call_id])
        if last is not None:
            await tx.record(sittings.request_of_test(case, PRE, test_id, last), id_, correlation=case.application_id)
    return len(new)


async def follow(tx: Tx, events: Sequence[Envelope]) -> None:
    """Ask each guest with a visit for a test before and one after it; the `react` of exchange.visits.

    Of several events of a visit at once the last gives its state.
    """
    by_visit = {
        UUID(event.subject): event
        for event in events
        if isinstance(event.data, visits.VisitScheduled | visits.VisitMoved | visits.VisitEnded)
        and event.data.plan.mentorship_id is None
    }
    if not by_visit:
        return
    await sittings_store.lock(tx.session, alone=False)
    found = await cases_views.cases(tx.session, sorted(by_visit))
    sat = await sittings_store.sittings(tx.session, list(found))
    tests = await bank.open_tests(tx.session)
    before, after, moved = _wanted(by_visit, found, sat, tests)
    new = {
        phase: {id_: wanted[id_] for id_ in await sittings_store.ask(tx.session, wanted, phase, clock.now())}
        for phase, wanted in ((PRE, before), (POST, after))
    }
    terms = await cases_views.timers_of(tx.session, {case.call_id for case in found.values()})
    for phase, wanted, again in ((PRE, new[PRE], False), (POST, new[POST], False), (PRE, moved, True)):
        for id_, (case, test_id) in sorted(wanted.items()):
            last = sittings.until(case, phase, terms[case.call_id])
            if last is not None and last > clock.now():
                await tx.react(by_visit[id_], sittings.request_of_test(case, phase, test_id, last, again=again), id_)


_TestsByVisit = dict["UUID", tuple["Case", "UUID"]]


def _wanted(
    by_visit: Mapping[UUID, Envelope],
    found: Mapping[UUID, Case],
    sat: Mapping[tuple[UUID, TestPhase], Sitting],
    tests: Sequence[Test],
) -> tuple[_TestsByVisit, _TestsByVisit, _TestsByVisit]:
    """Return the visits for which a test is due before, after, and those whose test before has another day."""
    before: _TestsByVisit = {}
    after: _TestsByVisit = {}
    moved: _TestsByVisit = {}
    for id_, case in sorted(found.items()):
        sitting = sat.get((id_, PRE))
        submitted = sitting is not None and sitting.handed_in_at is not None
        if sitting is not None and submitted and case.open and isinstance(by_visit[id_].data, visits.VisitEnded):
            after[id_] = case, sitting.test_id
        if case.state != VisitState.SCHEDULED:
            continue
        if sitting is not None and not submitted:
            moved[id_] = case, sitting.test_id
        if sitting is None and (test := for_visit(tests, case.topic, case.call_id)) is not None:
            before[id_] = case, test.id
    return before, after, moved
