"""The addresses of the pages that messages link to, in one table."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from services.notifications.cases.model import VISITS

if TYPE_CHECKING:
    from services.notifications.cases.model import Case

LINKS: dict[str, str] = {
    "portal": "/applications/",
    "account": "/applications/account",
    "application": "/applications/mine/{application_id}",
    "company": "/applications/mine/{application_id}/company",
    "companions": "/applications/companions",
    "privacy": "/applications/privacy",
    "proposal": "/applications/register/proposals/{id}",
    "case": "/applications/cases/{application_id}",
    "offer": "/applications/offers/{offer_id}",
    "mentor": "/applications/mentors/{mentor_id}",
    "match": "/applications/matches/{match_id}",
    "eligibility": "/applications/eligibility",
    "visits": "/applications/visits",
    "mentorships": "/applications/mentorships",
    "visit": "/applications/visits/{id}",
    "preparation": "/applications/visits/{id}/preparation",
    "pair": "/applications/mentorships/{mentorship}",
    "mentorship": "/applications/mentorships/{id}",
    "board": "/matching/",
    "webhook": "/notifications/webhooks/{id}",
    "due": "/notifications/due",
}
"""A link's name -> path, with the ids of the case in it."""

_PLACES = {link: tuple(name for _, name, _, _ in Formatter().parse(path) if name) for link, path in LINKS.items()}


def address(origin: str, link: str, case: Case, *, own: bool, mentorship: str | None = None) -> str:
    """Return the full address of a link for a case; the portal's first page where the case lacks an id.

    What mentor and mentee do is published under their match, so `mentorship` names theirs; without it the link leads to
    the list. An application has two pages: `own` is for the officer's, all others get the coordinators'. `outcome` is
    the visit or the mentorship of the case, `supply` the placement or the mentor's profile.
    """
    if link == "application" and not own:
        link = "case"
    if link == "supply":
        link = "mentor" if case.offer_id is None else "offer"
    if link == "outcome":
        link = "visit" if case.topic == VISITS else "mentorship"
    if link == "pair" and mentorship is None:
        link = "mentorships"
    ids = {name: mentorship if name == "mentorship" else getattr(case, name) for name in _PLACES[link]}
    path = LINKS["portal"] if None in ids.values() else LINKS[link]
    return origin + path.format(**ids)
