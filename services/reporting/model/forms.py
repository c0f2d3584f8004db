"""What is asked after a visit or a mentorship, of whom, and what do the answers become?

One page for each respondent: overall, how far each objective or goal was met, closed questions by Kirkpatrick level
(1 reaction, 2 learning), and two open questions. What is written stays here; only closed answers stand in events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import Respondent
from shared.contracts.outcomes import EvaluationSubmitted, GoalScore, ObjectiveScore, QuestionScore
from shared.web.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.reporting.model.cases import Case

VERSION = 1
"""Of these questions; a changed form has a new version, and answers say which they answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """A closed question, answered from 1 (not at all) to 5 (fully)."""

    name: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of a text that is asked for; whether it must be there."""

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
}

COMMENTS = (
    Heading("went_well", N_("What went well?"), N_("Do not name anybody."), needed=False),
    Heading("improve", N_("What should be done differently?"), N_("Do not name anybody."), needed=False),
)

REPORT = (
    Heading("programme", N_("What did you do and see?"), N_("Day by day, in a few sentences."), needed=True),
    Heading("learnt", N_("What did you learn?"), N_("Methods, tools, contacts between services."), needed=True),
    Heading("use", N_("How will you use it and pass it on?"), N_("What, with whom, by when."), needed=True),
    Heading("recommend", N_("What do you recommend to the programme?"), "", needed=False),
)

FOLLOW_UP = (Heading("example", N_("Give an example, or say what stands in the way"), "", needed=False),)

LONGEST = 4000
"""Most characters under one heading."""


class NotComplete(ValueError):
    """An answer is missing or out of range: `fields` names each with a sentence."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a respondent answered: `objectives` and `answers` from 1 to 5, `goals` whether met."""

    overall: int
    objectives: Mapping[int, int]
    goals: Mapping[int, bool]
    answers: Mapping[str, int]


def questions(respondent: Respondent) -> tuple[Question, ...]:
    """The closed questions for that respondent."""
    return _QUESTIONS[respondent]


def evaluated(
    case: Case, respondent: Respondent, given: Evaluation, objectives: int, due: date | None, today: date
) -> EvaluationSubmitted:
    """The event that answers become. `objectives` is how many the application has, `due` the last day in time.

    Raises `NotComplete`.
    """
    wrong: dict[str, str] = {}
    asked = {question.name: question for question in questions(respondent)}
    if not 1 <= given.overall <= 5:
        wrong["overall"] = N_("Say how you rate it overall, from 1 to 5")
    for name in asked:
        if not 1 <= given.answers.get(name, 0) <= 5:
            wrong[name] = N_("Answer each statement, from 1 to 5")
    for number in range(1, objectives + 1):
        if not 1 <= given.objectives.get(number, 0) <= 5:
            wrong[f"objective_{number}"] = N_("Say how far each objective was met, from 1 to 5")
    for number in range(1, case.goals + 1):
        if number not in given.goals:
            wrong[f"goal_{number}"] = N_("Say for each goal whether it was met")
    if wrong:
        raise NotComplete(wrong)
    return EvaluationSubmitted(
        application_id=case.application_id,
        visit_id=case.id if case.kind == "visit" else None,
        mentorship_id=case.id if case.kind == "mentorship" else None,
        country=case.country,
        topic_code=case.topic,
        respondent=respondent,
        form_version=VERSION,
        overall=given.overall,
        objectives=tuple(ObjectiveScore(number=n, score=given.objectives[n]) for n in range(1, objectives + 1)),
        goals=tuple(GoalScore(number=n, met=given.goals[n]) for n in range(1, case.goals + 1)),
        answers=tuple(
            QuestionScore(question=name, level=question.level, score=given.answers[name])
            for name, question in asked.items()
        ),
        late=due is not None and today > due,
    )


def texts(headings: tuple[Heading, ...], given: Mapping[str, str]) -> dict[str, str]:
    """The texts under those headings, stripped, empty ones left out. Raises `NotComplete`."""
    kept = {heading.name: given.get(heading.name, "").strip() for heading in headings}
    wrong = {h.name: N_("Write a few sentences here") for h in headings if h.needed and not kept[h.name]}
    wrong |= {name: N_("Shorten this to 4,000 characters") for name, text in kept.items() if len(text) > LONGEST}
    if wrong:
        raise NotComplete(wrong)
    return {name: text for name, text in kept.items() if text}
