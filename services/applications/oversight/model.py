"""Rule on incident reports: who may report, who reads, how a report is followed up; name directions of exchanges.

A report is confidential: the reporter chooses who reads it, the other side never does, and no event mentions it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import refuse
from shared.contracts.codes import Code, Party
from shared.i18n import N_, gettext
from shared.next_steps import Described, NextStep
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

LONGEST = 4000


class Way(Code):
    """A direction of an exchange: visits sent and hosted, mentorships received and given."""

    SENT = "sent", N_("Visits sent")
    HOSTED = "hosted", N_("Visits hosted")
    RECEIVED = "received", N_("Mentorships received")
    GIVEN = "given", N_("Mentorships given")

    @property
    def of_visits(self) -> bool:
        """Return whether it is a direction of visits."""
        return self in {Way.SENT, Way.HOSTED}


class Category(Code):
    """The category of an incident."""

    SAFETY = "safety", N_("Safety or health")
    HARASSMENT = "harassment", N_("Harassment or discrimination")
    CONDUCT = "conduct", N_("Unprofessional conduct")
    DATA = "data", N_("Data lost or shown to the wrong people")
    SECURITY = "security", N_("Security of premises or equipment")
    TRAVEL = "travel", N_("Accident or trouble while travelling")
    OTHER = "other", N_("Something else")


class Reader(Code):
    """A reader of a report, chosen by the reporter."""

    PROGRAMME = "programme", N_("Programme coordinator")
    DATA_PROTECTION = "data_protection", N_("Data protection officer")
    COUNTRY = "country", N_("National coordinator of the reporting side")


class IncidentState(Code):
    """The state of a report; of the kind `incident` in `shared/web/states.py`."""

    REPORTED = "reported", N_("Reported")
    ACKNOWLEDGED = "acknowledged", N_("Being followed up")
    CLOSED = "closed", N_("Closed")


_HOME = frozenset({Party.GUEST, Party.MENTEE, Party.HOME_COORDINATOR})
REPORTING = (
    Party.GUEST,
    Party.MENTEE,
    Party.HOST,
    Party.MENTOR,
    Party.HOME_COORDINATOR,
    Party.HOST_COORDINATOR,
    Party.PROGRAMME,
)
"""The parties who may report; a person with several roles reports as the first of these."""


def of_home(party: Party) -> bool:
    """Return whether the reporter belongs to the applicant's side, whose country is then the report's."""
    return party in _HOME


def standing(state: IncidentState, readers: Collection[Reader], *, handles: bool) -> Described:
    """Return the next step of a report; one of its chosen readers is addressed as "you"."""
    if state is IncidentState.CLOSED:
        return Described()
    names = ", ".join(gettext(reader.label) for reader in Reader if reader in readers)
    if state is IncidentState.REPORTED:
        sentence = gettext("You read it and follow it up.") if handles else gettext("They read it and follow it up.")
    else:
        sentence = gettext("You close it with an answer.") if handles else gettext("They close it with an answer.")
    return Described(step=NextStep(names, sentence))


def wrong(text: str, happened_on: date | None, readers: Collection[Reader], today: date) -> dict[str, str]:
    """Return what is wrong with a report, by field."""
    problems: dict[str, str] = {}
    if not text.strip():
        problems["text"] = gettext("Enter what happened.")
    elif len(text) > LONGEST:
        problems["text"] = gettext("Enter up to %(most)s characters.") % {"most": LONGEST}
    if happened_on is not None and happened_on > today:
        problems["happened_on"] = gettext("Enter a day up to today, %(day)s.") % {"day": dates.day(today)}
    if not readers:
        problems["readers"] = gettext("Choose at least one person who may read your report")
    return problems


def may_acknowledge(state: IncidentState) -> None:
    """Raise `AlreadyDone` if the report is acknowledged, `NotNow` if it is closed."""
    if state is not IncidentState.REPORTED:
        raise refuse("incident", state, done=state is IncidentState.ACKNOWLEDGED)


def may_follow_up(state: IncidentState) -> None:
    """Raise `NotNow` unless the report is acknowledged and open."""
    if state is not IncidentState.ACKNOWLEDGED:
        raise refuse("incident", state)


def may_close(state: IncidentState) -> None:
    """Raise `AlreadyDone` if the report is closed, `NotNow` if nobody has acknowledged it."""
    if state is not IncidentState.ACKNOWLEDGED:
        raise refuse("incident", state, done=state is IncidentState.CLOSED)
