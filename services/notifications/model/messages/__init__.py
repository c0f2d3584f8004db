"""Which messages are there? The one table: who is told of what, when, by which way; shown at /notifications/rules."""

from services.notifications.model.messages import (
    applications,
    companions,
    deadlines,
    digest,
    hosts,
    matches,
    mentorships,
    outcomes,
    register,
    visits,
    webhooks,
)

RULES = (
    *register.RULES,
    *applications.RULES,
    *companions.RULES,
    *hosts.RULES,
    *matches.RULES,
    *visits.RULES,
    *mentorships.RULES,
    *outcomes.RULES,
    *deadlines.RULES,
    *webhooks.RULES,
    *digest.RULES,
)
"""All rows, in the order of the story."""

BY_NAME = {rule.name: rule for rule in RULES}

__all__ = ["BY_NAME", "RULES"]
