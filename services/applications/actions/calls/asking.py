"""What does a call ask of this officer, and does he or she meet it as far as is known?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.actions.applications import known_of
from services.applications.model.answers import candidate_of
from services.applications.model.call import Finding, findings, judge
from services.applications.store import applications, register
from shared import clock
from shared.contracts.codes import EligibilityRule, PartnerStatus, Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.store.calls import Call
    from shared.identity import Principal

# What depends on what the officer will write in the application, and says nothing about the officer.
_LATER = frozenset({EligibilityRule.KIND, EligibilityRule.TOPICS, EligibilityRule.PERIODS, EligibilityRule.CASCADE})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules of a call say of an officer as far as is known, and the officer's applications to it."""

    findings: tuple[Finding, ...]
    own: tuple[applications.Application, ...]

    @property
    def broken(self) -> list[Finding]:
        """The rules that are not met as things stand."""
        return [one for one in self.findings if not one.held]


async def asked_of(session: AsyncSession, principal: Principal, calls: Sequence[Call]) -> dict[UUID, Asked]:
    """By call, what is known of an officer who reads it; nothing for anybody else."""
    if not principal.has(Role.OFFICER) or not calls:
        return {}
    person = await register.person(session, principal.subject)
    if person is None or person.country is None:
        return {}
    mine = await applications.of_officer(session, principal.subject)
    # The newest answers are what is known best; before the first application it is what the register says.
    answers = mine[0].answers if mine else known_of(person)
    status = await register.partner_status(session, person.country, clock.today())
    found = {}
    for call in calls:
        terms = call.terms
        own = tuple(one for one in mine if one.call_id == call.id)
        candidate = candidate_of(
            answers,
            kind=terms.kinds[0],
            country=person.country,
            partner_active=status is not PartnerStatus.SUSPENDED,
        )
        checks = [check for check in judge(terms, candidate) if check.rule not in _LATER]
        found[call.id] = Asked(tuple(findings(terms, checks)), own)
    return found
