"""List the personas of the local run: one for every role that has an account.

The subjects are stable: the sample programme grants them access, the tests and the tour sign in as them.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.codes import Role


@dataclass(frozen=True, slots=True)
class Persona:
    """A made-up person: sign-in subject, the provider's name for it, and its purpose.

    `country` is ISO 3166-1 alpha-2 or `EU`; `organisation` says in words which one of the sample programme it is.
    """

    subject: str
    name: str
    words: str
    role: Role
    country: str | None = None
    organisation: str | None = None

    @property
    def claims(self) -> dict[str, object]:
        """Return the provider's claims about the persona besides the subject."""
        return {"name": self.name, "email": f"{self.subject}@tandem.example", "email_verified": True}


_COORDINATOR = Role.NATIONAL_COORDINATOR
PERSONAS = (
    Persona("persona-officer", "Ani Petrosyan", "Officer from Armenia, wants to visit", Role.OFFICER, "AM", "police"),
    Persona("persona-mentee", "Nino Beridze", "Officer from Georgia, looks for a mentor", Role.OFFICER, "GE", "police"),
    Persona("persona-mentor", "Jonas Kazlauskas", "Mentor from Lithuania", Role.MENTOR, "LT", "police"),
    Persona(
        "persona-host", "Claire Moreau", "Contact of a host agency in France", Role.HOST_CONTACT, "FR", "host agency"
    ),
    Persona("persona-coordinator-am", "Tigran Hakobyan", "National coordinator of Armenia", _COORDINATOR, "AM"),
    Persona("persona-coordinator-ge", "Giorgi Maisuradze", "National coordinator of Georgia", _COORDINATOR, "GE"),
    Persona("persona-coordinator-fr", "Luc Bernard", "National coordinator of France", _COORDINATOR, "FR"),
    Persona("persona-coordinator-lt", "Rasa Petrauskaite", "National coordinator of Lithuania", _COORDINATOR, "LT"),
    Persona("persona-programme", "Marta Kovacs", "Programme coordinator", Role.PROGRAMME_COORDINATOR),
    Persona(
        "persona-programme-2",
        "Peter Szabo",
        "Second programme coordinator, approves figures and decides appeals",
        Role.PROGRAMME_COORDINATOR,
    ),
    Persona("persona-evaluator", "Elena Rossi", "Evaluator", Role.EVALUATOR),
    Persona("persona-donor", "Henrik Lund", "Donor, reads figures only", Role.DONOR),
    Persona("persona-anaspoc", "Oksana Melnyk", "ANASPOC contact, reads figures only", Role.ANASPOC, "UA"),
    Persona(
        "persona-clearance",
        "Pieter de Vries",
        "Clearance officer of an EU agency",
        Role.CLEARANCE_OFFICER,
        "EU",
        "EU agency",
    ),
    Persona("persona-dpo", "Sofia Almeida", "Data protection officer", Role.DATA_PROTECTION_OFFICER),
    Persona("persona-auditor", "Karl Weber", "Auditor", Role.AUDITOR),
)
