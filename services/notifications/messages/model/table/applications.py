"""Messages about an application until it is decided."""

from services.notifications.messages.model.rule import Rule, When
from shared.contracts import applications as on
from shared.contracts.calls import CallRevised
from shared.contracts.codes import AppealOutcome, ApplicationState, Outcome, Party
from shared.contracts.codes import AudienceKind as A
from shared.i18n import N_

_READ = N_("Open your application")
_LOOK = N_("Open the application")
_CLOCK = When(N_("after no answer"), lambda data: data.by is Party.CLOCK)
_PERSON = When(N_("by the officer"), lambda data: data.by is not Party.CLOCK)
_APPEAL = N_("If you think that this is wrong, you may appeal until %(due)s.")

_UPHELD = N_("Your appeal is upheld")
_NO_LONGER = N_("Your appeal on %(reference)s is upheld. The decision against you no longer applies.")


def _too_late(data: on.AppealDecided) -> bool:
    """Return whether an appeal is upheld where nothing can go on any more."""
    return data.call_closed and data.outcome is AppealOutcome.UPHELD


def _upheld(data: on.AppealDecided, state: ApplicationState) -> bool:
    """Return whether an appeal is upheld and the application continues in that state."""
    return data.outcome is AppealOutcome.UPHELD and not data.call_closed and data.state is state


def _continues(data: on.AppealDecided) -> bool:
    """Return whether an appeal is upheld and nobody has to decide about the application next."""
    decided_next = {ApplicationState.SUBMITTED, ApplicationState.ENDORSED}
    return data.state not in decided_next and _upheld(data, data.state)


