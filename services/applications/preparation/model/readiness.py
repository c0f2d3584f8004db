"""Tell whether each item of a preparation is ready, and whether its sheet may be written or read now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.applications.preparation.model.items import OWNERS, SENDER
from services.applications.preparation.model.sheets import Insurance, Settled, Sheet, Visa, VisaResult
from services.applications.transitions import NotNow, refuse
from shared.contracts.codes import Code, Party, VisitState
from shared.contracts.codes import PreparationItem as Item
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date


class Readiness(Code):
    """The state of an item; a state of the kind `preparation` in `shared/web/states.py`."""

    MISSING = "missing", N_("Missing")
    UNDER_WAY = "under_way", N_("In progress")
    PROBLEM = "problem", N_("Needs attention")
    THERE = "there", N_("Complete")
    NOT_ASKED = "not_asked", N_("Not required")


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one item: `remark` says in a sentence what is wrong with it, or left to do."""

    item: Item
    ready: Readiness
    remark: str = ""

    @property
    def owner(self) -> Party:
        """The person who brings it."""
        return OWNERS[self.item]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that readiness depends on: the visit's days, the sheets, the digest of the list of costs, the letters.

    `letters` holds the days for which the newest letter of each kind was made.
    """

    start: date
    end: date
    sheets: Mapping[Item, Sheet]
    lines: str | None = None
    letters: Mapping[str, tuple[date, date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checklist:
    """All items of a visit, in the order of the code list."""

    standings: tuple[Standing, ...]

    @property
    def required(self) -> tuple[Item, ...]:
        """The items that are required."""
        return tuple(standing.item for standing in self.standings if standing.ready is not Readiness.NOT_ASKED)

    @property
    def complete(self) -> bool:
        """Return whether all required items are ready."""
        return not self.open_()

    def open_(self, party: Party | None = None) -> list[Standing]:
        """Return the required items that are not ready, of one owner or of all."""
        done = {Readiness.THERE, Readiness.NOT_ASKED}
        return [
            standing for standing in self.standings if standing.ready not in done and party in (None, standing.owner)
        ]

    @property
    def ready(self) -> tuple[Party, ...]:
        """The sides whose part is ready; a side of which nothing is required is ready."""
        return tuple(party for party in (Party.GUEST, SENDER, Party.HOST) if not self.open_(party))


def checklist(wanted: Collection[Item], facts: Facts) -> Checklist:
    """Return the state of each item."""
    found = []
    for item in Item:
        if item in wanted:
            found.append(_standing(item, facts))
        elif item is Item.ACCESS_NEEDS and item in facts.sheets:
            found.append(Standing(item, Readiness.THERE))
        else:
            found.append(Standing(item, Readiness.NOT_ASKED))
    return Checklist(tuple(found))


def _standing(item: Item, facts: Facts) -> Standing:
    if item is Item.INVITATION:
        return _letters(facts)
    sheet = facts.sheets.get(item)
    match sheet:
        case None:
            return Standing(item, Readiness.MISSING)
        case Visa():
            return _visa(sheet, facts)
        case Insurance() if not _covers(sheet.valid_from, sheet.valid_until, facts):
            return Standing(item, Readiness.PROBLEM, gettext("The insurance does not cover all days of the visit."))
        case Settled() if sheet.lines != facts.lines:
            return Standing(item, Readiness.PROBLEM, gettext("The list was changed after it was confirmed."))
    return Standing(item, Readiness.THERE)


def _visa(visa: Visa, facts: Facts) -> Standing:
    match visa.result:
        case VisaResult.NOT_NEEDED:
            return Standing(Item.VISA, Readiness.THERE, gettext("No visa is needed."))
        case VisaResult.GRANTED if visa.valid_from and visa.valid_until:
            if _covers(visa.valid_from, visa.valid_until, facts):
                return Standing(Item.VISA, Readiness.THERE)
            return Standing(Item.VISA, Readiness.PROBLEM, gettext("The visa does not cover all days of the visit."))
        case VisaResult.REFUSED:
            remark = gettext(
                "The visa was refused. Other dates can be requested, or the visit can be cancelled for that reason."
            )
            return Standing(Item.VISA, Readiness.PROBLEM, remark)
        case VisaResult.APPLIED:
            return Standing(Item.VISA, Readiness.UNDER_WAY, gettext("The visa is applied for."))
    return Standing(Item.VISA, Readiness.UNDER_WAY, gettext("A visa is needed and not applied for yet."))


def _letters(facts: Facts) -> Standing:
    visa = facts.sheets.get(Item.VISA)
    wanted = ["invitation"]
    if isinstance(visa, Visa) and visa.result in {VisaResult.NEEDED, VisaResult.APPLIED}:
        wanted.append("visa")
    missing = [kind for kind in wanted if kind not in facts.letters]
    if "invitation" in missing:
        return Standing(Item.INVITATION, Readiness.MISSING)
    if any(facts.letters[kind] != (facts.start, facts.end) for kind in wanted if kind in facts.letters):
        return Standing(
            Item.INVITATION, Readiness.PROBLEM, gettext("The dates of the visit are different from the letter.")
        )
    if missing:
        return Standing(Item.INVITATION, Readiness.UNDER_WAY, gettext("The guest needs a letter for the visa."))
    return Standing(Item.INVITATION, Readiness.THERE)


def _covers(first: date, last: date, facts: Facts) -> bool:
    return first <= facts.start and facts.end <= last


_FILLED_IN = frozenset(VISIT_GOING)


def may_fill_in(state: VisitState) -> None:
    """Raise `NotNow` unless the visit is to come or under way: afterwards the sheets no longer change."""
    if state not in _FILLED_IN:
        raise refuse("visit", state)


def may_see_emergency(state: VisitState, start: date, end: date, today: date) -> None:
    """Raise `NotNow` unless today is a day of the visit: on no other may the host see the emergency contact."""
    if state not in _FILLED_IN:
        raise refuse("visit", state)
    if not start <= today <= end:
        raise NotNow(
            gettext("You can see the emergency contact only on the days of the visit, %(days)s.")
            % {"days": dates.span(start, end)}
        )
