"""Enter the personas of the local run into a register that knows nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.journey.cast import Member
from deploy.cli.journey.register import complete
from deploy.local.personas import PERSONAS
from shared.contracts.codes import Role

if TYPE_CHECKING:
    from deploy.cli.journey.steps import Journey

_AGENCIES: dict[str, tuple[str, str]] = {
    "persona-officer": ("Criminal police department", "Yerevan"),
    "persona-mentee": ("Central criminal police", "Tbilisi"),
    "persona-host": ("Anti-cybercrime office, Lyon branch", "Lyon"),
    "persona-mentor": ("Criminal police bureau", "Vilnius"),
}
_ROLES = frozenset({Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.DONOR})
_CAST = tuple(
    Member(
        persona.subject,
        persona.name,
        persona.role,
        persona.country,
        _AGENCIES.get(persona.subject, (None, ""))[0],
        _AGENCIES.get(persona.subject, (None, ""))[1],
        owns=False,
    )
    for persona in PERSONAS
    if persona.role in _ROLES
)


async def enter_personas(journey: Journey, since: str) -> str:
    """Enter those who are missing, with access from a day on; return the id of a fund."""
    return await complete(journey, since, _CAST)
