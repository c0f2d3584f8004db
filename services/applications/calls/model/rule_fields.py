"""The fields of a call's rules and timers, and how fields of a call are stated in sentences.

Rules and timers are models of the contract, so their fields stand beside them; `CallEntry` declares the other fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.calls.model import field_sentences as say
from services.applications.fields import Control, FieldSpec
from shared.contracts.calls import EligibilityRules
from shared.contracts.codes import LanguageLevel, RankGroup, ServiceKind
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Callable


def each(function: Callable[[Any], str | list[str]]) -> Callable[[Any, Any, Any], str | list[str]]:
    """Return how a field is stated that depends on nothing but its value."""
    return lambda value, _part, _facts: function(value)


def either(yes: Callable[[], str], no: Callable[[], str]) -> Callable[[Any, Any, Any], str]:
    """Return how a field is stated that is true or false."""
    return lambda value, _part, _facts: yes() if value else no()


def sentence(text: str, words: Callable[[Any], object] = lambda value: value) -> Callable[[Any, Any, Any], str]:
    """Return how a field is stated whose sentence names its `value`, in these words."""
    return lambda value, _part, _facts: gettext(text) % {"value": words(value)}


class EntryRules(EligibilityRules):
    """The rules of a call that is being written: nobody comes first by their own word, unless the call says so."""

    first_time_first: bool = False


RULE_FIELDS: dict[str, FieldSpec] = {
    "countries": FieldSpec(
        "who",
        N_("Countries whose officers may apply"),
        Control.CHECKBOXES,
        hint=N_("None chosen: all"),
        empty=N_("Officers from all countries can apply."),
        says=each(say.countries),
    ),
    "services": FieldSpec(
        "who",
        N_("Services"),
        Control.CHECKBOXES,
        hint=N_("None chosen: all"),
        choices=ServiceKind,
        empty=N_("All services can apply."),
        says=each(say.services),
    ),
    "rank_groups": FieldSpec(
        "who",
        N_("Rank groups"),
        Control.CHECKBOXES,
        hint=N_("None chosen: all"),
        choices=RankGroup,
        empty=N_("All ranks can apply."),
        says=each(say.rank_groups),
    ),
    "courses": FieldSpec(
        "who",
        N_("E-learning courses of which one must be finished"),
        Control.LONG_TEXT,
        hint=N_("The name of each course on a line of its own, as the learning platform has it"),
        most=2000,
        empty=N_("No course is asked for."),
        says=each(say.courses),
    ),
    "minimum_years": FieldSpec(
        "rules",
        N_("Years in the field, at least"),
        Control.NUMBER,
        remedy=N_("Enter the years"),
        says=each(say.years_or_none),
    ),
    "languages": FieldSpec(
        "rules",
        N_("Languages of which one is asked for"),
        Control.CHECKBOXES,
        hint=N_("None chosen: any foreign language"),
    ),
    "minimum_level": FieldSpec(
        "rules",
        N_("At this level or higher"),
        Control.SELECT,
        choices=[level for level in LanguageLevel if level is not LanguageLevel.NS],
        says=lambda level, rules, _facts: say.languages(rules.languages, level),
    ),
    "cascade_commitment": FieldSpec(
        "rules",
        N_("Officers commit themselves to pass the knowledge on"),
        Control.CHECKBOX,
        says=either(say.cascade, say.no_cascade),
    ),
    "first_time_first": FieldSpec(
        "rules",
        N_("Those who take part for the first time come first"),
        Control.CHECKBOX,
        says=either(say.newcomers_first, say.newcomers_anywhere),
    ),
}
"""The fields of the rules (`EligibilityRules`, the contract's), each written on its own."""


def _timer(section: str, label: str, text: str) -> FieldSpec:
    """Return the field of a timer, which reads as a sentence."""
    return FieldSpec(
        section,
        label,
        Control.NUMBER,
        remedy=N_("Enter a number"),
        says=sentence(text),
    )


TIMER_FIELDS: dict[str, FieldSpec] = {
    "endorse_wd": _timer(
        "timers",
        N_("Endorsement by the home country (working days)"),
        N_("The home national coordinator endorses within %(value)d working days."),
    ),
    "information_wd": _timer(
        "timers",
        N_("Answer of an officer who was asked (working days)"),
        N_("An officer answers what is asked within %(value)d working days."),
    ),
    "information_reminder_wd": _timer(
        "timers",
        N_("Reminder of that (working days)"),
        N_("The officer is reminded of it after %(value)d working days."),
    ),
    "eligibility_wd": _timer(
        "timers",
        N_("Eligibility confirmed (working days)"),
        N_("Eligibility is confirmed within %(value)d working days."),
    ),
    "appeal_wd": _timer(
        "timers",
        N_("Time to appeal (working days)"),
        N_("An officer can appeal for %(value)d working days."),
    ),
    "appeal_decision_wd": _timer(
        "timers",
        N_("Decision on an appeal (working days)"),
        N_("An appeal is decided within %(value)d working days."),
    ),
    "offer_endorse_wd": _timer(
        "timers",
        N_("Endorsement of a placement (working days)"),
        N_("The host national coordinator endorses a placement within %(value)d working days."),
    ),
    "deputy_wd": _timer(
        "timers",
        N_("Time of the deputy after that of a country (working days)"),
        N_("Where a country does not answer in time, its deputy has %(value)d working days more."),
    ),
    "availability_after_days": _timer(
        "timers",
        N_("“Still available?” is asked after (days)"),
        N_("A host or mentor is asked after %(value)d days whether still available."),
    ),
    "availability_answer_wd": _timer(
        "timers",
        N_("Answer to that (working days)"),
        N_("Without an answer to that, capacity pauses after %(value)d working days."),
    ),
    "clearance_wd": _timer(
        "after",
        N_("Clearance by each country (working days)"),
        N_("Each country clears a match within %(value)d working days."),
    ),
    "answer_wd": _timer(
        "after",
        N_("Answer to an offer (working days)"),
        N_("Both sides answer an offer within %(value)d working days."),
    ),
    "answer_grace_seconds": _timer(
        "after",
        N_("Grace for answers given in time (seconds)"),
        N_("Answers given in time count for %(value)d seconds more."),
    ),
    "notice_weeks": _timer(
        "after",
        N_("Notice between confirmation and start (weeks)"),
        N_("There are at least %(value)d weeks between confirmation and start."),
    ),
    "agenda_weeks": _timer(
        "after",
        N_("Agenda agreed before the start (weeks)"),
        N_("The agenda is agreed %(value)d weeks before the start."),
    ),
    "preparation_weeks": _timer(
        "after",
        N_("Papers before travel, before the start (weeks)"),
        N_("What a guest needs before travel is there %(value)d weeks before the start."),
    ),
    "agreement_wd": _timer(
        "after",
        N_("Mentoring agreement signed (working days)"),
        N_("A mentoring agreement is signed within %(value)d working days."),
    ),
    "attendance_days": _timer(
        "after",
        N_("Attendance recorded (days)"),
        N_("Attendance is recorded within %(value)d days."),
    ),
    "evaluation_days": _timer(
        "after",
        N_("Evaluation by guest and host (days)"),
        N_("Guest and host evaluate within %(value)d days."),
    ),
    "report_days": _timer(
        "after",
        N_("Report of the guest (days)"),
        N_("The guest reports within %(value)d days."),
    ),
    "follow_up_months": _timer(
        "after",
        N_("Follow-up after (months)"),
        N_("Officer and line manager are asked again after %(value)d months."),
    ),
    "follow_up_window_days": _timer(
        "after",
        N_("Follow-up open before and after its day (days)"),
        N_("That follow-up is open %(value)d days before and after its day."),
    ),
    "cascade_months": _timer(
        "after",
        N_("Cascade sessions reported after the end for (months)"),
        N_("Officers report for %(value)d months whom they passed the knowledge on to."),
    ),
}
"""The fields of the timers (`Timers`, the contract's): until an application is in the pool, and from a match on."""
