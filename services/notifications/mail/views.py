"""Show the log of messages, one message, and people who cannot be reached by mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from babel.dates import get_timezone_location

from services.notifications.deadlines.store import lists
from services.notifications.guards import countries_read, reads
from services.notifications.mail.model import REFUSED, VERDICTS, ResendReason, Verdict
from services.notifications.mail.sending.pacing import HOUR
from services.notifications.mail.store import resending, unreachable
from services.notifications.messages.store import messages as store
from services.notifications.messages.store import search as search_store
from services.notifications.messages.views import messages
from services.notifications.preferences.model.quiet_hours import pressing
from shared.contracts.codes import AudienceKind, FailureCause, Role
from shared.contracts.labels import coordinator, label
from shared.errors import Refused
from shared.i18n import gettext, locale
from shared.time import clock, dates
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.mail.store.unreachable import Unreachable
    from services.notifications.messages.model.log import MessageState, Search
    from services.notifications.messages.model.wording import Wording
    from services.notifications.messages.store.messages import MessageRow, NotificationRow
    from services.notifications.messages.views.messages import MessageLine
    from services.notifications.preferences.model.quiet_hours import Quiet
    from shared.identity import Principal

_DAYS, _SHOWN = 30, 20
"""For how many days reports are counted, and how many of them are shown."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A message of the log, its state, and why it is not sent, in words."""

    line: MessageLine
    state: MessageState
    reason: str


@dataclass(frozen=True, slots=True)
class MessageLog:
    """A page of the log, its number of messages, and what the reader's countries have in each state."""

    lines: list[LogLine]
    total: int
    sent: int
    waiting: int
    failed: int
    unsure: int
    overdue: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One recipient of a message, by an opaque id, and what became of the mail."""

    recipient: UUID
    language: str
    state: str
    sent_at: datetime | None
    cause: str
    status: str | None
    email: UUID | None


@dataclass(frozen=True, slots=True)
class Resending:
    """The resending of a message: time, person and reason, in words."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """One message: its text, its recipients, and why one was not reached.

    `in_register` is whether the recipients are people of the register: line managers have no account.
    """

    id: UUID
    rule: str
    about: UUID
    at: datetime
    reference: str
    attempts: int
    audience: str
    state: MessageState
    reason: str
    wording: Wording
    recipients: list[RecipientLine]
    resendings: list[Resending]
    retryable: bool
    resendable: bool
    in_register: bool


@dataclass(frozen=True, slots=True)
class UnreachablePerson:
    """A person whose mailbox takes no mail, by an opaque id, and as whom we wrote to them last.

    `owner` takes care of it, `why` and `settled_by` are in words.
    """

    recipient: UUID
    name: str
    owner: str
    why: str
    since: datetime
    times: int
    tried_at: datetime | None
    asked_at: datetime | None
    settled_at: datetime | None
    settled_by: str


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """The number of reports with a verdict; `refused`: they change nothing."""

    words: str
    count: int
    refused: bool


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A report about a mail: when it came, its verdict in words, its status and the way by which it came."""

    at: datetime
    words: str
    status: str | None
    source: str


@dataclass(frozen=True, slots=True)
class UnreachableList:
    """A page of people who cannot be reached, their number, and, for the programme, the reports about mails."""

    people: list[UnreachablePerson]
    total: int
    counts: list[VerdictCount]
    reports: list[DeliveryReport]


@dataclass(frozen=True, slots=True)
class UnreachableDetail:
    """One person who cannot be reached, with the newest message that did not arrive."""

    person: UnreachablePerson
    message_id: UUID | None
    subject: str
    retryable: bool


async def message_log(session: AsyncSession, search: Search, principal: Principal, quiet: Quiet) -> MessageLog:
    """Return a page of the messages in `search`, the newest first, and the counts of the reader's countries."""
    countries = countries_read(principal)
    counts = await search_store.state_counts(session, countries)
    found, total = await search_store.search_messages(session, search)
    now = clock.now()
    return MessageLog(
        [
            LogLine(messages.message_line(message), messages.state_of(message), _reason(message, now, quiet))
            for message in found
        ],
        total,
        sent=counts.get(store.DONE, 0),
        waiting=counts.get(store.WAITING, 0),
        failed=counts.get(store.FAILED, 0),
        unsure=counts.get(store.UNSURE, 0),
        overdue=await lists.overdue_count(session, now=now, countries=countries),
        unreachable=await unreachable.open_count(session, countries),
    )


async def message_detail(
    session: AsyncSession, message_id: UUID, principal: Principal, *, origin: str, quiet: Quiet
) -> MessageDetail:
    """Return one message that the reader may see. Raises `Refused` (404)."""
    message = await store.message(session, message_id)
    if message is None or not reads(principal, message.country):
        raise Refused(gettext("There is no such message."), 404)
    notifications = await store.notifications_of(session, message.id)
    host = await messages.host_name(session, message)
    coordinator_role = label(Role.PROGRAMME_COORDINATOR)
    return MessageDetail(
        id=message.id,
        rule=message.rule,
        about=message.about,
        at=message.at,
        reference=message.reference,
        attempts=message.attempts,
        audience=messages.audience_name(message),
        state=messages.state_of(message),
        reason=_reason(message, clock.now(), quiet),
        wording=messages.message_wording(message, origin=origin, host=host),
        recipients=[_recipient(row) for row in notifications],
        resendings=[
            Resending(
                row.at,
                _decider(row.actor, principal, coordinator_role),
                label(ResendReason(row.reason)),
            )
            for row in await resending.resendings(session, message.id)
        ],
        retryable=_retryable(message, notifications),
        resendable=message.state not in {store.WAITING, store.DROPPED},
        in_register=message.audience.kind is not AudienceKind.LINE_MANAGER,
    )


