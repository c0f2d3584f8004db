"""A call before it is published, and the sections in which it is written.

`CallEntry` is the draft: everything may be missing. It is the table of the fields (`services/applications/fields.py`),
with those of its rules and timers beside it. `CallTerms` (the contract's) is what is published. Every field belongs to
a section, so that a page can lead to what is missing or wrong; the rules between fields are in `checks.py`, what a
field says in sentences in `field_sentences.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.applications.calls.model import field_sentences as say
from services.applications.calls.model.checks import CHECKS, day_of
from services.applications.calls.model.rule_fields import RULE_FIELDS, TIMER_FIELDS, EntryRules, each, sentence
from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from services.applications.fields import Control, FieldSpec, PartSpec, fields_of, missing
from services.applications.stored_entries import Check, StoredEntry
from shared.contracts import labels
from shared.contracts.base import DatePeriod, Day, Instant, TopicCode
from shared.contracts.calls import (
    CallQuestion,
    CallTerms,
    CallText,
    ClosedDay,
    CountryQuota,
    CriterionWeight,
    EligibilityRules,
    Timers,
)
from shared.contracts.codes import (
    EMPACT_2026,
    ApplicationKind,
    Objective,
    TieBreak,
    Wishes,
)
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.applications.calls.model.facts import Facts, Need

TITLES: dict[str, str] = {
    "purpose": N_("Purpose and funding"),
    "texts": N_("Title and summary"),
    "topics": N_("Topics and training needs"),
    "dates": N_("Dates"),
    "who": N_("Who may apply"),
    "rules": N_("Requirements for officers"),
    "quotas": N_("Quotas and groups"),
    "weights": N_("Matching criteria"),
    "questions": N_("Questions of this call"),
    "timers": N_("Deadlines before matching"),
    "after": N_("Deadlines after a match"),
}
MOST_QUESTIONS = 20
MOST_ROWS = 60


class CallEntry(StoredEntry):
    """A call as far as it is written. The defaults are those of the programme; `None` is still to be entered."""

    kinds: Annotated[
        tuple[ApplicationKind, ...],
        Field(max_length=10),
        FieldSpec(
            "purpose",
            N_("Types of application"),
            Control.CHECKBOXES,
            choices=ApplicationKind,
            remedy=N_("Choose at least one type of application"),
            says=each(say.kinds),
        ),
    ] = ()
    fund_id: Annotated[
        UUID | None,
        FieldSpec(
            "purpose",
            N_("Fund that pays"),
            Control.SELECT,
            remedy=N_("Choose the fund that pays"),
            says=lambda fund_id, _entry, facts: gettext("%(fund)s pays.") % {"fund": facts.fund(fund_id)},
        ),
    ] = None
    texts: Annotated[
        tuple[CallText, ...],
        Field(max_length=len(WRITTEN)),
        FieldSpec(
            "texts",
            N_("The call in each language"),
            Control.ROWS,
            remedy=N_("Write the call's title in at least one language"),
            says=each(say.texts),
        ),
    ] = ()
    scheme: Annotated[
        str,
        FieldSpec(
            "topics",
            N_("Topic scheme"),
            Control.RADIOS,
            hint=N_("Only topics from the chosen scheme are kept"),
            remedy=N_("Choose the scheme"),
            says=sentence(N_("The topics are from %(value)s."), str.upper),
        ),
    ] = EMPACT_2026
    topics: Annotated[
        tuple[TopicCode, ...],
        Field(max_length=MOST_ROWS),
        FieldSpec(
            "topics",
            N_("Topics"),
            Control.OWN,
            remedy=N_("Choose topics from the call's scheme"),
            says=lambda topics, call, _facts: say.topics(topics, call.scheme),
        ),
    ] = ()
    needs: Annotated[
        tuple[UUID, ...],
        Field(max_length=500),
        FieldSpec(
            "topics",
            N_("Training needs covered"),
            Control.CHECKBOXES,
            hint=N_(
                "From the operational training needs analysis (OTNA). Officers get points if there is a need for their"
                " country and topic."
            ),
            says=lambda needs, _call, facts: say.needs([facts.need(need) for need in needs]),
        ),
    ] = ()
    opens: Annotated[
        Day | None,
        FieldSpec(
            "dates",
            N_("Opens on"),
            Control.DATE,
            remedy=N_("Enter the day on which the call opens"),
            says=sentence(N_("It opens on %(value)s."), dates.day),
        ),
    ] = None
    deadline: Annotated[
        Instant | None,
        FieldSpec(
            "dates",
            N_("Last day to apply"),
            Control.DATE,
            hint=N_("Officers can apply until the end of this day, local time at the programme's seat"),
            remedy=N_("Enter the last day to apply"),
            says=sentence(N_("Officers can apply until %(value)s."), dates.moment),
        ),
    ] = None
    closes: Annotated[
        Day | None,
        FieldSpec(
            "dates",
            N_("Closes on"),
            Control.DATE,
            hint=N_("After the last cohort. The call does not close by itself. We ask you first."),
            remedy=N_("Enter the day on which the call closes"),
            says=sentence(N_("It closes on %(value)s."), dates.day),
        ),
    ] = None
    visit_periods: Annotated[
        tuple[DatePeriod, ...],
        Field(max_length=12),
        FieldSpec(
            "dates",
            N_("Possible visit periods"),
            Control.ROWS,
            remedy=N_("Add a period for visits"),
            says=each(say.visit_periods),
        ),
    ] = ()
    closed_days: Annotated[
        tuple[ClosedDay, ...],
        Field(max_length=MOST_ROWS),
        FieldSpec("dates", N_("Other days without visits"), Control.ROWS, says=each(say.closed_days)),
    ] = ()
    minimum_days: Annotated[
        int,
        Field(ge=1, le=5),
        FieldSpec(
            "dates",
            N_("Minimum length of a visit (working days)"),
            Control.NUMBER,
            remedy=N_("Enter the minimum number of days"),
            says=lambda least, call, _facts: say.length(least, call.maximum_days),
        ),
    ] = 2
    maximum_days: Annotated[
        int,
        Field(ge=1, le=5),
        FieldSpec(
            "dates",
            N_("Maximum length of a visit (working days)"),
            Control.NUMBER,
            remedy=N_("Enter the maximum number of days"),
        ),
    ] = 5
    rules: Annotated[EntryRules, PartSpec(RULE_FIELDS)] = EntryRules()
    quotas: Annotated[
        tuple[CountryQuota, ...],
        Field(max_length=MOST_ROWS),
        FieldSpec(
            "quotas",
            N_("Officers placed for each country"),
            Control.ROWS,
            empty=N_("No country has a quota."),
            says=each(say.quotas),
        ),
    ] = ()
    share_of_offer: Annotated[
        int,
        Field(ge=1, le=100),
        FieldSpec(
            "quotas",
            N_("Maximum share of a placement's places for one country (per cent)"),
            Control.NUMBER,
            hint=N_("At least one place is always allowed. Groups are exempt."),
            remedy=N_("Enter the share"),
            says=sentence(
                N_(
                    "At most %(value)d\u00a0%% of a placement's places go to one country, "
                    "but always at least one place."
                )
            ),
        ),
    ] = 40
    group_size: Annotated[
        int,
        Field(ge=1, le=5),
        FieldSpec(
            "quotas",
            N_("Maximum group size"),
            Control.NUMBER,
            remedy=N_("Enter the number"),
            says=each(say.group_size),
        ),
    ] = 5
    reserves: Annotated[
        int,
        Field(ge=0, le=5),
        FieldSpec(
            "quotas",
            N_("Reserves for each place"),
            Control.NUMBER,
            hint=N_(
                "If you commit a cohort with reserves, this many more officers for each place are cleared in advance."
            ),
            remedy=N_("Enter the number, or 0 for none"),
            says=each(say.reserves),
        ),
    ] = 1
    objective: Annotated[
        Objective,
        FieldSpec(
            "weights",
            N_("Aim of the matching"),
            Control.RADIOS,
            choices=Objective,
            remedy=N_("Choose the aim"),
            says=sentence(N_("Aim of the matching: %(value)s."), labels.label),
        ),
    ] = Objective.STABLE
    wishes: Annotated[
        Wishes,
        FieldSpec(
            "weights",
            N_("Order of placements and mentors"),
            Control.RADIOS,
            hint=N_("Officers can put those that suit them in order. You cannot change this once the call is open."),
            choices=Wishes,
            says=each(say.wishes),
        ),
    ] = Wishes.SCORES
    ties: Annotated[
        TieBreak,
        FieldSpec(
            "weights",
            N_("Equal points"),
            Control.RADIOS,
            hint=N_("What decides when a host or mentor gives several officers equal points."),
            choices=TieBreak,
            says=each(say.ties),
        ),
    ] = TieBreak.LOTS
    weights: Annotated[
        tuple[CriterionWeight, ...],
        Field(max_length=20),
        FieldSpec(
            "weights",
            control=Control.OWN,
            empty=N_("All criteria have the programme's usual weights."),
            says=each(say.weights),
        ),
    ] = ()
    questions: Annotated[
        tuple[CallQuestion, ...],
        Field(max_length=MOST_QUESTIONS),
        FieldSpec(
            "questions",
            control=Control.OWN,
            empty=N_("It asks no extra questions."),
            says=each(say.questions),
        ),
    ] = ()
    timers: Annotated[Timers, PartSpec(TIMER_FIELDS)] = Timers()
    sessions_to_complete: Annotated[
        int,
        Field(ge=1, le=50),
        FieldSpec(
            "after",
            N_("Confirmed sessions that complete a mentorship"),
            Control.NUMBER,
            remedy=N_("Enter a number"),
            says=each(say.sessions),
        ),
    ] = 3
    evaluation_form: Annotated[
        int,
        Field(ge=1, le=1000),
        FieldSpec(
            "after",
            N_("Version of the evaluation form"),
            Control.NUMBER,
            remedy=N_("Enter a number"),
            says=sentence(N_("Evaluations use version %(value)d of the form.")),
        ),
    ] = 1

    checks: ClassVar[tuple[Check, ...]] = CHECKS


FIELDS: dict[str, FieldSpec] = {**TIMER_FIELDS, **fields_of(CallEntry), **RULE_FIELDS}
"""All fields of a call by name; those of rules and timers singly."""
SECTIONS: dict[str, tuple[str, ...]] = {
    code: tuple(name for name, spec in FIELDS.items() if spec.section == code) for code in TITLES
}
"""The sections in which a call is written, in their order, with the fields of each."""


class SectionChange(BaseModel):
    """The last change of a section of a draft: the person and the time."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: AwareDatetime


