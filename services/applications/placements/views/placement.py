"""Read a placement: as the API answers it, and with all that its pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue

from services.applications.access.views import Capacity, capacity_for
from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.calls.views.headings import CallHeading, call_headings
from services.applications.display import entry_rows
from services.applications.fields import Reading, fields_of
from services.applications.matches.store import matches
from services.applications.placements import store
from services.applications.placements.model import revision
from services.applications.placements.model.placement import SECTIONS, PlacementEntry
from services.applications.placements.views.names import names_of
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.base import Country
from shared.contracts.codes import (
    ApplicationKind,
    AudienceKind,
    CallState,
    CloseCause,
    OfferState,
    PartnerStatus,
    PauseCause,
    Role,
    Section,
)
from shared.i18n import gettext
from shared.identity.scope import may_act_for_organisation, may_see_organisation
from shared.next_steps import PlacementFacts, placement_standing
from shared.time import clock
from shared.web.items import ListedVersion
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.display import SummaryRow
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal
    from shared.next_steps import Described


class PlacementContent(PlacementEntry):
    """The content of a placement, with every field."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Placement(ReadModel):
    """A placement as it is now, with what its host has written."""

    id: UUID
    reference: Annotated[str, Field(examples=["FR-P-2026-0007"])]
    call_id: UUID
    organisation_id: UUID
    country: Country
    state: OfferState
    since: Annotated[AwareDatetime, Field(description="When it came into its state.")]
    due: Annotated[
        AwareDatetime | None, Field(description="Until when its endorsement, or an answer of its host, is asked for.")
    ]
    cause: Annotated[PauseCause | CloseCause | None, Field(description="Why it pauses or is closed.")]
    awaits_answer: Annotated[bool, Field(description="Whether its host is asked if it is still available.")]
    remarks: Annotated[dict[Section, str], Field(description="The coordinator's questions to the host, by section.")]
    entry: PlacementContent
    unaccepted: Annotated[
        dict[str, JsonValue],
        Field(
            description="What was written and is not accepted, or no longer, by field and as it was written. `entry` is"
            " without it: the field is open there, or has what was saved before.",
            examples=[{"expertise": ["sorcery"]}],
        ),
    ]

    @property
    def title(self) -> str:
        """The title; the reference where it has none yet."""
        return self.entry.title or self.reference

    @property
    def revisable(self) -> bool:
        """Return whether a change is a revision."""
        return revision.revisable(self.state, self.cause)

    @property
    def writable(self) -> bool:
        """Return whether its host may change it."""
        return revision.writable(self.state, self.cause)

    @classmethod
    def of(cls, row: store.Offer) -> Placement:
        """Return a stored placement as its readers see it."""
        entry = PlacementContent.from_stored(row.entry_json)
        return cls.model_validate(
            {
                "id": row.id,
                "reference": row.reference,
                "call_id": row.call_id,
                "organisation_id": row.organisation_id,
                "country": row.country,
                "state": row.state,
                "since": row.since,
                "due": row.due,
                "cause": row.cause,
                "awaits_answer": row.awaits_answer,
                "remarks": row.remarks,
                "entry": entry,
                "unaccepted": entry.unaccepted,
            }
        )


class ListedPlacement(Placement):
    """A placement in a list, with the version of the record."""

    version: ListedVersion


def remarks_by_section(placement: Placement) -> list[tuple[str, str]]:
    """Return the coordinator's questions, each after the words for its section."""
    remarks = placement.remarks
    return [(gettext(name), remarks[section]) for section, name in SECTIONS.items() if section in remarks]


async def readable_placement(session: AsyncSession, principal: Principal, placement_id: UUID) -> Placement:
    """Return a placement that the principal may see. Raises `Refused` (404)."""
    return Placement.of(await _readable(session, principal, placement_id))


async def _readable(session: AsyncSession, principal: Principal, placement_id: UUID) -> store.Offer:
    row = await store.offer(session, placement_id)
    if row is None or not _may_read(principal, row):
        raise not_found()
    return row


def _may_read(principal: Principal, row: store.Offer) -> bool:
    """Return whether the principal may see a placement; a draft only its own organisation may."""
    country = None if row.stands is OfferState.DRAFT else row.country
    if country is None and str(row.organisation_id) not in principal.organisations(Role.HOST_CONTACT):
        return False
    return may_see_organisation(principal, row.organisation_id, country)


async def own_placement(session: AsyncSession, principal: Principal, placement_id: UUID) -> Placement:
    """Return a placement of the principal's organisation. Raises `Refused` (404)."""
    return Placement.of(await _own(session, principal, placement_id))


