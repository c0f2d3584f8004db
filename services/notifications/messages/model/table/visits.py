"""Messages about a visit; guest and host get its dates for their calendars."""

from services.notifications.messages.model.rule import Method, Rule, When
from shared.contracts import participation, visits
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import MoveDropCause, Party
from shared.i18n import N_

_READ = N_("Open the visit")
_REASON = N_("The reason: %(reason)s.")
_CALENDAR = N_(
    "The invitation in this email adds the visit to your calendar. A later invitation changes or removes it."
)
_AGENDA = N_("Please agree on the agenda by %(due)s.")


def _unchanged_dates(name: str, cause: MoveDropCause, words: str, to_guest: str, to_host: str) -> tuple[Rule, Rule]:
    """Return the rows to guest and host about a visit that keeps its dates for that cause."""
    event, when = visits.VisitMoveDropped, When(words, lambda data: data.cause is cause)
    return (
        Rule(name, event, A.APPLICANT, N_("Your visit keeps its dates"), (to_guest, _REASON), "visit", _READ, when),
        Rule(
            f"{name}_host",
            event,
            A.HOST_CONTACT,
            N_("A visit to you keeps its dates"),
            (to_host, _REASON),
            "visit",
            _READ,
            when,
        ),
    )


RULES = (
    Rule(
        "visit_scheduled",
        visits.VisitScheduled,
        A.APPLICANT,
        N_("Your visit dates are set"),
        (N_("You go to %(host)s from %(dates)s."), _AGENDA, _CALENDAR),
        "visit",
        _READ,
        invitation=Method.REQUEST,
    ),
    Rule(
        "visit_scheduled_host",
        visits.VisitScheduled,
        A.HOST_CONTACT,
        N_("A visit to you has dates"),
        (N_("A guest from %(country)s comes to you from %(dates)s (%(topic)s)."), _AGENDA, _CALENDAR),
        "visit",
        _READ,
        invitation=Method.REQUEST,
    ),
    Rule(
        "visit_scheduled_home",
        visits.VisitScheduled,
        A.HOME_COORDINATOR,
        N_("An officer of your country travels"),
        (N_("The visit of %(reference)s to %(host_country)s is planned from %(dates)s."),),
        "visit",
        _READ,
        mandatory=False,
    ),
    Rule(
        "visit_scheduled_host_country",
        visits.VisitScheduled,
        A.HOST_COORDINATOR,
        N_("A guest comes to your country"),
        (N_("A guest from %(country)s comes to %(host)s from %(dates)s."),),
        "visit",
        _READ,
        mandatory=False,
    ),
    Rule(
        "visit_unschedulable",
        visits.VisitUnschedulable,
        A.PROGRAMME_COORDINATOR,
        N_("No dates found for a visit"),
        (
            N_("No dates were found for the confirmed match %(reference)s. The reason: %(cause)s."),
            N_("Please find a solution, for example other periods. The place stays confirmed."),
        ),
        "board",
        N_("Open the board"),
    ),
    Rule(
        "visit_unschedulable_guest",
        visits.VisitUnschedulable,
        A.APPLICANT,
        N_("Your visit has no dates yet"),
        (
            N_("No dates have been found yet for %(reference)s. The reason: %(cause)s."),
            N_(
                "The programme coordinator is looking for a solution and may ask you for other periods. The "
                "place stays confirmed."
            ),
        ),
        "application",
        N_("Open your application"),
    ),
    Rule(
        "visit_unschedulable_host",
        visits.VisitUnschedulable,
        A.HOST_CONTACT,
        N_("A visit to you has no dates yet"),
        (
            N_("No dates have been found yet for %(reference)s. The reason: %(cause)s."),
            N_(
                "The programme coordinator is looking for a solution and may ask you for other periods. The "
                "place stays confirmed."
            ),
        ),
        "match",
        N_("Open the match"),
    ),
    Rule(
        "visit_move_proposed",
        visits.VisitMoveProposed,
        A.APPLICANT,
        N_("Other dates are proposed for your visit"),
        (
            N_("Instead of %(dates)s your visit could be from %(new_dates)s. The reason: %(reason)s."),
            N_("Please tell us by %(due)s whether you accept. The old dates stay until both sides accept."),
        ),
        "visit",
        N_("Accept or refuse the dates"),
    ),
    Rule(
        "visit_move_proposed_host",
        visits.VisitMoveProposed,
        A.HOST_CONTACT,
        N_("Other dates are proposed for a visit"),
        (
            N_("Instead of %(dates)s the visit %(reference)s could be from %(new_dates)s. The reason: %(reason)s."),
            N_("Please tell us by %(due)s whether you accept. The old dates stay until both sides accept."),
        ),
        "visit",
        N_("Accept or refuse the dates"),
    ),
    Rule(
        "visit_moved",
        visits.VisitMoved,
        A.APPLICANT,
        N_("Your visit has new dates"),
        (N_("Your visit to %(host)s is now from %(dates)s."), _AGENDA, _CALENDAR),
        "visit",
        _READ,
        invitation=Method.REQUEST,
    ),
    Rule(
        "visit_moved_host",
        visits.VisitMoved,
        A.HOST_CONTACT,
        N_("A visit to you has new dates"),
        (N_("The visit %(reference)s is now from %(dates)s."), _AGENDA, _CALENDAR),
        "visit",
        _READ,
        invitation=Method.REQUEST,
    ),
    Rule(
        "visit_moved_home",
        visits.VisitMoved,
        A.HOME_COORDINATOR,
        N_("A visit has new dates"),
        (N_("The visit of %(reference)s to %(host_country)s is now from %(dates)s."),),
        "visit",
        _READ,
        mandatory=False,
    ),
    *_unchanged_dates(
        "visit_move_dropped",
        MoveDropCause.REFUSED,
        N_("where one side refused them"),
        N_("One side refused the new dates, so your visit stays from %(dates)s."),
        N_("One side refused the new dates, so the visit %(reference)s stays from %(dates)s."),
    ),
    *_unchanged_dates(
        "visit_move_expired",
        MoveDropCause.EXPIRED,
        N_("where not both sides answered in time"),
        N_("At least one side did not answer in time, so your visit stays from %(dates)s."),
        N_("At least one side did not answer in time, so the visit %(reference)s stays from %(dates)s."),
    ),
    *_unchanged_dates(
        "visit_move_impossible",
        MoveDropCause.NO_LAWFUL_WEEK,
        N_("where no other week was possible"),
        N_("No other week was possible in the periods given, so your visit stays from %(dates)s."),
        N_("No other week was possible in the periods given, so the visit %(reference)s stays from %(dates)s."),
    ),
    Rule(
        "visit_cancelled",
        visits.VisitCancelled,
        A.APPLICANT,
        N_("Your visit is cancelled"),
        (N_("Your visit from %(dates)s will not take place. Cancelled by: %(by)s."), _REASON),
        "visit",
        _READ,
        invitation=Method.CANCEL,
        urgent=True,
    ),
    Rule(
        "visit_cancelled_host",
        visits.VisitCancelled,
        A.HOST_CONTACT,
        N_("A visit to you is cancelled"),
        (N_("The visit %(reference)s from %(dates)s will not take place. Cancelled by: %(by)s."), _REASON),
        "visit",
        _READ,
        invitation=Method.CANCEL,
        urgent=True,
    ),
    Rule(
        "visit_cancelled_home",
        visits.VisitCancelled,
        A.HOME_COORDINATOR,
        N_("A visit is cancelled"),
        (N_("The visit of %(reference)s from %(dates)s will not take place."), _REASON),
        "visit",
        _READ,
        urgent=True,
    ),
    Rule(
        "visit_cancelled_host_country",
        visits.VisitCancelled,
        A.HOST_COORDINATOR,
        N_("A visit to your country is cancelled"),
        (N_("The visit %(reference)s from %(dates)s will not take place."), _REASON),
        "visit",
        _READ,
        mandatory=False,
    ),
    Rule(
        "agenda_of_host",
        participation.AgendaAgreed,
        A.APPLICANT,
        N_("Your host agrees to the agenda"),
        (N_("Your host has agreed to the agenda of your visit. Please review it. Then agree, or propose a change."),),
        "visit",
        N_("Open the agenda"),
        when=When(N_("by the host, before the guest"), lambda e: e.by is Party.HOST and not e.complete),
    ),
    Rule(
        "agenda_of_guest",
        participation.AgendaAgreed,
        A.HOST_CONTACT,
        N_("Your guest agrees to the agenda"),
        (
            N_(
                "Your guest (%(reference)s) has agreed to the agenda. Please review it. Then agree, or propose a "
                "change."
            ),
        ),
        "visit",
        N_("Open the agenda"),
        when=When(N_("by the guest, before the host"), lambda e: e.by is Party.GUEST and not e.complete),
    ),
    Rule(
        "visit_no_show",
        visits.VisitNoShow,
        A.HOME_COORDINATOR,
        N_("An officer did not arrive"),
        (N_("The host reports that the guest of %(reference)s did not come (%(dates)s)."), _REASON),
        "visit",
        _READ,
        urgent=True,
    ),
    Rule(
        "visit_no_show_guest",
        visits.VisitNoShow,
        A.APPLICANT,
        N_("Your host reports that you did not come"),
        (N_("If you were there from %(dates)s, please tell your national coordinator."), _REASON),
        "visit",
        _READ,
        urgent=True,
    ),
    Rule(
        "visit_returned_early",
        visits.VisitEnded,
        A.HOME_COORDINATOR,
        N_("An officer returned early"),
        (
            N_("The visit of %(reference)s ended early. Attended: %(attended_days)s. Planned: %(required_days)s."),
            _REASON,
        ),
        "visit",
        _READ,
        when=When(N_("on an early return"), lambda data: data.early),
    ),
    Rule(
        "evaluation_asked",
        visits.VisitEnded,
        A.APPLICANT,
        N_("How was your visit?"),
        (
            N_("Your visit to %(host)s has ended. Please tell us how it was by %(evaluation_due)s."),
            N_("It takes about five minutes. Your certificate needs it."),
        ),
        "visit",
        N_("Evaluate the visit"),
    ),
    Rule(
        "report_asked",
        visits.VisitEnded,
        A.APPLICANT,
        N_("Your report on the visit"),
        (
            N_("Please write your report on the visit to %(host)s, by %(report_due)s."),
            N_("Your certificate of attendance is issued when we have both evaluations and the report."),
        ),
        "visit",
        N_("Write the report"),
    ),
    Rule(
        "evaluation_asked_host",
        visits.VisitEnded,
        A.HOST_CONTACT,
        N_("How was your guest's visit?"),
        (
            N_("The visit %(reference)s has ended. Please tell us how it was by %(evaluation_due)s."),
            N_("The guest's certificate needs your evaluation."),
        ),
        "visit",
        N_("Evaluate the visit"),
    ),
    Rule(
        "visit_voided",
        visits.VisitVoided,
        A.APPLICANT,
        N_("A visit was removed"),
        (N_("The visit from %(dates)s was removed and is not counted. The reason: %(reason)s."),),
        "application",
        N_("Open your application"),
        invitation=Method.CANCEL,
        urgent=True,
    ),
    Rule(
        "visit_voided_host",
        visits.VisitVoided,
        A.HOST_CONTACT,
        N_("A visit was removed"),
        (N_("The visit %(reference)s from %(dates)s was removed and is not counted. The reason: %(reason)s."),),
        "visit",
        _READ,
        invitation=Method.CANCEL,
        urgent=True,
    ),
)
