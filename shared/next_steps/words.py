"""The next step of a case in words: what is due first, who does it and by when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts import labels
from shared.contracts.codes import ApplicationKind, ApplicationState, MatchState, MentorshipState, VisitState
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.lifecycle.state_sets import MENTORSHIP_GOING, VISIT_GOING
from shared.i18n import N_, gettext, ngettext
from shared.next_steps.owed import certificate_due, first_due, of_match, of_pair, of_visit, owed
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from shared.next_steps.facts import CaseFacts, MatchFacts, PairFacts, VisitFacts
    from shared.next_steps.owed import Owed


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next step, its holder and its deadline, in words; empty where nothing is left to do."""

    holder: str = ""
    step: str = ""
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A record's state in one sentence, where its facts say more than the state does, and its next step."""

    explanation: str = ""
    step: NextStep = NextStep()


@dataclass(frozen=True, slots=True)
class _Setting:
    """The countries of a case, which name its coordinators, whether it is a mentoring pair's, and who reads."""

    country: str
    host_country: str = ""
    mentored: bool = False
    reader: Collection[A] = ()


# What is asked for at the same time belongs together: before, during and after a visit, and months later.
_STAGES: tuple[frozenset[D], ...] = (
    frozenset({D.ENDORSEMENT, D.INFORMATION, D.ELIGIBILITY, D.APPEAL_DECISION}),
    frozenset({D.HOME_CLEARANCE, D.HOST_CLEARANCE, D.ANSWER}),
    frozenset({D.MOVE, D.AGENDA, D.PREPARATION, D.AGREEMENT}),
    frozenset({D.ATTENDANCE}),
    frozenset({D.EVALUATION, D.REPORT}),
    frozenset({D.FOLLOW_UP, D.RESULTS}),
)

