"""List the kinds of problems with their texts (RFC 9457).

The address of a kind, `<origin>/problems/<code>`, is the `type` of its problem documents and leads to the page that
explains it (`problem_pages.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import ProblemCode
from shared.i18n import N_

ADDRESS = "/problems"
"""The path below which each kind has its page."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem in words, in English: translate each with `gettext`."""

    code: ProblemCode
    title: str
    """Short, and the same for every occurrence."""
    meaning: str
    advice: str
    """The advice to a person."""
    remedy: str
    """The advice to a program."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.code.status


_READ_AGAIN = N_("Read it again. Its current state shows what can be done.")

_TYPES = (
    ProblemType(
        ProblemCode.MALFORMED_REQUEST,
        N_("We could not read that"),
        N_("The request does not have the form that this address expects."),
        N_("Go back and try again."),
        N_("Compare the request with the OpenAPI document of the service."),
    ),
    ProblemType(
        ProblemCode.MALFORMED_JSON,
        N_("The body is not valid JSON"),
        N_("The body of the request cannot be read as JSON."),
        N_("Go back and try again."),
        N_("Send valid JSON in UTF-8. The error says where reading stopped."),
    ),
    ProblemType(
        ProblemCode.NOT_SIGNED_IN,
        N_("Sign in first"),
        N_("Nobody is signed in, or the bearer token is not valid."),
        N_("This page is for people who have signed in."),
        N_("Send a bearer token of the sign-in provider. The header WWW-Authenticate shows whether yours was refused."),
    ),
    ProblemType(
        ProblemCode.SIGN_IN_FAILED,
        N_("Sign-in failed"),
        N_("The sign-in at the provider was not completed, or its answer cannot be used here."),
        N_("Try again. If it fails again, ask your coordinator."),
        N_("Nothing. Programs send a bearer token and do not sign in on this page."),
    ),
    ProblemType(
        ProblemCode.NOT_ALLOWED,
        N_("This page is not open to you"),
        N_("You are signed in, but your role does not include this."),
        N_("Your role does not include it. If it should, ask your national coordinator or the programme coordinator."),
        N_("Send the token of somebody with the role that the answer or the OpenAPI document names."),
    ),
    ProblemType(
        ProblemCode.LINK_NOT_VALID,
        N_("This link does not work"),
        N_("The link has expired, was already used, or opens something else."),
        N_("Open the page again from your list “To do”, or from the newest email about it."),
        N_("Ask the portal for a new ticket."),
    ),
    ProblemType(
        ProblemCode.FORM_EXPIRED,
        N_("This form can no longer be sent"),
        N_("Somebody else opened the form, or it was opened too long ago."),
        N_("Go back, copy what you wrote, reload the page and send it again."),
        N_("Send a bearer token. Requests with a session cookie also need the token of our own forms."),
    ),
    ProblemType(
        ProblemCode.OWN_CASE,
        N_("Somebody else must decide this"),
        N_("Nobody may decide on their own case, or on that of a person they manage or who manages them."),
        N_("Nothing was changed. Ask one of the people named here to decide."),
        N_("Send the request with the token of a person who is not part of the case. The detail names who can decide."),
    ),
    ProblemType(
        ProblemCode.NOT_FOUND,
        N_("Page not found"),
        N_("There is nothing at this address, or you may not see it."),
        N_("Check the address, or start again from the link below."),
        N_("Check the path and the ids in it. What you may not see gets the same answer as what does not exist."),
    ),
    ProblemType(
        ProblemCode.METHOD_NOT_ALLOWED,
        N_("This cannot be done here"),
        N_("The address exists, but not for this method."),
        N_("Go back and use the button on the page."),
        N_("Use one of the methods that the header Allow names."),
    ),
    ProblemType(
        ProblemCode.WRONG_STATE,
        N_("This is not possible now"),
        N_("The current state does not allow this step."),
        N_("Nothing was changed. Check the current state to see what you can do."),
        _READ_AGAIN,
    ),
    ProblemType(
        ProblemCode.EDIT_CONFLICT,
        N_("This was changed since you opened it"),
        N_("Somebody saved a change after you opened the page or read the version that you sent."),
        N_("Nothing of yours was saved. Check the current version, and do it again if it still applies."),
        N_("Read it again, apply your change to what you get, and send the new version."),
    ),
    ProblemType(
        ProblemCode.ALREADY_DONE,
        N_("This was already done"),
        N_("The step was taken or the decision made before your request arrived."),
        N_("Nothing was changed. Check the result."),
        N_("Read it again. You do not need to repeat anything."),
    ),
    ProblemType(
        ProblemCode.DUPLICATE,
        N_("This already exists"),
        N_("There can be only one of these, and it already exists."),
        N_("Nothing was changed. Use the existing one, or change what you entered."),
        N_("Look for the existing one and use it, or send other values."),
    ),
    ProblemType(
        ProblemCode.LIMIT_REACHED,
        N_("The limit is reached"),
        N_("The highest number of these is reached."),
        N_("Nothing was changed. Remove one that you do not need, or wait until there is room."),
        N_("Remove one, or try again later. The detail names the limit."),
    ),
    ProblemType(
        ProblemCode.TOO_EARLY,
        N_("It is too early for this"),
        N_("This step is possible only from a later day."),
        N_("Nothing was changed. Come back on a later day."),
        N_("Try again on the day that the detail or the state names."),
    ),
    ProblemType(
        ProblemCode.DEADLINE_PASSED,
        N_("The deadline has passed"),
        N_("The time for this step has passed."),
        N_("Nothing was changed. If you could not do it in time, ask your national coordinator."),
        N_("Do not repeat the request. It will be refused each time."),
    ),
    ProblemType(
        ProblemCode.CALL_CLOSED,
        N_("The call is not open"),
        N_("The call does not accept this now. It is closed, or not open for it."),
        N_("Nothing was changed. Find a call that is open."),
        N_("Read the call for its dates, or use another call."),
    ),
    ProblemType(
        ProblemCode.STEP_MISSING,
        N_("Another step comes first"),
        N_("Another step must be taken before this one."),
        N_("Nothing was changed. First take the step that is named here."),
        N_("Take the step that the detail names, then repeat the request."),
    ),
    ProblemType(
        ProblemCode.IN_PROGRESS,
        N_("This is still in progress"),
        N_("The same or a related task is running, and only one can run at a time."),
        N_("Nothing was changed. Wait a moment, then try again."),
        N_("Repeat the request with growing pauses, or read the state of the task."),
    ),
    ProblemType(
        ProblemCode.NOT_PUBLISHED,
        N_("Not published yet"),
        N_("The figures of this period are not published."),
        N_("Two people must approve a period's figures before they are published."),
        N_("Try again after the period is published."),
    ),
    ProblemType(
        ProblemCode.SECOND_PERSON_NEEDED,
        N_("Somebody else must do this"),
        N_("Nobody may take this step for themselves or approve what they did."),
        N_("Nothing was changed. Ask a colleague with the same role."),
        N_("Send the request with the token of another person who has the role."),
    ),
    ProblemType(
        ProblemCode.KEY_REUSED,
        N_("The key was already used"),
        N_("Another request was sent with the same Idempotency-Key within the last day."),
        N_("Nothing was changed. Send the request with a new key."),
        N_("Use a new key for each request, and the same key only to repeat exactly the same request."),
    ),
    ProblemType(
        ProblemCode.ANSWER_UNAVAILABLE,
        N_("The first answer is not available"),
        N_("The request was already carried out, but its answer was not kept, or is no longer for you."),
        N_("Nothing was changed now. Check the current state to see what was done."),
        N_("Do not repeat the request. Read the record or the list to see what the first request did."),
    ),
    ProblemType(
        ProblemCode.GONE,
        N_("This was deleted"),
        N_("It existed, and was deleted for good."),
        N_("There is nothing left to see."),
        N_("Delete the id from your records."),
    ),
    ProblemType(
        ProblemCode.OUTDATED,
        N_("This was changed after you opened it"),
        N_("The record was changed after you opened the page or read the version that you sent."),
        N_("Nothing of yours was saved. Check the current version, then decide again."),
        N_("Read the record again, decide on what you get, and send its ETag in If-Match."),
    ),
    ProblemType(
        ProblemCode.TOO_LARGE,
        N_("That is too large"),
        N_("The request is larger than this address accepts."),
        N_("Send less at once."),
        N_("Send less at once."),
    ),
    ProblemType(
        ProblemCode.WRONG_CONTENT_TYPE,
        N_("We cannot read this type of content"),
        N_("The body has another content type than this address expects."),
        N_("Go back and use the form on the page."),
        N_("Send the content type that the OpenAPI document names, such as application/json."),
    ),
    ProblemType(
        ProblemCode.INVALID_INPUT,
        N_("Something needs your attention"),
        N_("Some of the values cannot be accepted as they are."),
        N_("Go back, correct what is named here, and send it again."),
        N_(
            "Correct what `errors` names. A pointer leads into the body. A parameter is part of the address or "
            "a header."
        ),
    ),
    ProblemType(
        ProblemCode.VERSION_NEEDED,
        N_("Open the page again"),
        N_("The request does not say which version of the record its sender read."),
        N_("Nothing of yours was saved. Open the page again and send the form from there."),
        N_("Read the record first, and send its ETag in the header If-Match."),
    ),
    ProblemType(
        ProblemCode.TOO_MANY_REQUESTS,
        N_("Too many attempts"),
        N_("There were more requests in a short time than one sender may make."),
        N_("Wait a minute, then try again."),
        N_(
            "Wait for the number of seconds in the header Retry-After. The header RateLimit shows how many "
            "requests are left."
        ),
    ),
    ProblemType(
        ProblemCode.INTERNAL_ERROR,
        N_("Something went wrong on our side"),
        N_("The request failed because of an error on our side."),
        N_("Try again in a moment. If the problem continues, give your coordinator the number below."),
        N_("Repeat the request later. If it fails again, report the number in `reference`."),
    ),
    ProblemType(
        ProblemCode.UNAVAILABLE,
        N_("Not available at the moment"),
        N_("A part of the system is starting, or does not answer."),
        N_("A part of the system is starting or not available. Try again in a moment."),
        N_("Repeat the request after the seconds in Retry-After. The detail says whether it may have taken effect."),
    ),
    ProblemType(
        ProblemCode.BUSY,
        N_("Very many people are here right now"),
        N_("More requests arrived than we can answer in time. This request was not started."),
        N_("Try again in a few seconds."),
        N_(
            "Repeat the request after the seconds in Retry-After, with the header X-Arrival-Stamp of this "
            "answer. For ten minutes, the same request then counts as arrived when it first came."
        ),
    ),
)

PROBLEM_TYPES: dict[str, ProblemType] = {each.code: each for each in _TYPES}
"""Every kind by its code, in the order of their statuses."""


def type_address(code: ProblemCode, origin: str = "") -> str:
    """Return the address of a kind; without an origin, a reference relative to the answer's."""
    return f"{origin}{ADDRESS}/{code}"
