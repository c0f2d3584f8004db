"""Suspend a partner as previewed, at once or on a later day, and reinstate it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.partners import model, store
from services.applications.partners.actions import effects
from services.applications.partners.model import DecisionState
from services.applications.partners.views import (
    PartnerDecision,
    decision_view,
    load_open_cases,
    lock_partner,
    partner_code,
)
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import PartnerStatus
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.partners.model import GroupChoice, OpenCases
    from shared.bus import Bus
    from shared.identity import Principal

FURTHEST = timedelta(days=366)


class Changed(Refused):
    """The open cases differ from those of the preview; `preview` is the current one."""

    def __init__(self, preview: Preview) -> None:
        sentence = gettext("Something has changed since you opened the page. Read it again, then confirm.")
        super().__init__(sentence, code=ProblemCode.EDIT_CONFLICT, present={"digest": preview.digest})
        self.preview = preview


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of a suspension from `since`: every case, the choices by group, and a digest of both."""

    open_cases: OpenCases
    since: date
    choices: tuple[GroupChoice, ...]
    digest: str

    def choice(self, case: model.OpenCase) -> GroupChoice:
        """Return the choice for one case."""
        return next(choice for choice in self.choices if (choice.side, choice.stage) == case.group)


async def preview(session: AsyncSession, country: str, since: date, choices: Sequence[GroupChoice]) -> Preview:
    """Preview a suspension. Raises `Refused` (404; 409 if it is suspended already; 422 by field)."""
    await _may_begin(session, partner_code(country))
    return await _preview(session, country, since, choices)


async def _may_begin(session: AsyncSession, country: str) -> None:
    if await entries.partner_status(session, country, clock.today()) is PartnerStatus.SUSPENDED:
        raise Refused(gettext("This partner is already suspended."), code=ProblemCode.ALREADY_DONE)
    if await store.waiting(session, country) is not None:
        raise Refused(
            gettext("A decision about this partner is already planned for a later day. Withdraw that decision first."),
            code=ProblemCode.STEP_MISSING,
        )


async def _preview(
    session: AsyncSession, country: str, since: date, choices: Sequence[GroupChoice], *, lock: bool = False
) -> Preview:
    problems_found = day_problem(since)
    open_cases = await load_open_cases(session, country, lock=lock)
    today = clock.today()
    funds = {
        str(item.id): (item.since, item.until)
        for item in await entries.funds(session)
        if item.active and (item.until is None or item.until >= today)
    }
    chosen = {(item.side, item.stage): item for item in choices}
    problems_found |= model.problems(open_cases, chosen, funds)
    if problems_found:
        raise Refused(gettext("Some information is missing."), 422, problems_found)
    choices_made = tuple(chosen[group] for group in model.GROUPS if group in chosen)
    return Preview(open_cases, since, choices_made, model.digest(open_cases, choices_made, since))


def day_problem(since: date) -> dict[str, str]:
    """Return what is wrong with the first day: it must be today or later, within a year."""
    today = clock.today()
    if today <= since <= today + FURTHEST:
        return {}
    bounds = {"first": dates.day(today), "last": dates.day(today + FURTHEST)}
    return {"since": gettext("The day must be from %(first)s to %(last)s") % bounds}


async def suspend(
    bus: Bus,
    principal: Principal,
    country: str,
    since: date,
    choices: Sequence[GroupChoice],
    *,
    digest: str,
    note: str = "",
) -> PartnerDecision:
    """Suspend a partner as previewed: at once if `since` is today, otherwise on its day.

    All or nothing. `digest` is that of the preview, or of one without choices, which were made beside it. Raises
    `Refused` (404, 409, 422), and `Changed` (409) if the current preview has another digest.
    """
    async with bus.transaction(principal.subject) as tx:
        await lock_partner(tx.session, partner_code(country))
        earlier = await _repeated(tx.session, country, digest, choices)
        if earlier is not None:
            return decision_view(earlier)
        await _may_begin(tx.session, country)
        current = await _preview(tx.session, country, since, choices, lock=True)
        if digest not in {current.digest, cases_digest(current.open_cases, since)}:
            raise Changed(current)
        decision = store.Decision(
            id=new_id(),
            country=country,
            status=PartnerStatus.SUSPENDED,
            since=since,
            decided_by=principal.subject,
            decided_at=clock.now(),
            note=note.strip()[:1000],
            digest=digest,
            preview=tuple(_previewed(case) for case in current.open_cases.cases),
            choices=current.choices,
        )
        tx.session.add(decision)
        await tx.session.flush()
        if since <= clock.today():
            await effects.take(tx, decision)
        await tx.changed("register")
        return decision_view(decision)


