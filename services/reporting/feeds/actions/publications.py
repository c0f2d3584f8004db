"""Publish a statement: keep its files byte for byte, and sign a manifest that lists them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.disclosure import store as disclosure_store
from services.reporting.feeds import signing
from services.reporting.feeds.actions import files as feeds_files
from services.reporting.feeds.model import publication as model
from services.reporting.feeds.model.publication import Manifest
from services.reporting.feeds.store import publications as store
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.overview.actions import report_background
from services.reporting.periods import store as periods_store
from services.reporting.periods.model import periods
from services.reporting.targets import store as targets_store
from shared.bus.set_aside import SetAside
from shared.contracts.codes import PeriodState
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Released
    from services.reporting.feeds.store.publications import Stored
    from services.reporting.periods.model.approval import Approval
    from shared.bus import Bus
    from shared.runtime.service import Service
    from shared.settings import ServiceSettings

WORK = N_("Files of published periods")
_LOOK_SECONDS = 600.0
LATEST = "latest"
"""The newest, in an address: the period that ends last, the statement that counts."""
HOME = "/reporting/feeds"
_FIRST_KEPT = "figures.csv"
"""A file that every statement has."""


async def publish(
    session: AsyncSession,
    approval: Approval,
    released: Sequence[Released],
    settings: ServiceSettings,
    *,
    reason: str | None = None,
    published_at: datetime | None = None,
) -> Manifest:
    """Save all files of a statement as published (None: now), and sign a new manifest. Raises `Refused` (409).

    The caller holds the lock under which statements are released, so manifests follow one another.
    """
    now = clock.now()
    at = published_at or now
    written = await targets_store.everything(session)
    history = await disclosure_actions.released_until(session, approval)
    background = await report_background(session, approval, history, reason)
    # In a thread, since writing workbooks would block the event loop.
    files = await asyncio.to_thread(feeds_files.files, released, approval, settings, written, history, background)
    base = f"{settings.origin}{HOME}"
    added = model.publication(approval, agreed(released), files, at, base=base, reason=reason)
    before = await store.manifest(session)
    content = model.next_manifest(before, added, now, base)
    key = signing.key_of(feeds_files.ours(settings))
    number = before.number + 1 if before else 1
    manifest = Manifest(number, content, signing.signed(content, key), signing.public(key), now)
    await store.keep(session, approval.period.label, approval.statement, files, manifest, at)
    return manifest


async def file(session: AsyncSession, period: str, statement: str, name: str) -> Stored:
    """Return a published file by the parts of its address. Raises `Refused` (404, 409) with what to do instead."""
    if name not in feeds_files.KINDS:
        known = ", ".join(feeds_files.KINDS)
        raise Refused(gettext("There is no such file. A period has these: %(names)s.") % {"names": known}, 404)
    if not (statement == LATEST or (statement.isdecimal() and len(statement) < 6)):
        raise Refused(gettext("A statement must be a number or “latest”."), 404)
    if period == LATEST:
        newest = await store.newest_period(session, published_last=name in feeds_files.OF_ALL_PERIODS)
        if newest is None:
            raise Refused(gettext("No period is published yet, so there are no files."), 404)
        period = newest
    number = None if statement == LATEST else int(statement)
    found = await store.file(session, period, name, number)
    if found is None:
        if await store.file(session, period, _FIRST_KEPT, number) is not None:
            sentence = gettext(
                "This statement was published before files of this kind were kept. Its page has the same figures."
            )
            raise Refused(sentence, 404)
        raise await _missing(session, period, statement)
    return found


async def _missing(session: AsyncSession, label: str, statement: str) -> Refused:
    try:
        approval = await periods_store.approval(session, periods.parse(label))
    except periods.UnknownPeriod:
        return Refused(gettext("There is no such period. Enter it like 2026, 2026-H1 or 2026-Q3."), 404)
    if approval.state is not PeriodState.PUBLISHED:
        sentence = gettext("The period %(period)s is not published, so it has no files yet. Its status is: %(state)s.")
        return Refused(
            sentence % {"period": label, "state": gettext(approval.state.label)},
            code=ProblemCode.NOT_PUBLISHED,
        )
    sentence = gettext(
        "The period %(period)s has no published statement %(number)s. Its newest statement is %(newest)s."
    )
    return Refused(sentence % {"period": label, "number": statement, "newest": approval.statement}, 404)


async def manifest(session: AsyncSession, number: int | None = None) -> Manifest:
    """Return a manifest by its number, or (None) the newest. Raises `Refused` (404)."""
    found = await store.manifest(session, number)
    if found is None:
        raise Refused(gettext("There is no such manifest. Each publication creates one, numbered from 1."), 404)
    return found


async def keep_older(service: Service) -> None:
    """Make the files of periods that were published before files were kept, for ever; a worker."""
    aside = SetAside[str](service.bus, WORK)
    while True:
        await keep_missing(service.bus, aside)
        await clock.moved_or(_LOOK_SECONDS)


async def keep_missing(bus: Bus, aside: SetAside[str]) -> int:
    """Make the files of published periods that have none; return how many. A period that fails is set aside."""
    async with bus.read() as session:
        labels = await store.unpublished(session)

    async def act(some: Sequence[str]) -> int:
        for label in some:
            await keep_files_of(bus, label)
        return len(some)

    return await aside.each(list(labels), act, at_once=1)


async def keep_files_of(bus: Bus, label: str) -> None:
    """Make the files of a published period from its present figures. Raises `Refused` (409)."""
    async with bus.transaction("system:feeds") as tx:
        await disclosure_store.lock(tx.session)
        at = (await store.unpublished(tx.session)).get(label)
        if at is None:
            return
        approval = await periods_store.approval(tx.session, periods.parse(label))
        released = await disclosure_actions.released_before(tx.session, approval)
        await publish(tx.session, approval, released, bus.settings, published_at=at)