# (others, the reader where it is the reader's own); what differs for a mentoring pair stands in the table below.
_SENTENCES: dict[tuple[D, A], tuple[str, str]] = {
    (D.ENDORSEMENT, A.HOME_COORDINATOR): (
        N_("The coordinator endorses it, asks for more information, or does not endorse it and gives a reason."),
        "",
    ),
    (D.INFORMATION, A.APPLICANT): (
        N_("The officer answers and submits it again."),
        N_("You answer and submit it again."),
    ),
    (D.ELIGIBILITY, A.PROGRAMME_COORDINATOR): (N_("The coordinator checks it against the call's rules."), ""),
    (D.APPEAL_DECISION, A.PROGRAMME_COORDINATOR): (N_("The decision is changed, or stays as it is."), ""),
    (D.HOME_CLEARANCE, A.HOME_COORDINATOR): (N_("The home country clears it, then the host country."), ""),
    (D.HOST_CLEARANCE, A.HOST_COORDINATOR): (N_("The host country clears it."), ""),
    (D.ANSWER, A.APPLICANT): (N_("The officer accepts or declines."), N_("You accept or decline.")),
    (D.ANSWER, A.HOST_CONTACT): (N_("The host accepts or declines."), N_("You accept or decline.")),
    (D.ANSWER, A.MENTOR): (N_("The mentor accepts or declines."), N_("You accept or decline.")),
    (D.MOVE, A.APPLICANT): (
        N_("The guest accepts or refuses the new dates."),
        N_("You accept or refuse the new dates."),
    ),
    (D.MOVE, A.HOST_CONTACT): (
        N_("The host accepts or refuses the new dates."),
        N_("You accept or refuse the new dates."),
    ),
    (D.AGENDA, A.APPLICANT): (N_("The guest agrees to the agenda."), N_("You agree to the agenda.")),
    (D.AGENDA, A.HOST_CONTACT): (N_("The host agrees to the agenda."), N_("You agree to the agenda.")),
    (D.PREPARATION, A.APPLICANT): (N_("The guest prepares the visit."), N_("You prepare the visit.")),
    (D.PREPARATION, A.HOST_CONTACT): (N_("The host prepares the visit."), N_("You prepare the visit.")),
    (D.PREPARATION, A.HOME_COORDINATOR): (
        N_("The sending country prepares the visit."),
        N_("You prepare the visit."),
    ),
    (D.AGREEMENT, A.APPLICANT): (N_("The mentee signs the agreement."), N_("You sign the agreement.")),
    (D.AGREEMENT, A.MENTOR): (N_("The mentor signs the agreement."), N_("You sign the agreement.")),
    (D.ATTENDANCE, A.HOST_CONTACT): (
        N_("The host records attendance day by day."),
        N_("You record attendance day by day."),
    ),
    (D.EVALUATION, A.APPLICANT): (N_("The guest evaluates the visit."), N_("You evaluate it.")),
    (D.REPORT, A.APPLICANT): (N_("The guest writes the report."), N_("You write the report.")),
    (D.EVALUATION, A.HOST_CONTACT): (N_("The host evaluates the visit."), N_("You evaluate it.")),
    (D.EVALUATION, A.MENTOR): (N_("The mentor evaluates the mentorship."), N_("You evaluate it.")),
    (D.FOLLOW_UP, A.APPLICANT): (N_("The guest answers the follow-up."), N_("You answer the follow-up.")),
    (D.FOLLOW_UP, A.LINE_MANAGER): (N_("The line manager answers the follow-up."), ""),
    (D.RESULTS, A.HOME_COORDINATOR): (
        N_("The sending country reports the results."),
        N_("You report the results."),
    ),
}
_OF_PAIRS: dict[tuple[D, A], str] = {
    (D.ANSWER, A.APPLICANT): N_("The mentee accepts or declines."),
    (D.EVALUATION, A.APPLICANT): N_("The mentee evaluates the mentorship."),
    (D.FOLLOW_UP, A.APPLICANT): N_("The mentee answers the follow-up."),
}
_TOGETHER: dict[tuple[D, frozenset[A]], str] = {
    (D.ANSWER, frozenset({A.APPLICANT, A.HOST_CONTACT})): N_("Both accept, or the next in line gets the offer."),
    (D.ANSWER, frozenset({A.APPLICANT, A.MENTOR})): N_("Both accept, or the next in line gets the offer."),
    (D.MOVE, frozenset({A.APPLICANT, A.HOST_CONTACT})): N_("Both accept the new dates, or the old dates stay."),
    (D.AGENDA, frozenset({A.APPLICANT, A.HOST_CONTACT})): N_("Guest and host agree on the agenda."),
    (D.AGREEMENT, frozenset({A.APPLICANT, A.MENTOR})): N_("Both sign the agreement, then it begins."),
    (D.PREPARATION, frozenset({A.APPLICANT, A.HOST_CONTACT})): N_("Guest and host prepare the visit."),
    (D.PREPARATION, frozenset({A.APPLICANT, A.HOME_COORDINATOR})): N_("Guest and sending country prepare the visit."),
    (D.PREPARATION, frozenset({A.HOST_CONTACT, A.HOME_COORDINATOR})): N_("Host and sending country prepare the visit."),
    (D.PREPARATION, frozenset({A.APPLICANT, A.HOST_CONTACT, A.HOME_COORDINATOR})): N_(
        "Guest, host and sending country prepare the visit."
    ),
    (D.FOLLOW_UP, frozenset({A.APPLICANT, A.LINE_MANAGER})): N_("Guest and line manager answer the follow-up."),
}
"""One sentence for those who do the same together; to one of them it is said with "you"."""
_TOGETHER_OWN: dict[D, str] = {
    D.AGENDA: N_("You agree on the agenda with the other side."),
    D.PREPARATION: N_("You prepare your part of the visit, and the others prepare theirs."),
    D.FOLLOW_UP: N_("You and your line manager answer the follow-up."),
}
_TOGETHER_OF_PAIRS: dict[D, str] = {D.FOLLOW_UP: N_("Mentee and line manager answer the follow-up.")}

