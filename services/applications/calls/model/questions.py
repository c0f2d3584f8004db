"""The questions that a call asks of its own: wording, checks and answers in words.

Answers are personal: they stay in the portal. A text is kept as it was written, a number as a number, a choice by its
code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.model.texts import best
from shared.contracts.codes import QuestionKind
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.contracts.calls import CallQuestion, CallTerms, QuestionText

Given = str | int


def worded(question: CallQuestion) -> QuestionText:
    """Return the question in the reader's language. A question has at least one text (`problems`)."""
    text = best(question.texts)
    assert text is not None
    return text


def choices(question: CallQuestion) -> dict[str, str]:
    """Return the answers from which one is chosen, by code, in the reader's language."""
    names = worded(question).choices
    return dict(zip(question.choices, names, strict=False))


def problem(question: CallQuestion, given: Given | None) -> str | None:
    """Return what is wrong with an answer, as a sentence with the remedy; None where it is valid or missing."""
    if given is None or given == "":
        return None
    found: str | None = None
    match question.kind:
        case QuestionKind.TEXT:
            over = len(str(given)) - question.longest
            if over > 0:
                text = ngettext(
                    "Shorten this by %(over)d character: %(most)d is the most",
                    "Shorten this by %(over)d characters: %(most)d is the most",
                    over,
                )
                found = text % {"over": over, "most": question.longest}
        case QuestionKind.NUMBER:
            if not isinstance(given, int):
                found = gettext("Write a whole number, such as 5")
            elif question.minimum is not None and given < question.minimum:
                found = gettext("Write a number from %(first)d up") % {"first": question.minimum}
            elif question.maximum is not None and given > question.maximum:
                found = gettext("Write a number up to %(last)d") % {"last": question.maximum}
        case _:
            if given not in question.choices:
                found = gettext("Choose one of the answers given")
    return found


def problems(terms: CallTerms, given: Mapping[str, Given]) -> dict[str, str]:
    """Return what is wrong with answers, by the question's code; a code that the call does not ask is wrong too."""
    asked = {question.code: question for question in terms.questions}
    found = {code: problem(asked[code], answer) for code, answer in given.items() if code in asked}
    unknown = {code: gettext("The call does not ask this") for code in given if code not in asked}
    return {code: text for code, text in found.items() if text} | unknown


def unanswered(terms: CallTerms, given: Mapping[str, Given]) -> list[str]:
    """Return what is still to be answered or corrected, as sentences."""
    found = []
    for question in terms.questions:
        answer = given.get(question.code)
        if answer in (None, ""):
            if question.required:
                found.append(gettext("Answer “%(question)s”") % {"question": worded(question).question})
        elif (wrong := problem(question, answer)) is not None:
            found.append(f"{worded(question).question}: {wrong}")
    return found


def said(question: CallQuestion, given: Given | None) -> str:
    """Return an answer in words, for reading; empty where there is none."""
    if given is None:
        return ""
    return choices(question).get(str(given), "") if question.kind is QuestionKind.CHOICE else str(given)
