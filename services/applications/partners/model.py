"""Define the open cases of a partner country, and what may happen to them when it is suspended.

A case is open from `submitted` until its visit or mentorship is over (`lifecycles.md`), at home or as a host. Each
group of cases is finished, moved to another fund, or cancelled with notice (`domain.md`: a lawful end); see also
`docs/decisions/0013-suspended-partners.md`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.codes import MatchState, MentorshipState, Side, VisitState
from shared.contracts.lifecycle.state_sets import MATCH_UNCONFIRMED, MENTORSHIP_OVER, VISIT_AHEAD
from shared.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

LONGEST_NOTICE = 90
"""The most days of notice that can be given."""
UNCONFIRMED = frozenset(MATCH_UNCONFIRMED)


class Stage(StrEnum):
    """The stage that a case has reached."""

    WAITING = "waiting"
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    UNDER_WAY = "under_way"
    MENTORSHIP = "mentorship"


class Choice(StrEnum):
    """The choice for a group of cases: finish, finish with a fund, or cancel."""

    FINISH = "finish"
    FUND = "fund"
    CANCEL = "cancel"


class CaseState(StrEnum):
    """The state of a case: it continues, is under notice, was cancelled, had its notice withdrawn, or had ended."""

    GOES_ON = "goes_on"
    NOTICE = "notice"
    CANCELLED = "cancelled"
    TAKEN_BACK = "taken_back"
    OVER = "over"
    PAUSED = "paused"


class DecisionState(StrEnum):
    """The state of a decision: its day has not come, it took effect, or it was withdrawn before."""

    WAITING = "waiting"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"


IN_FORCE = frozenset({CaseState.GOES_ON, CaseState.NOTICE, CaseState.TAKEN_BACK})
"""Cases that go on although the partner is suspended: their people may act in them."""

# A visit that has begun ends by its host's attendance and cannot be cancelled.
CHOICES: dict[Stage, tuple[Choice, ...]] = {
    Stage.WAITING: (Choice.FINISH, Choice.CANCEL),
    Stage.PROPOSED: (Choice.FINISH, Choice.FUND, Choice.CANCEL),
    Stage.SCHEDULED: (Choice.FINISH, Choice.FUND, Choice.CANCEL),
    Stage.UNDER_WAY: (Choice.FINISH, Choice.FUND),
    Stage.MENTORSHIP: (Choice.FINISH, Choice.FUND, Choice.CANCEL),
}
GROUPS: tuple[tuple[Side, Stage], ...] = (
    *((Side.HOME, stage) for stage in Stage),
    *((Side.HOST, stage) for stage in Stage if stage is not Stage.WAITING),
)
"""All groups, in the order in which they are shown."""

_NAMES: dict[tuple[Side, Stage], str] = {
    (Side.HOME, Stage.WAITING): N_("Its officers' applications without a match"),
    (Side.HOME, Stage.PROPOSED): N_("Its officers' matches that are not confirmed"),
    (Side.HOME, Stage.SCHEDULED): N_("Its officers' visits that have not started"),
    (Side.HOME, Stage.UNDER_WAY): N_("Its officers' visits in progress"),
    (Side.HOME, Stage.MENTORSHIP): N_("Its officers' mentorships"),
    (Side.HOST, Stage.PROPOSED): N_("Matches with its hosts and mentors that are not confirmed"),
    (Side.HOST, Stage.SCHEDULED): N_("Visits to its hosts that have not started"),
    (Side.HOST, Stage.UNDER_WAY): N_("Visits to its hosts in progress"),
    (Side.HOST, Stage.MENTORSHIP): N_("Mentorships with its mentors"),
}
_CHOSEN: dict[Choice, str] = {
    Choice.FINISH: N_("Let them finish"),
    Choice.FUND: N_("Move to another fund"),
    Choice.CANCEL: N_("Cancel with notice"),
}


def group_name(side: Side, stage: Stage) -> str:
    """Return a group in words."""
    return gettext(_NAMES[side, stage])


def choice_name(stage: Stage, choice: Choice) -> str:
    """Return a choice in words."""
    if stage is Stage.WAITING and choice is Choice.FINISH:
        return gettext("Keep on hold until the partner is reinstated")
    return gettext(_CHOSEN[choice])


@dataclass(frozen=True, slots=True)
class OpenCase:
    """One open case: what it is (`application` or `match`), its side, stage, and the state that people see."""

    id: UUID
    side: Side
    stage: Stage
    state: str
    application_id: UUID
    reference: str
    other: str | None = None
    match_id: UUID | None = None
    visit_id: UUID | None = None
    mentorship_id: UUID | None = None

    @property
    def group(self) -> tuple[Side, Stage]:
        """Return the group for which one choice is made."""
        return self.side, self.stage


@dataclass(frozen=True, slots=True)
class Supply:
    """A published placement or mentor of the country, which pauses."""

    id: UUID
    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class OpenCases:
    """All open cases of a country, with its published placements and mentors."""

    country: str
    cases: tuple[OpenCase, ...]
    supply: tuple[Supply, ...]

    def of(self, side: Side, stage: Stage) -> list[OpenCase]:
        """Return the cases of one group, by reference."""
        return sorted(
            (case for case in self.cases if case.group == (side, stage)), key=lambda case: (case.reference, case.id)
        )

    @property
    def groups(self) -> list[tuple[Side, Stage]]:
        """Return the groups that have cases."""
        with_cases = {case.group for case in self.cases}
        return [group for group in GROUPS if group in with_cases]


class ShownCase(BaseModel):
    """An open case as the preview of a suspension showed it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    reference: Annotated[str, Field(examples=["AM-2026-0001"])]
    side: Side
    stage: Stage
    state: Annotated[str, Field(description="The state that people see.", examples=["endorsed"])]
    other: Annotated[str | None, Field(description="The country of the other side.", examples=["FR"])]