_YOU, _OFFICER, _GUEST, _HOST = N_("You"), N_("Officer"), N_("Guest"), N_("Host")
_MENTEE, _MENTOR = N_("Mentee"), N_("Mentor")
_TWO: dict[tuple[str, str], str] = {
    (_YOU, _GUEST): N_("You and the guest"),
    (_YOU, _HOST): N_("You and the host"),
    (_YOU, _OFFICER): N_("You and the officer"),
    (_YOU, _MENTEE): N_("You and the mentee"),
    (_YOU, _MENTOR): N_("You and the mentor"),
    (_GUEST, _HOST): N_("Guest and host"),
    (_OFFICER, _HOST): N_("Officer and host"),
    (_MENTEE, _MENTOR): N_("Mentee and mentor"),
}
_WORDS: dict[A, str] = {A.HOST_CONTACT: _HOST, A.MENTOR: _MENTOR}
_BOTH = frozenset({A.APPLICANT, A.HOST_CONTACT})
_BEFORE_A_VISIT = frozenset({D.INFORMATION, D.APPEAL, D.ANSWER})


def owner_word(kind: D, by: A, country: str | None = None, *, mentored: bool = False) -> str:
    """Return who is asked for something, in a word; `country` is the one whose coordinator `by` may be."""
    if by in {A.HOME_COORDINATOR, A.HOST_COORDINATOR} and country:
        return labels.coordinator(country)
    word = _word(kind, by, mentored=mentored)
    return labels.label(by) if word is None else gettext(word)


def _word(kind: D, by: A, *, mentored: bool) -> str | None:
    """Return the word for one of the two sides of a case, untranslated; None for all others."""
    if by is A.APPLICANT:
        if kind in _BEFORE_A_VISIT and not (mentored and kind is D.ANSWER):
            return _OFFICER
        return _MENTEE if mentored else _GUEST
    if kind is D.APPEAL_DECISION and by is A.PROGRAMME_COORDINATOR:
        return N_("Another coordinator")
    return _WORDS.get(by)


def next_step(case: CaseFacts, reader: Collection[A] = ()) -> NextStep:
    """Return the next step of a case; a reader who is one of its parties is addressed as "you"."""
    setting = _Setting(
        case.country,
        case.match.host_country if case.match else case.reserve.host_country if case.reserve else "",
        case.kind is ApplicationKind.MENTEE,
        reader,
    )
    certificate = any(certificate_due(visit) for visit in case.visits)
    return _first(owed(case), setting, certificate=certificate) or _undated(case, setting)


def match_step(match: MatchFacts, reader: Collection[A] = ()) -> NextStep:
    """Return the next step of a match from which nothing has followed yet."""
    setting = _Setting(match.country, match.host_country, match.kind is ApplicationKind.MENTEE, reader)
    return _first(of_match(match), setting) or _of_match(match)


def visit_step(visit: VisitFacts, reader: Collection[A] = ()) -> NextStep:
    """Return the next step of a visit."""
    setting = _Setting(visit.country, reader=reader)
    return _first(of_visit(visit), setting, certificate=certificate_due(visit)) or _of_visit(visit, setting)


def pair_step(pair: PairFacts, reader: Collection[A] = ()) -> NextStep:
    """Return the next step of a mentorship."""
    setting = _Setting(pair.country, mentored=True, reader=reader)
    return _first(of_pair(pair), setting) or _of_pair(pair, setting)


def _first(items: Sequence[Owed], setting: _Setting, *, certificate: bool = False) -> NextStep | None:
    """Return what is due first, with all that is asked for at the same time; None where nobody is asked.

    A `certificate` that is to be granted comes before what is asked for months later, unless that is overdue.
    """
    due = first_due(items)
    if not items:
        return None
    leading = next((item for item in items if item.due == due), items[0])
    stage = next(stage for stage in _STAGES if leading.kind in stage)
    if certificate and stage is _STAGES[-1] and due is not None and due >= clock.now():
        return None
    together = [item for item in items if item.kind in stage]
    return NextStep(_holder(together, setting), _sentences(together, setting), first_due(together))


