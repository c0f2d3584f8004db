"""Judge the officer who reads a call by its rules, as far as is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.model.answers import answers_from_register, candidate_of
from services.applications.application.store import applications, standings
from services.applications.application.views.standing import standing_of
from services.applications.calls.model import Finding, findings, judge
from services.applications.register.store import entries
from shared.contracts.codes import EligibilityRule, PartnerStatus, Role
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.calls.store import Call
    from shared.identity import Principal
    from shared.web.states import State

_COUNTRY = frozenset({EligibilityRule.COUNTRY, EligibilityRule.PARTNER_ACTIVE})
# What depends on what the officer will write in the application, and says nothing about the officer.
_LATER = frozenset({EligibilityRule.KIND, EligibilityRule.TOPICS, EligibilityRule.PERIODS, EligibilityRule.CASCADE})


@dataclass(frozen=True, slots=True)
class OwnApplication:
    """An application of the officer to a call, with its state as all pages show it; a draft has no reference."""

    id: UUID
    reference: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Requirements:
    """The findings of a call's rules about an officer, as far as known, and the officer's applications to it."""

    findings: tuple[Finding, ...]
    own: tuple[OwnApplication, ...]

    @property
    def broken(self) -> list[Finding]:
        """The rules that are not met at present."""
        return [finding for finding in self.findings if not finding.met]

    @property
    def may_take_part(self) -> bool:
        """Return whether the officer's country takes part in the call and in the programme."""
        return not any(finding.rule in _COUNTRY for finding in self.broken)


async def requirements_of(
    session: AsyncSession, principal: Principal, calls: Sequence[Call]
) -> dict[UUID, Requirements]:
    """Return, by call, the requirements for the officer who reads it; nothing for anybody else."""
    if not principal.has(Role.OFFICER) or not calls:
        return {}
    person = await entries.person(session, principal.subject)
    if person is None or person.country is None:
        return {}
    applications_of_officer = await applications.of_officer(session, principal.subject)
    # The newest answers are what is known best; before the first application it is what the register says.
    answers = applications_of_officer[0].answers if applications_of_officer else answers_from_register(person)
    status = await entries.partner_status(session, person.country, clock.today())
    to_calls = [row for row in applications_of_officer if row.call_id in {call.id for call in calls}]
    projected = await standings.standings_of(session, [row.id for row in to_calls])
    found = {}
    for call in calls:
        terms = call.terms
        own = tuple(
            OwnApplication(row.id, row.reference, standing_of(row, projected.get(row.id)).state)
            for row in to_calls
            if row.call_id == call.id
        )
        candidate = candidate_of(
            answers,
            kind=terms.kinds[0],
            country=person.country,
            partner_active=status is not PartnerStatus.SUSPENDED,
        )
        checks = [check for check in judge(terms, candidate) if check.rule not in _LATER]
        found[call.id] = Requirements(tuple(findings(terms, checks)), own)
    return found
