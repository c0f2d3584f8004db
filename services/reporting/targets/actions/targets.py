"""Set baselines and targets: written by one person, approved by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import written
from services.reporting.periods.model.approval import as_refusal
from services.reporting.targets import model, store
from services.reporting.targets.model import TargetKind, TargetValue
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id, read_id
from shared.time import clock
from shared.time.dates import moment

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.bus.db.records import Changes, ReadVersions
    from shared.identity import Principal

LONGEST = 500
MOST = Decimal(10) ** 12
_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Draft:
    """A value as somebody wrote it; the number as text, with a point."""

    indicator: str
    kind: str
    day: date | None
    value: str
    source: str
    comment: str = ""


async def propose(bus: Bus, principal: Principal, draft: Draft) -> TargetValue:
    """Save a baseline or a target; it counts once somebody else approves it. The same value again changes nothing.

    Raises `Refused` (409, 422).
    """
    target_value = checked(draft, principal)
    async with bus.transaction(principal.subject) as tx:
        await store.lock(tx.session)
        known = [each for each in await store.everything(tx.session) if each.place == target_value.place]
        for each in (*model.standing(known), *model.waiting(known)):
            if (each.content, each.author) == (target_value.content, principal.subject):
                return each
        for each in model.waiting(known):
            sentence = gettext("For this indicator and day, the value %(value)s of %(when)s is waiting for approval.")
            words = {"value": written(each.value), "when": moment(each.written_at)}
            raise Refused(sentence % words, code=ProblemCode.DUPLICATE)
        await store.keep(tx.session, target_value)
    return target_value


async def approve(bus: Bus, principal: Principal, aim_id: str) -> TargetValue:
    """Approve what another person wrote: from now on it counts. The same person's second approval changes nothing.

    Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        target_value = await _locked(tx.session, aim_id)
        if target_value.approved_by == principal.subject:
            return target_value
        with as_refusal():
            now = model.approve(target_value, principal.subject, clock.now())
        await store.keep(tx.session, now)
    return now


@dataclass(frozen=True, slots=True)
class Approvals:
    """The result for several values: those approved, and the others, by id, with the value now (None: deleted).

    `changes` are those that are not as they were read.
    """

    done: list[TargetValue]
    left: list[tuple[UUID, TargetValue | None, Refused]]
    changes: Changes


async def approve_all(bus: Bus, principal: Principal, read: ReadVersions) -> Approvals:
    """Approve those of the values that other people wrote and that are as the principal `read` them.

    What the principal has approved already counts as done. Raises `Outdated` (428).
    """
    done: list[TargetValue] = []
    left: list[tuple[UUID, TargetValue | None, Refused]] = []
    async with bus.transaction(principal.subject) as tx:
        await store.lock(tx.session)
        known = {each.id: each for each in await store.everything(tx.session)}
        changes = await read.changes(tx.session)
        for id_ in sorted(read.records):
            target_value = known.get(id_)
            if target_value is None:
                left.append((id_, None, _no_such()))
            elif target_value.approved_by == principal.subject:
                done.append(target_value)
            else:
                try:
                    done.append(await _approve(tx.session, principal, target_value, changes))
                except Refused as refused:
                    left.append((id_, target_value, refused))
    return Approvals(done, left, changes)


async def _approve(
    session: AsyncSession, principal: Principal, target_value: TargetValue, changes: Changes
) -> TargetValue:
    with as_refusal():
        now = model.approve(target_value, principal.subject, clock.now())
    if changes.has(target_value.id):
        raise Refused(gettext("It was changed after you opened this page."), code=ProblemCode.EDIT_CONFLICT)
    await store.keep(session, now)
    return now


async def drop(bus: Bus, principal: Principal, aim_id: str) -> TargetValue:
    """Delete a value that waits for approval. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        target_value = await _locked(tx.session, aim_id)
        if target_value.approved_at is not None:
            with as_refusal():
                raise model.approved_before(target_value)
        await store.drop(tx.session, target_value)
    return target_value


async def _locked(session: AsyncSession, aim_id: str) -> TargetValue:
    await store.lock(session)
    id_ = read_id(aim_id)
    target_value = None if id_ is None else await store.target_by_id(session, id_)
    if target_value is None:
        raise _no_such()
    return target_value


def _no_such() -> Refused:
    return Refused(gettext("There is no such value. It may have been removed."), 404)


def problems(draft: Draft) -> dict[str, str]:
    """Return what is wrong with a draft, in words by field; empty if nothing is."""
    wrong: dict[str, str] = {}
    if draft.indicator not in INDICATORS:
        wrong["indicator"] = gettext("Choose an indicator")
    if draft.kind not in set(TargetKind):
        wrong["kind"] = gettext("Choose baseline or target")
    if draft.day is None or not _EARLIEST <= draft.day <= _LATEST:
        wrong["day"] = gettext("Enter a day between 2000 and 2099")
    if _value(draft.value) is None:
        wrong["value"] = gettext("Enter a number such as 120 or 87.5, not below zero")
    if not draft.source.strip():
        wrong["source"] = gettext("Enter where the value is written down")
    for name, text in (("source", draft.source), ("comment", draft.comment)):
        if len(text) > LONGEST:
            wrong[name] = gettext("Enter %(number)s characters or fewer") % {"number": LONGEST}
    return wrong


def checked(draft: Draft, principal: Principal) -> TargetValue:
    """Return the value that somebody drafted, to wait for a second person. Raises `Refused` (422 by field)."""
    wrong, value = problems(draft), _value(draft.value)
    if wrong or draft.day is None or value is None:
        raise Refused(" ".join(f"{each}." for each in wrong.values()), 422, wrong)
    return TargetValue(
        new_id(),
        draft.indicator,
        TargetKind(draft.kind),
        draft.day,
        value,
        draft.source.strip(),
        draft.comment.strip(),
        principal.subject,
        clock.now(),
    )


def _value(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value <= MOST else None
