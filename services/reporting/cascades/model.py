"""Decide which cascade session may be reported, and what the line manager's answer means.

The officer reports, from the end of the visit or the mentorship on, for as many months as the call's `cascade_months`.
Only what the line manager confirms is counted, with the number that the manager gives: never more than was reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from services.reporting.answers.model.forms import NotComplete
from services.reporting.cases.model import months_after
from shared.contracts.codes import CascadeFormat, CascadeRefusal
from shared.contracts.outcomes import CascadeConfirmed, CascadeDelivered, CascadeRefused
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.reporting.cases.model import Case
    from shared.contracts.calls import Timers

MOST = 5000
"""More people than one session reaches: a larger number is a mistake."""
LONGEST = 200
"""The most characters of what a session was about."""
LONGEST_REASON = 500


class CascadeState(StrEnum):
    """The state of a session."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the officer reports it: day, format (a code of `CascadeFormat`), and number of people reached."""

    held_on: date | None
    format: str
    attendees: int | None
    about: str


def until(case: Case, timers: Timers) -> date | None:
    """Return the last day on which a session may be reported; None before the end."""
    return months_after(case.ended_on, timers.cascade_months) if case.ended_on else None


def delivered(case: Case, cascade_id: UUID, session: Session, today: date) -> CascadeDelivered:
    """Return the event of a report. Raises `NotComplete`."""
    wrong = problems(session, today, case.ended_on)
    if wrong:
        raise NotComplete(wrong)
    assert session.held_on is not None
    assert session.attendees is not None
    return CascadeDelivered(
        **_of(case),
        cascade_id=cascade_id,
        delivered_on=session.held_on,
        attendees=session.attendees,
        format=CascadeFormat(session.format),
    )


def problems(session: Session, today: date, ended_on: date | None = None) -> dict[str, str]:
    """Return what is wrong with a report, by field; `ended_on` is the end of the visit, where it is known."""
    wrong: dict[str, str] = {}
    if session.held_on is None:
        wrong["held_on"] = N_("Enter the day of the session")
    elif session.held_on > today:
        wrong["held_on"] = N_("Enter today or a day in the past. Report a session after it was held")
    elif ended_on is not None and session.held_on < ended_on:
        wrong["held_on"] = N_("Enter a day after the end of your visit or mentorship")
    if session.format not in set(CascadeFormat):
        wrong["format"] = N_("Select the kind of session")
    if session.attendees is None or not 1 <= session.attendees <= MOST:
        wrong["attendees"] = N_("Enter how many people you reached, from 1 to 5,000")
    if not session.about.strip():
        wrong["about"] = N_("Enter in a few words what it was about")
    elif len(session.about) > LONGEST:
        wrong["about"] = N_("Text must be 200 characters or fewer")
    return wrong


def confirmed(
    case: Case, cascade_id: UUID, held_on: date, reported: int, attendees: int | None, reason: str
) -> CascadeConfirmed:
    """Return the event of the manager's yes: the reported number, or a lower one and why. Raises `NotComplete`."""
    wrong: dict[str, str] = {}
    if attendees is None or not 1 <= attendees <= reported:
        wrong["attendees"] = N_("Enter how many people were reached. It must not be more than the officer reported")
    elif attendees < reported and not reason.strip():
        wrong["why"] = N_("Enter in a few words why it was fewer")
    if len(reason) > LONGEST_REASON:
        wrong["why"] = N_("Text must be 500 characters or fewer")
    if wrong:
        raise NotComplete(wrong)
    assert attendees is not None
    return CascadeConfirmed(**_of(case), cascade_id=cascade_id, delivered_on=held_on, attendees=attendees)


def refused(case: Case, cascade_id: UUID, held_on: date, reason: str) -> CascadeRefused:
    """Return the event of the manager's no. Raises `NotComplete`."""
    if reason not in set(CascadeRefusal):
        raise NotComplete({"reason": N_("Choose a reason")})
    return CascadeRefused(**_of(case), cascade_id=cascade_id, delivered_on=held_on, reason=CascadeRefusal(reason))


def _of(case: Case) -> Mapping[str, Any]:
    return {
        "application_id": case.application_id,
        "visit_id": case.visit_id,
        "mentorship_id": case.mentorship_id,
        "country": case.country,
        "topic_code": case.topic,
    }
