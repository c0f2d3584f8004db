"""Rules of a visit's preparation: what is required before travel, who owns it, and whether it is ready.

Each item is a sheet of its own, filled in by its owner: guest, sender (the home coordinator) or host. What is required
is the programme's configuration (`required_items`); whether a sheet is enough depends on the dates of the visit: an
item that was ready may be missing again once a visit moves.
"""

from services.applications.preparation.model.items import (
    DEFAULT_ITEMS,
    OWNERS,
    READERS,
    SENDER,
    Rule,
    required_items,
    same_country,
)
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
    "same_country",
]
