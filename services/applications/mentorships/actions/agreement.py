"""How do mentee and mentor come to an agreement: read its versions, propose the next one, sign, take back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.actions.parties import acting
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

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.applications.mentorships.actions.parties import Acting
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
        as_ruled = next(candidate for candidate in found.versions if candidate.number == version)
        state, mine = found.states[version], row.party == one.party
        if may_proceed(model.may_take_back, one.mentorship.stands, as_ruled, state, mine):
            row.lapsed_at = clock.now()
            tx.session.add(row)
            await tx.changed("matches")
        return one.mentorship