async def _own(session: AsyncSession, principal: Principal, placement_id: UUID) -> store.Offer:
    row = await _readable(session, principal, placement_id)
    if not may_act_for_organisation(principal, row.organisation_id):
        raise not_found()
    return row


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit under a placement."""

    id: UUID
    start: date | None
    end: date | None
    reference: str
    country: str
    state: str


@dataclass(frozen=True, slots=True)
class PlacementDetails:
    """All that the page of a placement shows; `names` are those of the applications and organisations that it names."""

    placement: Placement
    names: Mapping[UUID, str]
    host: str
    call_title: str
    call_is_open: bool
    capacity: Capacity
    taken: int
    visits: Sequence[PlannedVisit]
    standing: Described


async def placement_details(session: AsyncSession, principal: Principal, placement_id: UUID) -> PlacementDetails:
    """Return a placement that the principal may see, with host, call and visits. Raises `Refused` (404)."""
    row = await _readable(session, principal, placement_id)
    placement = Placement.of(row)
    host = await entries.organisation(session, row.organisation_id)
    call = await calls_store.call(session, row.call_id)
    visits = await visits_store.of_offer(session, placement_id)
    applications_by_id = await applications.by_id(session, {visit.application_id for visit in visits})
    references = {application.id: application.reference or "" for application in applications_by_id.values()}
    taken = (await matches.confirmed_counts(session, [placement_id]))[placement_id]
    call_is_open = call is not None and call.state == CallState.PUBLISHED
    capacity = await capacity_for(session, principal, row)
    status = await entries.partner_status(session, row.country, clock.today())
    facts = PlacementFacts(
        state=placement.state,
        country=placement.country,
        due=placement.due,
        asked_too=capacity.asked_too,
        cause=placement.cause,
        call_open=call_is_open,
        suspended=status is PartnerStatus.SUSPENDED,
        over=revision.is_over(placement.entry, clock.today()),
        full=revision.is_full(placement.entry, taken),
    )
    mine = may_act_for_organisation(principal, row.organisation_id)
    return PlacementDetails(
        placement=placement,
        names=await names_of(session, [placement.entry]),
        host=host.name if host else "",
        call_title=call.title if call else "",
        call_is_open=call_is_open,
        capacity=capacity,
        taken=taken,
        visits=[
            PlannedVisit(
                visit.id,
                visit.start,
                visit.end,
                references.get(visit.application_id, ""),
                visit.country,
                visit.state,
            )
            for visit in visits
        ],
        standing=placement_standing(facts, {AudienceKind.HOST_CONTACT} if mine else ()),
    )


@dataclass(frozen=True, slots=True)
class VoidEffects:
    """A placement to be voided, its confirmed places, and its matches that would be cancelled."""

    placement: Placement
    confirmed: int
    cancelled: int


async def void_effects(session: AsyncSession, principal: Principal, placement_id: UUID) -> VoidEffects:
    """Return what prevents voiding a placement, and what it would cancel. Raises `Refused` (404)."""
    placement = await readable_placement(session, principal, placement_id)
    confirmed = (await matches.confirmed_counts(session, [placement_id]))[placement_id]
    return VoidEffects(placement, confirmed, len(await matches.open_of_offer(session, placement_id)))


@dataclass(frozen=True, slots=True)
class CopyContext:
    """A placement of the reader's organisation, and the calls that it can be copied to."""

    placement: Placement
    open_calls: Sequence[CallHeading]


async def copy_context(session: AsyncSession, principal: Principal, placement_id: UUID) -> CopyContext:
    """Return the principal's own placement with the calls that take placements now. Raises `Refused` (404)."""
    placement = await own_placement(session, principal, placement_id)
    calls = [call for call in await call_headings(session) if call.takes(ApplicationKind.STUDY_VISIT)]
    return CopyContext(placement, calls)


@dataclass(frozen=True, slots=True)
class FormContext:
    """The facts that the form of a placement needs besides its fields.

    `placement` is None for a new one; `hosts` are the writer's organisations, name by id; `names` are those of the
    applications and organisations that the placement names.
    """

    placement: Placement | None
    call_id: UUID
    call_title: str
    terms: CallTerms
    hosts: Mapping[UUID, str]
    names: Mapping[UUID, str]

    @property
    def revises(self) -> bool:
        """Return whether saving the form is a revision."""
        return self.placement is not None and self.placement.revisable

    @property
    def drafts(self) -> bool:
        """Return whether the form writes the draft of a placement step by step."""
        return self.placement is not None and self.placement.state in revision.WRITABLE


async def new_form(session: AsyncSession, principal: Principal, call_id: UUID) -> FormContext:
    """Return what the form of a new placement needs. Raises `Refused` (404)."""
    return await _form(session, principal, call_id, None)


async def edit_form(session: AsyncSession, principal: Principal, placement_id: UUID) -> FormContext:
    """Return what the form of the principal's own placement needs. Raises `Refused` (404)."""
    placement = await own_placement(session, principal, placement_id)
    return await _form(session, principal, placement.call_id, placement)


async def begun_form(session: AsyncSession, principal: Principal, placement_id: UUID) -> FormContext | None:
    """Return what the form of the principal's own placement needs; None where none of them has this id."""
    row = await store.offer(session, placement_id)
    if row is None or not may_act_for_organisation(principal, row.organisation_id):
        return None
    return await _form(session, principal, row.call_id, Placement.of(row))


async def _form(session: AsyncSession, principal: Principal, call_id: UUID, placement: Placement | None) -> FormContext:
    call = await calls_store.call(session, call_id)
    if call is None:
        raise not_found()
    own_ids = [UUID(organisation_id) for organisation_id in sorted(principal.organisations(Role.HOST_CONTACT))]
    hosts = await entries.organisations(session, ids=own_ids)
    names = {} if placement is None else await names_of(session, [placement.entry])
    return FormContext(placement, call_id, call.title, call.terms, {host.id: host.name for host in hosts}, names)


def rows(
    entry: PlacementEntry, names: Mapping[UUID, str], fields: Iterable[str] = tuple(fields_of(PlacementEntry))
) -> list[SummaryRow]:
    """Return the fields of a placement as the rows of a summary list; `names` are of those that it names."""
    return entry_rows(entry, fields, Reading(names=names))
