"""The next step after a visit or a mentorship follows from what was submitted about it."""

from __future__ import annotations

from datetime import date
from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest

from services.applications.outcomes.model import EndedFacts, NextStep, next_step
from shared.contracts.calls import Timers
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDED_ON = date(2026, 3, 20)
FORMS = {("evaluation", "guest"), ("report", "guest"), ("evaluation", "host")}
SENTENCES = {
    ("evaluation", "guest"): "The guest evaluates the visit.",
    ("report", "guest"): "The guest writes the report.",
    ("evaluation", "host"): "The host evaluates the visit.",
}


def facts(received: set[tuple[str, str]], **others: bool) -> EndedFacts:
    """Return the facts about a visit that was attended to its end, without a certificate."""
    flags = {"completed": True, "attended": True, "certified": False} | others
    return EndedFacts(
        sides=(Party.GUEST, Party.HOST),
        country="AM",
        ended_on=ENDED_ON,
        timers=Timers(),
        received=frozenset(received),
        **flags,
    )


def subsets(forms: set[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Return all combinations of forms."""
    ordered = sorted(forms)
    return chain.from_iterable(combinations(ordered, count) for count in range(len(ordered) + 1))


@pytest.mark.parametrize("received", list(subsets(FORMS)))
def test_each_missing_form_is_named_with_its_respondent(received: tuple[tuple[str, str], ...]) -> None:
    """In every combination exactly the missing forms are named, with who owes them, until the earliest deadline."""
    missing = FORMS - set(received)
    step = next_step(facts(set(received)))
    assert {form for form, sentence in SENTENCES.items() if sentence in step.step} == missing
    if not missing:
        assert step == NextStep("Programme", "The certificate is granted.")
        return
    holders = {of for _, of in missing}
    assert (
        step.holder
        == {("guest",): "Guest", ("host",): "Host", ("guest", "host"): "Guest and host"}[tuple(sorted(holders))]
    )
    assert step.due is not None
    days = 7 if any(form == "evaluation" for form, _ in missing) else 30
    assert (step.due.date() - ENDED_ON).days in {days, days + 1}


@pytest.mark.parametrize("instead", [("waiver", "host"), ("closed_evaluation", "host")])
def test_a_form_that_is_no_longer_asked_for_is_not_waited_for(instead: tuple[str, str]) -> None:
    """A waived or closed evaluation by the host is not named any more."""
    assert "host" not in next_step(facts((FORMS - {("evaluation", "host")}) | {instead})).step


def test_after_the_certificate_only_the_follow_up_is_left() -> None:
    """The guest answers the follow-up, then nothing is left; without completion there is no follow-up."""
    step = next_step(facts(FORMS, certified=True))
    assert (step.holder, step.step) == ("Guest", "The guest answers the follow-up.")
    assert step.due is not None
    assert step.due.date() >= date(2026, 9, 20)
    assert next_step(facts(FORMS | {("follow_up", "self")}, certified=True)) == NextStep()
    assert next_step(facts(FORMS | {("closed_follow_up", "guest")}, certified=True)) == NextStep()
    assert next_step(facts(FORMS, certified=True, completed=False)) == NextStep()


def test_the_officer_is_addressed_and_the_host_is_not() -> None:
    """To the officer "you" means the officer alone."""
    assert next_step(facts(set()), own=True).holder == "You and the host"
    host = next_step(facts({("evaluation", "guest"), ("report", "guest")}), own=True)
    assert (host.holder, host.step) == ("Host", "The host evaluates the visit.")
    guest = next_step(facts({("evaluation", "host")}), own=True)
    assert (guest.holder, guest.step) == ("You", "You evaluate it. You write the report.")


def test_a_mentorship_asks_both_to_evaluate_it() -> None:
    """No report and no certificate belong to a mentorship."""
    pair = EndedFacts(
        sides=(Party.MENTEE, Party.MENTOR),
        country="AM",
        ended_on=ENDED_ON,
        timers=Timers(),
        completed=False,
        attended=False,
        certified=False,
        received=frozenset(),
    )
    step = next_step(pair)
    assert step.holder == "Mentee and mentor"
    assert step.step == "The mentee evaluates the mentorship. The mentor evaluates the mentorship."
