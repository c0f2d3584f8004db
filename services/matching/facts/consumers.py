"""Project the portal's events into rows, many subjects at once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.activity import actions as activity
from services.matching.activity.store import of_event
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.facts.store.facts import Call, Candidate, Exclusion, Fund, Need, Organisation, Partner, Seat
from services.matching.tables import keep
from shared.contracts import applications as application_events
from shared.contracts import calls as call_events
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts import registry as register_events
from shared.contracts.codes import ApplicationState, CallState, CloseCause, MentorState, OfferState, Outcome
from shared.contracts.lifecycle import OPEN
from shared.contracts.lifecycle.state_sets import APPLICATION_ASKED, moves
from shared.identity import consume_partners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.matching.tables import Table
    from shared.bus import Envelope, Tx

_ELIGIBLE_OR_FURTHER = OPEN[OPEN.index(ApplicationState.ELIGIBLE) :]
_TO_STATE = moves("exchange.applications", ApplicationState)
_TO_OFFER_STATE = moves("exchange.offers", OfferState)
_TO_MENTOR_STATE = moves("mentoring.mentors", MentorState)


async def registry(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update organisations, partners, funds, exclusions and needs; the rules of all calls may change with them."""
    await consume_partners(tx, events)
    rows: dict[type[Table], list[Table]] = {}
    for event in events:
        row = _entry(event)
        if row is not None:
            rows.setdefault(type(row), []).append(row)
    if not rows:
        return
    for table in rows.values():
        await keep(tx.session, table)
    await pools.touch_all(tx.session)
    await tx.changed("matching")


def _entry(event: Envelope) -> Table | None:
    match event.data:
        case register_events.OrganisationChanged() as changed:
            return Organisation(
                id=UUID(event.subject),
                name=changed.name,
                kind=changed.kind,
                country=changed.country,
                active=changed.active,
            )
        case register_events.PartnerStatusChanged() as changed:
            return Partner(country=changed.country, status=changed.status, since=changed.since)
        case register_events.FundChanged() as changed:
            return Fund(
                id=UUID(event.subject),
                name=changed.name,
                since=changed.since,
                until=changed.until,
                active=changed.active,
            )
        case register_events.ExclusionChanged() as changed:
            first, second = changed.countries or changed.organisations or ("", "")
            return Exclusion(
                id=UUID(event.subject),
                first=str(first),
                second=str(second),
                since=changed.since,
                until=changed.until,
                confidential=changed.confidential,
            )
        case register_events.NeedChanged() as changed:
            return Need(
                id=UUID(event.subject),
                country=changed.country,
                topic=changed.topic_code,
                area=changed.area,
                since=changed.since,
                until=changed.until,
                withdrawn=changed.withdrawn,
            )
    return None


