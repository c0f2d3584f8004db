"""What may mentee and mentor do in their mentorship: sign, set goals, log sessions, end it? Pure.

The agreement's first version is the programme's; it names nobody, since its digest stands in an event.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from services.applications.model.steps import NotNow, refuse
from shared.contracts.codes import MentorshipState, Party
from shared.web import dates
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from shared.contracts.mentorships import MentorshipPlan

LEAST_MINUTES, MOST_MINUTES = 5, 1440
MOST_GOALS = 20
FIRST_VERSION = 1
_ONGOING = frozenset({MentorshipState.OPENED, MentorshipState.ACTIVE})

# Not translated: both sides sign the same words, and the digest is of these.
_AGREEMENT = """Mentoring agreement, version {version}

1. Mentor and mentee meet regularly, on site or by video, in {language}.
2. Their subject is {topic}. The mentee sets the goals together with the mentor.
3. Each session is logged by one side and confirmed by the other.
4. What is said stays between them. Classified or case-related personal data is not shared.
5. Either side may pause or end the mentorship, and says why.
6. At the end both evaluate it.

Mentorship {mentorship_id}
"""


def agreement(mentorship_id: str, plan: MentorshipPlan, version: int = FIRST_VERSION) -> str:
    """The text of the agreement that both sides sign."""
    return _AGREEMENT.format(
        version=version, language=plan.language, topic=plan.topic.replace("_", " "), mentorship_id=mentorship_id
    )


def digest(text: str) -> str:
    """What stands for the signed text in the event: its SHA-256 in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def other(party: Party) -> Party:
    """The other of mentee and mentor."""
    return Party.MENTOR if party is Party.MENTEE else Party.MENTEE


def may_sign(state: MentorshipState, signed: Collection[Party], party: Party) -> None:
    """Raises `AlreadyDone` where that side has signed this version, `NotNow` where nothing is to be signed."""
    if party in signed:
        raise refuse("mentorship", state, done=True)
    if state is not MentorshipState.OPENED:
        raise refuse("mentorship", state)


def may_set_goal(state: MentorshipState, goals: int) -> None:
    """Raises `NotNow` where the mentorship is not open or has the most goals already."""
    if state not in _ONGOING:
        raise refuse("mentorship", state)
    if goals >= MOST_GOALS:
        raise NotNow(gettext("Close a goal first: %(most)s are the most.") % {"most": MOST_GOALS})


def may_close_goal(state: MentorshipState, *, closed: bool) -> None:
    """Raises `AlreadyDone` where the goal is closed, `NotNow` where the mentorship is not under way."""
    if closed:
        raise refuse("mentorship", state, done=True)
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)


def may_log(state: MentorshipState, held_on: date, minutes: int, *, started_on: date | None, today: date) -> None:
    """Raises `NotNow` unless the mentorship is under way and the session lies between its start and today."""
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if held_on > today:
        raise NotNow(gettext("%(day)s has not come yet.") % {"day": dates.day(held_on)})
    if started_on is not None and held_on < started_on:
        raise NotNow(gettext("The mentorship began on %(day)s.") % {"day": dates.day(started_on)})
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise NotNow(
            gettext("A session lasts from %(least)s to %(most)s minutes.")
            % {"least": LEAST_MINUTES, "most": MOST_MINUTES}
        )


def may_confirm(state: MentorshipState, logged_by: Party, party: Party, *, confirmed: bool) -> None:
    """Raises `AlreadyDone` where the session is confirmed, `NotNow` where the same side logged it."""
    if confirmed:
        raise refuse("mentorship", state, done=True)
    if state is not MentorshipState.ACTIVE:
        raise refuse("mentorship", state)
    if logged_by is party:
        raise NotNow(gettext("The other side confirms a session that you logged."))


def may_end(state: MentorshipState) -> None:
    """Raises `AlreadyDone` where the mentorship has ended, `NotNow` where it cannot end."""
    if state in {MentorshipState.COMPLETED, MentorshipState.ENDED_EARLY}:
        raise refuse("mentorship", state, done=True)
