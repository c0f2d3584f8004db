"""Name the people of the journey: made up, marked as a test, and nobody whom the programme knows."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.codes import Role

OFFICER, MENTEE = "journey-officer", "journey-mentee"
HOST, MENTOR = "journey-host", "journey-mentor"
DONOR = "journey-donor"
HOME, HOST_COUNTRY = "journey-coordinator-am", "journey-coordinator-fr"
MENTEE_COUNTRY, MENTOR_COUNTRY = "journey-coordinator-ge", "journey-coordinator-lt"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who takes part, with the name of his or her own agency, if any.

    Whom the journey `owns` it enters each time, and takes the access away at the end; others are left as they are.
    """

    subject: str
    name: str
    role: Role
    country: str | None = None
    agency: str | None = None
    city: str = ""
    owns: bool = True

    @property
    def email(self) -> str:
        """The address, which nobody has."""
        return f"{self.subject}@tandem.example"


_COORDINATOR = Role.NATIONAL_COORDINATOR
CAST = (
    Member(OFFICER, "Test Officer", Role.OFFICER, "AM", "Agency of the test run, Armenia", "Yerevan"),
    Member(MENTEE, "Test Mentee", Role.OFFICER, "GE", "Agency of the test run, Georgia", "Tbilisi"),
    Member(HOST, "Test Host", Role.HOST_CONTACT, "FR", "Agency of the test run, France", "Lyon"),
    Member(MENTOR, "Test Mentor", Role.MENTOR, "LT", "Agency of the test run, Lithuania", "Vilnius"),
    Member(HOME, "Test Coordinator Armenia", _COORDINATOR, "AM"),
    Member(MENTEE_COUNTRY, "Test Coordinator Georgia", _COORDINATOR, "GE"),
    Member(HOST_COUNTRY, "Test Coordinator France", _COORDINATOR, "FR"),
    Member(MENTOR_COUNTRY, "Test Coordinator Lithuania", _COORDINATOR, "LT"),
    Member(DONOR, "Test Donor", Role.DONOR),
)
