"""The state and the next step of calls, partners, reporting periods and proposals, in words, from their facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import CallState, PartnerStatus, PeriodState, ProposalState
from shared.i18n import N_, gettext, ngettext
from shared.next_steps.words import Described, NextStep
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """A call: when it opens and until when officers apply.

    `left` is the number of its applications that have neither a place nor an end; None for readers who may not know.
    """

    state: CallState
    opens: datetime | None = None
    deadline: datetime | None = None
    left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFacts:
    """A partner country: its status today, its open cases, and what was decided for a later day."""

    status: PartnerStatus
    open_cases: int = 0
    later: PartnerStatus | None = None
    later_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFacts:
    """A reporting period with its last day; without `approved_itself` it is the programme as a whole.

    `own`: the reader submitted its figures; `restated`: a restatement waits for a decision, `own_restatement` the
    reader's.
    """

    state: PeriodState
    end: date
    approved_itself: bool = True
    own: bool = False
    restated: bool = False
    own_restatement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFacts:
    """A proposal for the register; without `readable` the rules for entries no longer know what it proposes."""

    state: ProposalState
    readable: bool = True
    changes: bool = True


def shown_call_state(state: CallState, opens: datetime, deadline: datetime, at: datetime) -> str:
    """Return the state of a call as pages show it: published it is `announced`, `published` or `past_deadline`."""
    if state is not CallState.PUBLISHED:
        return str(state)
    if at < opens:
        return "announced"
    return "past_deadline" if deadline < at else str(state)


def call_standing(facts: CallFacts, reader: Collection[A] = ()) -> Described:
    """Return what a call's state means now, and its next step; an officer is addressed as "you"."""
    coordinator, own = gettext("Programme coordinator"), A.APPLICANT in reader
    if facts.opens is None or facts.deadline is None or facts.state is CallState.DRAFT:
        return Described(step=NextStep(coordinator, gettext("The coordinator publishes it.")))
    applicants, described = gettext("You") if own else gettext("Officers"), Described()
    match shown_call_state(facts.state, facts.opens, facts.deadline, clock.now()):
        case "announced":
            sentence = gettext("You can apply from %(day)s.") if own else gettext("Officers can apply from %(day)s.")
            described = Described(step=NextStep(applicants, sentence % {"day": dates.day(facts.opens)}))
        case "published":
            sentence = gettext("You can apply until the deadline.")
            step = sentence if own else gettext("Officers apply until the deadline.")
            described = Described(step=NextStep(applicants, step, facts.deadline))
        case "past_deadline":
            described = _past_deadline(facts.left, coordinator)
    return described


def _past_deadline(left: int | None, coordinator: str) -> Described:
    if left is None:
        return Described(step=NextStep(coordinator, gettext("The last cohorts are matched, then the call closes.")))
    if not left:
        why = gettext("No new applications. Each application has a place or has ended.")
        return Described(why, NextStep(coordinator, gettext("The coordinator closes the call.")))
    sentence = ngettext(
        "%(num)d application has no place yet. It will be decided on or matched, then the call closes.",
        "%(num)d applications have no place yet. They will be decided on or matched, then the call closes.",
        left,
    )
    return Described(step=NextStep(coordinator, sentence % {"num": left}))


def partner_standing(facts: PartnerFacts) -> Described:
    """Return what a partner's status means now, and its next step; empty where nothing is to be done."""
    coordinator, why = gettext("Programme coordinator"), ""
    suspended = facts.status is PartnerStatus.SUSPENDED
    if suspended:
        why = gettext("Nothing new starts, and nothing is in progress.")
    if suspended and facts.open_cases:
        why = ngettext(
            "Nothing new starts. %(num)d open case will be ended according to the rules.",
            "Nothing new starts. %(num)d open cases will be ended according to the rules.",
            facts.open_cases,
        ) % {"num": facts.open_cases}
    if facts.later is not None and facts.later_from is not None:
        sentence = gettext("It is reinstated on %(day)s.")
        if facts.later is PartnerStatus.SUSPENDED:
            sentence = gettext("It is suspended on %(day)s.")
        return Described(why, NextStep(coordinator, sentence % {"day": dates.day(facts.later_from)}))
    if suspended:
        return Described(why, NextStep(coordinator, gettext("The coordinator reinstates it, or it stays suspended.")))
    return Described()


_OF_PERIOD: dict[PeriodState, str] = {
    PeriodState.DRAFT: N_("Its figures are submitted for approval."),
    PeriodState.RETURNED: N_("Its figures are corrected and submitted again."),
    PeriodState.SUBMITTED: N_("They are approved and frozen, or returned."),
    PeriodState.APPROVED: N_("They are frozen at once."),
    PeriodState.FROZEN: N_("The figures are published."),
}


def period_standing(facts: PeriodFacts) -> Described:
    """Return what a period's state means now, and its next step; who submitted it does not approve it."""
    if not facts.approved_itself:
        why = gettext(
            "Its figures can still change. Only its years, half-years and quarters are approved, not "
            "the programme as a whole."
        )
        return Described(why)
    who = gettext("Evaluator or programme coordinator")
    others = gettext("Another evaluator or programme coordinator")
    if facts.restated:
        why = gettext("The figures stay valid until a proposed restatement is decided.")
        step = NextStep(others if facts.own_restatement else who, gettext("The restatement is approved or declined."))
        return Described(why, step)
    if facts.state in {PeriodState.DRAFT, PeriodState.RETURNED} and clock.today() <= facts.end:
        sentence = gettext("Its figures can be submitted after its last day, %(day)s.")
        return Described(step=NextStep(who, sentence % {"day": dates.day(facts.end)}))
    if facts.state not in _OF_PERIOD:
        return Described()
    if facts.state is PeriodState.SUBMITTED and facts.own:
        who = others
    return Described(step=NextStep(who, gettext(_OF_PERIOD[facts.state])))


def proposal_standing(facts: ProposalFacts) -> Described:
    """Return what a proposal's state means now, and its next step."""
    if facts.state is not ProposalState.WAITS:
        return Described()
    coordinator = gettext("Programme coordinator")
    if not facts.readable:
        return Described(step=NextStep(coordinator, gettext("The coordinator refuses it and says what is missing.")))
    if not facts.changes:
        why = gettext("The register already includes all of it.")
        return Described(why, NextStep(coordinator, gettext("The coordinator approves or refuses it.")))
    return Described(step=NextStep(coordinator, gettext("The coordinator approves or refuses it.")))
