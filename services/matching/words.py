"""The words for stages, reasons, rules and topics, in the language of the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from shared.contracts import labels
from shared.contracts.codes import Expertise, HardRule
from shared.i18n import N_, gettext
from shared.web.states import State, state

if TYPE_CHECKING:
    from services.matching.facts.views import Place
    from shared.contracts.codes import MatchState
    from shared.web.states import Tone

_WHY: dict[str, str] = {
    "no_feasible_seat": N_("No place meets all rules"),
    "quota": N_("The country's quota is full"),
    "outranked": N_("Others had priority for the places that fit"),
    "group_too_large": N_("No place takes the whole group in the same week"),
}


class Link(TypedDict):
    """A text that leads to a page."""

    text: str
    href: str


class Tag(TypedDict):
    """A word with its tone."""

    tone: Tone
    word: str


class Fact(TypedDict):
    """A line of a summary: what it is about, and its value."""

    key: str
    value: str | None


def place_name(place: Place) -> str:
    """Return the name of a place in a list to choose from: reference, title and country."""
    title = "" if place.title == place.reference else f" – {place.title}"  # noqa: RUF001 - a dash between two names
    return f"{place.reference}{title} ({labels.country(place.country)})"


def stage(kind: str, code: str) -> State:
    """Return the stage of a case with its name and colour, in the words for staff."""
    return state(kind, code).for_others


def match_stage(code: MatchState, *, in_reserve: bool) -> State:
    """Return the state of a match, marked while it is a reserve."""
    return stage("match", f"reserve_{code}" if in_reserve else code)


def reason(reason: str | None, rule: str | None) -> str:
    """Return in a few words why there is no match: the first reason only."""
    if rule == HardRule.CAPACITY:
        return gettext("No suitable place is free")
    if rule is not None:
        return gettext("No place meets the rule: %(rule)s") % {"rule": rule_name(rule)}
    if reason is None:
        return gettext("In progress")
    return gettext(_WHY.get(reason, reason))


def rule_name(rule: str) -> str:
    """Return the name of a hard rule; an exclusion shows as any other unavailable place."""
    return labels.label(HardRule(rule))


def area(code: str) -> str:
    """Return the name of an area of expertise; a restricted one is not named (domain.md)."""
    known = Expertise(code)
    return gettext("restricted") if known.restricted else labels.label(known)
