"""Who is told how a mentorship goes."""

from services.notifications.model.rule import Rule, When
from shared.contracts import mentorships, participation
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import Party
from shared.web.i18n import N_

_READ = N_("Open the mentorship")
_REASON = N_("The reason: %(reason)s.")


def _both(name: str, event: type[mentorships.MentorshipEvent], subject: str, *text: str) -> tuple[Rule, Rule]:
    """The same words to mentee and mentor."""
    return (
        Rule(name, event, A.APPLICANT, subject, text, "mentorship", _READ),
        Rule(f"{name}_mentor", event, A.MENTOR, subject, text, "mentorship", _READ),
    )


RULES = (
    *_both(
        "mentorship_opened",
        mentorships.MentorshipOpened,
        N_("Your mentorship can begin"),
        N_("The mentorship %(reference)s is open (%(topic)s)."),
        N_("Please read the agreement and sign it by %(due)s. It begins when both have signed."),
    ),
    *_both(
        "mentorship_started",
        mentorships.MentorshipStarted,
        N_("Your mentorship has begun"),
        N_("Both have signed: the mentorship %(reference)s began on %(started_on)s."),
        N_("It is planned until %(until)s."),
        N_("Set your goals, and log each session; the other side confirms it."),
    ),
    *_both(
        "mentorship_paused",
        mentorships.MentorshipPaused,
        N_("Your mentorship pauses"),
        N_("The mentorship %(reference)s pauses. Asked for by: %(by)s."),
        _REASON,
    ),
    *_both(
        "mentorship_resumed",
        mentorships.MentorshipResumed,
        N_("Your mentorship goes on"),
        N_("The mentorship %(reference)s goes on."),
    ),
    Rule(
        "session_to_confirm",
        participation.SessionLogged,
        A.APPLICANT,
        N_("Please confirm a session"),
        (N_("Your mentor has logged a session on %(held_on)s of %(minutes)s minutes. Please confirm it."),),
        "mentorships",
        N_("Confirm the session"),
        when=When(N_("by the mentor"), lambda data: data.by is Party.MENTOR),
    ),
    Rule(
        "session_to_confirm_mentor",
        participation.SessionLogged,
        A.MENTOR,
        N_("Please confirm a session"),
        (N_("Your mentee has logged a session on %(held_on)s of %(minutes)s minutes. Please confirm it."),),
        "mentorships",
        N_("Confirm the session"),
        when=When(N_("by the mentee"), lambda data: data.by is not Party.MENTOR),
    ),
    *_both(
        "mentorship_completed",
        mentorships.MentorshipCompleted,
        N_("Your mentorship is complete"),
        N_("The mentorship %(reference)s ended on %(ended_on)s, after %(sessions)s sessions. Thank you."),
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
