"""The table of messages: who gets which message, when, and by which way; shown at /notifications/rules."""

from services.notifications.messages.model.rule import Rule
from services.notifications.messages.model.table import (
    applications,
    companions,
    deadlines,
    exceptions,
    hosts,
    matches,
    mentorships,
    outcomes,
    register,
    unmatched,
    visits,
    webhooks,
)
from shared.i18n import N_

AREAS: dict[str, tuple[Rule, ...]] = {
    N_("Accounts, the register and partner countries"): register.RULES,
    N_("Applications"): applications.RULES,
    N_("People named in an application"): companions.RULES,
    N_("Placements and mentors' profiles"): hosts.RULES,
    N_("Matches until both sides accept"): matches.RULES,
    N_("Matches that do not go ahead"): unmatched.RULES,
    N_("Study visits"): visits.RULES,
    N_("Mentorships"): mentorships.RULES,
    N_("Evaluations, reports and certificates"): outcomes.RULES,
    N_("Deadlines"): deadlines.RULES,
    N_("Webhooks"): webhooks.RULES,
    N_("Morning summary"): deadlines.DIGEST_RULES,
}
"""All rows by what they are about, in the order of the story."""

RULES = tuple(rule for rules in AREAS.values() for rule in rules)
"""All rows, in the order of the story."""

BY_NAME = {rule.name: rule for rule in RULES}

_WITH_MESSAGE = {rule.event.type for rule in RULES}
WITHOUT_MESSAGE = {name: why for name, why in exceptions.REASONS.items() if name not in _WITH_MESSAGE}
"""The name of each event without a row -> why no message follows from it, as the page of the table shows it."""

__all__ = ["AREAS", "BY_NAME", "RULES", "WITHOUT_MESSAGE"]
