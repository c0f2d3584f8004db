"""Create, end and read private calendar feeds, each behind an address that only its owner knows.

An address has its owner's opaque id and sign-in subject: at each reading the person's rights of that moment count, so a
suspension or a lost right ends the address at once and for good. The portal says at each reading which applications are
an officer's; this is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from services.notifications.calendars.model import feed as model
from services.notifications.calendars.model.appointments import Kind
from services.notifications.calendars.store import appointments
from services.notifications.calendars.store import feeds as store
from services.notifications.catalogues import MAILS
from services.notifications.deadlines.model.lists import DeadlineFilter
from services.notifications.deadlines.model.tasks import PAGES, TASKS
from services.notifications.deadlines.store import lists
from services.notifications.messages.model.links import address
from shared import http_client
from shared.bus import set_aside
from shared.bus.set_aside import reason_of
from shared.contracts.codes import AudienceKind
from shared.contracts.labels import label
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext, speaking
from shared.identity import load_principal, service_headers
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.calendars.store.appointments import AppointmentRow
    from services.notifications.cases.model import Case
    from services.notifications.deadlines.store.deadlines import DeadlineEntry
    from services.notifications.settings import Settings
    from shared.bus import Bus

_SECONDS = 5.0
_SUMMARIES = {
    Kind.VISIT: N_("Study visit %(reference)s"),
    Kind.SESSION: N_("Mentoring session %(reference)s"),
    Kind.MEETING: N_("Mentoring session %(reference)s (planned)"),
}


class PortalAway(RuntimeError):
    """The portal does not say whose applications are whose: the calendar is to try again later."""


class TooManyReads(RuntimeError):
    """An address is read more often than calendars do; `seconds` until the next reading is allowed."""

    def __init__(self, seconds: int) -> None:
        super().__init__("read too often")
        self.seconds = seconds


class _Parts(BaseModel):
    """A person's applications and mentor's profiles."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    applications: tuple[UUID, ...] = ()
    mentors: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class NewAddress:
    """A new address: its id, and the key that is shown once and stored nowhere."""

    id: UUID
    key: str


async def create_address(bus: Bus, *, person: UUID, subject: str, language: str, replaces: UUID | None) -> NewAddress:
    """Give a person an address; `replaces` is the present one, whose key ends now, or None for the first.

    Raises `Refused` (409) where the present address is another one: a form that is sent twice makes one address.
    """
    key = model.new_key()
    async with bus.transaction("system:feed") as tx:
        present = await store.address_of(tx.session, person, lock=True)
        if (None if present is None else present.id) != replaces:
            raise Refused(
                gettext("The address was already created. It is shown only once. Create a new address instead."),
                code=ProblemCode.ALREADY_DONE,
            )
        await store.delete_addresses(tx.session, person=person)
        now = datetime.now(UTC)
        row = store.FeedRow(
            id=new_id(),
            person=person,
            subject=subject,
            key_hash=model.hash_of(key),
            language=language,
            created_at=now,
            counted_from=now,
        )
        tx.session.add(row)
    return NewAddress(row.id, key)


async def revoke_address(bus: Bus, person: UUID) -> bool:
    """End a person's address; return whether there was one."""
    async with bus.transaction("system:feed") as tx:
        return await store.delete_addresses(tx.session, person=person) > 0


async def read_feed(bus: Bus, settings: Settings, key: str) -> bytes | None:
    """Return the feed behind a key; None where no such key exists, or its owner has no rights any more.

    Raises `TooManyReads`, `PortalAway`.
    """
    now = datetime.now(UTC)
    async with bus.transaction("system:feed") as tx:
        row = await store.count_read(tx.session, model.hash_of(key), now)
        if row is None:
            return None
        principal = await load_principal(tx.session, row.subject)
        if not principal.has(*model.ROLES) or not principal.counts(row.created_at.timestamp()):
            await store.delete_addresses(tx.session, person=row.person)
            return None
    if row.reads > model.READS_AN_HOUR:
        raise TooManyReads(max(1, int((row.counted_from + store.WINDOW - now).total_seconds())))
    parts = await _parts(settings, row.person) if principal.has(*model.OF_PORTAL) else _Parts()
    keys = model.keys(principal.grants, map(str, parts.applications), map(str, parts.mentors))
    async with bus.read() as session:
        with speaking(row.language, MAILS):
            entries, failed = await _entries(session, settings, keys)
            made = model.feed(entries, name=gettext("Tandem"), today=clock.today())
    async with bus.transaction("system:feed") as tx:
        await set_aside.note(tx.session, model.WORK, str(row.id), failed)
    return made


