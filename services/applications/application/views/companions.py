"""With whom an application is made, and who has named the reader.

Names are shown once both sides have confirmed: the page tells an officer who names somebody that this makes him or her
known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.applications.application.model import companions
from services.applications.application.model.companions import CompanionState
from services.applications.application.store import applications
from services.applications.application.store import companions as application_companions
from services.applications.application.views.standing import Case, case_of
from services.applications.calls import store as calls_store
from services.applications.mentors import store as mentors_store
from services.applications.placements import store as placements_store
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.transitions import NotNow
from services.applications.waiting import Waiting, summed
from shared.contracts.codes import ApplicationKind, ApplicationMode, ApplicationState, Role
from shared.i18n import gettext, ngettext
from shared.identity.scope import is_self
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from services.applications.application.store.companions import Companion
    from services.applications.application.views.standing import Case
    from services.applications.waiting import Reader
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Fellow:
    """A companion of an officer: `who` is the name, or until both confirm what was written."""

    companion: Companion
    who: str
    reference: str | None = None
    submitted: bool = False
    leader: bool = False


@dataclass(frozen=True, slots=True)
class Company:
    """With whom an application is made. `membership` is the row by which its officer is in somebody else's group.

    `kept`: a host keeps a placement for it.
    """

    mode: ApplicationMode
    fellows: list[Fellow] = field(default_factory=list)
    membership: Companion | None = None
    most: int = 1
    may_change: bool = False
    submitted: int = 0
    members: int = 1
    kept: bool = False

    @property
    def placeless(self) -> bool:
        """Return whether two officers name each other but no host keeps a placement for this one: a visit needs one."""
        two = any(
            fellow.companion.stands is CompanionState.CONFIRMED
            and fellow.companion.for_ is ApplicationKind.STUDY_VISIT
            and fellow.companion.organisation_id is None
            for fellow in self.fellows
        )
        return self.mode is ApplicationMode.PRE_MATCHED and two and not self.kept

    @property
    def complete(self) -> bool:
        """Return whether all members of the group have submitted."""
        return self.mode is ApplicationMode.GROUP and self.members > 1 and self.submitted == self.members

    @property
    def full(self) -> bool:
        """Return whether nobody else can be asked into the group."""
        live = [fellow for fellow in self.fellows if fellow.companion.stands in companions.LIVE]
        return 1 + len(live) >= self.most


class CompanyMember(ReadModel):
    """A companion of an officer: by name once both sides have confirmed, until then as it was written."""

    id: UUID
    who: Annotated[str, Field(examples=["Nino Beridze"])]
    reference: Annotated[str | None, Field(examples=["GE-2026-0007"])]
    state: CompanionState
    mismatch: Annotated[bool, Field(description="Each names somebody, but not each other.")]
    leader: Annotated[bool, Field(description="Leads the group that the officer is in.")]
    submitted: bool


class ApplicationCompany(ReadModel):
    """With whom an application is made."""

    mode: ApplicationMode
    complete: Annotated[bool, Field(description="All members of the group have submitted.")]
    members: Annotated[int, Field(description="The officer included.")]
    submitted: Annotated[int, Field(description="How many of them have submitted.")]
    companions: list[CompanyMember]


class CompanionInvitation(ReadModel):
    """An invitation to the reader, or to a placement of the reader's organisation: by whom, and for which call."""

    id: UUID
    mode: ApplicationMode
    state: CompanionState
    who: Annotated[str, Field(examples=["Ani Petrosyan"])]
    country: Annotated[str, Field(examples=["AM"])]
    call_id: UUID
    kind: ApplicationKind


class CompanionNamed(ReadModel):
    """A companion as the officer wrote it; it does not say whether anybody is known by it."""

    id: UUID
    written: Annotated[str, Field(examples=["GE-2026-0007"])]


class CompanionStanding(ReadModel):
    """The state of a companion after an answer."""

    id: UUID
    state: CompanionState


def company_model(company: Company) -> ApplicationCompany:
    """Return with whom an application is made, as the API answers it."""
    return ApplicationCompany(
        mode=company.mode,
        complete=company.complete,
        members=company.members,
        submitted=company.submitted,
        companions=[
            CompanyMember(
                id=fellow.companion.id,
                who=fellow.who,
                reference=fellow.reference,
                state=fellow.companion.stands,
                mismatch=fellow.companion.mismatch,
                leader=fellow.leader,
                submitted=fellow.submitted,
            )
            for fellow in company.fellows
        ],
    )


def invitations_page(invitations: Sequence[Invitation]) -> Page[CompanionInvitation]:
    """Return the invitations to a reader, as the API answers them; they are few."""
    items = [
        CompanionInvitation(
            id=invitation.companion.id,
            mode=invitation.companion.as_,
            state=invitation.companion.stands,
            who=invitation.who,
            country=invitation.country,
            call_id=invitation.companion.call_id,
            kind=invitation.companion.for_,
        )
        for invitation in invitations
    ]
    return Page[CompanionInvitation](items=items, next=None)


def named_model(companion: Companion) -> CompanionNamed:
    """Return who was named, as the API answers it."""
    return CompanionNamed(id=companion.id, written=companion.written)


def standing_model(companion: Companion) -> CompanionStanding:
    """Return the state of a companion, as the API answers it."""
    return CompanionStanding(id=companion.id, state=companion.stands)


async def own_company(session: AsyncSession, principal: Principal, application_id: UUID) -> tuple[Case, Company]:
    """Return the officer's own application's case and with whom it is made. Raises `Refused` (404)."""
    case = await case_of(session, application_id)
    if case is None or not is_self(principal, case.application.subject):
        raise not_found()
    return case, await company_of_case(session, case)


