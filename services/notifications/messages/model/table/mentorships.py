"""Messages about a mentorship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.notifications.messages.model.rule import Method, Rule, When
from shared.contracts import mentorships, participation
from shared.contracts.codes import Answer, Party
from shared.contracts.codes import AudienceKind as A
from shared.i18n import N_

if TYPE_CHECKING:
    from shared.contracts.base import Event

_READ = N_("Open the mentorship")
_REASON = N_("The reason: %(reason)s.")
_WHEN = N_("Your mentoring session %(reference)s takes place on %(when)s. Length: %(minutes)s. Where: %(place)s.")
_CALENDAR = N_(
    "The invitation in this email adds the session to your calendar. A later invitation changes or removes it."
)


def _both(name: str, event: type[mentorships.MentorshipEvent], subject: str, *text: str) -> tuple[Rule, Rule]:
    """Return the rows to mentor and mentee about what concerns both alike."""
    return (
        Rule(name, event, A.APPLICANT, subject, text, "mentorship", _READ),
        Rule(f"{name}_mentor", event, A.MENTOR, subject, text, "mentorship", _READ),
    )


def _meeting(name: str, event: type[participation.MeetingEvent], subject: str, *text: str) -> tuple[Rule, Rule]:
    """Return the same words to mentee and mentor, with the session for their calendars; urgent changes at night too."""
    how: dict[str, Any] = {
        "invitation": Method.CANCEL if event is participation.SessionCancelled else Method.REQUEST,
        "urgent": event is not participation.SessionPlanned,
    }
    return (
        Rule(name, event, A.APPLICANT, subject, text, "pair", _READ, **how),
        Rule(f"{name}_mentor", event, A.MENTOR, subject, text, "pair", _READ, **how),
    )


def _other(
    name: str,
    event: type[Event],
    subject: str,
    *text: str,
    action: str = _READ,
    only: When | None = None,
    prompt: bool = False,
) -> tuple[Rule, Rule]:
    """Return the same words, to the one of the two who did not do it."""

    def by(party: Party, words: str) -> When:
        return When(words, lambda data: data.by is party and (only is None or only.holds(data)))

    by_mentor, by_mentee = by(Party.MENTOR, N_("by the mentor")), by(Party.MENTEE, N_("by the mentee"))
    return (
        Rule(name, event, A.APPLICANT, subject, text, "pair", action, when=by_mentor, prompt=prompt),
        Rule(f"{name}_mentor", event, A.MENTOR, subject, text, "pair", action, when=by_mentee, prompt=prompt),
    )


RULES = (
    *_both(
        "mentorship_opened",
        mentorships.MentorshipOpened,
        N_("Your mentorship can begin"),
        N_("The mentorship %(reference)s is open (%(topic)s)."),
        N_("Please read the agreement and sign it by %(due)s. The mentorship begins when both have signed."),
    ),
    *_both(
        "mentorship_started",
        mentorships.MentorshipStarted,
        N_("Your mentorship has begun"),
        N_("Both have signed: the mentorship %(reference)s began on %(started_on)s."),
        N_("It is planned until %(until)s."),
        N_("Set your goals and log each session. The other side confirms it."),
    ),
    *_both(
        "mentorship_paused",
        mentorships.MentorshipPaused,
        N_("Your mentorship is paused"),
        N_("The mentorship %(reference)s is paused. Requested by: %(by)s."),
        _REASON,
    ),
    *_both(
        "mentorship_resumed",
        mentorships.MentorshipResumed,
        N_("Your mentorship continues"),
        N_("The mentorship %(reference)s continues."),
    ),
    *_other(
        "agreement_to_sign",
        participation.AgreementSigned,
        N_("The other side signed the agreement"),
        N_("The other side (%(by)s) has signed version %(version)s of your mentoring agreement."),
        N_("Please read it and sign it too, or propose what you would change."),
        action=N_("Read the agreement"),
        only=When(N_("where only one side has signed"), lambda data: not data.complete),
    ),
    *_other(
        "agreement_in_force",
        participation.AgreementSigned,
        N_("Your agreement has a new version"),
        N_("Both have signed version %(version)s of your mentoring agreement. It is now valid."),
        action=N_("Read the agreement"),
        only=When(N_("from the second version on"), lambda data: data.complete and data.version > 1),
    ),
    Rule(
        "session_to_confirm",
        participation.SessionLogged,
        A.APPLICANT,
        N_("Please confirm a session"),
        (N_("Your mentor has logged a session on %(held_on)s (%(minutes)s). Please confirm it."),),
        "pair",
        N_("Confirm the session"),
        when=When(N_("by the mentor"), lambda data: data.by is Party.MENTOR),
    ),
    Rule(
        "session_to_confirm_mentor",
        participation.SessionLogged,
        A.MENTOR,
        N_("Please confirm a session"),
        (N_("Your mentee has logged a session on %(held_on)s (%(minutes)s). Please confirm it."),),
        "pair",
        N_("Confirm the session"),
        when=When(N_("by the mentee"), lambda data: data.by is not Party.MENTOR),
    ),
    *_other(
        "session_disputed",
        participation.SessionDisputed,
        N_("A session is disputed"),
        N_("The other side (%(by)s) does not confirm the session on %(held_on)s that you logged, and gives a reason."),
        N_("Please correct it, or withdraw it."),
    ),
    *_other(
        "session_withdrawn",
        participation.SessionWithdrawn,
        N_("A session was withdrawn"),
        N_("The other side (%(by)s) has withdrawn the logged session on %(held_on)s. It does not count."),
    ),
    *_meeting(
        "session_planned",
        participation.SessionPlanned,
        N_("Your next session is planned"),
        _WHEN,
        N_("Planned by: %(by)s. If it does not suit you, change or cancel it on the page of the mentorship."),
        _CALENDAR,
    ),
    *_meeting(
        "session_moved",
        participation.SessionMoved,
        N_("Your next session has changed"),
        _WHEN,
        N_("Changed by: %(by)s. If it does not suit you, change or cancel it on the page of the mentorship."),
        _CALENDAR,
    ),
    *_meeting(
        "session_cancelled",
        participation.SessionCancelled,
        N_("Your next session is cancelled"),
        N_("The mentoring session %(reference)s is cancelled. It was planned for %(when)s."),
        N_("Cancelled by: %(by)s."),
        N_("This email removes it from your calendar."),
    ),
    *_other(
        "pair_visit_asked",
        participation.VisitRequested,
        N_("A visit is proposed to you"),
        N_(
            "The other side (%(by)s) proposes a visit under your mentoring agreement (%(days)s). Please say whether "
            "you agree."
        ),
        only=When(N_("where it is proposed"), lambda data: data.answer is None),
    ),
    *_other(
        "pair_visit_refused",
        participation.VisitRequested,
        N_("The visit was declined"),
        N_("The other side (%(by)s) does not agree to the visit that you proposed. You can propose other dates."),
        only=When(N_("where it is declined"), lambda data: data.answer is Answer.DECLINE),
        prompt=True,
    ),
    *_both(
        "mentorship_completed",
        mentorships.MentorshipCompleted,
        N_("Your mentorship is complete"),
        N_("The mentorship %(reference)s ended on %(ended_on)s (%(sessions)s). Thank you."),
        N_("Please tell us how it was, by %(evaluation_due)s. It takes about five minutes."),
    ),
    *_both(
        "mentorship_ended_early",
        mentorships.MentorshipEndedEarly,
        N_("Your mentorship has ended"),
        N_("The mentorship %(reference)s ended on %(ended_on)s. Ended by: %(by)s."),
        _REASON,
        N_("Please tell us how it was, by %(evaluation_due)s."),
    ),
)