async def _parts(settings: Settings, person: UUID) -> _Parts:
    headers = service_headers("notifications", settings.service_token.get_secret_value())
    try:
        async with http_client.client(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.get(
                f"{settings.portal_url}/applications/internal/parts", params={"person": str(person)}, headers=headers
            )
            answer.raise_for_status()
            return _Parts.model_validate_json(answer.content)
    except (httpx2.HTTPError, ValidationError) as error:
        raise PortalAway(type(error).__name__) from error


async def _entries(
    session: AsyncSession, settings: Settings, keys: model.Keys
) -> tuple[list[model.FeedEntry], dict[str, str]]:
    """Return appointments first, then deadlines, each in order; and those that fail, with the reason."""
    now = clock.now()
    days = await appointments.appointments_for(session, keys.days, (now - model.PAST).date(), model.ENTRY_LIMIT)
    filters = DeadlineFilter(now, holders=keys.deadlines, since=now - model.PAST, until=now + model.FUTURE)
    found, _ = await lists.deadlines_page(session, filters, size=model.ENTRY_LIMIT) if keys.deadlines else ([], 0)
    entries: list[model.FeedEntry] = []
    failed: dict[str, str] = {}
    parts = [(row.id, partial(_appointment, settings, row, case)) for row, case in days]
    parts += [(each.id, partial(_deadline, settings, each)) for each in found]
    for id_, made in parts:
        try:
            entries += made()
        except Exception as error:  # noqa: BLE001 - whatever it is, the entry is named with it, and the rest is shown
            failed[str(id_)] = reason_of(error)
    return entries, failed


def _appointment(settings: Settings, row: AppointmentRow, case: Case) -> list[model.FeedEntry]:
    """Return the entries of an appointment, one for each run of days."""
    kind = Kind(row.kind)
    link = address(settings.origin, _PAGES[kind], case, own=False)
    summary = gettext(_SUMMARIES[kind]) % {"reference": case.reference}
    at = f"feed@{settings.mail_domain}"
    return [
        model.FeedEntry(f"{kind}-{row.id}-{first.isoformat()}.{at}", first, last, summary, link, link, row.at)
        for first, last in _runs(row.days)
    ]


def _deadline(settings: Settings, entry: DeadlineEntry) -> list[model.FeedEntry]:
    """Return the entry of a deadline on its day at the programme's office, as on pages and in mails."""
    deadline, case = entry.deadline, entry.case
    day = entry.due.astimezone(ZONE).date()
    own = deadline.owner is AudienceKind.APPLICANT
    link = address(settings.origin, PAGES.get(deadline.kind, "application"), case, own=own)
    words = {"what": label(deadline.kind), "reference": case.reference}
    assert deadline.set_at is not None
    made = model.FeedEntry(
        uid=f"deadline-{entry.id}.feed@{settings.mail_domain}",
        first=day,
        last=day,
        summary=gettext("Due: %(what)s, %(reference)s") % words,
        description=f"{gettext(TASKS[deadline.kind])}\n\n{link}",
        link=link,
        changed=deadline.set_at,
    )
    return [made]


_PAGES = {Kind.VISIT: "visit", Kind.SESSION: "mentorships", Kind.MEETING: "mentorships"}


def _runs(days: list[str]) -> list[tuple[date, date]]:
    """Return consecutive days as first and last: a visit over a holiday has two runs."""
    found: list[tuple[date, date]] = []
    for day in sorted(map(date.fromisoformat, days)):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
