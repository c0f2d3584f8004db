"""Hold the addresses that a programme's contact page shows.

A module of its own, since both settings and pages import it, and neither may import the other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProgrammeContacts:
    """The addresses of a programme, each in a few words; empty where an installation has not set it."""

    contact: str = ""
    """The office that answers participants."""
    controller: str = ""
    """The controller of the participants' data."""
    protection: str = ""
    """The data protection officer."""
    authority: str = ""
    """The authority that takes complaints about the use of data."""
