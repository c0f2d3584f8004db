"""Whose certificate is it: the officer's who applied, or of a mentoring pair's visit the mentor's who travelled?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.store import mentors, mentorships, visits
from services.applications.store.register import person
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.store.applications import Application
    from services.applications.store.certificates import Certificate
    from services.applications.store.register import Person


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is named on a certificate, and whose country's coordinators see it."""

    subject: str
    country: str
    name: str
    person: Person | None


async def holder_of(session: AsyncSession, paper: Certificate, application: Application) -> Holder:
    """Who is named on the certificate."""
    visit = await visits.visit(session, paper.visit_id) if paper.visit_id is not None else None
    if visit is not None and visit.guest == Party.MENTOR and visit.mentorship_id is not None:
        pair = await mentorships.mentorship(session, visit.mentorship_id)
        mentor = None if pair is None else await mentors.mentor(session, pair.mentor_id)
        if mentor is not None:
            known = await person(session, mentor.subject)
            return Holder(mentor.subject, mentor.country, known.name if known else "", known)
    known = await person(session, application.subject)
    name = application.answers.name or (known.name if known else "")
    return Holder(application.subject, application.country, name, known)
