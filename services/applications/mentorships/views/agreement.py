"""Read the agreement of a mentorship: its versions, who signed which, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.mentorships.model import agreement as model
from services.applications.mentorships.model.pair import OVER
from services.applications.mentorships.store import agreements as store
from shared.contracts.codes import Party
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.mentorships.model.agreement import Version, VersionState
    from services.applications.mentorships.store.agreements import Agreement, Signature
    from services.applications.mentorships.store.mentorships import Mentorship


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement with its versions by number, their signatures, and the state of each."""

    rows: list[Agreement]
    marks: list[Signature]
    states: dict[int, VersionState]

    @property
    def versions(self) -> list[Version]:
        """The versions as the rules see them."""
        return store.as_rules(self.rows, self.marks)

    @property
    def newest(self) -> int:
        """The number of the newest version."""
        return self.rows[-1].version

    @property
    def in_force(self) -> Agreement | None:
        """The version in force."""
        number = model.in_force(self.versions)
        return None if number is None else self.row(number)

    @property
    def to_sign(self) -> Agreement | None:
        """The version that waits for a signature."""
        waits = model.VersionState.PROPOSED
        return next((row for row in self.rows if self.states[row.version] is waits), None)

    @property
    def until(self) -> date | None:
        """The end of the mentorship in the version in force."""
        return self.in_force.terms.until if self.in_force is not None else None

    def row(self, number: int) -> Agreement | None:
        """Return one version by its number."""
        return next((row for row in self.rows if row.version == number), None)

    def signed(self, number: int) -> dict[Party, Signature]:
        """Return who signed a version, and when."""
        return {Party(mark.party): mark for mark in self.marks if mark.version == number}


async def agreement_of(session: AsyncSession, mentorship: Mentorship) -> AgreementView:
    """Return the agreement of a mentorship; its first version exists before anybody has signed it."""
    rows = await store.versions(session, mentorship.id)
    if not rows:
        application = await applications.application(session, mentorship.application_id)
        rows = [_first(mentorship, (application and application.reference) or "")]
    marks = await store.signatures(session, mentorship.id)
    over = mentorship.stands in OVER
    return AgreementView(rows, marks, model.states(store.as_rules(rows, marks), arrived(), over=over))


def _first(mentorship: Mentorship, reference: str) -> Agreement:
    """Return the programme's own version."""
    text = model.agreement(reference, mentorship.plan, model.Terms())
    return store.Agreement(
        mentorship_id=mentorship.id,
        version=model.FIRST_VERSION,
        terms=model.Terms(),
        text=text,
        document=model.digest(text),
        actor="system:programme",
        at=mentorship.since,
        due=mentorship.due,
    )


def first_versions(mentorship: Mentorship) -> list[Version]:
    """Return the versions of an agreement that nobody has signed or changed yet, as the rules see them."""
    return store.as_rules([_first(mentorship, "")], [])
