"""Who is told that a deadline is near or over, and what is to be done by it."""

from services.notifications.messages.model.rule import Rule, Told
from shared.contracts import notifications
from shared.contracts.codes import DeadlineKind as D
from shared.i18n import N_

TASKS: dict[D, str] = {
    D.ENDORSEMENT: N_("Endorse the application, send it back, or turn it down."),
    D.INFORMATION: N_("Answer the question on your application."),
    D.ELIGIBILITY: N_("Confirm whether the application is eligible."),
    D.APPEAL: N_("Appeal against the decision, if you want to."),
    D.APPEAL_DECISION: N_("Decide the appeal."),
    D.OFFER_ENDORSEMENT: N_("Endorse the placement, or send it back."),
    D.AVAILABILITY: N_("Say whether you are still available."),
    D.HOME_CLEARANCE: N_("Clear the officer for the match, or refuse."),
    D.HOST_CLEARANCE: N_("Clear the guest for the match, or refuse."),
    D.ANSWER: N_("Accept or decline the match."),
    D.MOVE: N_("Accept or refuse the new dates of the visit."),
    D.AGENDA: N_("Agree on the agenda of the visit."),
    D.PREPARATION: N_("Bring together what is needed before travel: the page of the visit says what of it is yours."),
    D.AGREEMENT: N_("Sign the agreement."),
    D.ATTENDANCE: N_("Record who was there on each day of the visit."),
    D.EVALUATION: N_("Evaluate how it was."),
    D.REPORT: N_("Write the report on the visit."),
    D.FOLLOW_UP: N_("Say how what was learnt is used at work."),
    D.TEST: N_("Take the test about your visit; it is short, and you cannot fail."),
    D.RESULTS: N_("Say what came of it for the services of your country."),
}
"""What is asked for by each deadline, as a sentence to whoever has it."""

PAGES: dict[D, str] = {
    D.OFFER_ENDORSEMENT: "offer",
    D.AVAILABILITY: "supply",
    D.ELIGIBILITY: "eligibility",
    D.HOME_CLEARANCE: "match",
    D.HOST_CLEARANCE: "match",
    D.ANSWER: "match",
    D.MOVE: "visit",
    D.AGENDA: "visit",
    D.PREPARATION: "preparation",
    D.AGREEMENT: "mentorship",
    D.ATTENDANCE: "visit",
    D.EVALUATION: "outcome",
    D.REPORT: "outcome",
    D.FOLLOW_UP: "outcome",
    D.TEST: "visit",
    D.RESULTS: "outcome",
}
"""Where it is done; the application's page where nothing else is said."""

RULES = (
    Rule(
        "deadline_near",
        notifications.DeadlineNear,
        Told.OWNER,
        N_("Due by %(due)s: %(kind)s"),
        (N_("There is something left to do for %(reference)s, by %(due)s:"), N_("%(task)s")),
        "application",
        N_("Do it now"),
    ),
    Rule(
        "deadline_passed",
        notifications.DeadlinePassed,
        Told.OWNER,
        N_("Overdue: %(kind)s"),
        (
            N_("This was asked for by %(due)s, for %(reference)s, and is not done:"),
            N_("%(task)s"),
            N_("If you can still do it, please do it now."),
        ),
        "application",
        N_("Do it now"),
    ),
    Rule(
        "deadline_escalated",
        notifications.DeadlinePassed,
        Told.ESCALATION,
        N_("Nobody has answered: %(kind)s"),
        (
            N_("This was asked for by %(due)s, for %(reference)s, and is not done. Who has it: %(owner)s."),
            N_("%(task)s"),
            N_("You may do it in their stead, or ask them."),
            N_("If you do not either by %(next_due)s, the programme coordinator is asked."),
        ),
        "application",
        N_("Open it"),
    ),
)