async def calls(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update the calls."""
    rows = [
        Call(
            id=UUID(event.subject),
            reference=event.data.terms.reference,
            title=event.data.terms.texts[0].title if event.data.terms.texts else event.data.terms.reference,
            state=(CallState.CLOSED if isinstance(event.data, call_events.CallClosed) else CallState.PUBLISHED).value,
            terms=event.data.terms.model_dump(mode="json"),
            changed_at=event.time,
        )
        for event in events
        if isinstance(event.data, call_events.CallEvent)
    ]
    await keep(tx.session, rows)
    await activity.add_lines(tx.session, [of_event(event, call_id=UUID(event.subject)) for event in events])
    await _changed(tx, {row.id for row in rows})


async def applications(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update the applications; a change to one in the pool has its call matched again.

    What officers agree among themselves before they apply is ignored here: it arrives with the profile.
    """
    events = [event for event in events if not isinstance(event.data, application_events.CompanionEvent)]
    rows = await store.candidates(tx.session, {UUID(event.subject) for event in events})
    touched: set[UUID] = set()
    for event in events:
        subject = UUID(event.subject)
        before = rows.get(subject)
        row = _applied(before, event)
        rows[subject] = row
        if ApplicationState.ELIGIBLE in {row.state, before.state if before else None}:
            touched.add(row.call_id)
    await _changed(tx, touched)
    await keep(tx.session, list(rows.values()))
    lines = [
        of_event(event, call_id=rows[UUID(event.subject)].call_id, application_id=UUID(event.subject))
        for event in events
    ]
    await activity.add_lines(tx.session, lines)


def _applied(row: Candidate | None, event: Envelope) -> Candidate:
    """Return the application after an event. Raises LookupError if its first event is missing."""
    data = event.data
    values = {} if row is None else row.model_dump()
    match data:
        case application_events.ApplicationSubmitted() | application_events.ApplicationResubmitted():
            values |= _profile(data.profile) | {"state": ApplicationState.SUBMITTED.value}
        case application_events.ApplicationChanged():
            values |= _profile(data.profile) | {"state": _state(data.state)}
        case application_events.AppealDecided():
            values["state"] = _state(data.state)
        case application_events.ApplicationDecided() if data.outcome is Outcome.UNPLACED_AT_CLOSE:
            values["state"] = ApplicationState.UNPLACED.value
        case _ if data.type in _TO_STATE:
            values["state"] = _TO_STATE[data.type].value
    if "profile" not in values:
        raise LookupError("The application was never submitted here.")
    submitted_at = values.get("submitted_at", event.time)
    due = getattr(data, "due", None)
    if due is None and row is not None and row.state == values["state"]:
        due = row.due
    values["due"] = due if values["state"] in APPLICATION_ASKED else None
    return Candidate(**values | {"id": UUID(event.subject), "submitted_at": submitted_at, "changed_at": event.time})


def _profile(profile: application_events.ApplicationProfile) -> dict[str, object]:
    return {
        "call_id": profile.call_id,
        "reference": profile.reference,
        "kind": profile.kind.value,
        "country": profile.country,
        "organisation_id": profile.organisation_id,
        "group_id": profile.group_id,
        "profile": profile.model_dump(mode="json"),
    }


def _state(state: ApplicationState) -> str:
    """Return the state for the pool: what the portal projects from matching's own events counts as eligible."""
    return (ApplicationState.ELIGIBLE if state in _ELIGIBLE_OR_FURTHER else state).value


async def offers(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update the placements."""
    rows = await store.seats(tx.session, {UUID(event.subject) for event in events})
    for event in events:
        subject, data = UUID(event.subject), event.data
        if isinstance(data, offer_events.OfferSubmitted | offer_events.OfferPublished | offer_events.OfferRevised):
            rows[subject] = _offer(subject, data, rows.get(subject), event)
        elif isinstance(data, offer_events.OfferCandidatesChosen):
            _choose(rows, subject, data.choices, event)
        elif isinstance(data, offer_events.OfferClosed) and data.cause is CloseCause.FULL:
            # It stays in the pool: no place is left to be given, and the next in line is proposed when one falls free.
            continue
        elif data.type in _TO_OFFER_STATE:
            _move(rows, subject, _TO_OFFER_STATE[data.type].value, event)
    await _keep_seats(tx, rows, events)


def _offer(
    subject: UUID,
    data: offer_events.OfferSubmitted | offer_events.OfferPublished | offer_events.OfferRevised,
    before: Seat | None,
    event: Envelope,
) -> Seat:
    terms = data.terms
    state = before.state if before else None
    match data:
        case offer_events.OfferSubmitted():
            state = OfferState.SUBMITTED
        case offer_events.OfferPublished():
            state = OfferState.PUBLISHED
    return Seat(
        id=subject,
        kind="placement",
        call_id=terms.call_id,
        reference=terms.reference,
        title=f"{terms.title}, {terms.city}" if terms.city else terms.title,
        country=terms.country,
        organisation_id=terms.organisation_id,
        state=str(state or OfferState.PUBLISHED),
        terms=terms.model_dump(mode="json"),
        choices=before.choices if before else {},
        changed_at=event.time,
    )


async def mentors(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update the mentors' profiles."""
    rows = await store.seats(tx.session, {UUID(event.subject) for event in events})
    for event in events:
        subject, data = UUID(event.subject), event.data
        if isinstance(data, mentor_events.MentorPublished | mentor_events.MentorRevised):
            before, profile = rows.get(subject), data.profile
            previous_state = before.state if before and isinstance(data, mentor_events.MentorRevised) else None
            rows[subject] = Seat(
                id=subject,
                kind="mentor",
                call_id=profile.call_id,
                reference=profile.reference,
                title=profile.reference,
                country=profile.country,
                organisation_id=profile.organisation_id,
                state=previous_state or MentorState.PUBLISHED.value,
                terms=profile.model_dump(mode="json"),
                choices=before.choices if before else {},
                changed_at=event.time,
            )
        elif isinstance(data, mentor_events.MentorCandidatesChosen):
            _choose(rows, subject, data.choices, event)
        elif data.type in _TO_MENTOR_STATE:
            _move(rows, subject, _TO_MENTOR_STATE[data.type].value, event)
    await _keep_seats(tx, rows, events)


def _move(rows: dict[UUID, Seat], subject: UUID, state: str, event: Envelope) -> None:
    _change(rows, subject, event, state=state)


def _choose(rows: dict[UUID, Seat], subject: UUID, choices: offer_events.CandidateChoices, event: Envelope) -> None:
    _change(rows, subject, event, choices=choices.model_dump(mode="json"))


def _change(rows: dict[UUID, Seat], subject: UUID, event: Envelope, **values: object) -> None:
    if subject not in rows:
        raise LookupError("This offer or mentor was never published here.")
    rows[subject] = Seat(**rows[subject].model_dump() | values | {"changed_at": event.time})


async def _keep_seats(tx: Tx, rows: dict[UUID, Seat], events: Sequence[Envelope]) -> None:
    await _changed(tx, {row.call_id for row in rows.values()})
    await keep(tx.session, list(rows.values()))
    lines = [
        of_event(event, call_id=rows[UUID(event.subject)].call_id, seat_id=UUID(event.subject))
        for event in events
        if UUID(event.subject) in rows
    ]
    await activity.add_lines(tx.session, lines)


async def _changed(tx: Tx, call_ids: set[UUID]) -> None:
    """Raise the versions of calls, before applications and seats are written.

    The order in which all transactions lock them.
    """
    await pools.touch(tx.session, call_ids)
    if call_ids:
        await tx.changed("matching")
    await tx.changed("board", more=bool(call_ids))
