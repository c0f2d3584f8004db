"""The task of each kind of deadline in words, those of the link to it, and the page on which it is done."""

from shared.contracts.codes import DeadlineKind as D
from shared.i18n import N_

TASKS: dict[D, str] = {
    D.ENDORSEMENT: N_("Endorse the application, return it for information, or do not endorse it."),
    D.INFORMATION: N_("Answer the question about your application."),
    D.ELIGIBILITY: N_("Confirm whether the application is eligible."),
    D.APPEAL: N_("Appeal against the decision, if you want to."),
    D.APPEAL_DECISION: N_("Decide the appeal."),
    D.OFFER_ENDORSEMENT: N_("Endorse the placement, or return it for information."),
    D.AVAILABILITY: N_("Say whether you are still available."),
    D.HOME_CLEARANCE: N_("Clear the officer for the match, or refuse clearance."),
    D.HOST_CLEARANCE: N_("Clear the guest for the match, or refuse clearance."),
    D.ANSWER: N_("Accept or decline the match."),
    D.MOVE: N_("Accept or refuse the new dates of the visit."),
    D.AGENDA: N_("Agree on the agenda of the visit."),
    D.PREPARATION: N_("Complete your part of what is needed before travel. The page of the visit shows your part."),
    D.AGREEMENT: N_("Sign the agreement."),
    D.ATTENDANCE: N_("Record attendance for each day of the visit."),
    D.EVALUATION: N_("Complete the evaluation."),
    D.REPORT: N_("Write the report on the visit."),
    D.FOLLOW_UP: N_("Tell us how the new knowledge is used at work."),
    D.TEST: N_("Take the test about your visit. It is short, and you cannot fail."),
    D.RESULTS: N_("Report the results for the services of your country."),
}
"""The task of each deadline, as a sentence to its holder."""

ACTIONS: dict[D, str] = {
    D.ENDORSEMENT: N_("Review the application"),
    D.INFORMATION: N_("Answer the question"),
    D.ELIGIBILITY: N_("Check the application"),
    D.APPEAL: N_("View the decision"),
    D.APPEAL_DECISION: N_("Decide the appeal"),
    D.OFFER_ENDORSEMENT: N_("Review the placement"),
    D.AVAILABILITY: N_("Answer the availability check"),
    D.HOME_CLEARANCE: N_("Decide on clearance"),
    D.HOST_CLEARANCE: N_("Decide on clearance"),
    D.ANSWER: N_("Accept or decline the match"),
    D.MOVE: N_("Accept or refuse the dates"),
    D.AGENDA: N_("Open the agenda"),
    D.PREPARATION: N_("Open the checklist"),
    D.AGREEMENT: N_("Sign the agreement"),
    D.ATTENDANCE: N_("Record attendance"),
    D.EVALUATION: N_("Complete the evaluation"),
    D.REPORT: N_("Write the report"),
    D.FOLLOW_UP: N_("Complete the follow-up"),
    D.TEST: N_("Take the test"),
    D.RESULTS: N_("Report the results"),
}
"""The words of the link to each task."""

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
"""The page on which the task is done, as a key of the table of links; the application's page for all others."""
