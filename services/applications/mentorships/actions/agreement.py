"""How do mentee and mentor come to an agreement: read its versions, propose the next one, sign, take back?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.mentorships.actions.parties import acting
from services.applications.mentorships.model import agreement as model
from services.applications.mentorships.model.pair import OVER
from services.applications.mentorships.store import agreements as store
from services.applications.refusals import may_proceed
from shared.contracts.codes import MentorshipState, Party
from shared.contracts.lifecycle import Unit
from shared.contracts.participation import AgreementSigned
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.mentorships.actions.parties import Acting
    from services.applications.mentorships.model.agreement import Terms, Version, VersionState
    from services.applications.mentorships.store.agreements import Agreement, Signature
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Bus
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement with its versions by number, who signed which, and where each stands."""

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
        """The end on which the version in force agrees."""
        return self.in_force.terms.until if self.in_force is not None else None

    def row(self, number: int) -> Agreement | None:
        """One version."""
        return next((row for row in self.rows if row.version == number), None)

    def signed(self, number: int) -> dict[Party, Signature]:
        """Who signed a version, and when."""
        return {Party(mark.party): mark for mark in self.marks if mark.version == number}


async def agreement_of(session: AsyncSession, mentorship: Mentorship) -> AgreementView:
    """The agreement of a mentorship; its first version is there before anybody has signed it."""
    rows = await store.versions(session, mentorship.id)
    if not rows:
        application = await applications.application(session, mentorship.application_id)
        rows = [_first(mentorship, (application and application.reference) or "")]
    marks = await store.signatures(session, mentorship.id)
    over = mentorship.stands in OVER
    return AgreementView(rows, marks, model.states(store.as_rules(rows, marks), clock.now(), over=over))


def _first(mentorship: Mentorship, reference: str) -> Agreement:
    """The programme's own version."""
    text = model.agreement(reference, mentorship.plan, model.Terms())
    return store.Agreement(
        mentorship_id=mentorship.id,
        version=model.FIRST_VERSION,
        terms_json=model.Terms().model_dump(mode="json"),
        text=text,
        document=model.digest(text),
        actor="system:programme",
        at=mentorship.since,
        due=mentorship.due,
    )


def first_versions(mentorship: Mentorship) -> list[Version]:
    """The versions of an agreement that nobody has signed or changed yet, as the rules see them."""
    return store.as_rules([_first(mentorship, "")], [])


async def sign(bus: Bus, principal: Principal, mentorship_id: UUID, version: int | None = None) -> Mentorship:
    """Sign a version of the agreement (`version`: the one that was read; none: the one that waits).

    Raises `Refused` (404; 409 where it can no longer be signed).
    """
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        found = await agreement_of(tx.session, one.mentorship)
        number = version or (found.to_sign.version if found.to_sign is not None else found.newest)
        if may_proceed(model.may_sign, one.mentorship.stands, found.versions, number, one.party, clock.now()):
            await _sign(one, found.rows, found.row(number), found.signed(number))
        return one.mentorship


async def _sign(one: Acting, rows: Sequence[Agreement], row: Agreement | None, signed: dict[Party, Signature]) -> None:
    assert row is not None
    if rows[0].version == model.FIRST_VERSION:
        one.tx.session.add(rows[0])  # the programme's version is kept from the first signature or proposal on
    one.tx.session.add(
        store.Signature(
            mentorship_id=row.mentorship_id,
            version=row.version,
            party=one.party,
            document=row.document,
            text=row.text,
            actor=one.tx.actor,
            at=clock.now(),
        )
    )
    await one.tell(
        AgreementSigned(
            **one.ids,
            by=one.party,
            version=row.version,
            document=row.document,
            until=row.terms.until,
            complete=bool(signed),
        )
    )


async def propose(bus: Bus, principal: Principal, mentorship_id: UUID, terms: Terms, *, based_on: int) -> Agreement:
    """Propose the next version after `based_on`, and sign it; what waited before lapses.

    Raises `Refused` (404; 409 where it cannot be changed or somebody wrote a version since; 422 where nothing changed).
    """
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        found = await agreement_of(tx.session, one.mentorship)
        newest = found.rows[-1]
        if (newest.version, newest.party, newest.terms) == (based_on + 1, one.party, terms):
            return newest  # a second click
        may_proceed(model.may_propose, one.mentorship.stands, found.versions, based_on, terms, clock.today())
        before = found.to_sign or found.in_force or newest
        if before.terms == terms:
            sentence = gettext("You changed nothing yet. Change what you want to agree on.")
            raise Refused(sentence, 422, {"aims": sentence})
        waits = found.to_sign
        if waits is not None and waits.version != model.FIRST_VERSION:
            waits.lapsed_at = clock.now()
            tx.session.add(waits)
        text = model.agreement(one.case.application.reference or "", one.mentorship.plan, terms, newest.version + 1)
        row = store.Agreement(
            mentorship_id=mentorship_id,
            version=newest.version + 1,
            terms_json=terms.model_dump(mode="json"),
            text=text,
            document=model.digest(text),
            party=one.party,
            actor=principal.subject,
            at=clock.now(),
            due=await _due(one),
        )
        tx.session.add(row)
        await _sign(one, found.rows, row, {})
        return row


async def _due(one: Acting) -> datetime | None:
    """Until when a proposal can be signed: before the start as the first version, later as long as that one had."""
    if one.mentorship.stands is MentorshipState.OPENED:
        return one.mentorship.due
    timers = (await one.terms()).timers
    return workdays.due(clock.now(), timers.agreement_wd, Unit.WORKING_DAYS, one.mentorship.country)


async def take_back(bus: Bus, principal: Principal, mentorship_id: UUID, version: int) -> Mentorship:
    """Take an own proposal back before the other signs it. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        found = await agreement_of(tx.session, one.mentorship)
        row = found.row(version)
        if row is None:
            raise Refused(gettext("There is no such version."), 404)
        as_ruled = next(each for each in found.versions if each.number == version)
        state, mine = found.states[version], row.party == one.party
        if may_proceed(model.may_take_back, one.mentorship.stands, as_ruled, state, mine):
            row.lapsed_at = clock.now()
            tx.session.add(row)
            await tx.changed("matches")
        return one.mentorship
