"""List what mentee or mentor are asked to do in their mentorship, for task lists, counts and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.mentorships.model.agreement import to_sign
from services.applications.mentorships.model.pair import BEGUN, ONGOING
from services.applications.mentorships.model.sessions import SessionState
from shared.contracts.codes import Code, MentorshipState, Party
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from services.applications.mentorships.model.agreement import Version
    from services.applications.mentorships.model.sessions import LoggedSession


class PairTask(Code):
    """A task of one of the two, in order of priority."""

    SIGN = "sign", N_("Sign the agreement")
    CONFIRM = "confirm", N_("Confirm a session")
    CORRECT = "correct", N_("Answer a disputed session")
    LOG = "log", N_("Log or plan a session")
    ANSWER_VISIT = "answer_visit", N_("Answer a visit proposal")
    EVALUATE = "evaluate", N_("Evaluate the mentorship")


@dataclass(frozen=True, slots=True)
class PendingTasks:
    """A task that waits, and how often."""

    what: PairTask
    count: int = 1


def pending_tasks(
    state: MentorshipState,
    party: Party | None,
    versions: Collection[Version],
    sessions: Iterable[LoggedSession],
    visit_by: Party | None,
    now: datetime,
    *,
    evaluated: bool = True,
    met: bool = False,
) -> list[PendingTasks]:
    """Return the tasks of `party`.

    `visit_by` asked for an unanswered visit; `evaluated`: nothing to evaluate; `met`: the time of the last planned
    session is over, and nobody has logged it.
    """
    if party is None:
        return []
    logged = list(sessions) if state in BEGUN else []
    answers_visit = state is MentorshipState.ACTIVE and visit_by not in {None, party}
    counts = {
        PairTask.SIGN: int(state in ONGOING and _has_to_sign(party, versions, now)),
        PairTask.CONFIRM: sum(session.state is SessionState.LOGGED and session.by is not party for session in logged),
        PairTask.CORRECT: sum(session.state is SessionState.DISPUTED and session.by is party for session in logged),
        PairTask.LOG: int(state is MentorshipState.ACTIVE and met),
        PairTask.ANSWER_VISIT: int(answers_visit),
        PairTask.EVALUATE: int(not evaluated),
    }
    return [PendingTasks(what, count) for what, count in counts.items() if count]


def _has_to_sign(party: Party, versions: Collection[Version], now: datetime) -> bool:
    number = to_sign(list(versions), now)
    return any(version.number == number and party not in version.signed for version in versions)