def section_of(name: str) -> str:
    """Return the section in which a field, or an error's place such as `rules.languages`, is written."""
    part, _, inner = name.partition(".")
    field = inner if part in {"rules", "timers"} and inner else part
    spec = FIELDS.get(field)
    return spec.section if spec is not None else "timers" if part == "timers" else "rules"


def changed_sections(before: CallEntry, after: CallEntry) -> set[str]:
    """Return the sections in which two states of a draft differ."""
    rewritten = {section_of(name) for name in before.refused.keys() - after.refused.keys()}
    return rewritten | {code for code in SECTIONS if section_fields(before, code) != section_fields(after, code)}


def section_fields(entry: CallEntry, section: str) -> dict[str, object]:
    """Return what is written in a section, by field."""
    return {name: getattr(part_of(entry, name), name) for name in SECTIONS[section]}


def part_of(entry: CallEntry | CallTerms, name: str) -> CallEntry | CallTerms | EligibilityRules | Timers:
    """Return the part of a call that has a field: the rules, the timers, or the call itself."""
    if name in RULE_FIELDS:
        return entry.rules
    return entry.timers if name in TIMER_FIELDS else entry


def with_values(entry: CallEntry, written: Mapping[str, object]) -> CallEntry:
    """Return an entry with these fields replaced, those of rules and timers singly.

    Raises pydantic.ValidationError for what cannot be read.
    """
    new, paths = entry.model_dump(mode="json"), set()
    for name, value in written.items():
        part = "rules" if name in RULE_FIELDS else "timers" if name in TIMER_FIELDS else None
        (new if part is None else new[part])[name] = value
        paths.add((name,) if part is None else (part, name))
    return CallEntry.model_validate(new).keep_unaccepted(entry, paths)


