"""Who changes the register, and how? One module a question; what other packages call is re-exported."""

from services.applications.actions.register.bulk import (
    enter_exclusions,
    enter_first_coordinator,
    enter_funds,
    enter_organisations,
    enter_partners,
    enter_people,
)

__all__ = [
    "enter_exclusions",
    "enter_first_coordinator",
    "enter_funds",
    "enter_organisations",
    "enter_partners",
    "enter_people",
]
