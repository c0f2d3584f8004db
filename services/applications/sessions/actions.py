"""Begin, find and end sessions, and forget old ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from services.applications.refusals import not_found
from services.applications.sessions import store
from services.applications.sessions.model import SessionEnd, browser_in, rights_differ
from shared.bus.db.transaction import unnoted
from shared.identity.access import load_principal
from shared.identity.session import ABSOLUTE, Session, digest_of, new_key
from shared.ids import new_id
from shared.runtime.leased_loops import run_by_lease

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from shared.bus import Bus, Lease, Tx
    from shared.contracts.access import AccessGrant
    from shared.identity import Principal
    from shared.identity.sealing import Seal
    from shared.runtime.service import Service

KEPT_FOR = timedelta(days=30)
"""The time for which a session's row is kept after its end."""
LEASE = "sessions"
_LOOK_SECONDS = 3600.0
_log = structlog.get_logger()


class StoredSessions:
    """The sessions in the portal's own database (`shared.identity.session.SessionKeeper`)."""

    def __init__(self, bus: Bus, seal: Seal) -> None:
        self._bus = bus
        self._seal = seal

    async def begin(self, subject: str, *, browser: str, id_token: str, replaces: str | None) -> str:
        """Begin a session and return its key; the browser's session before it ends."""
        key, moment = new_key(), datetime.now(UTC)
        digest = digest_of(key)
        assert digest is not None
        name, system = browser_in(browser)
        row = store.SessionRow(
            digest=digest,
            id=new_id(),
            subject=subject,
            begun_at=moment,
            seen_at=moment,
            over_at=moment + ABSOLUTE,
            browser=name,
            system=system,
            id_token=self._seal.close({"id_token": id_token}) if id_token else None,
        )
        async with self._bus.transaction(subject) as tx:
            if replaces is not None:
                await store.end(tx.session, [replaces], SessionEnd.REPLACED, moment)
            tx.session.add(row)
        return key

    async def find(self, digest: str, *, active: bool) -> Session | None:
        """Return a session that goes on; write that its person is active if that was not written lately."""
        moment = datetime.now(UTC)
        async with self._bus.glance() as reading:
            found = await store.find(reading, digest)
        session = None if found is None else Session(*found)
        if session is None or not session.alive(moment):
            return None
        if active and session.stale(moment):
            with unnoted():
                async with self._bus.transaction(session.subject) as tx:
                    await store.note_seen(tx.session, digest, moment)
            return Session(session.subject, session.begun, moment)
        return session

    async def sign_out(self, digest: str) -> str | None:
        """End a session because its person signs out; return its ID token if it was open."""
        async with self._bus.transaction("system:sign-out") as tx:
            sealed = await store.sealed_id_token(tx.session, digest)
            await store.end(tx.session, [digest], SessionEnd.SIGNED_OUT, datetime.now(UTC))
        opened = None if sealed is None else self._seal.open(sealed)
        return None if opened is None else str(opened["id_token"])

    async def close(self) -> None:
        """Do nothing: the connections are the bus's."""


async def end_one(bus: Bus, principal: Principal, session_id: UUID) -> None:
    """End one of the principal's sessions; one that has ended stays as it is. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        if not await store.is_of(tx.session, session_id, principal.subject):
            raise not_found()
        await store.end_of(
            tx.session, [principal.subject], SessionEnd.ENDED_BY_PERSON, datetime.now(UTC), only=session_id
        )


async def end_others(bus: Bus, principal: Principal, present: str | None) -> int:
    """End the principal's sessions but the one with the digest `present`; return how many ended."""
    async with bus.transaction(principal.subject) as tx:
        return await store.end_of(
            tx.session, [principal.subject], SessionEnd.ENDED_BY_PERSON, datetime.now(UTC), but=present
        )


async def end_where_access_changed(
    tx: Tx, before: Mapping[str, Sequence[AccessGrant]], after: Mapping[str, Sequence[AccessGrant]]
) -> None:
    """End the sessions of people whose grants differ: subject -> all grants."""
    changed = [subject for subject, grants in after.items() if rights_differ(before.get(subject, ()), grants)]
    if changed:
        await store.end_of(tx.session, changed, SessionEnd.ACCESS_CHANGED, datetime.now(UTC))


async def end_where_suspended(tx: Tx, subjects: Collection[str]) -> None:
    """End those sessions of people that began before a suspension and so do not count any more."""
    moment = datetime.now(UTC)
    rows = await store.open_of(tx.session, subjects, moment)
    principals = {subject: await load_principal(tx.session, subject) for subject in {row.subject for row in rows}}
    over = [row.digest for row in rows if not principals[row.subject].counts(row.begun_at.timestamp())]
    await store.end(tx.session, over, SessionEnd.SUSPENDED, moment)


async def forget_sessions(service: Service) -> None:
    """Run the loop that deletes the rows of sessions that were over thirty days ago."""
    await run_by_lease(service, LEASE, forget_old, every=_LOOK_SECONDS)


async def forget_old(bus: Bus, lease: Lease) -> int:
    """Delete the rows of sessions that were over thirty days ago; return how many."""
    async with bus.transaction("system:sessions", lease) as tx:
        count = await store.forget_before(tx.session, datetime.now(UTC) - KEPT_FOR)
    if count:
        _log.info("old sessions forgotten", count=count)
    return count
