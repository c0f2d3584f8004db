"""A call before it is published, and the sections in which it is written.

`CallEntry` is the draft: everything may be missing. `CallTerms` (the contract's) is what is published. Every field
belongs to a section, so that a page can lead to what is missing or wrong (`checks.py`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from shared.contracts.base import TopicCode
from shared.contracts.calls import (
    CallQuestion,
    CallTerms,
    CallText,
    ClosedDay,
    CountryQuota,
    CriterionWeight,
    DatePeriod,
    EligibilityRules,
    Timers,
)
from shared.contracts.codes import (
    EMPACT_2026,
    ApplicationKind,
    Objective,
)
from shared.i18n import N_
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS: dict[str, tuple[str, ...]] = {
    "purpose": ("kinds", "fund_id"),
    "texts": ("texts",),
    "topics": ("scheme", "topics", "needs"),
    "dates": ("opens", "deadline", "closes", "visit_periods", "closed_days", "minimum_days", "maximum_days"),
    "who": ("countries", "services", "rank_groups", "courses"),
    "rules": ("minimum_years", "languages", "minimum_level", "cascade_commitment", "first_time_first"),
    "quotas": ("quotas", "share_of_offer", "group_size", "reserves"),
    "weights": ("objective", "weights"),
    "questions": ("questions",),
    "timers": ("timers_before",),
    "after": ("timers_after", "sessions_to_complete", "evaluation_form"),
}
"""The sections in which a call is written, in their order, with the fields of each.

The rules and the timers, each one field of the terms, are written in two sections; their fields are named singly.
"""
OF_RULES = ("countries", "services", "rank_groups", "courses", *SECTIONS["rules"], "schema_version")
TIMERS: dict[str, tuple[str, ...]] = {
    "timers": (
        "endorse_wd",
        "information_wd",
        "information_reminder_wd",
        "eligibility_wd",
        "appeal_wd",
        "appeal_decision_wd",
        "offer_endorse_wd",
        "deputy_wd",
        "availability_after_days",
        "availability_answer_wd",
    ),
    "after": (
        "clearance_wd",
        "answer_wd",
        "answer_grace_seconds",
        "notice_weeks",
        "agenda_weeks",
        "preparation_weeks",
        "agreement_wd",
        "attendance_days",
        "evaluation_days",
        "report_days",
        "follow_up_months",
        "follow_up_window_days",
        "cascade_months",
    ),
}
"""Which timers are written in which section: until an application is in the pool, and from a match on."""
TITLES: dict[str, str] = {
    "purpose": N_("What it is for and who pays"),
    "texts": N_("Title and summary"),
    "topics": N_("Topics and training needs"),
    "dates": N_("Dates"),
    "who": N_("Who may apply"),
    "rules": N_("What an officer must bring"),
    "quotas": N_("Quotas and groups"),
    "weights": N_("What counts in the matching"),
    "questions": N_("Questions of this call"),
    "timers": N_("Deadlines until the matching"),
    "after": N_("Deadlines from a match on"),
}
MOST_QUESTIONS = 20
MOST_ROWS = 60


class CallEntry(BaseModel):
    """A call as far as it is written. The defaults are those of the programme; `None` is still to be entered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[tuple[ApplicationKind, ...], Field(max_length=10)] = ()
    texts: Annotated[tuple[CallText, ...], Field(max_length=len(WRITTEN))] = ()
    scheme: str = EMPACT_2026
    topics: Annotated[tuple[TopicCode, ...], Field(max_length=MOST_ROWS)] = ()
    needs: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()
    opens: date | None = None
    deadline: AwareDatetime | None = None
    closes: date | None = None
    visit_periods: Annotated[tuple[DatePeriod, ...], Field(max_length=12)] = ()
    closed_days: Annotated[tuple[ClosedDay, ...], Field(max_length=MOST_ROWS)] = ()
    minimum_days: Annotated[int, Field(ge=1, le=5)] = 2
    maximum_days: Annotated[int, Field(ge=1, le=5)] = 5
    rules: EligibilityRules = EligibilityRules()
    quotas: Annotated[tuple[CountryQuota, ...], Field(max_length=MOST_ROWS)] = ()
    share_of_offer: Annotated[int, Field(ge=1, le=100)] = 40
    group_size: Annotated[int, Field(ge=1, le=5)] = 5
    reserves: Annotated[int, Field(ge=0, le=5)] = 1
    objective: Objective = Objective.STABLE
    weights: Annotated[tuple[CriterionWeight, ...], Field(max_length=20)] = ()
    questions: Annotated[tuple[CallQuestion, ...], Field(max_length=MOST_QUESTIONS)] = ()
    timers: Timers = Timers()
    fund_id: UUID | None = None
    sessions_to_complete: Annotated[int, Field(ge=1, le=50)] = 3
    evaluation_form: Annotated[int, Field(ge=1)] = 1


def section_of(name: str) -> str:
    """Return the section in which a field, or an error's place such as `rules.languages`, is written."""
    parts = name.split(".")
    if parts[0] == "timers":
        return next((code for code, names in TIMERS.items() if parts[-1] in names), "timers")
    field = parts[1] if parts[0] == "rules" and len(parts) > 1 else parts[0]
    return next((code for code, names in SECTIONS.items() if field in names), "rules")


def changed_sections(before: CallEntry, after: CallEntry) -> set[str]:
    """Return the sections in which two states of a draft differ."""
    return {code for code in SECTIONS if section_fields(before, code) != section_fields(after, code)}


def section_fields(entry: CallEntry, section: str) -> dict[str, Any]:
    """Return what is written in a section, by field."""
    found: dict[str, Any] = {}
    for name in SECTIONS[section]:
        if name in OF_RULES:
            found[name] = getattr(entry.rules, name)
        elif name.startswith("timers_"):
            found |= {timer: getattr(entry.timers, timer) for timer in TIMERS[section]}
        else:
            found[name] = getattr(entry, name)
    return found


def with_section(entry: CallEntry, section: str, written: Mapping[str, Any]) -> CallEntry:
    """Return an entry with one section replaced. Raises pydantic.ValidationError for what cannot be read."""
    new = entry.model_dump(mode="json")
    for name, value in written.items():
        if name in OF_RULES:
            new["rules"][name] = value
        elif name in TIMERS.get(section, ()):
            new["timers"][name] = value
        else:
            new[name] = value
    return CallEntry.model_validate(new)


def entry_of(terms: CallTerms) -> CallEntry:
    """Return a published call as an entry, to be revised or copied."""
    return CallEntry.model_validate(terms.model_dump(exclude={"reference", "revision"}))


def terms_of(entry: CallEntry, *, reference: str, revision: int) -> CallTerms:
    """Return the terms of an entry of which `problems` (`checks.py`) finds nothing."""
    return CallTerms.model_validate(entry.model_dump() | {"reference": reference, "revision": revision})


def last_day(entry: CallEntry | CallTerms) -> date | None:
    """Return the last day on which one can apply, as people read it."""
    return None if entry.deadline is None else entry.deadline.astimezone(ZONE).date()
