"""Define questions and tests: what a question may ask, and when a test may be published.

A question is never changed in place: each change is its next version, and a test keeps the versions that it was
published with, so that two people who took it answered the same. Points are given for a question that is answered
rightly in full (all right answers chosen and no other), else none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003 - the dataclasses' own
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - as above

from shared.contracts.codes import PRIORITIES, Expertise, TestPhase
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LONGEST = 1000
"""The most characters of a question, and of each answer to choose from."""
LONGEST_TITLE = 120
MOST_ANSWERS = 6
MOST_POINTS = 10
MOST_QUESTIONS = 40
"""The most questions in one form of a test: it is to be taken in one sitting."""
TOPICS = tuple(dict.fromkeys(code for scheme in sorted(PRIORITIES, reverse=True) for code in PRIORITIES[scheme]))
"""The topics of all schemes, those of the newest first."""


class QuestionKind(StrEnum):
    """The kind of a question: the way to answer it."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"

    @property
    def label(self) -> str:
        """The kind in words."""
        return _KINDS[self]


_KINDS = {
    QuestionKind.SINGLE: N_("One answer is right"),
    QuestionKind.MULTIPLE: N_("Several answers may be right"),
    QuestionKind.TRUE_FALSE: N_("True or false"),
}
TRUE_FALSE = (N_("True"), N_("False"))
"""The answers to a statement that is true or false, in this order."""


class TestState(StrEnum):
    """The state of a test."""

    __test__ = False  # or pytest would collect it by its name

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


class Invalid(ValueError):
    """Something is missing or cannot be right: `fields` names each with a sentence."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)


class NotNow(ValueError):
    """It cannot be done in this state; the text says in the reader's language why and what to do."""

    def __init__(self, text: str, code: ProblemCode = ProblemCode.WRONG_STATE) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """A question in one version: `answers` to choose from, `right` the places of those that are right, from 0."""

    id: UUID
    version: int
    topic: str
    area: str | None
    kind: QuestionKind
    text: str
    answers: tuple[str, ...]
    right: tuple[int, ...]
    points: int
    author: str
    at: datetime
    retired_at: datetime | None = None
    retired_by: str | None = None

    @property
    def content(self) -> tuple[object, ...]:
        """The question as it was written: two with the same content are one."""
        return self.topic, self.area, self.kind, self.text, self.answers, self.right, self.points

    def worth(self, chosen: Collection[int]) -> int:
        """Return the points for these answers: all of them or none."""
        return self.points if set(chosen) == set(self.right) else 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as somebody wrote it; empty answers are left out, `right` counts places among all of them."""

    topic: str
    area: str
    kind: str
    text: str
    answers: tuple[str, ...]
    right: tuple[int, ...]
    points: int | None


@dataclass(frozen=True, slots=True)
class QuestionFilters:
    """The filters of the questions: topic, area, in use or retired; empty: all."""

    topic: str = ""
    area: str = ""
    retired: bool = False


def question(draft: Draft, *, id: UUID, version: int, author: str, at: datetime) -> Question:  # noqa: A002 - its id
    """Return the question that was written. Raises `Invalid`, by the draft's fields."""
    wrong = problems(draft)
    if wrong or draft.points is None:
        raise Invalid(wrong)
    answers, right = _answers(draft, wrong)
    return Question(
        id,
        version,
        draft.topic,
        draft.area or None,
        QuestionKind(draft.kind),
        draft.text.strip(),
        answers,
        right,
        draft.points,
        author,
        at,
    )


def problems(draft: Draft) -> dict[str, str]:
    """Return what is wrong with a draft, by field."""
    wrong: dict[str, str] = {}
    if draft.topic not in TOPICS:
        wrong["topic"] = N_("Select a topic")
    if draft.area and draft.area not in set(Expertise):
        wrong["area"] = N_("Select an area, or none")
    if not draft.text.strip():
        wrong["text"] = N_("Enter the question")
    elif len(draft.text.strip()) > LONGEST:
        wrong["text"] = N_("Question must be 1,000 characters or fewer")
    if draft.points is None or not 1 <= draft.points <= MOST_POINTS:
        wrong["points"] = N_("Enter a whole number of points from 1 to 10")
    if draft.kind not in set(QuestionKind):
        return {**wrong, "kind": N_("Select how the question is answered")}
    _answers(draft, wrong)
    return wrong


