"""The changes that a revision of a published call may make, their effect, and the people affected. Pure.

A revision never changes what a submitted application was judged by, unless in the applicant's favour: `effect` compares
what the two revisions say of one application. Better is only what takes a failed rule away and adds none; where a
revision takes one rule away and adds another, the application stays with the rules that it was submitted under.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.application.model.answers import missing
from services.applications.calls.model.entry import SECTIONS, last_day, sentences
from services.applications.calls.model.judging import judge
from shared.contracts import labels
from shared.contracts.codes import EligibilityRule
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from services.applications.application.model.answers import Answers
    from services.applications.calls.model.entry import CallEntry
    from services.applications.calls.model.facts import Facts
    from services.applications.calls.model.judging import Candidate
    from shared.contracts.calls import CallTerms
    from shared.contracts.codes import ApplicationKind


class Effect(StrEnum):
    """The effect of a revision on an application that was submitted under an earlier one."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Effects:
    """The effect, and which rules fail before and after."""

    effect: Effect
    before: frozenset[EligibilityRule]
    after: frozenset[EligibilityRule]

    @property
    def gained(self) -> list[EligibilityRule]:
        """Rules that would be met and were not, in the order in which they are checked."""
        return [rule for rule in EligibilityRule if rule in self.before - self.after]

    @property
    def lost(self) -> list[EligibilityRule]:
        """Rules that were met and would not be."""
        return [rule for rule in EligibilityRule if rule in self.after - self.before]


def effect(old: CallTerms, new: CallTerms, candidate: Candidate, answers: Answers) -> Effects:
    """Return the effect of judging by `new` instead of `old`; a new question without an answer is no gain."""
    before, after = _failed(old, candidate), _failed(new, candidate)
    newly_missing = _missing_answers(new, answers) - _missing_answers(old, answers)
    if after - before:
        found = Effect.WORSE
    elif before - after:
        found = Effect.WORSE if newly_missing else Effect.BETTER
    else:
        found = Effect.SAME
    return Effects(found, before, after)


def _failed(terms: CallTerms, candidate: Candidate) -> frozenset[EligibilityRule]:
    return frozenset(check.rule for check in judge(terms, candidate) if not check.held)


def _missing_answers(terms: CallTerms, answers: Answers) -> frozenset[tuple[str, str]]:
    # Answer by answer: a task that lacked one before must not hide that it lacks another now.
    return frozenset((task, text) for task, texts in missing(answers, terms).items() for text in texts)


def not_revisable(old: CallTerms, new: CallEntry, *, at: datetime, used: Collection[ApplicationKind]) -> dict[str, str]:
    """Return what may not be revised in a published call, by field, with the reason. `used`: kinds applied for."""
    found: dict[str, str] = {}
    dropped = [kind for kind in old.kinds if kind not in new.kinds and kind in used]
    if dropped:
        named = ", ".join(labels.label(kind) for kind in dropped)
        text = gettext("There are already applications for this: %(kinds)s. Do not remove it.")
        found["kinds"] = text % {"kinds": named}
    if new.scheme != old.scheme:
        text = gettext("Applications already use topics from %(scheme)s. Keep this scheme, or write a new call.")
        found["scheme"] = text % {"scheme": old.scheme.upper()}
    if new.opens != old.opens:
        if old.opens <= at.date():
            text = gettext("The call has been open since %(day)s. You can no longer change that day.")
            found["opens"] = text % {"day": dates.day(old.opens)}
        elif new.opens is not None and new.opens < at.date():
            found["opens"] = gettext("A call cannot open in the past. Enter today or a later day.")
    if new.wishes is not old.wishes and old.opens <= at.date():
        text = gettext("The call has been open since %(day)s. You can no longer change how an order counts.")
        found["wishes"] = text % {"day": dates.day(old.opens)}
    if new.deadline is not None and new.deadline != old.deadline and new.deadline < at:
        day = last_day(new)
        assert day is not None
        text = gettext("%(day)s has passed. Enter a future day, or keep the deadline as it is.")
        found["deadline"] = text % {"day": dates.day(day)}
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two revisions in one section: sentences that were removed, and new ones."""

    section: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


def differences(old: CallTerms | CallEntry, new: CallTerms | CallEntry, names: Facts) -> list[Difference]:
    """Return what two revisions say differently, by section, in sentences."""
    before, after = sentences(old, names), sentences(new, names)
    found = []
    for code in SECTIONS:
        gone = tuple(sentence for sentence in before[code] if sentence not in after[code])
        added = tuple(sentence for sentence in after[code] if sentence not in before[code])
        if gone or added:
            found.append(Difference(code, gone, added))
    return found
