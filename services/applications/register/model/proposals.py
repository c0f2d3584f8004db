"""Define what can be proposed for the register, and where a proposal stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, TypeAdapter

from services.applications.application.model.states import NotPossible
from services.applications.register.model import Entry, OrganisationEntry, PersonEntry, Subject
from shared.contracts.base import Day
from shared.contracts.codes import ProposalKind, ProposalState
from shared.contracts.codes._base import N_, Code
from shared.errors import ProblemCode
from shared.i18n import gettext

if TYPE_CHECKING:
    from services.applications.register.model.entries import State


class RefusedBecause(Code):
    """The reason why the programme does not approve a proposal."""

    UNKNOWN_PERSON = "unknown_person", N_("The person or body cannot be identified")
    ALREADY_THERE = "already_there", N_("It is already in the register")
    WRONG_ROLE = "wrong_role", N_("The role does not fit")
    INCOMPLETE = "incomplete", N_("Something is missing or wrong")
    NOT_ELIGIBLE = "not_eligible", N_("It cannot take part in the programme")
    OTHER = "other", N_("Other")


class OrganisationChange(Entry):
    """An organisation as it is to be: a new one, or an existing one (`entry.id`)."""

    kind: Literal["organisation"] = "organisation"
    entry: OrganisationEntry


class PersonChange(Entry):
    """A person's new entry, with all grants: a new person or an existing one."""

    kind: Literal["person"] = "person"
    entry: PersonEntry


class Leave(Entry):
    """A person leaves: access ends with the last day, and a successor may take over the offices."""

    kind: Literal["leave"] = "leave"
    subject: Subject
    last_day: Day
    successor: Subject | None = None


class Transfer(Entry):
    """A person belongs to another organisation from a day on."""

    kind: Literal["transfer"] = "transfer"
    subject: Subject
    organisation_id: UUID
    day: Day


Change = Annotated[OrganisationChange | PersonChange | Leave | Transfer, Field(discriminator="kind")]
CHANGE: TypeAdapter[OrganisationChange | PersonChange | Leave | Transfer] = TypeAdapter(Change)


def concerned_by(change: OrganisationChange | PersonChange | Leave | Transfer) -> frozenset[str]:
    """Return the accounts of the people whom a change is about; nobody for an organisation."""
    match change:
        case OrganisationChange():
            return frozenset()
        case PersonChange(entry=person):
            return frozenset({person.subject})
        case Leave(subject=subject, successor=successor) if successor is not None:
            return frozenset({subject, successor})
    return frozenset({change.subject})


def kind_of(change: OrganisationChange | PersonChange | Leave | Transfer, *, known: bool) -> str:
    """Return the kind of a change for lists; `known` says whether the person or organisation exists already."""
    match change:
        case OrganisationChange(entry=entry) if known:
            return "organisation" if entry.active else "organisation_inactive"
        case OrganisationChange():
            return "organisation_new"
        case PersonChange():
            return "person" if known else "person_new"
    return change.kind


def kinds() -> list[tuple[str, str]]:
    """Return all kinds of changes with their names, for filters."""
    return [(kind.value, gettext(kind.label)) for kind in ProposalKind]


def kind_name(code: str) -> str:
    """Return the name of a kind of change."""
    return gettext(ProposalKind(code).label)


def check_pending(state: ProposalState) -> None:
    """Check that a proposal still waits. Raises `NotPossible` with its state."""
    match state:
        case ProposalState.APPROVED:
            raise NotPossible(gettext("This proposal is already approved."), ProblemCode.ALREADY_DONE)
        case ProposalState.REFUSED:
            raise NotPossible(gettext("This proposal is already refused."), ProblemCode.ALREADY_DONE)
        case ProposalState.TAKEN_BACK:
            raise NotPossible(gettext("The proposer has withdrawn this proposal."), ProblemCode.ALREADY_DONE)


def differences(before: State, after: State) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Return what differs between two states of an entry: field -> (before, after), in the order of `after`."""
    names = [*after, *(name for name in before if name not in after)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