class GroupChoice(BaseModel):
    """The choice for one group: `fund_id` with `fund`, days of notice (0: at once) with `cancel`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: Side
    stage: Stage
    choice: Choice
    fund_id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")] | None = None
    notice_days: Annotated[int, Field(ge=0, le=LONGEST_NOTICE)] = 0


def stage_of(match: MatchState, visit: VisitState | None, mentorship: MentorshipState | None) -> Stage | None:
    """Return how far a match has come; None if it is over."""
    if match in UNCONFIRMED:
        return Stage.PROPOSED
    if match is not MatchState.CONFIRMED:
        return None
    if mentorship is not None:
        over = MENTORSHIP_OVER
        return None if mentorship in over else Stage.MENTORSHIP
    if visit is None or visit in VISIT_AHEAD:
        return Stage.SCHEDULED
    return Stage.UNDER_WAY if visit is VisitState.UNDER_WAY else None


def field_of(side: Side, stage: Stage) -> str:
    """Return the name of a group in forms and errors."""
    return f"{side}_{stage}"


def problems(
    open_cases: OpenCases,
    chosen: Mapping[tuple[Side, Stage], GroupChoice],
    funds: Mapping[str, tuple[date, date | None]],
) -> dict[str, str]:
    """Return what is wrong with the choices: field -> sentence. `funds` are those that can pay, with their days."""
    found: dict[str, str] = {}
    for side, stage in open_cases.groups:
        field, choice = field_of(side, stage), chosen.get((side, stage))
        if choice is None:
            found[field] = gettext("Choose what happens to: %(group)s") % {"group": group_name(side, stage)}
        elif choice.choice not in CHOICES[stage]:
            found[field] = gettext("A visit in progress cannot be cancelled. It ends on its last day.")
            if stage is Stage.WAITING:
                found[field] = gettext("An application without a match has no fund yet. Keep it or cancel it.")
        elif choice.choice is Choice.FUND and choice.fund_id not in funds:
            found[f"{field}_fund"] = gettext("Choose a fund that is active and has not ended.")
    return found


def digest(open_cases: OpenCases, choices: Iterable[GroupChoice], since: date) -> str:
    """Return a digest of the preview; it changes as soon as anything shown changes."""
    content = {
        "country": open_cases.country,
        "since": since.isoformat(),
        "cases": sorted([str(item.id), item.side, item.stage, item.state] for item in open_cases.cases),
        "supply": sorted(str(item.id) for item in open_cases.supply),
        "choices": sorted(item.model_dump_json() for item in choices),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def choice_in_words(choice: GroupChoice, funds: Mapping[str, str]) -> str:
    """Return a choice as a sentence; `funds` are the names of funds."""
    words = choice_name(choice.stage, choice.choice)
    if choice.choice is Choice.FUND:
        return f"{words}: {funds.get(choice.fund_id or '', '')}"
    if choice.choice is Choice.CANCEL:
        if choice.notice_days == 0:
            return gettext("Cancel at once")
        return ngettext(
            "Cancel with %(days)d day of notice", "Cancel with %(days)d days of notice", choice.notice_days
        ) % {"days": choice.notice_days}
    return words


def by_other(cases: Sequence[OpenCase]) -> dict[str, int]:
    """Return the number of cases by country of the other side; '' stands for no country yet."""
    counts: dict[str, int] = {}
    for case in cases:
        counts[case.other or ""] = counts.get(case.other or "", 0) + 1
    return dict(sorted(counts.items()))