def _recipient(row: NotificationRow) -> RecipientLine:
    email = None if row.sent_at is None else row.mail_id or row.id
    return RecipientLine(row.recipient, row.language, row.state, row.sent_at, _cause(row.cause), row.status, email)


def _retryable(message: MessageRow, notifications: Sequence[NotificationRow]) -> bool:
    """Return whether something of a message failed or may have been sent, and a recipient is left who could get it."""
    if message.state == store.UNSURE:
        return True
    failed = [row for row in notifications if row.generation == message.generation and row.state == store.FAILED]
    causes = {row.cause for row in failed} if failed else {message.cause} if message.state == store.FAILED else set()
    return bool(causes - {FailureCause.CONTACT_ERASED.value})


def _cause(code: str | None) -> str:
    return "" if code is None else label(FailureCause(code))


def _reason(message: MessageRow, now: datetime, quiet: Quiet) -> str:
    """Return in words why a message is not sent: it waits for the morning, or it failed."""
    return _waits(message, now, quiet) or _cause(message.cause)


def _waits(message: MessageRow, now: datetime, quiet: Quiet) -> str:
    """Return until when a message waits for the morning or the hour of its case; empty where it does not.

    A person's own quiet hours are private: the only times shown are the country's, or when the message becomes urgent.
    """
    until = message.held_until
    if message.state != store.WAITING or until is None or until <= now:
        return ""
    if isinstance(not_before := message.facts.get("not_before"), str):
        day = dates.day(datetime.fromisoformat(not_before).date())
        return gettext("waits for the recipient's morning of %(day)s") % {"day": day}
    if until not in {quiet.until(message.country, now), pressing(message.row, message.facts, now)}:
        if until <= now + HOUR:
            return gettext("waits up to an hour: to be one email with others, or for quiet hours to end")
        return gettext("waits until the recipient's quiet hours end")
    zone = zone_of(message.country)
    city = get_timezone_location(zone, locale=locale(), return_city=True)
    return gettext("waits until %(time)s in %(city)s") % {"time": f"{until.astimezone(zone):%H:%M}", "city": city}


async def unreachable_list(
    session: AsyncSession, principal: Principal, countries: frozenset[str] | None, *, settled: bool, page: int
) -> UnreachableList:
    """Return a page of the people of some countries (None: all), the longest unreachable first."""
    rows, total = await unreachable.unreachable_page(session, countries=countries, settled=settled, page=page)
    newest_messages = await store.messages_by_id(session, [row.message_id for row in rows])
    counts: Mapping[str, int] = {}
    reports: list[DeliveryReport] = []
    if countries_read(principal) is None:
        since = clock.now() - timedelta(days=_DAYS)
        counts, newest = await unreachable.reports(session, since=since, most=_SHOWN)
        reports = [
            DeliveryReport(row.at, gettext(VERDICTS[Verdict(row.verdict)]), row.status, row.source) for row in newest
        ]
    return UnreachableList(
        [_person(row, newest_messages.get(row.message_id), principal) for row in rows],
        total,
        [
            VerdictCount(gettext(VERDICTS[verdict]), counts[verdict], verdict in REFUSED)
            for verdict in Verdict
            if verdict in counts
        ],
        reports,
    )


async def unreachable_person(session: AsyncSession, recipient: UUID, principal: Principal) -> UnreachableDetail:
    """Return one person who cannot be reached and whom the reader may see. Raises `Refused` (404)."""
    row = (await unreachable.open_entries(session, [recipient])).get(recipient)
    if row is None or not reads(principal, row.country):
        raise Refused(gettext("This person is not on the list, or no longer on it."), 404)
    message = await store.message(session, row.message_id)
    if message is None:
        return UnreachableDetail(_person(row, None, principal), None, "", retryable=False)
    return UnreachableDetail(
        _person(row, message, principal),
        message.id,
        messages.message_wording(message).subject,
        _retryable(message, await store.notifications_of(session, message.id)),
    )


def _person(row: Unreachable, newest: MessageRow | None, principal: Principal) -> UnreachablePerson:
    role = gettext("Person") if newest is None else messages.audience_name(newest)
    reference = None if newest is None else newest.reference
    by = gettext("through the confirmed address")
    return UnreachablePerson(
        recipient=row.recipient,
        name=f"{role}, {reference}" if reference else role,
        owner=gettext("Programme coordinator") if row.country is None else coordinator(row.country),
        why=f"{label(FailureCause(row.cause))} ({row.status})",
        since=row.since,
        times=row.times,
        tried_at=row.tried_at,
        asked_at=row.asked_at,
        settled_at=row.settled_at,
        settled_by=by if row.settled_by is None else _decider(row.settled_by, principal, gettext("A coordinator")),
    )


def _decider(subject: str, principal: Principal, others: str) -> str:
    """Return who decided: `You` to that person, to others the role, as a sign-in name means nothing to them."""
    return gettext("You") if subject == principal.subject else others