def entry_of(terms: CallTerms) -> CallEntry:
    """Return a published call as an entry, to be revised or copied."""
    return CallEntry.model_validate(terms.model_dump(exclude={"reference", "revision"}))


def terms_of(entry: CallEntry, *, reference: str, revision: int) -> CallTerms:
    """Return the terms of an entry of which `problems` finds nothing."""
    return CallTerms.model_validate(entry.model_dump() | {"reference": reference, "revision": revision})


def last_day(entry: CallEntry | CallTerms) -> date | None:
    """Return the last day on which one can apply, as people read it."""
    return None if entry.deadline is None else day_of(entry.deadline)


def problems(entry: CallEntry, facts: Facts | None = None) -> dict[str, str]:
    """Return what is missing or contradicts itself, or the register (`facts`), by field, each with the remedy.

    What is stored and no longer accepted counts too.
    """
    return missing(entry, facts)


def sentences(call: CallEntry | CallTerms, facts: Facts) -> dict[str, list[str]]:
    """Return everything that a call says, by section; what is not written yet is left out."""
    return {
        code: [text for name in names for text in FIELDS[name].sentences(name, part_of(call, name), facts)]
        for code, names in SECTIONS.items()
    }


def need_open(need: Need, entry: CallEntry) -> bool:
    """Return whether a call may cite a training need: of its scheme, not withdrawn, not over when the visits begin."""
    first = min((period.start for period in entry.visit_periods), default=entry.opens)
    return need.scheme == entry.scheme and not need.withdrawn and (first is None or need.until >= first)