def _answers(draft: Draft, wrong: dict[str, str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the answers without the empty ones, and the places of the right ones among them."""
    if draft.kind == QuestionKind.TRUE_FALSE:
        if draft.right not in {(0,), (1,)}:
            wrong["right"] = N_("Select whether the statement is true or false")
        return TRUE_FALSE, draft.right
    texts = {place: text for place, answer in enumerate(draft.answers) if (text := answer.strip())}
    if problem := _problem_of_texts(list(texts.values())):
        wrong["answers"] = problem
    if problem := _problem_of_right(draft, texts):
        wrong["right"] = problem
    places = list(texts)
    return tuple(texts.values()), tuple(places.index(place) for place in draft.right if place in texts)


def _problem_of_texts(texts: Sequence[str]) -> str | None:
    if len(texts) < 2:
        return N_("Enter at least two answers to choose from")
    if len(texts) > MOST_ANSWERS:
        return N_("Enter at most six answers to choose from")
    if len(set(texts)) < len(texts):
        return N_("Two answers are the same. Change one of them")
    if any(len(text) > LONGEST for text in texts):
        return N_("Each answer must be 1,000 characters or fewer")
    return None


def _problem_of_right(draft: Draft, texts: Collection[int]) -> str | None:
    single = draft.kind == QuestionKind.SINGLE
    if single and len(draft.right) != 1:
        return N_("Select the one right answer")
    if not draft.right:
        return N_("Select at least one right answer")
    if not set(draft.right) <= set(texts):
        return N_("The answer that you selected as right is empty. Enter it, or select another answer")
    return None


@dataclass(frozen=True, slots=True)
class Test:
    """A test on a topic, for one call or for all: `forms` are the ids of its questions before and after the visit.

    Without questions of its own, the form after the visit has the same as the one before.
    """

    __test__ = False  # or pytest would collect it by its name

    id: UUID
    title: str
    topic: str
    call_id: UUID | None
    state: TestState
    author: str
    at: datetime
    forms: Mapping[TestPhase, tuple[UUID, ...]]
    published_at: datetime | None = None
    closed_at: datetime | None = None
    published_by: str | None = None
    closed_by: str | None = None

    def question_ids(self, phase: TestPhase) -> tuple[UUID, ...]:
        """Return the ids of the questions of one form."""
        return self.forms.get(phase) or self.forms.get(TestPhase.PRE, ())


def test(title: str, topic: str, call_id: UUID | None, *, id: UUID, author: str, at: datetime) -> Test:  # noqa: A002 - its id
    """Return a new test without questions. Raises `Invalid`."""
    wrong: dict[str, str] = {}
    if not title.strip():
        wrong["title"] = N_("Enter a title for the test")
    elif len(title.strip()) > LONGEST_TITLE:
        wrong["title"] = N_("Title must be 120 characters or fewer")
    if topic not in TOPICS:
        wrong["topic"] = N_("Select a topic")
    if wrong:
        raise Invalid(wrong)
    return Test(id, title.strip(), topic, call_id, TestState.DRAFT, author, at, {})


test.__test__ = False  # type: ignore[attr-defined]  # as above


def for_call(test: Test, call_id: UUID) -> Test:
    """Return the test, for the visits of one call only."""
    return replace(test, call_id=call_id)


def composed(test: Test, before: Sequence[UUID], after: Sequence[UUID], bank: Mapping[UUID, Question]) -> Test:
    """Return a draft with these questions; `bank` holds what can be asked on its topic. Raises `NotNow`, `Invalid`."""
    forms = {TestPhase.PRE: tuple(dict.fromkeys(before)), TestPhase.POST: tuple(dict.fromkeys(after))}
    made = replace(test, forms={phase: ids for phase, ids in forms.items() if ids})
    if made == test:
        return test
    if test.state is not TestState.DRAFT:
        sentence = gettext("The test was published on %(when)s, so its questions cannot change. Write another test.")
        raise NotNow(sentence % {"when": moment(test.published_at)})
    wrong = {}
    for name, chosen in (("before", before), ("after", after)):
        if not set(chosen) <= bank.keys():
            wrong[name] = N_("Select questions on this topic from the bank")
        elif len(chosen) > MOST_QUESTIONS:
            wrong[name] = N_("Select at most 40 questions")
    if wrong:
        raise Invalid(wrong)
    return made


def points(test: Test, phase: TestPhase, bank: Mapping[UUID, Question]) -> int:
    """Return the most points of one form."""
    return sum(bank[id_].points for id_ in test.question_ids(phase) if id_ in bank)


def published(test: Test, bank: Mapping[UUID, Question], by: str, at: datetime) -> Test:
    """Return the test as published, unchanged if the same person published it; `bank` as for `composed`.

    Raises `NotNow`.
    """
    if test.state is TestState.PUBLISHED and test.published_by == by:
        return test
    if test.state is not TestState.DRAFT:
        raise _not_now(test)
    if not test.forms.get(TestPhase.PRE):
        raise NotNow(gettext("Select the questions for the test before the visit first."))
    if any(id_ not in bank for ids in test.forms.values() for id_ in ids):
        raise NotNow(gettext("A question of the test has since been retired. Save the questions again without it."))
    if points(test, TestPhase.PRE, bank) != points(test, TestPhase.POST, bank):
        raise NotNow(gettext("Both forms need the same number of points. Otherwise their results cannot be compared."))
    return replace(test, state=TestState.PUBLISHED, published_at=at, published_by=by)


def closed(test: Test, by: str, at: datetime) -> Test:
    """Return the test as closed, unchanged if the same person closed it; guests who were asked may still take it.

    Raises `NotNow`.
    """
    if test.state is TestState.CLOSED and test.closed_by == by:
        return test
    if test.state is not TestState.PUBLISHED:
        raise _not_now(test)
    return replace(test, state=TestState.CLOSED, closed_at=at, closed_by=by)


def _not_now(test: Test) -> NotNow:
    """Return the exception that names the present state of a test."""
    if test.state is TestState.DRAFT:
        return NotNow(gettext("The test has not been published yet."), ProblemCode.STEP_MISSING)
    if test.state is TestState.PUBLISHED:
        sentence = gettext("The test was published on %(when)s.") % {"when": moment(test.published_at)}
    else:
        sentence = gettext("The test was closed on %(when)s.") % {"when": moment(test.closed_at)}
    return NotNow(sentence, ProblemCode.ALREADY_DONE)


def for_visit(tests: Sequence[Test], topic: str, call_id: UUID) -> Test | None:
    """Return the published test for a visit: on its topic, its call's own first, then the newest."""
    fits = [
        each
        for each in tests
        if each.state is TestState.PUBLISHED and each.topic == topic and each.call_id in {None, call_id}
    ]
    order = sorted(fits, key=lambda each: (each.call_id is not None, each.published_at, each.id), reverse=True)
    return order[0] if order else None
