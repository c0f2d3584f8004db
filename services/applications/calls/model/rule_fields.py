"""The fields of a call's rules and timers, and how fields of a call are stated in sentences.

Rules and timers are models of the contract, so their fields stand beside them; `CallEntry` declares the other fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.calls.model import field_sentences as say
from services.applications.fields import Control, FieldSpec
from shared.contracts.calls import EligibilityRules
from shared.contracts.codes import LanguageLevel, RankGroup, ServiceKind
from shared.i18n import N_, gettext, ngettext

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
        hint=N_("Leave empty for all"),
        empty=N_("Officers from all countries can apply."),
        says=each(say.countries),
    ),
    "services": FieldSpec(
        "who",
        N_("Services"),
        Control.CHECKBOXES,
        hint=N_("Leave empty for all"),
        choices=ServiceKind,
        empty=N_("All services can apply."),
        says=each(say.services),
    ),
    "rank_groups": FieldSpec(
        "who",
        N_("Rank groups"),
        Control.CHECKBOXES,
        hint=N_("Leave empty for all"),
        choices=RankGroup,
        empty=N_("All ranks can apply."),
        says=each(say.rank_groups),
    ),
    "courses": FieldSpec(
        "who",
        N_("E-learning courses (one is required)"),
        Control.LONG_TEXT,
        hint=N_("Enter one course name per line, as on the learning platform"),
        most=2000,
        empty=N_("No course is required."),
        says=each(say.courses),
    ),
    "minimum_years": FieldSpec(
        "rules",
        N_("Minimum years in the field"),
        Control.NUMBER,
        remedy=N_("Enter the number of years"),
        says=each(say.years_or_none),
    ),
    "languages": FieldSpec(
        "rules",
        N_("Languages (one is required)"),
        Control.CHECKBOXES,
        hint=N_("Leave empty for any foreign language"),
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
        N_("Officers commit to passing on knowledge"),
        Control.CHECKBOX,
        says=either(say.cascade, say.no_cascade),
    ),
    "first_time_first": FieldSpec(
        "rules",
        N_("First-time participants come first"),
        Control.CHECKBOX,
        says=either(say.newcomers_first, say.newcomers_anywhere),
    ),
}
"""The fields of the rules (`EligibilityRules`, the contract's), each written on its own."""


def _timer(section: str, label: str, singular: str, plural: str) -> FieldSpec:
    """Return the field of a timer, which reads as a sentence: that of one unit of time, or of many."""
    return FieldSpec(
        section,
        label,
        Control.NUMBER,
        remedy=N_("Enter a number"),
        says=lambda value, _part, _facts: ngettext(singular, plural, value) % {"value": value},
    )


TIMER_FIELDS: dict[str, FieldSpec] = {
    "endorse_wd": _timer(
        "timers",
        N_("Endorsement by the home country (working days)"),
        N_("The home national coordinator endorses within %(value)d working day."),
        N_("The home national coordinator endorses within %(value)d working days."),
    ),
    "information_wd": _timer(
        "timers",
        N_("Officer's answer to a question (working days)"),
        N_("An officer answers a question within %(value)d working day."),
        N_("An officer answers a question within %(value)d working days."),
    ),
    "information_reminder_wd": _timer(
        "timers",
        N_("Reminder to the officer (working days)"),
        N_("The officer is reminded to answer after %(value)d working day."),
        N_("The officer is reminded to answer after %(value)d working days."),
    ),
    "eligibility_wd": _timer(
        "timers",
        N_("Eligibility confirmed (working days)"),
        N_("Eligibility is confirmed within %(value)d working day."),
        N_("Eligibility is confirmed within %(value)d working days."),
    ),
    "appeal_wd": _timer(
        "timers",
        N_("Time to appeal (working days)"),
        N_("An officer can appeal for %(value)d working day."),
        N_("An officer can appeal for %(value)d working days."),
    ),
    "appeal_decision_wd": _timer(
        "timers",
        N_("Decision on an appeal (working days)"),
        N_("An appeal is decided within %(value)d working day."),
        N_("An appeal is decided within %(value)d working days."),
    ),
    "offer_endorse_wd": _timer(
        "timers",
        N_("Endorsement of a placement (working days)"),
        N_("The host national coordinator endorses a placement within %(value)d working day."),
        N_("The host national coordinator endorses a placement within %(value)d working days."),
    ),
    "deputy_wd": _timer(
        "timers",
        N_("Extra time for the deputy (working days)"),
        N_("If a country does not answer in time, its deputy has %(value)d more working day."),
        N_("If a country does not answer in time, its deputy has %(value)d more working days."),
    ),
    "availability_after_days": _timer(
        "timers",
        N_("Availability check after (days)"),
        N_("We ask a host or mentor after %(value)d day if they are still available."),
        N_("We ask a host or mentor after %(value)d days if they are still available."),
    ),
    "availability_answer_wd": _timer(
        "timers",
        N_("Answer to availability check (working days)"),
        N_("Without an answer, the placement or mentor profile pauses after %(value)d working day."),
        N_("Without an answer, the placement or mentor profile pauses after %(value)d working days."),
    ),
    "clearance_wd": _timer(
        "after",
        N_("Clearance by each country (working days)"),
        N_("Each country clears a match within %(value)d working day."),
        N_("Each country clears a match within %(value)d working days."),
    ),
    "answer_wd": _timer(
        "after",
        N_("Answer to an offer (working days)"),
        N_("Both sides answer an offer within %(value)d working day."),
        N_("Both sides answer an offer within %(value)d working days."),
    ),
    "answer_grace_seconds": _timer(
        "after",
        N_("Grace period for answers (seconds)"),
        N_("An answer given in time still counts if it arrives up to %(value)d second late."),
        N_("An answer given in time still counts if it arrives up to %(value)d seconds late."),
    ),
    "notice_weeks": _timer(
        "after",
        N_("Notice between confirmation and start (weeks)"),
        N_("There is at least %(value)d week between confirmation and start."),
        N_("There are at least %(value)d weeks between confirmation and start."),
    ),
    "agenda_weeks": _timer(
        "after",
        N_("Agenda agreed before the start (weeks)"),
        N_("The agenda is agreed %(value)d week before the start."),
        N_("The agenda is agreed %(value)d weeks before the start."),
    ),
    "preparation_weeks": _timer(
        "after",
        N_("Travel papers ready before start (weeks)"),
        N_("Everything a guest needs before travel is ready %(value)d week before the start."),
        N_("Everything a guest needs before travel is ready %(value)d weeks before the start."),
    ),
    "agreement_wd": _timer(
        "after",
        N_("Mentoring agreement signed (working days)"),
        N_("A mentoring agreement is signed within %(value)d working day."),
        N_("A mentoring agreement is signed within %(value)d working days."),
    ),
    "attendance_days": _timer(
        "after",
        N_("Attendance recorded (days)"),
        N_("Attendance is recorded within %(value)d day."),
        N_("Attendance is recorded within %(value)d days."),
    ),
    "evaluation_days": _timer(
        "after",
        N_("Evaluation by guest and host (days)"),
        N_("Guest and host evaluate within %(value)d day."),
        N_("Guest and host evaluate within %(value)d days."),
    ),
    "report_days": _timer(
        "after",
        N_("Guest's report (days)"),
        N_("The guest reports within %(value)d day."),
        N_("The guest reports within %(value)d days."),
    ),
    "follow_up_months": _timer(
        "after",
        N_("Follow-up after (months)"),
        N_("Officer and line manager are asked again after %(value)d month."),
        N_("Officer and line manager are asked again after %(value)d months."),
    ),
    "follow_up_window_days": _timer(
        "after",
        N_("Follow-up open before and after date (days)"),
        N_("The follow-up is open %(value)d day before and after its date."),
        N_("The follow-up is open %(value)d days before and after its date."),
    ),
    "cascade_months": _timer(
        "after",
        N_("Time to report training sessions at home (months)"),
        N_("Officers can report training sessions at home for %(value)d month after the end."),
        N_("Officers can report training sessions at home for %(value)d months after the end."),
    ),
}
"""The fields of the timers (`Timers`, the contract's): until an application is in the pool, and from a match on."""
