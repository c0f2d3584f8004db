"""Sign tickets that lead people into forms and receipts of other services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.matches.views import parties
from services.applications.mentorships.store import mentorships
from services.applications.outcomes.views import Ticket, mentorship_tasks, ticket, visit_tasks
from services.applications.overview.views.participation import match_view
from services.applications.refusals import not_found
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party, Respondent
from shared.contracts.lifecycle.state_sets import MATCH_STANDING
from shared.contracts.receipts import MatchExplained
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import issue_ticket
from shared.identity.scope import is_self

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.outcomes.views import Task
    from services.applications.overview.views.participation import MatchView
    from services.applications.settings import Settings
    from shared.bus import Bus
    from shared.identity import Principal

# Where each purpose leads; `{subject}` is the case that the ticket is made out for.
ADDRESSES: dict[str, str] = {
    "evaluation": "/reporting/evaluations/{subject}",
    "report": "/reporting/reports/{subject}",
    "follow_up": "/reporting/follow-ups/{subject}",
    "test_before": "/reporting/test-before/{subject}",
    "test_after": "/reporting/test-after/{subject}",
    "cascade": "/reporting/cascades/{subject}",
    "receipt": "/matching/receipts/{subject}",
}

# What is opened by somebody who is not the officer whose application it is.
_OPEN_MATCH = frozenset(MATCH_STANDING)
_OF_OTHERS: dict[str, str] = {"host-receipt": "/matching/receipts/{subject}/host"}


def ticket_link(settings: Settings, principal: Principal, purpose: str, subject: str) -> Ticket:
    """Return a ticket for `purpose` and the case `subject`, for the principal; the caller has checked whose it is.

    Raises KeyError for an unknown purpose.
    """
    address = (ADDRESSES | _OF_OTHERS)[purpose].format(subject=subject)
    key = settings.ticket_private_key.get_secret_value()
    return ticket(issue_ticket(purpose, subject, person=principal.subject, private_key=key), address)


def ticket_link_without_account(settings: Settings, purpose: str, subject: str) -> Ticket:
    """Return the same for somebody without an account; the caller has checked the person's link.

    The ticket alone lets in.
    """
    key = settings.ticket_private_key.get_secret_value()
    return ticket(
        issue_ticket(purpose, subject, person=None, private_key=key), ADDRESSES[purpose].format(subject=subject)
    )


async def for_application(
    bus: Bus,
    settings: Settings,
    principal: Principal,
    purpose: str,
    application_id: UUID,
    subject: UUID | None = None,
) -> Ticket:
    """Return the ticket into a form about the officer's own application; `subject` where it is about its visit.

    Raises `Refused` (404 for somebody else's, 422 for an unknown purpose).
    """
    if purpose not in ADDRESSES:
        sentence = gettext("This form does not exist.")
        raise Refused(sentence, 422, {"purpose": sentence})
    async with bus.read() as session:
        application = await applications.application(session, application_id)
        about = {application_id, *await visits_store.ids_of(session, application_id)}
        about |= set(await mentorships.ids_of(session, application_id))
    if application is None or not is_self(principal, application.subject) or (subject or application_id) not in about:
        raise not_found()
    return ticket_link(settings, principal, purpose, str(subject or application_id))


def receipt_for_host(view: MatchView) -> bool:
    """Return whether host or mentor may read why this guest: the match is open, and the receipt is about it."""
    receipt = view.receipt
    return (
        bool({Party.HOST, Party.MENTOR} & view.case.parties)
        and view.match.stands in _OPEN_MATCH
        and isinstance(receipt, MatchExplained)
        and (receipt.offer_id, receipt.mentor_id) == (view.match.offer_id, view.match.mentor_id)
    )


async def for_host(bus: Bus, settings: Settings, principal: Principal, match_id: UUID) -> Ticket:
    """Return the ticket of host or mentor into the points that speak for this guest. Raises `Refused` (404)."""
    async with bus.read() as session:
        view = await match_view(session, principal, match_id)
    if not receipt_for_host(view):
        raise not_found()
    return ticket_link(settings, principal, "host-receipt", str(view.match.application_id))


async def for_visit(
    bus: Bus, settings: Settings, principal: Principal, visit_id: UUID, purpose: str, party: str = ""
) -> Ticket:
    """Return the ticket into the form about a visit that the principal is asked for. Raises `Refused` (404).

    With `party` (a `Party`) the form that the principal is asked for as that one, whatever else is asked.
    """
    async with bus.read() as session:
        tasks = await visit_tasks(session, *await parties.case_of_visit(session, principal, visit_id))
    return _task_ticket(settings, principal, tasks, visit_id, purpose, party)


async def for_mentorship(
    bus: Bus, settings: Settings, principal: Principal, mentorship_id: UUID, purpose: str, party: str = ""
) -> Ticket:
    """Return the same about a mentorship. Raises `Refused` (404)."""
    async with bus.read() as session:
        tasks = await mentorship_tasks(session, *await parties.case_of_mentorship(session, principal, mentorship_id))
    return _task_ticket(settings, principal, tasks, mentorship_id, purpose, party)


def _task_ticket(
    settings: Settings, principal: Principal, tasks: list[Task], subject: UUID, purpose: str, party: str
) -> Ticket:
    # Who is asked twice, such as a guest who coordinates a country, is led to what is not in yet.
    matching = (open_task for open_task in tasks if open_task.purpose == purpose and party in {"", open_task.party})
    by_urgency = sorted(matching, key=lambda task: not task.waits)
    if not by_urgency:
        raise Refused(
            gettext("You are not asked for this form: it is too early, the time has ended, or you have answered."), 404
        )
    task = by_urgency[0]
    return ticket_link(settings, principal, purpose, f"{_RESPONDENTS[task.party]}.{subject}")


_RESPONDENTS: dict[Party, Respondent] = {
    Party.GUEST: Respondent.GUEST,
    Party.HOST: Respondent.HOST,
    Party.MENTEE: Respondent.MENTEE,
    Party.MENTOR: Respondent.MENTOR,
    Party.HOME_COORDINATOR: Respondent.NATIONAL_COORDINATOR,
    Party.HOST_COORDINATOR: Respondent.NATIONAL_COORDINATOR,
}
