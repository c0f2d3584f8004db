"""Sign, propose and take back versions of a pair's agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.progress import restate_due
from services.applications.mentorships.actions.parties import pair_member
from services.applications.mentorships.model import agreement as model
from services.applications.mentorships.store import agreements as store
from services.applications.mentorships.views.agreement import agreement_of
from services.applications.refusals import may_proceed
from shared.contracts.codes import MentorshipState, Party
from shared.contracts.lifecycle import Unit
from shared.contracts.participation import AgreementSigned
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock, workdays
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.applications.mentorships.actions.parties import PairMember
    from services.applications.mentorships.model.agreement import Terms
    from services.applications.mentorships.store.agreements import Agreement, Signature
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Bus
    from shared.identity import Principal


async def sign(bus: Bus, principal: Principal, mentorship_id: UUID, version: int | None = None) -> Mentorship:
    """Sign a version of the agreement (`version`: the one that was read; none: the one that waits).

    Raises `Refused` (404; 409 where it can no longer be signed).
    """
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        found = await agreement_of(tx.session, member.mentorship)
        number = version or (found.to_sign.version if found.to_sign is not None else found.newest)
        if may_proceed(model.may_sign, member.mentorship.stands, found.versions, number, member.party, arrived()):
            await _sign(member, found.rows, found.row(number), found.signed(number))
        return member.mentorship


async def _sign(
    member: PairMember, rows: Sequence[Agreement], row: Agreement | None, signed: dict[Party, Signature]
) -> None:
    assert row is not None
    if rows[0].version == model.FIRST_VERSION:
        member.tx.session.add(rows[0])  # the programme's version is kept from the first signature or proposal on
    member.tx.session.add(
        store.Signature(
            mentorship_id=row.mentorship_id,
            version=row.version,
            party=member.party,
            document=row.document,
            text=row.text,
            actor=member.tx.actor,
            at=clock.now(),
        )
    )
    await member.record(
        AgreementSigned(
            **member.ids,
            by=member.party,
            version=row.version,
            document=row.document,
            until=row.terms.until,
            complete=bool(signed),
        )
    )
    await restate_due(member.tx, {member.mentorship.application_id})


async def propose(bus: Bus, principal: Principal, mentorship_id: UUID, terms: Terms, *, based_on: int) -> Agreement:
    """Propose the next version after `based_on`, and sign it; a version that waited before lapses.

    Raises `Refused` (404; 409 where it cannot be changed or somebody wrote a version since; 422 where nothing changed).
    """
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        found = await agreement_of(tx.session, member.mentorship)
        newest = found.rows[-1]
        if (newest.version, newest.party, newest.terms) == (based_on + 1, member.party, terms):
            return newest  # a second click
        may_proceed(model.may_propose, member.mentorship.stands, found.versions, based_on, terms, clock.today())
        before = found.to_sign or found.in_force or newest
        if before.terms == terms:
            sentence = gettext("You have not changed anything yet. Change what you want to agree on.")
            raise Refused(sentence, 422, {"aims": sentence})
        waits = found.to_sign
        if waits is not None and waits.version != model.FIRST_VERSION:
            waits.lapsed_at = clock.now()
            tx.session.add(waits)
        text = model.agreement(
            member.case.application.reference or "", member.mentorship.plan, terms, newest.version + 1
        )
        row = store.Agreement(
            mentorship_id=mentorship_id,
            version=newest.version + 1,
            terms=terms,
            text=text,
            document=model.digest(text),
            party=member.party,
            actor=principal.subject,
            at=clock.now(),
            due=await _due(member),
        )
        tx.session.add(row)
        await _sign(member, found.rows, row, {})
        return row


async def _due(member: PairMember) -> datetime | None:
    """Return the deadline to sign a proposal: before the start the first version's, later the call's term."""
    if member.mentorship.stands is MentorshipState.OPENED:
        return member.mentorship.due
    timers = (await member.terms()).timers
    return workdays.due(clock.now(), timers.agreement_wd, Unit.WORKING_DAYS, member.mentorship.country)


async def take_back(bus: Bus, principal: Principal, mentorship_id: UUID, version: int) -> Mentorship:
    """Take back the principal's own proposal before the other signs it. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        found = await agreement_of(tx.session, member.mentorship)
        row = found.row(version)
        if row is None:
            raise Refused(gettext("This version does not exist."), 404)
        as_ruled = next(candidate for candidate in found.versions if candidate.number == version)
        state, mine = found.states[version], row.party == member.party
        if may_proceed(model.may_take_back, member.mentorship.stands, as_ruled, state, mine):
            row.lapsed_at = clock.now()
            tx.session.add(row)
            await tx.changed("matches")
        return member.mentorship
