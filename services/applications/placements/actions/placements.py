"""Write, submit, endorse, return, publish, pause, resume, close, withdraw and void a placement.

One function for each transition.
"""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications import counters, transitions
from services.applications.access.views import capacity_for
from services.applications.calls import store as calls_store
from services.applications.fields import with_changes
from services.applications.matches.store import matches
from services.applications.placements import store
from services.applications.placements.model import revision
from services.applications.placements.model.placement import PlacementEntry, problems, reference, terms_of
from services.applications.refusals import may_move, not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts import offers as offer_events
from shared.contracts.codes import (
    ActingAs,
    CallState,
    CloseCause,
    OfferState,
    PauseCause,
    Role,
    Section,
    StatedReason,
    VoidReason,
    published,
)
from shared.contracts.lifecycle import Unit
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext
from shared.identity.scope import may_act_for_organisation, may_clear
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Envelope, Tx
    from shared.identity import Principal


async def begin(
    bus: Bus,
    principal: Principal,
    call_id: UUID,
    organisation_id: UUID,
    changes: PlacementEntry,
    *,
    offer_id: UUID | None = None,
) -> store.Offer:
    """Draft a placement of the principal's organisation for a call. Raises `Refused` (404, 409, 422).

    A form that is sent twice names its `offer_id`, and begins one draft.
    """
    async with bus.transaction(principal.subject) as tx:
        if not may_act_for_organisation(principal, organisation_id):
            raise not_found()
        host = await entries.organisation(tx.session, organisation_id)
        call = await calls_store.call(tx.session, call_id)
        if host is None or call is None:
            raise not_found()
        if call.state != CallState.PUBLISHED or not host.active:
            raise Refused(gettext("This call is not open for placements now."), code=ProblemCode.CALL_CLOSED)
        entry = with_changes(PlacementEntry(city=host.city), changes)
        moment = clock.now()
        year = counters.this_year()
        number = await counters.next_number(tx.session, f"offer {host.country} {year}")
        begun = None if offer_id is None else await store.offer(tx.session, offer_id)
        if begun is not None:
            if not may_act_for_organisation(principal, begun.organisation_id):
                raise not_found()
            return begun
        offer = store.Offer(
            id=offer_id or new_id(),
            reference=reference(host.country, year, number),
            call_id=call_id,
            organisation_id=organisation_id,
            country=host.country,
            since=moment,
            entry_json=entry.model_dump(mode="json"),
            last_day=entry.last_day,
            created_by=principal.subject,
            created_at=moment,
            saved_at=moment,
        )
        tx.session.add(offer)
        await tx.changed("offers")
        return offer


async def save(bus: Bus, principal: Principal, offer_id: UUID, changes: PlacementEntry) -> store.Offer:
    """Save what the host writes; for a published placement it is a revision, published at once.

    Raises `Refused` (404; 409 where it cannot be changed; 422).
    """
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        entry = with_changes(offer.entry, changes)
        if revisable(offer):
            await _revise(tx, offer, entry)
        elif offer.stands in revision.WRITABLE:
            if entry == offer.entry:
                return offer
            _set_entry(offer, entry)
            _touch(tx, offer)
        else:
            raise Refused(str(transitions.refuse("offer", offer.state)), 409)
        await tx.changed("offers")
        return offer


@dataclass(frozen=True, slots=True)
class Draft:
    """A placement of the principal's organisation while its draft is written: locked."""

    tx: Tx
    offer: store.Offer

    @property
    def session(self) -> AsyncSession:
        """The session in which the placement is loaded."""
        return self.tx.session

    async def save_readable(self, values: Mapping[str, object]) -> None:
        """Save those values that are accepted, and keep the others as they were typed.

        The same values again change nothing.
        """
        entry = self.offer.entry.with_readable(values)
        if entry.to_store() != self.offer.entry.to_store():
            _set_entry(self.offer, entry)
            _touch(self.tx, self.offer)
            await self.tx.changed("offers")


