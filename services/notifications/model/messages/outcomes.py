"""Who is told what came of a visit or a mentorship."""

from services.notifications.model.rule import Rule, When
from shared.contracts import outcomes
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import TestPhase
from shared.web.i18n import N_


def _first_before(data: outcomes.TestAsked) -> bool:
    return data.phase is TestPhase.PRE and not data.again


RULES = (
    Rule(
        "test_before_asked",
        outcomes.TestAsked,
        A.APPLICANT,
        N_("A short test before your visit"),
        (
            N_("Please take a short test before your visit, by %(due)s. You cannot fail."),
            N_("After the visit there is a second one; then you see what you learnt."),
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
        (N_("Please take the second test, by %(due)s. You then see what you learnt, and the right answers."),),
        "visit",
        N_("Take the test"),
        when=When(N_("after the visit"), lambda data: data.phase is TestPhase.POST),
    ),
    Rule(
        "report_received",
        outcomes.ReportSubmitted,
        A.APPLICANT,
        N_("We have your report"),
        (N_("Your report on %(reference)s has arrived. Thank you."),),
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
        N_("Your cascade session is confirmed"),
        (N_("Your line manager has confirmed the session of %(delivered_on)s (%(attendees)s). Thank you."),),
        "application",
        N_("Open your application"),
        mandatory=False,
    ),
)
