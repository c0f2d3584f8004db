"""Define the forms after a visit or a mentorship, and turn answers into events.

One page for each respondent. After the end: overall, how far each objective or goal was met, closed questions of
Kirkpatrick's levels 1 (reaction) and 2 (learning), and two open ones. Six months later, from the officer and from the
line manager: levels 3 (behaviour) and 4 (results); from the coordinator of the sending country an evaluation of level 4
only, since results in a service show by then. Free text stays here; only closed answers go into events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import Applied, FollowUpBy, Respondent
from shared.contracts.outcomes import (
    EvaluationSubmitted,
    FollowUpSubmitted,
    GoalScore,
    ObjectiveScore,
    QuestionScore,
)
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.reporting.cases.model import Case

VERSION = 1
"""The version of these questions; a changed form has a new version, and answers name the one they answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """A closed question, answered from 1 (not at all) to 5 (fully)."""

    name: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A text that is asked for, and whether it is required."""

    name: str
    text: str
    hint: str
    needed: bool


_QUESTIONS: dict[Respondent, tuple[Question, ...]] = {
    Respondent.GUEST: (
        Question("programme_useful", 1, N_("The programme was useful for my work")),
        Question("well_organised", 1, N_("The visit was well organised")),
        Question("hosts_expert", 1, N_("The hosts knew their subject and shared it")),
        Question("learnt_new", 2, N_("I learnt things that I did not know before")),
        Question("able_to_use", 2, N_("I feel able to use what I learnt")),
    ),
    Respondent.HOST: (
        Question("guest_prepared", 1, N_("The guest came prepared")),
        Question("guest_took_part", 1, N_("The guest took an active part")),
        Question("host_learnt", 2, N_("We learnt something from the guest as well")),
    ),
    Respondent.MENTEE: (
        Question("sessions_useful", 1, N_("The sessions were useful for my work")),
        Question("mentor_available", 1, N_("The mentor had time for me")),
        Question("learnt_new", 2, N_("I learnt things that I did not know before")),
        Question("able_to_use", 2, N_("I feel able to use what I learnt")),
    ),
    Respondent.MENTOR: (
        Question("mentee_prepared", 1, N_("The mentee came prepared to the sessions")),
        Question("programme_support", 1, N_("The programme gave me the support that I needed")),
        Question("mentor_learnt", 2, N_("I learnt something from the mentee as well")),
    ),
    Respondent.NATIONAL_COORDINATOR: (
        Question("service_better", 4, N_("The officer's service works better because of it")),
        Question("knowledge_spread", 4, N_("What was learnt has also reached people outside the officer's own unit")),
        Question("cooperation_closer", 4, N_("Our services work more closely with those of the other country")),
        Question("need_met", 4, N_("It met a training need of our country")),
    ),
}

_LATER: dict[Respondent, tuple[Question, ...]] = {
    Respondent.GUEST: (
        Question("use_in_work", 3, N_("I use what I learnt in my daily work")),
        Question("unit_better", 4, N_("My unit works better because of it")),
    ),
    Respondent.LINE_MANAGER: (
        Question("officer_changed", 3, N_("The officer has worked differently since then")),
        Question("knowledge_shared", 3, N_("The officer has passed on what was learnt")),
        Question("unit_better", 4, N_("The unit works better because of it")),
    ),
}
_LATER[Respondent.MENTEE] = _LATER[Respondent.GUEST]

COMMENTS = (
    Heading("went_well", N_("What went well?"), N_("Do not name anybody."), needed=False),
    Heading("improve", N_("What should be done differently?"), N_("Do not name anybody."), needed=False),
)

REPORT = (
    Heading("programme", N_("What did you do and see?"), N_("Day by day, in a few sentences."), needed=True),
    Heading("learnt", N_("What did you learn?"), N_("Methods, tools, ways of working."), needed=True),
    Heading("use", N_("How will you use it and pass it on?"), N_("What, when and with which people."), needed=True),
    Heading(
        "contacts",
        N_("Which institutions are you in contact with now?"),
        N_("Name services and units, not people."),
        needed=False,
    ),
    Heading(
        "obstacles",
        N_("What obstacles were or are there?"),
        N_("During the visit, and when you use what you learnt."),
        needed=False,
    ),
    Heading("recommend", N_("What do you recommend to the programme?"), "", needed=False),
)

FOLLOW_UP = (Heading("example", N_("Give an example, or describe the obstacles"), "", needed=False),)

LONGEST = 4000
"""The most characters under one heading."""

ERASED = "erased"
"""The text that replaces an erased one: that something was written is no secret, what it was is gone."""

_SCORES = frozenset({Respondent.GUEST, Respondent.HOST, Respondent.MENTEE, Respondent.MENTOR})
"""The respondents who score objectives and goals at the end: those who took part."""

_LATER_OBJECTIVES = frozenset({Respondent.LINE_MANAGER})
"""The respondents who score the objectives six months later: those who took part have done so at the end."""


HEADINGS: dict[str, tuple[Heading, ...]] = {"evaluation": COMMENTS, "report": REPORT, "follow_up": FOLLOW_UP}
"""The texts that each form asks for."""


class NotComplete(ValueError):
    """An answer is missing or out of range: `fields` names each with a sentence."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A respondent's evaluation: `objectives` and `answers` from 1 to 5, `goals` whether met."""

    overall: int
    objectives: Mapping[int, int]
    goals: Mapping[int, bool]
    answers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A respondent's answers six months later: `applied` is a code of `Applied`, the scores are from 1 to 5."""

    applied: str
    answers: Mapping[str, int]
    objectives: Mapping[int, int]