def _holder(items: Sequence[Owed], setting: _Setting) -> str:
    """Return all who are asked, each once; the reader first."""
    sides = [_word(item.kind, item.by, mentored=setting.mentored) for item in items if item.by not in setting.reader]
    own = [_YOU] if any(item.by in setting.reader for item in items) else []
    others = [_name(item, setting) for item in items if item.by not in setting.reader]
    two = _TWO.get(tuple(dict.fromkeys([*own, *sides])))  # type: ignore[arg-type]  # other tuples are not in the table
    return gettext(two) if two else " \N{MIDDLE DOT} ".join(dict.fromkeys([*map(gettext, own), *others]))


def _name(item: Owed, setting: _Setting) -> str:
    country = setting.host_country if item.by is A.HOST_COORDINATOR else setting.country
    return owner_word(item.kind, item.by, country, mentored=setting.mentored)


def _both(applicant: str, counterpart: str, setting: _Setting) -> str:
    """Return the two sides of a visit or a pair as the holder of a step without a date."""
    if A.APPLICANT in setting.reader:
        return gettext(_TWO[_YOU, counterpart])
    if {A.HOST_CONTACT, A.MENTOR} & set(setting.reader):
        return gettext(_TWO[_YOU, applicant])
    return gettext(_TWO[applicant, counterpart])


def _sentences(items: Sequence[Owed], setting: _Setting) -> str:
    found: dict[str, None] = {}
    for item in items:
        together = frozenset(other.by for other in items if other.kind is item.kind)
        sentence = _TOGETHER.get((item.kind, together))
        if sentence is not None and together & set(setting.reader):
            sentence = _TOGETHER_OWN.get(item.kind, sentence)
        elif sentence is not None and setting.mentored:
            sentence = _TOGETHER_OF_PAIRS.get(item.kind, sentence)
        found[gettext(sentence or _sentence(item, setting))] = None
    return " ".join(found)


def _sentence(item: Owed, setting: _Setting) -> str:
    others, own = _SENTENCES[item.kind, item.by]
    if item.by in setting.reader and own:
        return own
    return (_OF_PAIRS.get((item.kind, item.by)) if setting.mentored else None) or others


def _undated(case: CaseFacts, setting: _Setting) -> NextStep:
    """Return the step of a case in which nobody is asked for anything by a date."""
    if case.state is ApplicationState.DRAFT:
        return _draft(case, own=A.APPLICANT in setting.reader)
    if any(certificate_due(visit) for visit in case.visits):
        return _certificate()
    if case.state is not ApplicationState.ELIGIBLE or case.over:
        return NextStep()
    if case.match is None:
        return _in_matching(case, own=A.APPLICANT in setting.reader)
    if case.pair is not None:
        return _of_pair(case.pair, setting)
    steps = [_of_visit(visit, setting) for visit in case.visits] or [_of_match(case.match)]
    return next((step for step in steps if step.step), NextStep())


def _draft(case: CaseFacts, *, own: bool) -> NextStep:
    if case.due is not None and case.due < clock.now():
        if own:
            return NextStep(gettext("You"), gettext("The call's deadline has passed. You can delete the draft."))
        return NextStep(
            gettext("Officer"), gettext("The call's deadline has passed. The officer can delete the draft.")
        )
    if own:
        return NextStep(gettext("You"), gettext("You check it and submit it."), case.due)
    return NextStep(gettext("Officer"), gettext("The officer checks it and submits it."), case.due)


def _certificate() -> NextStep:
    return NextStep(gettext("Programme"), gettext("The certificate is granted."))


def _in_matching(case: CaseFacts, *, own: bool) -> NextStep:
    coordinator = gettext("Programme coordinator")
    if case.cleared_ahead:
        return NextStep(coordinator, gettext("When that place becomes free, it is offered at once."))
    if case.in_line:
        return NextStep(coordinator, gettext("When a place becomes free, the next in line is proposed."))
    if own:
        return NextStep(coordinator, gettext("A place is proposed, or you learn why there was none."))
    return NextStep(coordinator, gettext("A place is proposed, or the officer learns why there was none."))


