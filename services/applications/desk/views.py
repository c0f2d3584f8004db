"""Links from the portal's first page, by role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from shared.identity import Principal

# Where each role goes on to: (roles, title, text, address).
_LINKS: tuple[tuple[frozenset[Role], str, str, str], ...] = (
    (
        frozenset({Role.OFFICER}),
        N_("Calls"),
        N_("What you can apply for, and what each call asks."),
        "/applications/calls",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Applications"),
        N_("The queue of those submitted, with filters, age and deadline."),
        "/applications/cases",
    ),
    (
        frozenset({Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Placements"),
        N_("Places that hosts offer, from draft to published."),
        "/applications/offers",
    ),
    (
        frozenset({Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Who comes when"),
        N_("Visits by month and week, and the places that are left."),
        "/applications/calendar",
    ),
    (
        frozenset({Role.HOST_CONTACT}),
        N_("Who is here today"),
        N_("Attendance, with one tap a day."),
        "/applications/visits/attendance",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Mentors"),
        N_("Profiles of mentors, and how many mentees each has."),
        "/applications/mentors/country",
    ),
    (
        frozenset({Role.MENTOR}),
        N_("Your mentoring"),
        N_("What you offer to mentees, and how many."),
        "/applications/mentors",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.HOST_CONTACT,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Matches"),
        N_("What was proposed, and whose answer it waits for."),
        "/applications/matches",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.HOST_CONTACT,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Visits"),
        N_("Who goes where and when; agenda and attendance."),
        "/applications/visits",
    ),
    (
        frozenset(
            {
                Role.OFFICER,
                Role.MENTOR,
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
            }
        ),
        N_("Mentorships"),
        N_("Agreement, goals and sessions."),
        "/applications/mentorships",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Sent and hosted"),
        N_("Visits and mentorships, with days, by year and call, by country and organisation."),
        "/applications/balance",
    ),
    (
        frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR}),
        N_("Appeals"),
        N_("Decisions that an officer asked to be looked at again."),
        "/applications/appeals",
    ),
    (
        frozenset(
            {
                Role.NATIONAL_COORDINATOR,
                Role.CLEARANCE_OFFICER,
                Role.PROGRAMME_COORDINATOR,
                Role.DATA_PROTECTION_OFFICER,
            }
        ),
        N_("Incident reports"),
        N_("What was reported to you in confidence."),
        "/applications/incidents",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Before travel"),
        N_("What is asked of guest, sender and host, and between which countries it is not."),
        "/applications/asked-before-travel",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Eligibility"),
        N_("Confirm what the rules say about endorsed applications."),
        "/applications/eligibility",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Calls"),
        N_("Publish a call, look at it, close it."),
        "/applications/calls",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER}),
        N_("Register"),
        N_("Organisations, people, access, deputies and training needs."),
        "/applications/register",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Partners"),
        N_("How each partner country stands, what is in flight for it, and what was decided."),
        "/applications/partners",
    ),
    (
        frozenset({Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Audit"),
        N_("Refused attempts, changes of the register, decisions about partners, releases of names, looks at people."),
        "/applications/audit",
    ),
    (
        frozenset({Role.HOST_CONTACT}),
        N_("Deputies"),
        N_("Who stands in for you, from when until when."),
        "/applications/register/deputies",
    ),
    (
        frozenset({Role.PROGRAMME_COORDINATOR}),
        N_("Parked events"),
        N_("Events that could not be applied, to be tried again."),
        "/applications/parked",
    ),
    (
        frozenset(
            {
                Role.NATIONAL_COORDINATOR,
                Role.PROGRAMME_COORDINATOR,
                Role.AUDITOR,
                Role.DATA_PROTECTION_OFFICER,
            }
        ),
        N_("What was sent"),
        N_("Each message of the programme: to whom, when, why not; and what falls due."),
        "/notifications/",
    ),
    (
        frozenset({Role.DONOR, Role.EVALUATOR, Role.ANASPOC, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}),
        N_("Figures"),
        N_("What was counted, and from what."),
        "/reporting/",
    ),
)


def role_links(principal: Principal) -> list[dict[str, str]]:
    """Return the pages to which the reader's roles lead, each address once."""
    found = {
        address: {"title": gettext(title), "text": gettext(text), "href": address}
        for roles, title, text, address in _LINKS
        if principal.has(*roles)
    }
    return list(found.values())