def questions(respondent: Respondent) -> tuple[Question, ...]:
    """Return the closed questions for that respondent after the end."""
    return _QUESTIONS[respondent]


def asked_objectives(respondent: Respondent, objectives: int) -> int:
    """Return how many of the application's objectives that respondent scores in an evaluation."""
    return objectives if respondent in _SCORES else 0


def asked_goals(respondent: Respondent, goals: int) -> int:
    """Return for how many of the mentorship's goals that respondent says in an evaluation whether they were met."""
    return goals if respondent in _SCORES else 0


def later_questions(respondent: Respondent) -> tuple[Question, ...]:
    """Return the closed questions for that respondent six months later; none for others."""
    return _LATER.get(respondent, ())


def later_objectives(respondent: Respondent, objectives: int) -> int:
    """Return how many of the application's objectives that respondent scores six months later."""
    return objectives if respondent in _LATER_OBJECTIVES else 0


def evaluated(
    case: Case, respondent: Respondent, answered: Evaluation, objectives: int, due: date | None, today: date
) -> EvaluationSubmitted:
    """Return the event of an evaluation. `objectives` is how many the application has, `due` the last day in time.

    Raises `NotComplete`.
    """
    wrong: dict[str, str] = {}
    scored = range(1, asked_objectives(respondent, objectives) + 1)
    goals = range(1, asked_goals(respondent, case.goals) + 1)
    asked_questions = {question.name: question for question in questions(respondent)}
    if not 1 <= answered.overall <= 5:
        wrong["overall"] = N_("Select an overall rating from 1 to 5")
    for name in asked_questions:
        if not 1 <= answered.answers.get(name, 0) <= 5:
            wrong[name] = N_("Select an answer from 1 to 5 for each statement")
    for number in scored:
        if not 1 <= answered.objectives.get(number, 0) <= 5:
            wrong[f"objective_{number}"] = N_("Select how far each objective was met, from 1 to 5")
    for number in goals:
        if number not in answered.goals:
            wrong[f"goal_{number}"] = N_("Select for each goal whether it was met")
    if wrong:
        raise NotComplete(wrong)
    return EvaluationSubmitted(
        application_id=case.application_id,
        visit_id=case.visit_id,
        mentorship_id=case.mentorship_id,
        country=case.country,
        topic_code=case.topic,
        respondent=respondent,
        form_version=VERSION,
        overall=answered.overall,
        objectives=tuple(ObjectiveScore(number=n, score=answered.objectives[n]) for n in scored),
        goals=tuple(GoalScore(number=n, met=answered.goals[n]) for n in goals),
        answers=tuple(
            QuestionScore(question=name, level=question.level, score=answered.answers[name])
            for name, question in asked_questions.items()
        ),
        late=due is not None and today > due,
    )


def followed_up(
    case: Case, respondent: Respondent, answered: FollowUp, objectives: int, *, in_window: bool
) -> FollowUpSubmitted:
    """Return the event of a follow-up; `objectives` as for `evaluated`. Raises `NotComplete`."""
    wrong: dict[str, str] = {}
    if answered.applied not in set(Applied):
        wrong["applied"] = N_("Select whether it is used")
    asked_questions = {question.name: question for question in later_questions(respondent)}
    for name in asked_questions:
        if not 1 <= answered.answers.get(name, 0) <= 5:
            wrong[name] = N_("Select an answer from 1 to 5 for each statement")
    scored = range(1, later_objectives(respondent, objectives) + 1)
    for number in scored:
        if not 1 <= answered.objectives.get(number, 0) <= 5:
            wrong[f"objective_{number}"] = N_("Select how far each objective was met, from 1 to 5")
    if wrong:
        raise NotComplete(wrong)
    return FollowUpSubmitted(
        application_id=case.application_id,
        visit_id=case.visit_id,
        mentorship_id=case.mentorship_id,
        country=case.country,
        topic_code=case.topic,
        by=FollowUpBy.MANAGER if respondent is Respondent.LINE_MANAGER else FollowUpBy.SELF,
        applied=Applied(answered.applied),
        answers=tuple(
            QuestionScore(question=name, level=question.level, score=answered.answers[name])
            for name, question in asked_questions.items()
        ),
        objectives=tuple(ObjectiveScore(number=n, score=answered.objectives[n]) for n in scored),
        in_window=in_window,
    )


def texts(headings: tuple[Heading, ...], answered: Mapping[str, str]) -> dict[str, str]:
    """Return the texts under those headings, stripped, without empty ones. Raises `NotComplete`."""
    kept = {heading.name: answered.get(heading.name, "").strip() for heading in headings}
    wrong = {h.name: N_("Enter a few sentences here") for h in headings if h.needed and not kept[h.name]}
    wrong |= {name: N_("Text must be 4,000 characters or fewer") for name, text in kept.items() if len(text) > LONGEST}
    if wrong:
        raise NotComplete(wrong)
    return {name: text for name, text in kept.items() if text}
