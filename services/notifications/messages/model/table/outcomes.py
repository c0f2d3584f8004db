"""Messages about evaluations, reports, tests and results of visits and mentorships."""

from services.notifications.messages.model.rule import Rule, When
from shared.contracts import outcomes
from shared.contracts.codes import AnswerForm, Respondent, TestPhase
from shared.contracts.codes import AudienceKind as A
from shared.contracts.notifications import Purpose
from shared.i18n import N_


def _first_before(data: outcomes.TestAsked) -> bool:
    return data.phase is TestPhase.PRE and not data.again


_STILL = (
    N_("We asked for this for %(reference)s and have not received it yet:"),
    N_("%(task)s"),
    N_("It is due on %(due)s. Later answers still count, but they are marked as late."),
    N_("It takes a few minutes. Your answers are saved as you write."),
)


def _question(name: str, to: A, words: str, *respondents: Respondent) -> Rule:
    """Of an answer that is missing, and of which an evaluator reminds."""
    managed = to is A.LINE_MANAGER
    return Rule(
        name,
        outcomes.AnswerAsked,
        to,
        N_("Your answer is still missing"),
        _STILL,
        "outcome",
        N_("Complete the evaluation"),
        when=When(words, lambda data: data.form is not AnswerForm.CASCADE and data.respondent in respondents),
        answers=managed,
        urgent=managed,
    )


_CONFIRM = N_("Only what you confirm is counted. You do not need an account. The link opens one short page.")
RULES = (
    _question("answer_asked", A.APPLICANT, N_("of the officer"), Respondent.GUEST, Respondent.MENTEE),
    _question("answer_asked_host", A.HOST_CONTACT, N_("of the host"), Respondent.HOST),
    _question("answer_asked_mentor", A.MENTOR, N_("of the mentor"), Respondent.MENTOR),
    _question("answer_asked_manager", A.LINE_MANAGER, N_("of the line manager"), Respondent.LINE_MANAGER),
    _question(
        "answer_asked_coordinator",
        A.HOME_COORDINATOR,
        N_("of the national coordinator"),
        Respondent.NATIONAL_COORDINATOR,
    ),
    Rule(
        Purpose.CASCADE_TO_CONFIRM.value,
        outcomes.CascadeDelivered,
        A.LINE_MANAGER,
        N_("Was this session held?"),
        (
            N_("One of your officers reports a training session for colleagues on %(delivered_on)s."),
            N_("Reported: %(attendees)s. Please tell us whether this is correct."),
            _CONFIRM,
        ),
        "application",
        N_("Confirm the training session"),
        answers=True,
    ),
    Rule(
        Purpose.CASCADE_REMINDER.value,
        outcomes.AnswerAsked,
        A.LINE_MANAGER,
        N_("A session is still waiting for your answer"),
        (
            N_("One of your officers reported a training session for colleagues. You have not answered yet."),
            _CONFIRM,
        ),
        "application",
        N_("Confirm the training session"),
        when=When(N_("about training sessions at home"), lambda data: data.form is AnswerForm.CASCADE),
        answers=True,
    ),
    Rule(
        "cascade_refused",
        outcomes.CascadeRefused,
        A.APPLICANT,
        N_("Your training session at home was not confirmed"),
        (
            N_("Your line manager does not confirm the session of %(delivered_on)s. The reason: %(reason)s."),
            N_("You can speak with your line manager and report the session again as it was."),
        ),
        "application",
        N_("Open your application"),
    ),
    Rule(
        "test_before_asked",
        outcomes.TestAsked,
        A.APPLICANT,
        N_("A short test before your visit"),
        (
            N_("Please take a short test before your visit, by %(due)s. You cannot fail."),
            N_("After the visit there is a second test. Then you see what you learnt."),
        ),
        "visit",
        N_("Take the test"),
        when=When(N_("before the visit, and not only for other dates"), _first_before),
    ),
    Rule(
        "test_after_asked",
        outcomes.TestAsked,
        A.APPLICANT,
        N_("A short test after your visit"),
        (N_("Please take the second test by %(due)s. Then you see what you learnt and the right answers."),),
        "visit",
        N_("Take the test"),
        when=When(N_("after the visit"), lambda data: data.phase is TestPhase.POST),
    ),
    Rule(
        "report_received",
        outcomes.ReportSubmitted,
        A.APPLICANT,
        N_("We have your report"),
        (N_("We have received your report on %(reference)s. Thank you."),),
        "application",
        N_("Open your application"),
        mandatory=False,
    ),
    Rule(
        "certificate_granted",
        outcomes.CertificateGranted,
        A.APPLICANT,
        N_("Your certificate is ready"),
        (N_("Your certificate of attendance %(number)s is ready (%(attended_days)s)."),),
        "application",
        N_("Get your certificate"),
    ),
    Rule(
        "certificate_granted_home",
        outcomes.CertificateGranted,
        A.HOME_COORDINATOR,
        N_("A certificate was issued"),
        (N_("The certificate of attendance for %(reference)s was issued."),),
        "application",
        N_("Open the application"),
        mandatory=False,
    ),
    Rule(
        "certificate_revoked",
        outcomes.CertificateRevoked,
        A.APPLICANT,
        N_("Your certificate is no longer valid"),
        (N_("The certificate %(number)s is no longer valid. The reason: %(reason)s."),),
        "application",
        N_("Open your application"),
        urgent=True,
    ),
    Rule(
        "certificate_revoked_home",
        outcomes.CertificateRevoked,
        A.HOME_COORDINATOR,
        N_("A certificate is no longer valid"),
        (N_("The certificate for %(reference)s is no longer valid. The reason: %(reason)s."),),
        "application",
        N_("Open the application"),
    ),
    Rule(
        "cascade_confirmed",
        outcomes.CascadeConfirmed,
        A.APPLICANT,
        N_("Your training session at home is confirmed"),
        (N_("Your line manager has confirmed the session of %(delivered_on)s (%(attendees)s). Thank you."),),
        "application",
        N_("Open your application"),
        mandatory=False,
    ),
)
