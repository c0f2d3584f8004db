"""Define the next step after a visit or a mentorship, from what was submitted about it.

Pages say from here who still has to do something, and by when; the table of states says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field of NextStep
from typing import TYPE_CHECKING

from shared.contracts.codes import AnswerForm, FollowUpBy, Party
from shared.contracts.lifecycle import Unit
from shared.i18n import N_, gettext
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from shared.contracts.calls import Timers

EVALUATION, REPORT, FOLLOW_UP = AnswerForm.EVALUATION.value, AnswerForm.REPORT.value, AnswerForm.FOLLOW_UP.value
WAIVER = "waiver"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedFacts:
    """The facts about something that has ended: `received` holds what was submitted, as (what, of).

    `sides` are who travels or learns, and the other. `completed`: a follow-up is asked for later; `attended`: somebody
    came to the visit, so that a certificate is due; `certified`: it was granted.
    """

    sides: tuple[Party, Party]
    country: str
    ended_on: date
    timers: Timers
    completed: bool
    attended: bool
    certified: bool
    received: Collection[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next step, its holder and its deadline, in words; empty where nothing is left to do."""

    holder: str = ""
    step: str = ""
    due: datetime | None = None


_SENTENCES: dict[tuple[str, Party], str] = {
    (EVALUATION, Party.GUEST): N_("The guest evaluates the visit."),
    (REPORT, Party.GUEST): N_("The guest writes the report."),
    (FOLLOW_UP, Party.GUEST): N_("The guest answers the follow-up."),
    (EVALUATION, Party.HOST): N_("The host evaluates the visit."),
    (EVALUATION, Party.MENTEE): N_("The mentee evaluates the mentorship."),
    (FOLLOW_UP, Party.MENTEE): N_("The mentee answers the follow-up."),
    (EVALUATION, Party.MENTOR): N_("The mentor evaluates the mentorship."),
}
_OWN: dict[str, str] = {
    EVALUATION: N_("You evaluate it."),
    REPORT: N_("You write the report."),
    FOLLOW_UP: N_("You answer the follow-up."),
}
_HOLDERS: dict[tuple[Party, ...], str] = {
    (Party.GUEST,): N_("Guest"),
    (Party.HOST,): N_("Host"),
    (Party.GUEST, Party.HOST): N_("Guest and host"),
    (Party.MENTEE,): N_("Mentee"),
    (Party.MENTOR,): N_("Mentor"),
    (Party.MENTEE, Party.MENTOR): N_("Mentee and mentor"),
}
_OWN_HOLDERS: dict[tuple[Party, ...], str] = {
    (Party.GUEST,): N_("You"),
    (Party.GUEST, Party.HOST): N_("You and the host"),
    (Party.MENTEE,): N_("You"),
    (Party.MENTEE, Party.MENTOR): N_("You and the mentor"),
}


def next_step(facts: EndedFacts, *, own: bool = False) -> NextStep:
    """Return the next step; with `own` the applicant is addressed as "you"."""
    waiting = _waiting(facts)
    if waiting:
        holders = tuple(dict.fromkeys(party for _, party, _ in waiting))
        holder = _OWN_HOLDERS.get(holders) if own else None
        steps = [
            gettext(_OWN[form] if own and party is facts.sides[0] else _SENTENCES[form, party])
            for form, party, _ in waiting
        ]
        return NextStep(gettext(holder or _HOLDERS[holders]), " ".join(steps), min(until for *_, until in waiting))
    if facts.attended and not facts.certified:
        return NextStep(gettext("Programme"), gettext("The certificate is granted."))
    return NextStep()


def _waiting(facts: EndedFacts) -> list[tuple[str, Party, datetime]]:
    """Return the forms that are still waited for; the follow-up once nothing else is."""
    applicant, counterpart = facts.sides
    days = facts.timers.evaluation_days
    forms = [(EVALUATION, applicant, due(facts.ended_on, days, Unit.DAYS, facts.country))]
    if applicant is Party.GUEST:
        forms.append((REPORT, applicant, due(facts.ended_on, facts.timers.report_days, Unit.DAYS, facts.country)))
    forms.append((EVALUATION, counterpart, due(facts.ended_on, days, Unit.DAYS, facts.country)))
    waiting = [form for form in forms if not _settled(facts, form[0], form[1])]
    if waiting or not facts.completed or (facts.attended and not facts.certified):
        return waiting
    follow_up = due(facts.ended_on, facts.timers.follow_up_months, Unit.MONTHS, facts.country)
    return [] if _settled(facts, FOLLOW_UP, applicant) else [(FOLLOW_UP, applicant, follow_up)]


def _settled(facts: EndedFacts, form: str, party: Party) -> bool:
    """Return whether a form was submitted, waived, or is no longer taken."""
    settled_by = [(form, FollowUpBy.SELF.value if form == FOLLOW_UP else party.value), (f"closed_{form}", party.value)]
    if form == EVALUATION:
        settled_by.append((WAIVER, party.value))
    return any(entry in facts.received for entry in settled_by)