_OF_MATCH: dict[MatchState, tuple[str, str]] = {
    MatchState.CLEARED: (N_("Programme"), N_("It is offered at once.")),
    MatchState.OFFERED: (N_("Programme"), N_("The match is confirmed.")),
    MatchState.CONFIRMED: (N_("Programme"), N_("The visit gets its dates.")),
}


def _of_match(match: MatchFacts) -> NextStep:
    if match.state is MatchState.CLEARED and match.reserve:
        return NextStep(gettext("Programme"), gettext("When a place becomes free, it is offered at once."))
    if match.state is MatchState.CONFIRMED and match.kind is ApplicationKind.MENTEE:
        return NextStep(gettext("Programme"), gettext("The mentorship opens."))
    sides = {A.APPLICANT, A.MENTOR if match.kind is ApplicationKind.MENTEE else A.HOST_CONTACT}
    if match.state is MatchState.OFFERED and not sides <= set(match.accepted):
        sentence = gettext("The time to answer has passed. The offer expires. The next in line gets it, if any.")
        return NextStep(gettext("Programme"), sentence)
    found = _OF_MATCH.get(match.state)
    return NextStep() if found is None else NextStep(gettext(found[0]), gettext(found[1]))


def _of_visit(visit: VisitFacts, setting: _Setting) -> NextStep:
    if visit.state is VisitState.UNSCHEDULABLE:
        return NextStep(gettext("Programme coordinator"), gettext("The coordinator finds dates, or ends the match."))
    if visit.state in VISIT_GOING and visit.move_due is not None and not set(visit.move_accepted) >= _BOTH:
        return NextStep(gettext("Programme"), gettext("The time to answer has passed. The visit keeps its dates."))
    if visit.state in VISIT_GOING and visit.move_due is not None:
        return NextStep(gettext("Programme"), gettext("The visit gets the new dates if its new week is free."))
    if visit.state in VISIT_GOING and visit.start is not None:
        begins = gettext("The visit begins on %(day)s.") % {"day": dates.day(visit.start)}
        return NextStep(_both(_GUEST, _HOST, setting), begins)
    return _certificate() if certificate_due(visit) else NextStep()


def _of_pair(pair: PairFacts, setting: _Setting) -> NextStep:
    if pair.state is MentorshipState.OPENED:
        signed = {A.APPLICANT, A.MENTOR} <= set(pair.signed)
        sentence = N_("The mentorship begins.") if signed else N_("The time to sign has passed. The mentorship ends.")
        return NextStep(gettext("Programme"), gettext(sentence))
    if pair.state not in MENTORSHIP_GOING:
        return NextStep()
    if pair.until is not None and clock.today() > pair.until:
        sentence = N_("The planned end has passed. The mentorship is completed.")
        if pair.missing:
            sentence = N_("The planned end has passed with too few confirmed sessions. The mentorship ends early.")
        return NextStep(gettext("Programme"), gettext(sentence))
    return NextStep(_both(_MENTEE, _MENTOR, setting), _of_going_pair(pair))


def _of_going_pair(pair: PairFacts) -> str:
    """Return the step of a pair before its planned end, with that day and the sessions that it still needs."""
    if pair.state is MentorshipState.PAUSED:
        if pair.until is None:
            return gettext("Mentee and mentor resume it or end it.")
        text = gettext("Mentee and mentor resume it or end it. It ends on %(day)s at the latest.")
        return text % {"day": dates.day(pair.until)}
    if not pair.missing:
        if pair.until is None:
            return gettext("Mentee and mentor meet, or complete the mentorship.")
        text = gettext("Mentee and mentor meet until %(day)s, or complete the mentorship earlier.")
        return text % {"day": dates.day(pair.until)}
    if pair.until is None:
        return gettext("Mentee and mentor meet, and log each session.")
    text = ngettext(
        "Mentee and mentor meet, and log each session. They need %(num)d more confirmed session by %(day)s.",
        "Mentee and mentor meet, and log each session. They need %(num)d more confirmed sessions by %(day)s.",
        pair.missing,
    )
    return text % {"num": pair.missing, "day": dates.day(pair.until)}