@asynccontextmanager
async def writing(bus: Bus, principal: Principal, offer_id: UUID) -> AsyncIterator[Draft]:
    """Load the principal's own placement, to write its draft. Raises `Refused` (404; 409 where it is no draft)."""
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        if offer.stands not in revision.WRITABLE:
            raise Refused(str(transitions.refuse("offer", offer.state)), 409)
        yield Draft(tx, offer)


def revisable(offer: store.Offer) -> bool:
    """Return whether a change is a revision: it is published, or it closed by itself and may open again."""
    return revision.revisable(offer.stands, offer.cause)


async def _revise(tx: Tx, offer: store.Offer, entry: PlacementEntry) -> None:
    """Publish a revision, unless nothing changes; reopen a closed placement, close one that is full by it.

    Raises `Refused` (409 where its call is closed; 422 that names what is missing or below what is confirmed).
    """
    terms = await revised_terms(tx.session, offer, entry)
    if terms == offer.terms and entry == offer.entry:
        if offer.awaits_answer:
            await record_available(tx, offer)
        return
    offer.terms_json = terms.model_dump(mode="json")
    _set_entry(offer, entry)
    await tx.record(offer_events.OfferRevised(terms=terms), offer.id)
    if offer.stands is OfferState.CLOSED:
        await apply_event(tx, offer, offer_events.OfferResumed())
        return
    offer.due = None
    _touch(tx, offer)
    confirmed = (await matches.confirmed_counts(tx.session, [offer.id]))[offer.id]
    if revision.is_full(entry, confirmed):
        await apply_event(tx, offer, offer_events.OfferClosed(cause=CloseCause.FULL))


async def revised_terms(session: AsyncSession, offer: store.Offer, entry: PlacementEntry) -> offer_events.OfferTerms:
    """Return the terms that a revision would publish. Raises `Refused` as `save` does."""
    terms = await _terms(session, offer, entry)
    confirmed = (await matches.confirmed_counts(session, [offer.id]))[offer.id]
    weeks = Counter(
        visit.start - timedelta(days=visit.start.weekday())
        for visit in await visits_store.of_offer(session, offer.id)
        if visit.start is not None and visit.start >= clock.today()
    )
    found = revision.below_confirmed(entry, confirmed, weeks)
    if not found and offer.stands is OfferState.CLOSED:
        found = await obstacles_to_open(session, offer, entry)
    if found:
        raise Refused(gettext("This change is not possible."), 422, found)
    return terms


async def obstacles_to_open(session: AsyncSession, offer: store.Offer, entry: PlacementEntry) -> dict[str, str]:
    """Return what prevents a placement from being matched: field -> sentence. Raises `Refused` (409: call closed)."""
    call = await calls_store.call(session, offer.call_id)
    if call is None or call.state != CallState.PUBLISHED:
        raise Refused(
            gettext("Its call is closed, so it takes no guests. Copy it to another call."), code=ProblemCode.CALL_CLOSED
        )
    confirmed = (await matches.confirmed_counts(session, [offer.id]))[offer.id]
    return revision.missing_to_open(entry, confirmed, clock.today())


def _set_entry(offer: store.Offer, entry: PlacementEntry) -> None:
    offer.entry_json, offer.last_day = entry.to_store(), entry.last_day


