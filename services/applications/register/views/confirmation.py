"""Decide when a person's access is to be confirmed and who may confirm it, and list what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.applications.own_cases.model import Concerned, Tie, Ties
from services.applications.own_cases.store import ties_of
from services.applications.register.model import grants as register_grants
from services.applications.register.store import people
from services.applications.register.views import words
from services.applications.register.views.entries import Person, person_view
from services.applications.register.views.scope import decides, scope_of
from shared.time import clock
from shared.web.items import ListedVersion
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.store import entries
    from services.applications.settings import Settings
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal
    from shared.web.paging import PageRequest


class AccessToConfirm(ReadModel):
    """A person whose access is to be confirmed or has lapsed."""

    id: UUID
    name: Annotated[str, Field(examples=["Ani Petrosyan"])]
    country: Annotated[str | None, Field(examples=["AM"])]
    confirmed_on: date
    due: Annotated[date, Field(description="By when it is to be confirmed.")]
    lapses: Annotated[date, Field(description="After which day it lapses.")]
    lapsed_on: date | None
    may_confirm: Annotated[bool, Field(description="The caller may confirm it.")]


class ListedAccess(AccessToConfirm):
    """A person in the list, with the version of the record."""

    version: ListedVersion


@dataclass(frozen=True, slots=True)
class AccessRow:
    """A person in the list of a page: the roles in words, the state of the access, and what ties the reader to them."""

    access: AccessToConfirm
    roles: list[str]
    state: str
    tie: Tie | None


@dataclass(frozen=True, slots=True)
class AccessList:
    """One page of the list, and the times of the yearly confirmation."""

    rows: list[AccessRow]
    total: int
    times: register_grants.ConfirmationTimes


def confirmation_times(settings: Settings) -> register_grants.ConfirmationTimes:
    """Return the times of the yearly confirmation from the settings."""
    confirm_days, lapse_days = settings.access_year_days, settings.access_year_days + settings.access_grace_days
    return register_grants.ConfirmationTimes(
        ask=confirm_days - settings.access_ask_days, year=confirm_days, lapse=lapse_days
    )


def grants_to_confirm(person: Person, grants: Sequence[AccessGrant]) -> tuple[AccessGrant, ...]:
    """Return what a confirmation covers: the current and future grants, or those that have lapsed."""
    if person.lapsed_on is not None:
        return person.lapsed_grants
    return tuple(register_grants.current_or_future(grants, clock.today()))


def may_confirm(principal: Principal, person: Person, grants: Sequence[AccessGrant], ties: Ties) -> bool:
    """Return whether the principal may confirm that access; `ties` are the principal's own, who is not concerned.

    The programme coordinator confirms everybody's. A national coordinator, or the clearance officer of an EU
    agency, confirms access that holds only in that country or agency.
    """
    if not grants or ties.between(principal.subject, Concerned(frozenset({person.subject}))):
        return False
    if decides(principal):
        return True
    scope = scope_of(principal)
    return all(
        grant.role not in register_grants.PROGRAMME_WIDE and scope.covers(grant.country, grant.organisation_id)
        for grant in grants
    )


def access_state(person: Person, grants: Sequence[AccessGrant], due_before: date) -> str:
    """Return the state of a person's access, as a code of the table of states."""
    if person.lapsed_on is not None:
        return "lapsed"
    if not register_grants.current_or_future(grants, clock.today()):
        return "none"
    return "due" if person.confirmed_on <= due_before else "active"


def _to_confirm(
    principal: Principal,
    times: register_grants.ConfirmationTimes,
    person: Person,
    grants: Sequence[AccessGrant],
    ties: Ties,
) -> AccessToConfirm:
    return AccessToConfirm(
        id=person.id,
        name=person.name,
        country=person.country,
        confirmed_on=person.confirmed_on,
        due=times.due(person.confirmed_on),
        lapses=times.lapses(person.confirmed_on),
        lapsed_on=person.lapsed_on,
        may_confirm=may_confirm(principal, person, grants_to_confirm(person, grants), ties),
    )


async def access_page(
    session: AsyncSession, principal: Principal, settings: Settings, request: PageRequest
) -> Page[AccessToConfirm]:
    """Return one page of the people whose access is to be confirmed or has lapsed, oldest confirmation first."""
    times, today = confirmation_times(settings), clock.today()
    rows = await people.to_confirm_page(
        session, scope_of(principal), until=times.due_before(today), today=today, request=request
    )
    grants = await people.grants(session, [row.subject for row in rows])
    ties = await ties_of(session, [principal.subject])
    return page_of(
        rows,
        request,
        AccessToConfirm,
        lambda row: _to_confirm(principal, times, person_view(row), grants.get(row.subject, ()), ties),
        lambda row: [row.confirmed_on, row.id],
    )


async def access_rows(
    session: AsyncSession, principal: Principal, settings: Settings, ids: Sequence[UUID]
) -> list[AccessRow]:
    """Return these people, as far as the principal sees them, as rows of the list."""
    scope = scope_of(principal)
    found = await people.by_ids(session, ids)
    return await _rows(
        session, principal, settings, [row for row in found if scope.covers(row.country, row.organisation_id)]
    )


async def _rows(
    session: AsyncSession, principal: Principal, settings: Settings, found: Sequence[entries.Person]
) -> list[AccessRow]:
    times = confirmation_times(settings)
    due_before = times.due_before(clock.today())
    grants = await people.grants(session, [row.subject for row in found])
    names = await words.organisation_names(session, [list(of_person) for of_person in grants.values()])
    ties = await ties_of(session, [principal.subject])
    rows = []
    for row in found:
        person, of_person = person_view(row), grants.get(row.subject, ())
        roles = [words.grant(grant, names) for grant in grants_to_confirm(person, of_person)]
        state = access_state(person, of_person, due_before)
        access = _to_confirm(principal, times, person, of_person, ties)
        tie = ties.between(principal.subject, Concerned(frozenset({person.subject})))
        rows.append(AccessRow(access, roles, state, tie))
    return rows


async def access_list(
    session: AsyncSession, principal: Principal, settings: Settings, *, every: bool, page: int
) -> AccessList:
    """Return one page of the list: what is due, without the reader's own; with `every` everybody with access."""
    times, today = confirmation_times(settings), clock.today()
    rows, total = await people.to_confirm(
        session,
        scope_of(principal),
        until=None if every else times.due_before(today),
        today=today,
        page=page,
        but=None if every else principal.subject,
    )
    return AccessList(await _rows(session, principal, settings, rows), total, times)