RULES = (
    Rule(
        "application_submitted",
        on.ApplicationSubmitted,
        A.APPLICANT,
        N_("We have your application"),
        (
            N_("We have received your application %(reference)s. You do not need to do anything now."),
            N_("Your national coordinator reviews it next and answers by %(due)s."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "application_to_endorse",
        on.ApplicationSubmitted,
        A.HOME_COORDINATOR,
        N_("An application is waiting for you"),
        (
            N_("An officer of your country has applied: %(reference)s."),
            N_("Please decide by %(due)s: endorse it, return it for information, or do not endorse it."),
        ),
        "application",
        _LOOK,
    ),
    Rule(
        "application_returned",
        on.ApplicationReturned,
        A.APPLICANT,
        N_("Your coordinator has a question"),
        (
            N_("Your national coordinator needs more information from you before %(reference)s can continue."),
            N_("It is about: %(sections)s."),
            N_("Please answer by %(due)s. Without an answer the application is withdrawn."),
        ),
        "application",
        N_("Answer the question"),
    ),
    Rule(
        "application_resubmitted",
        on.ApplicationResubmitted,
        A.APPLICANT,
        N_("We have your answer"),
        (
            N_("We have received your answer about %(reference)s."),
            N_("Your national coordinator reviews the application again by %(due)s."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "application_to_endorse_again",
        on.ApplicationResubmitted,
        A.HOME_COORDINATOR,
        N_("An officer has answered you"),
        (
            N_("The officer has answered your question about %(reference)s."),
            N_("Please decide by %(due)s: endorse it, return it again, or do not endorse it."),
        ),
        "application",
        _LOOK,
    ),
    Rule(
        "application_changed_to_endorse",
        on.ApplicationChanged,
        A.HOME_COORDINATOR,
        N_("A changed application is waiting for you"),
        (
            N_(
                "The officer changed these parts of %(reference)s: %(sections)s. The application shows the old "
                "and new text."
            ),
            N_("It needs your endorsement by %(due)s."),
        ),
        "application",
        _LOOK,
        when=When(N_("where it must be endorsed again"), lambda data: data.state is ApplicationState.SUBMITTED),
    ),
    Rule(
        "application_endorsed",
        on.ApplicationEndorsed,
        A.APPLICANT,
        N_("Your application is endorsed"),
        (
            N_("Your national coordinator has endorsed %(reference)s."),
            N_("The programme now checks it against the rules of the call, by %(due)s."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "application_to_check",
        on.ApplicationEndorsed,
        A.PROGRAMME_COORDINATOR,
        N_("An application is waiting to be checked"),
        (N_("%(reference)s (%(country)s) is endorsed. Please confirm whether it is eligible, by %(due)s."),),
        "eligibility",
        N_("Check the application"),
        mandatory=False,
    ),
    Rule(
        "application_not_endorsed",
        on.ApplicationNotEndorsed,
        A.APPLICANT,
        N_("Your application is not endorsed"),
        (
            N_("Your national coordinator has not endorsed %(reference)s. The reason: %(reason)s."),
            _APPEAL,
        ),
        "application",
        _READ,
    ),
    Rule(
        "application_eligible",
        on.ApplicationFoundEligible,
        A.APPLICANT,
        N_("Your application meets the rules"),
        (
            N_("%(reference)s meets the rules of the call. It now takes part in the matching."),
            N_("We write again as soon as there is a place for you, or when the call ends."),
        ),
        "application",
        _READ,
    ),
    Rule(
        "application_ineligible",
        on.ApplicationFoundIneligible,
        A.APPLICANT,
        N_("Your application does not meet the rules"),
        (
            N_("%(reference)s does not meet all rules of the call. Rules not met: %(failed)s."),
            _APPEAL,
        ),
        "application",
        _READ,
    ),
    Rule(
        "application_withdrawn",
        on.ApplicationWithdrawn,
        A.APPLICANT,
        N_("Your application is withdrawn"),
        (N_("You have withdrawn %(reference)s. Nothing more happens with it. You can apply again."),),
        "application",
        _READ,
        when=_PERSON,
    ),
    Rule(
        "application_lapsed",
        on.ApplicationWithdrawn,
        A.APPLICANT,
        N_("Your application has ended"),
        (
            N_("You did not answer in time, so %(reference)s was withdrawn."),
            N_("You can apply again while the call is open."),
        ),
        "application",
        _READ,
        when=_CLOCK,
    ),
    Rule(
        "application_withdrawn_home",
        on.ApplicationWithdrawn,
        A.HOME_COORDINATOR,
        N_("An application was withdrawn"),
        (N_("%(reference)s was withdrawn. The reason: %(reason)s."), N_("You do not need to do anything.")),
        "application",
        _LOOK,
        mandatory=False,
    ),
    Rule(
        "application_cancelled",
        on.ApplicationCancelled,
        A.APPLICANT,
        N_("Your application was cancelled"),
        (N_("The programme had to cancel %(reference)s. The reason: %(reason)s."), _APPEAL),
        "application",
        _READ,
        prompt=True,
    ),
    Rule(
        "application_cancelled_home",
        on.ApplicationCancelled,
        A.HOME_COORDINATOR,
        N_("An application was cancelled"),
        (N_("The programme cancelled %(reference)s. The reason: %(reason)s."),),
        "application",
        _LOOK,
    ),
    Rule(
        "application_unplaced",
        on.ApplicationDecided,
        A.APPLICANT,
        N_("The call has ended without a place for you"),
        (
            N_("The call has closed and there was no place for %(reference)s."),
            N_("The page of your application shows why, and what would have led to a match."),
        ),
        "application",
        N_("View reason"),
        when=When(N_("where the call closed without a place"), lambda data: data.outcome is Outcome.UNPLACED_AT_CLOSE),
    ),
    Rule(
        "application_voided",
        on.ApplicationVoided,
        A.APPLICANT,
        N_("An application was removed"),
        (
            N_("%(reference)s was removed and is not counted. The reason: %(reason)s."),
            N_("If you think that this is wrong, ask your national coordinator."),
        ),
        "application",
        _READ,
        prompt=True,
    ),
    Rule(
        "call_revised_in_favour",
        CallRevised,
        A.APPLICANT,
        N_("The call was revised in your favour"),
        (
            N_("The call was revised, and its new rules apply to %(reference)s. They are better for you."),
            N_("You do not need to do anything. The page of your application shows its status under the new rules."),
        ),
        "application",
        _READ,
        when=When(N_("to those who benefit"), lambda data: bool(data.touches)),
    ),
    Rule(
        "appeal_filed",
        on.AppealFiled,
        A.APPLICANT,
        N_("We have your appeal"),
        (N_("We have received your appeal on %(reference)s. A different coordinator decides by %(due)s."),),
        "application",
        _READ,
    ),
    Rule(
        "appeal_to_decide",
        on.AppealFiled,
        A.PROGRAMME_COORDINATOR,
        N_("An appeal is waiting for you"),
        (
            N_(
                "An officer has appealed on %(reference)s (%(country)s). Please make sure that it is decided by "
                "%(due)s."
            ),
        ),
        "application",
        _LOOK,
    ),
    Rule(
        "appeal_to_decide_home",
        on.AppealFiled,
        A.HOME_COORDINATOR,
        N_("An officer of your country has appealed"),
        (
            N_("An officer has appealed on %(reference)s, which your country did not endorse."),
            N_("A different coordinator, or the programme coordinator, decides by %(due)s."),
        ),
        "application",
        _LOOK,
        when=When(
            N_("where the country did not endorse it"), lambda data: data.against is ApplicationState.NOT_ENDORSED
        ),
    ),
    Rule(
        "appeal_upheld_to_endorse",
        on.AppealDecided,
        A.HOME_COORDINATOR,
        N_("An application is waiting for you again"),
        (
            N_("The appeal on %(reference)s was upheld. The decision not to endorse it no longer applies."),
            N_("Please decide by %(due)s: endorse it, return it for information, or do not endorse it."),
        ),
        "application",
        _LOOK,
        when=When(N_("where it must be endorsed again"), lambda data: data.state is ApplicationState.SUBMITTED),
    ),
    Rule(
        "appeal_decided",
        on.AppealDecided,
        A.APPLICANT,
        N_("Your appeal is dismissed"),
        (
            N_(
                "Your appeal on %(reference)s is dismissed. The decision stays, and you cannot appeal against it again."
            ),
            N_("You can apply in another open call."),
        ),
        "application",
        _READ,
        when=When(N_("where it is dismissed"), lambda data: data.outcome is AppealOutcome.DISMISSED),
    ),
    Rule(
        "appeal_upheld",
        on.AppealDecided,
        A.APPLICANT,
        _UPHELD,
        (_NO_LONGER, N_("Your national coordinator reviews the application again by %(due)s.")),
        "application",
        _READ,
        when=When(
            N_("where it is upheld and must be endorsed again"), lambda data: _upheld(data, ApplicationState.SUBMITTED)
        ),
    ),
    Rule(
        "appeal_upheld_to_check",
        on.AppealDecided,
        A.APPLICANT,
        _UPHELD,
        (_NO_LONGER, N_("The programme now checks it against the rules of the call, by %(due)s.")),
        "application",
        _READ,
        when=When(
            N_("where it is upheld and must be checked again"), lambda data: _upheld(data, ApplicationState.ENDORSED)
        ),
    ),
    Rule(
        "appeal_upheld_continues",
        on.AppealDecided,
        A.APPLICANT,
        _UPHELD,
        (_NO_LONGER, N_("Your application continues from where it was. Its page shows the next step.")),
        "application",
        _READ,
        when=When(N_("where it is upheld and continues elsewhere"), _continues),
    ),
    Rule(
        "appeal_upheld_after_close",
        on.AppealDecided,
        A.APPLICANT,
        _UPHELD,
        (
            _NO_LONGER,
            N_("The call had already closed. The application cannot continue there and has no place."),
            N_("You can use the same answers in the next open call. Start from the page of your application."),
        ),
        "application",
        _READ,
        when=When(N_("where it is upheld after the call has closed"), _too_late),
    ),
)