def cases_digest(open_cases: OpenCases, since: date) -> str:
    """Return the digest of a preview without choices."""
    return model.digest(open_cases, (), since)


async def _repeated(
    session: AsyncSession, country: str, digest: str, choices: Sequence[GroupChoice]
) -> store.Decision | None:
    """Return the decision that this very confirmation made before: the answer to a second click."""
    newest = next(iter(await store.decisions(session, country)), None)
    if newest is None or newest.digest != digest or newest.state == DecisionState.WITHDRAWN:
        return None
    chosen = {(choice.side, choice.stage): choice for choice in choices}
    return newest if chosen == {(choice.side, choice.stage): choice for choice in newest.choices} else None


def _previewed(case: model.OpenCase) -> model.ShownCase:
    return model.ShownCase(
        id=case.id, reference=case.reference, side=case.side, stage=case.stage, state=case.state, other=case.other
    )


async def withdraw(bus: Bus, principal: Principal, country: str, decision_id: UUID) -> PartnerDecision:
    """Withdraw a decision about a country for a later day. Raises `Refused` (404; 409 if its day has come)."""
    async with bus.transaction(principal.subject) as tx:
        decision = await store.decision(tx.session, decision_id, lock=True)
        if decision is None or decision.country != country:
            raise not_found()
        if decision.state == DecisionState.TAKEN:
            raise Refused(gettext("It has taken effect, so it can no longer be withdrawn."), 409)
        if decision.state == DecisionState.WAITING:
            decision.state = DecisionState.WITHDRAWN
            decision.withdrawn_by, decision.withdrawn_at = principal.subject, clock.now()
            tx.session.add(decision)
            await tx.changed("register")
        return decision_view(decision)


async def reinstate(bus: Bus, principal: Principal, country: str, since: date, note: str = "") -> PartnerDecision:
    """Reinstate a suspended partner: at once if `since` is today, otherwise on its day.

    A second click returns the first decision. Raises `Refused` (404; 409 if it is not suspended, or something else
    is decided for a later day; 422 for the day).
    """
    async with bus.transaction(principal.subject) as tx:
        await lock_partner(tx.session, partner_code(country))
        newest = next(iter(await store.decisions(tx.session, country)), None)
        same = newest is not None and newest.status == PartnerStatus.REINSTATED and newest.since == since
        if newest is not None and same and newest.state != DecisionState.WITHDRAWN:
            return decision_view(newest)
        if await entries.partner_status(tx.session, country, clock.today()) is not PartnerStatus.SUSPENDED:
            raise Refused(gettext("This partner is not suspended."), 409)
        if await store.waiting(tx.session, country) is not None:
            raise Refused(
                gettext(
                    "A decision about this partner is already planned for a later day. Withdraw that decision first."
                ),
                code=ProblemCode.STEP_MISSING,
            )
        problems_found = day_problem(since)
        if problems_found:
            raise Refused(gettext("Some information is missing."), 422, problems_found)
        decision = store.Decision(
            id=new_id(),
            country=country,
            status=PartnerStatus.REINSTATED,
            since=since,
            decided_by=principal.subject,
            decided_at=clock.now(),
            note=note.strip()[:1000],
        )
        tx.session.add(decision)
        await tx.session.flush()
        if since <= clock.today():
            await effects.take(tx, decision)
        await tx.changed("register")
        return decision_view(decision)
