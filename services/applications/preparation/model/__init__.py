"""What must be there before travel, who owns it, and is it there? Pure; a module a question, re-exported here.

Each thing is a sheet of its own, filled in by its owner: guest, sender (the home coordinator) or host. What is asked is
the programme's configuration (`asked`); whether a sheet is enough depends on the dates of the visit, so that what was
ready may be missing again once a visit moves.
"""

from services.applications.preparation.model.items import DEFAULT_ITEMS, OWNERS, READERS, SENDER, Rule, required_items
from services.applications.preparation.model.readiness import (
    Checklist,
    Facts,
    Readiness,
    Standing,
    checklist,
    may_fill_in,
    may_see_emergency,
)
from services.applications.preparation.model.sheets import (
    SHEETS,
    AccessNeeds,
    Arrival,
    Authorisation,
    EmergencyContact,
    Insurance,
    InvalidSheet,
    Settled,
    Sheet,
    Visa,
    VisaResult,
    read_sheet,
)

__all__ = [
    "DEFAULT_ITEMS",
    "OWNERS",
    "READERS",
    "SENDER",
    "SHEETS",
    "AccessNeeds",
    "Arrival",
    "Authorisation",
    "Checklist",
    "EmergencyContact",
    "Facts",
    "Insurance",
    "InvalidSheet",
    "Readiness",
    "Rule",
    "Settled",
    "Sheet",
    "Standing",
    "Visa",
    "VisaResult",
    "checklist",
    "may_fill_in",
    "may_see_emergency",
    "read_sheet",
    "required_items",
]
