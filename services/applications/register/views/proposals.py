"""Show proposals for the register, and what approving one changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the models below are read at run time
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.parameters import REGISTER
from services.applications.refusals import not_found
from services.applications.register.model.proposals import (
    Change,
    Leave,
    OrganisationChange,
    PersonChange,
    RefusedBecause,
    Transfer,
)
from services.applications.register.store import entries
from services.applications.register.store import proposals as store
from services.applications.register.views import words
from services.applications.register.views.history import ChangedField
from services.applications.register.views.scope import scope_of
from shared.contracts.codes import ProposalKind, ProposalState
from shared.i18n import gettext
from shared.next_steps import ProposalFacts, proposal_standing
from shared.time import dates
from shared.web.items import ListedVersion, NotDone
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.next_steps import Described
    from shared.web.paging import PageRequest


class Proposal(ReadModel):
    """A proposed change of the register."""

    id: UUID
    kind: ProposalKind
    about: Annotated[
        str, Field(description="The person's sign-in name, or the organisation's id.", examples=["lusine"])
    ]
    name: Annotated[
        str, Field(description="Of the person or organisation, as proposed.", examples=["Lusine Grigoryan"])
    ]
    country: Annotated[str | None, Field(examples=["AM"])]
    organisation_id: UUID | None
    change: Annotated[
        Change | None,
        Field(description="Null if the rules for entries have changed since and it cannot be read: it can be refused."),
    ]
    base_version: Annotated[int, Field(description="The version of the entry that the proposer saw; 0 for a new one.")]
    note: Annotated[str, Field(description="The proposer's note to the programme coordinator.", examples=[""])]
    state: ProposalState
    proposed_by: Annotated[str, Field(description="The proposer's sign-in name.", examples=["tigran"])]
    proposed_at: AwareDatetime
    settled_by: Annotated[str | None, Field(description="The sign-in name of who decided it.", examples=[None])]
    settled_at: AwareDatetime | None
    reason: Annotated[RefusedBecause | None, Field(description="Why it is refused.")]
    text: Annotated[str, Field(description="What the programme coordinator writes to the proposer.", examples=[""])]

    @property
    def pending(self) -> bool:
        """Return whether it waits for a decision."""
        return self.state is ProposalState.WAITS


class ListedProposal(Proposal):
    """A proposal in a list, with the version of the record."""

    version: ListedVersion


class ComparedProposal(Proposal):
    """A proposal beside the entry as it is now."""

    entry_version: Annotated[
        int, Field(description="How often the entry was changed by now; 0 if there is none. Send it with the approval.")
    ]
    entry_id: Annotated[UUID | None, Field(description="The person or organisation; null if it is not entered yet.")]
    changes: Annotated[tuple[ChangedField, ...], Field(description="What approving it changes.")]
    meanwhile: Annotated[tuple[ChangedField, ...], Field(description="What was changed since it was proposed.")]

    @property
    def stale(self) -> bool:
        """Return whether the entry was changed since the proposal."""
        return self.base_version != self.entry_version

    @property
    def entry_href(self) -> str | None:
        """Return the address of the entry; None if it is not entered yet."""
        if self.entry_id is None or self.change is None:
            return None
        kind = "organisations" if self.change.kind == "organisation" else "people"
        return f"{REGISTER}/{kind}/{self.entry_id}"


@dataclass(frozen=True, slots=True)
class AppraisedProposal:
    """A proposal as it would be decided now; `obstacle` says why it cannot be approved, empty if it can."""

    proposal: ComparedProposal
    obstacle: str


class Submission(ReadModel):
    """The result of a change: made at once, or proposed."""

    id: Annotated[UUID | None, Field(description="The entry, if the change took effect at once.")]
    proposal: Annotated[Proposal | None, Field(description="The proposal that waits for the programme coordinator.")]


class LeftProposal(NotDone):
    """A proposal that could not be approved."""

    name: Annotated[str, Field(description="Of the person or organisation.", examples=["Lusine Grigoryan"])]


class ApprovedProposals(ReadModel):
    """The result of approving several proposals."""

    approved: tuple[Proposal, ...]
    left: tuple[LeftProposal, ...]


@dataclass(frozen=True, slots=True)
class ProposalRows:
    """A proposal with its differences in words, for pages: rows of field, before, after."""

    proposal: ComparedProposal
    rows: list[list[str]]
    meanwhile: list[list[str]]


@dataclass(frozen=True, slots=True)
class ProposalDetails:
    """All that the page of one proposal shows; `proposer` is a name that the reader may know."""

    compared: ProposalRows
    proposer: str
    since: datetime
    standing: Described


@dataclass(frozen=True, slots=True)
class ProposalList:
    """One page of the list of proposals, and how many there are in each state."""

    shown: list[Proposal]
    total: int
    counts: dict[str, int]


def proposal_view(row: store.Proposal) -> Proposal:
    """Return the read model of a proposal."""
    return Proposal.model_validate(row, from_attributes=True)


def visible(principal: Principal, row: store.Proposal | None) -> store.Proposal:
    """Return the row if the principal may see it. Raises `Refused` (404)."""
    own = row is not None and row.proposed_by == principal.subject
    if row is None or not (own or scope_of(principal).covers(row.country, row.organisation_id)):
        raise not_found()
    return row


async def proposal(session: AsyncSession, principal: Principal, proposal_id: UUID) -> Proposal:
    """Return a proposal that the principal may see. Raises `Refused` (404)."""
    return proposal_view(visible(principal, await store.proposal(session, proposal_id)))


async def waiting_about(session: AsyncSession, about: str) -> UUID | None:
    """Return the id of the proposal about an entry that waits for a decision, if there is one."""
    row = await store.waiting_about(session, about)
    return None if row is None else row.id


async def proposals_page(
    session: AsyncSession, principal: Principal, state: ProposalState | None, request: PageRequest
) -> Page[Proposal]:
    """Return one page of the proposals that the principal sees, newest first."""
    rows = await store.proposals_page(session, scope_of(principal), principal.subject, state, request)
    return page_of(rows, request, Proposal, proposal_view, lambda row: [row.id])


async def proposal_list(
    session: AsyncSession, principal: Principal, *, state: str | None, kind: str | None = None, page: int = 1
) -> ProposalList:
    """Return one page of the list for a page: waiting ones first, oldest on top; then the newest."""
    scope = scope_of(principal)
    rows, total = await store.proposals(session, scope, principal.subject, state=state, kind=kind, page=page)
    counts = await store.counts(session, scope, principal.subject)
    return ProposalList([proposal_view(row) for row in rows], total, counts)


async def in_words(session: AsyncSession, compared: Sequence[ComparedProposal]) -> list[ProposalRows]:
    """Return proposals with their differences in words; names of organisations and successors are read once."""
    dumped = [proposal.model_dump(mode="json", include={"change", "changes", "meanwhile"}) for proposal in compared]
    names = await words.organisation_names(session, dumped)
    leaves = [proposal.change for proposal in compared if isinstance(proposal.change, Leave)]
    successors = await entries.people_by_subject(session, {leave.successor for leave in leaves if leave.successor})
    successor_names = {subject: person.name for subject, person in successors.items()}
    return [
        ProposalRows(proposal, _rows(proposal, names, successor_names), _difference_rows(proposal.meanwhile, names))
        for proposal in compared
    ]


def _rows(proposal: ComparedProposal, names: dict[str, str], successors: dict[str, str]) -> list[list[str]]:
    match proposal.change:
        case Leave(last_day=last_day, successor=successor):
            rows = [[gettext("Last day with access"), words.NOTHING, dates.day(last_day)]]
            if successor:
                rows.append([gettext("Successor"), words.NOTHING, successors.get(successor, "")])
            return rows
        case Transfer(organisation_id=target, day=day):
            return [
                [gettext("Organisation"), words.NOTHING, names.get(str(target), gettext("another organisation"))],
                [gettext("From"), words.NOTHING, dates.day(day)],
            ]
    return _difference_rows(proposal.changes, names)


def _difference_rows(changes: Sequence[ChangedField], names: dict[str, str]) -> list[list[str]]:
    return [
        words.difference_row(change.field, change.before, change.after, names)
        for change in changes
        if not words.hidden(change.field)
    ]


async def proposal_details(session: AsyncSession, principal: Principal, compared: ComparedProposal) -> ProposalDetails:
    """Return a compared proposal as its page shows it."""
    (rows,) = await in_words(session, [compared])
    proposer = await entries.person(session, compared.proposed_by)
    facts = ProposalFacts(state=compared.state, readable=compared.change is not None, changes=bool(rows.rows))
    in_scope = proposer is not None and scope_of(principal).covers(proposer.country, proposer.organisation_id)
    return ProposalDetails(
        rows,
        proposer.name if proposer is not None and in_scope else gettext("another coordinator"),
        compared.settled_at or compared.proposed_at,
        proposal_standing(facts),
    )


async def entry_id(session: AsyncSession, change: Change) -> UUID | None:
    """Return the id of the person or organisation that a change is about; None where there is none yet."""
    if isinstance(change, OrganisationChange):
        known = None if change.entry.id is None else await entries.organisation(session, change.entry.id)
        return None if known is None else known.id
    subject = change.entry.subject if isinstance(change, PersonChange) else change.subject
    person = await entries.person(session, subject)
    return None if person is None else person.id
