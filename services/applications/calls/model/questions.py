"""The questions that a call asks of its own: wording, checks and answers in words.

Answers are personal: they stay in the portal. A text is kept as it was written, a number as a number, a choice by its
code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.model.texts import best
from shared.contracts.codes import QuestionKind
from shared.i18n import gettext, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.contracts.calls import CallQuestion, CallTerms, QuestionText

Given = str | int


def in_reader_language(question: CallQuestion) -> QuestionText:
    """Return the question in the reader's language. A question has at least one text (`problems`)."""
    text = best(question.texts)
    assert text is not None
    return text


def choices(question: CallQuestion) -> dict[str, str]:
    """Return the answers from which one is chosen, by code, in the reader's language."""
    names = in_reader_language(question).choices
    return dict(zip(question.choices, names, strict=False))


def problem(question: CallQuestion, answer: Given | None) -> str | None:
    """Return what is wrong with an answer, as a sentence with the remedy; None where it is valid or missing."""
    if answer is None or answer == "":
        return None
    found: str | None = None
    match question.kind:
        case QuestionKind.TEXT:
            if len(str(answer)) > question.longest:
                sentence = ngettext(
                    "Your answer must be %(most)s character or fewer",
                    "Your answer must be %(most)s characters or fewer",
                    question.longest,
                )
                found = sentence % {"most": number(question.longest)}
        case QuestionKind.NUMBER:
            if not isinstance(answer, int):
                found = gettext("Enter a whole number, such as 5")
            elif question.minimum is not None and answer < question.minimum:
                found = gettext("Enter a number of %(first)d or more") % {"first": question.minimum}
            elif question.maximum is not None and answer > question.maximum:
                found = gettext("Enter a number of %(last)d or less") % {"last": question.maximum}
        case _:
            if answer not in question.choices:
                found = gettext("Choose one of the answers given")
    return found


def problems(terms: CallTerms, answers: Mapping[str, Given]) -> dict[str, str]:
    """Return what is wrong with answers, by the question's code; a code that the call does not ask is wrong too."""
    questions = {question.code: question for question in terms.questions}
    found = {code: problem(questions[code], answer) for code, answer in answers.items() if code in questions}
    unknown = {code: gettext("The call does not ask this") for code in answers if code not in questions}
    return {code: text for code, text in found.items() if text} | unknown


def unanswered(terms: CallTerms, answers: Mapping[str, Given]) -> list[str]:
    """Return what is still to be answered or corrected, as sentences."""
    found = []
    for question in terms.questions:
        answer = answers.get(question.code)
        if answer in (None, ""):
            if question.required:
                found.append(gettext("Answer “%(question)s”") % {"question": in_reader_language(question).question})
        elif (wrong := problem(question, answer)) is not None:
            found.append(f"{in_reader_language(question).question}: {wrong}")
    return found


def answer_text(question: CallQuestion, answer: Given | None) -> str:
    """Return an answer in words, for reading; empty where there is none."""
    if answer is None:
        return ""
    return choices(question).get(str(answer), "") if question.kind is QuestionKind.CHOICE else str(answer)