async def submit(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Submit it to the host national coordinator. Raises `Refused` (404, 409; 422 names what is missing)."""
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        if await may_move(tx, "offer", offer_events.OfferSubmitted, offer):
            terms = await _terms(tx.session, offer, offer.entry)
            call = await calls_store.call(tx.session, offer.call_id)
            assert call is not None
            until = due(clock.now(), call.terms.timers.offer_endorse_wd, Unit.WORKING_DAYS, offer.country)
            offer.terms_json = terms.model_dump(mode="json")
            await apply_event(tx, offer, offer_events.OfferSubmitted(terms=terms, due=until), until=until)
        return offer


async def endorse(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Endorse it for the host country. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        return await endorse_in(tx, principal, offer_id)


async def endorse_in(tx: Tx, principal: Principal, offer_id: UUID) -> store.Offer:
    """Endorse it within an open transaction; see `endorse`."""
    offer, acting_as = await _for_decision(tx, principal, offer_id)
    if await may_move(tx, "offer", offer_events.OfferEndorsed, offer):
        offer.remarks = {}
        await apply_event(tx, offer, offer_events.OfferEndorsed(acting_as=acting_as))
    return offer


async def send_back(bus: Bus, principal: Principal, offer_id: UUID, remarks: Mapping[Section, str]) -> store.Offer:
    """Return it to the host for information; the remarks stay here. Raises `Refused` (404, 409; 422 without one)."""
    async with bus.transaction(principal.subject) as tx:
        return await send_back_in(tx, principal, offer_id, remarks)


async def send_back_in(tx: Tx, principal: Principal, offer_id: UUID, remarks: Mapping[Section, str]) -> store.Offer:
    """Return it to the host within an open transaction; see `send_back`."""
    texts = {Section(section): text.strip()[:1000] for section, text in remarks.items() if text.strip()}
    if not texts:
        sentence = gettext("Enter what information you need for at least one section")
        raise Refused(sentence, 422, {"remarks": sentence})
    offer, acting_as = await _for_decision(tx, principal, offer_id)
    if await may_move(tx, "offer", offer_events.OfferReturned, offer):
        offer.remarks = {str(section): text for section, text in texts.items()}
        await apply_event(tx, offer, offer_events.OfferReturned(sections=tuple(texts), acting_as=acting_as))
    return offer


async def publish(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Publish it, so that it can be matched. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        if await may_move(tx, "offer", offer_events.OfferPublished, offer):
            assert offer.terms is not None
            found = await obstacles_to_open(tx.session, offer, offer.entry)
            if found:
                raise Refused(" ".join(found.values()), 409)
            await apply_event(tx, offer, offer_events.OfferPublished(terms=offer.terms))
        return offer


async def pause(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Pause it: no new guest for a while. Raises `Refused` (404, 409)."""
    return await _transition_by_host(bus, principal, offer_id, offer_events.OfferPaused(cause=PauseCause.BY_CHOICE))


async def resume(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Resume it, so that it can be matched. Raises `Refused` (404; 409; 422 where periods or places are used up)."""
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        if offer.stands is OfferState.CLOSED:
            raise Refused(str(transitions.refuse("offer", offer.state)), 409)
        if await may_move(tx, "offer", offer_events.OfferResumed, offer):
            await _check_open(tx, offer)
            await apply_event(tx, offer, offer_events.OfferResumed())
        return offer


async def _check_open(tx: Tx, offer: store.Offer) -> None:
    """Raise `Refused` (422) unless the placement could be matched: its call open, a place and a period left."""
    found = await obstacles_to_open(tx.session, offer, offer.entry)
    if found:
        raise Refused(" ".join(found.values()), 422, found)


async def confirm(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Confirm that it is still available. Raises `Refused` (404; 409 where it is not published)."""
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        if await may_move(tx, "offer", offer_events.AvailabilityConfirmed, offer):
            await record_available(tx, offer)
        return offer


async def record_available(tx: Tx, offer: store.Offer) -> None:
    """Record that a published, locked placement is available; publish an event only if that was asked."""
    if offer.awaits_answer:
        await tx.record(offer_events.AvailabilityConfirmed(), offer.id)
    offer.due, offer.saved_at = None, clock.now()
    tx.session.add(offer)
    await tx.changed("offers")


async def void(bus: Bus, principal: Principal, offer_id: UUID, reason: VoidReason) -> store.Offer:
    """Void, as programme coordinator, a placement that was entered in error: it leaves the counts.

    Raises `Refused` (404; 409 while it has a confirmed visit).
    """
    async with bus.transaction(principal.subject) as tx:
        offer = await store.offer(tx.session, offer_id, lock=True)
        if offer is None or offer.stands is OfferState.DRAFT or not principal.has(Role.PROGRAMME_COORDINATOR):
            raise not_found()
        if await may_move(tx, "offer", offer_events.OfferVoided, offer):
            confirmed = (await matches.confirmed_counts(tx.session, [offer_id]))[offer_id]
            if confirmed:
                sentence = ngettext(
                    "%(num)d confirmed place depends on it. First cancel or remove that application.",
                    "%(num)d confirmed places depend on it. First cancel or remove those applications.",
                    confirmed,
                )
                raise Refused(sentence % {"num": confirmed}, code=ProblemCode.STEP_MISSING)
            await apply_event(tx, offer, offer_events.OfferVoided(reason=reason))
        return offer


async def close(
    bus: Bus, principal: Principal, offer_id: UUID, cause: CloseCause = CloseCause.BY_CHOICE
) -> store.Offer:
    """Close it: it takes no more guests, confirmed visits remain. Raises `Refused` (404, 409)."""
    return await _transition_by_host(bus, principal, offer_id, offer_events.OfferClosed(cause=cause))


async def withdraw(bus: Bus, principal: Principal, offer_id: UUID, reason: StatedReason) -> store.Offer:
    """Withdraw it; matching cancels its unconfirmed matches. Raises `Refused` (404, 409)."""
    return await _transition_by_host(bus, principal, offer_id, offer_events.OfferWithdrawn(reason=published(reason)))


async def _transition_by_host(
    bus: Bus, principal: Principal, offer_id: UUID, event: offer_events.OfferEvent
) -> store.Offer:
    async with bus.transaction(principal.subject) as tx:
        offer = await _own(tx, principal, offer_id)
        if await may_move(tx, "offer", type(event), offer):
            await apply_event(tx, offer, event)
        return offer


async def _own(tx: Tx, principal: Principal, offer_id: UUID) -> store.Offer:
    """Return the placement, locked. Raises `Refused` (404) unless the principal acts for its organisation."""
    offer = await store.offer(tx.session, offer_id, lock=True)
    if offer is None or not may_act_for_organisation(principal, offer.organisation_id):
        raise not_found()
    return offer


async def _for_decision(tx: Tx, principal: Principal, offer_id: UUID) -> tuple[store.Offer, ActingAs]:
    """Return the placement, locked, and the capacity in which the principal decides on it.

    Raises `Refused` (404; 409 for the programme coordinator while the host country has it).
    """
    offer = await store.offer(tx.session, offer_id, lock=True)
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    if (
        offer is None
        or offer.stands is OfferState.DRAFT
        or not (programme or may_clear(principal, offer.country, offer.organisation_id))
    ):
        raise not_found()
    capacity = await capacity_for(tx.session, principal, offer)
    # What is decided already gets the answer of the model, whoever asks.
    return (
        offer,
        capacity.decides() if offer.stands is OfferState.SUBMITTED else capacity.acting_as or ActingAs.PROGRAMME,
    )


async def _terms(session: AsyncSession, offer: store.Offer, entry: PlacementEntry) -> offer_events.OfferTerms:
    """Return the terms to publish of an entry. Raises `Refused` (422) that names what is missing."""
    call = await calls_store.call(session, offer.call_id)
    assert call is not None
    found = problems(entry, call.terms)
    if found:
        raise Refused(gettext("Some information is missing."), 422, found)
    return terms_of(
        entry,
        call.terms,
        call_id=offer.call_id,
        reference=offer.reference,
        organisation_id=offer.organisation_id,
        country=offer.country,
    )


async def apply_event(
    tx: Tx,
    offer: store.Offer,
    event: offer_events.OfferEvent,
    *,
    until: datetime | None = None,
    because: Envelope | None = None,
) -> None:
    """Move a locked placement to the state that `event` leads to and publish it; `because` of another event."""
    offer.state = transitions.after("offer", type(event), offer.state)
    offer.since, offer.due = clock.now(), until
    offer.cause = str(event.cause) if isinstance(event, offer_events.OfferPaused | offer_events.OfferClosed) else None
    _touch(tx, offer)
    if because is None:
        await tx.record(event, offer.id)
    else:
        await tx.react(because, event, offer.id)
    await tx.changed("offers")


def _touch(tx: Tx, offer: store.Offer) -> None:
    offer.saved_at = clock.now()
    tx.session.add(offer)
