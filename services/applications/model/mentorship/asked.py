"""What is asked of mentee or mentor in their mentorship now? Pure; for task lists, counts and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.model.mentorship.agreement import to_sign
from services.applications.model.mentorship.pair import BEGUN, ONGOING
from services.applications.model.mentorship.sessions import SessionState
from shared.contracts.codes import Code, MentorshipState, Party
from shared.web.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from services.applications.model.mentorship.agreement import Version
    from services.applications.model.mentorship.sessions import Held


class Ask(Code):
    """Something that waits for one of the two, in the order in which it is wanted."""

    SIGN = "sign", N_("Sign the agreement")
    CONFIRM = "confirm", N_("Confirm a session")
    CORRECT = "correct", N_("Answer a disputed session")
    ANSWER_VISIT = "answer_visit", N_("Answer about a visit")
    EVALUATE = "evaluate", N_("Evaluate the mentorship")


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits, and how often."""

    what: Ask
    count: int = 1


def asked(
    state: MentorshipState,
    party: Party | None,
    versions: Collection[Version],
    sessions: Iterable[Held],
    visit_by: Party | None,
    now: datetime,
    *,
    evaluated: bool = True,
) -> list[Asked]:
    """What waits for `party`; `visit_by` asked for a visit that is not answered, `evaluated`: nothing to evaluate."""
    if party is None:
        return []
    found = []
    if state in ONGOING and (number := to_sign(list(versions), now)) is not None:
        version = next(one for one in versions if one.number == number)
        if party not in version.signed:
            found.append(Asked(Ask.SIGN))
    if state in BEGUN:
        held = list(sessions)
        confirm = sum(one.state is SessionState.LOGGED and one.by is not party for one in held)
        correct = sum(one.state is SessionState.DISPUTED and one.by is party for one in held)
        found += [Asked(what, count) for what, count in ((Ask.CONFIRM, confirm), (Ask.CORRECT, correct)) if count]
    if state is MentorshipState.ACTIVE and visit_by is not None and visit_by is not party:
        found.append(Asked(Ask.ANSWER_VISIT))
    if not evaluated:
        found.append(Asked(Ask.EVALUATE))
    return found
