"""Remind of missing answers, close a wave of them, and reopen it.

Which answers a closing covers is computed on request; other services hear of each by an event, at once from `announce`,
and from `announce_all` for those whose visit ends, or becomes known, after the wave was closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.answers.store import waves
from services.reporting.answers.views.waves import AT_ONCE, quiet_since
from services.reporting.cases import views as cases_views
from shared.bus.set_aside import SetAside
from shared.contracts.codes import AnswerForm, Respondent
from shared.contracts.outcomes import AnswerAsked, AnswerClosed, AnswerReopened
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.reporting.answers.model.waves import Answer, AnswerFilter, Reopened
    from shared.bus import Bus, Lease
    from shared.identity import Principal

_ROUNDS, _MOST_ROUNDS = 1, 200
"""The number of transactions of `AT_ONCE` answers that a page waits for, and the loop's maximum for one call."""
WORK = N_("Closed answers")
LONGEST = 300
"""The most characters of the reason for closing a wave."""


async def remind(bus: Bus, principal: Principal, filters: AnswerFilter, case_id: UUID | None = None) -> int:
    """Remind of the missing answers in `filters`, or of those of one case; return how many were asked for once more."""
    async with bus.transaction(principal.subject) as tx:
        before = quiet_since()
        found = await waves.to_remind(tx.session, filters, clock.today(), before, AT_ONCE, case_id)
        count = 0
        # Sorted, so that two evaluators who remind at the same time wait for each other in one order only.
        for answer in sorted(found, key=lambda answer: (str(answer.case_id), answer.form, answer.respondent)):
            if await waves.reminded(tx.session, answer, clock.now(), before):
                await tx.record(_request(answer), answer.case_id, correlation=answer.application_id)
                count += 1
    return count


def _request(answer: Answer) -> AnswerAsked:
    of = {"form": AnswerForm(answer.form), "respondent": Respondent(answer.respondent)}
    return AnswerAsked(**_about(answer), **of, due=answer.due)


def _about(answer: Answer | Reopened) -> dict[str, Any]:
    return {
        "application_id": answer.application_id,
        "visit_id": answer.case_id if answer.kind == "visit" else None,
        "mentorship_id": answer.case_id if answer.kind == "mentorship" else None,
        "country": answer.country,
        "topic_code": answer.topic,
    }


async def close(
    bus: Bus, principal: Principal, *, call_id: UUID, form: str, respondent: str, due_until: date | None, reason: str
) -> UUID:
    """Close a wave: take no more answers to one form of a call that were due by `due_until`. Return the closing's id.

    The same closing by the same person changes nothing until it is reopened. Raises `Refused` (422) without a past day
    or without a reason, (404) for an unknown call.
    """
    wrong: dict[str, str] = {}
    if due_until is None or due_until >= clock.today():
        wrong["due_until"] = gettext("Enter a day in the past. Answers that still have time cannot be closed")
    if not reason.strip():
        wrong["reason"] = gettext("Enter a reason. People who come too late read it")
    elif len(reason) > LONGEST:
        wrong["reason"] = gettext("Reason must be 300 characters or fewer")
    if wrong:
        raise Refused(gettext("Something is missing."), 422, wrong)
    async with bus.transaction(principal.subject) as tx:
        if call_id not in dict(await cases_views.calls(tx.session)):
            raise Refused(gettext("This call does not exist."), 404)
        await waves.lock(tx.session, call_id)
        closing = {
            "form": form,
            "respondent": respondent,
            "due_until": due_until,
            "reason": reason.strip(),
            "closed_by": principal.subject,
        }
        standing = await waves.standing(tx.session, [call_id])
        same = [each for each in standing if each.model_dump(include=set(closing)) == closing]
        row = same[0] if same else await waves.close(tx.session, call_id=call_id, **closing, closed_at=clock.now())
    await announce(bus, principal.subject, call_id, _ROUNDS)
    return row.id


async def reopen(bus: Bus, principal: Principal, closing_id: UUID) -> None:
    """Take answers again that a closing refuses. Raises `Refused` (404); an open wave stays as it is."""
    async with bus.transaction(principal.subject) as tx:
        row = await waves.closing(tx.session, closing_id)
        if row is None:
            raise Refused(gettext("There is no such closing."), 404)
        if row.reopened_at is not None:
            return
        row.reopened_by, row.reopened_at = principal.subject, clock.now()
        tx.session.add(row)
    await announce(bus, principal.subject, row.call_id, _ROUNDS)


async def announce_all(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> None:
    """Record which answers are closed and which are open again, of all calls with a present or former closing.

    A call that fails is set aside. Raises `LeaseLost`.
    """
    async with bus.read() as session:
        concerned = await waves.calls_with_closings(session)

    async def act(ids: Sequence[UUID]) -> int:
        for call_id in ids:
            await announce(bus, "system:waves", call_id, _MOST_ROUNDS, lease)
        return len(ids)

    await (aside or SetAside(bus, WORK)).each(concerned, act, at_once=1)


async def announce(bus: Bus, actor: str, call_id: UUID, rounds: int, lease: Lease | None = None) -> None:
    """Record which answers of a call are closed, and which are open again.

    A page waits for `rounds` of `AT_ONCE` each; `announce_all`, called in a loop, does the rest.
    """
    for _ in range(rounds):
        async with bus.transaction(actor, lease) as tx:
            closed = await waves.unannounced(tx.session, call_id, clock.today(), AT_ONCE)
            reopened = await waves.open_again(tx.session, call_id, clock.today(), AT_ONCE)
            for answer in closed:
                if await waves.note_closing_announced(tx.session, answer, clock.now()):
                    of = {"form": AnswerForm(answer.form), "respondent": Respondent(answer.respondent)}
                    event = AnswerClosed(**_about(answer), **of, due=answer.due)
                    await tx.record(event, answer.case_id, correlation=answer.application_id)
            for again in reopened:
                if await waves.note_opening_announced(tx.session, again) and not again.over:
                    of = {"form": AnswerForm(again.form), "respondent": Respondent(again.respondent)}
                    reopening = AnswerReopened(**_about(again), **of, due=again.due, ended_on=again.ended_on)
                    await tx.record(reopening, again.case_id, correlation=again.application_id)
        if max(len(closed), len(reopened)) < AT_ONCE:
            break
