"""Who is told what came of a visit or a mentorship."""

from services.notifications.model.rule import Rule
from shared.contracts import outcomes
from shared.contracts.codes import AudienceKind as A
from shared.web.i18n import N_

RULES = (
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