async def company_of_case(session: AsyncSession, case: Case) -> Company:
    """Return with whom the application of a case is made; the caller has checked that the reader may see names."""
    application = case.application
    call = await calls_store.call(session, application.call_id)
    assert call is not None
    membership = await application_companions.group_of(session, application.id)
    if membership is None:
        named = await application_companions.named_by(session, application.id)
        fellows = [await _fellow(session, row) for row in named]
    else:
        fellows = await _other_members(session, membership)
    live = [fellow for fellow in fellows if fellow.leader or fellow.companion.stands in companions.LIVE]
    kept = bool(live) and await placements_store.is_kept_for(session, application.call_id, application.id)
    group = membership is not None or any(fellow.companion.as_ is ApplicationMode.GROUP for fellow in live)
    mode = ApplicationMode.GROUP if group else ApplicationMode.PRE_MATCHED if live else ApplicationMode.OPEN
    sure = [fellow for fellow in live if fellow.leader or fellow.companion.stands is CompanionState.CONFIRMED]
    return Company(
        mode,
        fellows,
        membership,
        call.terms.group_size,
        _may_change(case),
        sum(fellow.submitted for fellow in sure) + (application.submitted_at is not None),
        1 + len(sure),
        kept,
    )


async def _other_members(session: AsyncSession, membership: Companion) -> list[Fellow]:
    """Return the leader of a member's group, then its other confirmed members."""
    leader = await applications.application(session, membership.application_id)
    rows = await application_companions.named_by(session, membership.application_id)
    members = [row for row in rows if row.stands is CompanionState.CONFIRMED and row.id != membership.id]
    return [
        *([] if leader is None else [_officer(membership, leader, leads=True)]),
        *[await _fellow(session, row) for row in members],
    ]


def _may_change(case: Case) -> bool:
    if case.application.own_state is ApplicationState.RETURNED_FOR_INFORMATION:
        return True
    try:
        companions.check_open_for_change(case.shown_state)
    except NotNow:
        return False
    return True


async def _fellow(session: AsyncSession, row: Companion) -> Fellow:
    """Return the companion of a row, by name as far as both have confirmed."""
    if row.stands is not CompanionState.CONFIRMED or row.named_id is None:
        return Fellow(row, row.written)
    if row.organisation_id is not None:
        offer = await placements_store.offer(session, row.named_id)
        return Fellow(row, row.written if offer is None else offer.title, row.written, submitted=True)
    theirs = await applications.application(session, row.named_id)
    if theirs is not None:
        return _officer(row, theirs)
    profile = await mentors_store.mentor(session, row.named_id)
    person = None if profile is None else await entries.person(session, profile.subject)
    return Fellow(
        row,
        row.written if person is None else person.name,
        None if profile is None else profile.reference,
        submitted=True,
    )


def _officer(row: Companion, theirs: Application, *, leads: bool = False) -> Fellow:
    name = theirs.written_name or row.written
    return Fellow(row, name, theirs.reference, theirs.submitted_at is not None, leads)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A row that names the reader: by whom, for which call, and the reader's own application, where one is needed."""

    companion: Companion
    who: str
    country: str
    call: calls_store.Call
    mine: Application | None = None
    placement: str = ""


async def invitations_for(session: AsyncSession, principal: Principal) -> list[Invitation]:
    """Return the live rows that name the reader, or a placement of the officer's own organisation, the newest first."""
    agencies = [UUID(organisation) for organisation in sorted(principal.organisations(Role.HOST_CONTACT))]
    rows = await application_companions.naming(session, subject=principal.subject, organisation_ids=agencies)
    applications_by_id = await applications.by_id(session, {row.application_id for row in rows})
    calls = await calls_store.calls_by_id(session, {row.call_id for row in rows})
    places = await placements_store.offers_by_id(
        session, {row.named_id for row in rows if row.organisation_id and row.named_id}
    )
    found = []
    for row in rows:
        theirs = applications_by_id.get(row.application_id)
        if theirs is None:
            continue
        mine = await applications.newest_for(session, principal.subject, row.call_id, row.kind)
        place = places.get(row.named_id) if row.named_id else None
        name = theirs.written_name or theirs.reference or ""
        found.append(Invitation(row, name, theirs.country, calls[row.call_id], mine, place.title if place else ""))
    return found


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the invitations that wait for the reader's answer."""
    principal = reader.principal
    if not principal.has(Role.OFFICER, Role.HOST_CONTACT, Role.MENTOR):
        return []
    agencies = [UUID(organisation) for organisation in sorted(principal.organisations(Role.HOST_CONTACT))]
    rows = await application_companions.naming(session, subject=principal.subject, organisation_ids=agencies)
    count = sum(row.stands is CompanionState.ASKED for row in rows)
    name = ngettext("%(num)d officer named you", "%(num)d officers named you", count)
    return summed(count, name, gettext("Answer officers"), "/applications/companions")


def company_sentence(company: Company, *, others: bool = False) -> str:
    """Return with whom an application is made, in words; `others`: for readers other than the officer."""
    match company.mode:
        case ApplicationMode.GROUP:
            text = gettext("In a group. Members who have submitted: %(submitted)s of %(members)s")
            return text % {"submitted": company.submitted, "members": company.members}
        case ApplicationMode.PRE_MATCHED:
            both = any(fellow.companion.stands is CompanionState.CONFIRMED for fellow in company.fellows)
            if both:
                return gettext("With a counterpart: both name each other")
            waits = gettext("The counterpart has not agreed yet")
            return waits if others else gettext("Your counterpart has not agreed yet")
        case _:
            return gettext("Alone")
