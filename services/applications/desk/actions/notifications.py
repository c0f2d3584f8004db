"""Ask notifications for a person's messages, preferences and calendar address, by the person's opaque id."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx2
import structlog
from pydantic import BaseModel, ConfigDict

from services.applications.register.store import entries
from shared import http_client
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import AudienceKind, Role
from shared.errors import ProblemCode, Refused
from shared.i18n import SOURCE
from shared.identity import service_headers
from shared.time import clock
from shared.web.quiet_hours import QuietHours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.applications.settings import Settings
    from shared.bus import Bus
    from shared.identity import Principal

_SECONDS = 3.0
# The number in the header is no reason to wait: the page does without it.
_COUNT_SECONDS = 0.3
_CONFLICT = 409
_COORDINATORS = (AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR)
# As which audiences of messages the holder of a role may be meant.
_AUDIENCES: dict[Role, tuple[AudienceKind, ...]] = {
    Role.OFFICER: (AudienceKind.APPLICANT,),
    Role.MENTOR: (AudienceKind.MENTOR,),
    Role.HOST_CONTACT: (AudienceKind.HOST_CONTACT,),
    Role.NATIONAL_COORDINATOR: _COORDINATORS,
    Role.CLEARANCE_OFFICER: _COORDINATORS,
    Role.PROGRAMME_COORDINATOR: (AudienceKind.PROGRAMME_COORDINATOR,),
}
_log = structlog.get_logger()


class Unavailable(RuntimeError):
    """Notifications does not answer, or not as agreed."""


class Message(BaseModel):
    """One message as the inbox lists it: `when` is its time in words, `link` a path of the programme's, or empty.

    `subject` is its title with the reference, `cause` says in one sentence which event it follows from.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    title: str
    subject: str
    text: tuple[str, ...]
    when: str
    link: str
    action: str
    reference: str
    cause: str = ""
    read: bool


class Case(BaseModel):
    """A case with messages, the newest first: a few of `total`, or a page of them."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    title: str
    total: int
    unread: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of the cases with messages to a person, whether there are more, and how many messages are unread.

    `seen` is when the last unread message came: what comes later is not marked with it. `language` is the one that the
    messages are in, `words` the words beside them in that language.
    """

    cases: Sequence[Case] = ()
    more: bool = False
    unread: int = 0
    seen: str = ""
    language: str = SOURCE
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's choice of optional messages: the chosen code, and all codes with their words.

    `subjects` are of those messages. `usual` are the country's quiet hours, where it has any; `night` the hours that
    the person has chosen, as `QuietHoursForm.as_text` gives it. `version` is that of the choice.
    """

    code: str
    ways: Sequence[tuple[str, str]]
    subjects: Sequence[str]
    usual: tuple[str, str] | None
    night: str
    version: str

    @property
    def quiet(self) -> tuple[str, str] | None:
        """Return the hours in which mail to the person waits; None where it does not."""
        if self.night == QuietHours.COUNTRY:
            return self.usual
        since, _, until = self.night.partition("-")
        return None if self.night == QuietHours.NONE else (since, until)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A person's private calendar address: when it was made and last read. Real time."""

    id: UUID
    made_at: datetime
    read_at: datetime | None


async def inbox(
    settings: Settings,
    person: UUID,
    country: str | None,
    language: str,
    *,
    page: int = 1,
    unread: bool = False,
    case: UUID | None = None,
) -> Inbox:
    """Return a page of the messages to a person by case, or of those about one case. Raises `Unavailable`.

    Their hours are also written by the clock of `country`.
    """
    query = {"recipient": str(person), "language": language, "page": page, "unread": unread}
    query |= {} if country is None else {"country": country}
    query |= {} if case is None else {"case": str(case)}
    found = await _request(settings, "GET", "inbox", params=query)
    try:
        cases = [Case.model_validate(each) for each in found["cases"]]
        seen, words = str(found["seen"] or ""), dict(found["words"])
        return Inbox(cases, bool(found["more"]), int(found["unread"]), seen, str(found["language"]), words)
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(type(error).__name__) from error


async def unread(settings: Settings, person: UUID) -> int:
    """Return how many messages to a person are unread. Raises `Unavailable` after 0.3 seconds: no page waits for it."""
    try:
        async with asyncio.timeout(_COUNT_SECONDS):
            found = await _request(settings, "GET", "inbox/unread", params={"recipient": str(person)})
        return int(found["unread"])
    except (KeyError, TypeError, ValueError, TimeoutError) as error:
        raise Unavailable(type(error).__name__) from error


async def mark_read(
    settings: Settings,
    person: UUID,
    *,
    ids: Sequence[UUID] | None = None,
    case: UUID | None = None,
    seen: datetime | None = None,
) -> None:
    """Mark messages as read: those named, those about a case, or all; none that came after `seen` (real time).

    Those of others are left alone. Raises `Unavailable`.
    """
    which = {
        "ids": None if ids is None else [str(id_) for id_ in ids],
        "case": None if case is None else str(case),
        "seen": None if seen is None else seen.isoformat(),
    }
    await _request(settings, "POST", "inbox/read", json={"recipient": str(person), **which})


async def choice(settings: Settings, person: UUID, country: str | None, language: str, roles: Iterable[Role]) -> Choice:
    """Return what a person with these roles has chosen to be sent, in words of `language`. Raises `Unavailable`."""
    to = sorted({kind.value for role in roles for kind in _AUDIENCES.get(role, ())} | {AudienceKind.PERSON.value})
    query: dict[str, Any] = {"recipient": str(person), "language": language, "to": to}
    query |= {} if country is None else {"country": country}
    found = await _request(settings, "GET", "choice", params=query)
    try:
        usual = found["quiet_since"], found["quiet_until"]
        ways = [(str(way["code"]), str(way["text"])) for way in found["ways"]]
        return Choice(
            code=str(found["choice"]),
            ways=ways,
            subjects=list(found["subjects"]),
            usual=None if None in usual else usual,
            night=str(found["night"]),
            version=str(found["version"]),
        )
    except (KeyError, TypeError) as error:
        raise Unavailable(type(error).__name__) from error


async def choose(settings: Settings, person: UUID, code: str, night: str, version: str) -> None:
    """Save what a person wants to be sent from now on, and the quiet hours.

    `version` is that of the choice which the person has read. Raises `Outdated` where it has changed since or is empty,
    and `Unavailable`.
    """
    chosen = {"recipient": str(person), "choice": code, "night": night, "version": version}
    await _request(settings, "POST", "choice", json=chosen)


async def subscription(settings: Settings, person: UUID) -> Subscription | None:
    """Return the person's private calendar address, if there is one. Raises `Unavailable`."""
    found = await _request(settings, "GET", "feed", params={"person": str(person)})
    if found.get("id") is None:
        return None
    read_at = found["read_at"]
    made_at = datetime.fromisoformat(found["made_at"])
    return Subscription(UUID(found["id"]), made_at, None if read_at is None else datetime.fromisoformat(read_at))


async def subscribe(settings: Settings, person: UUID, subject: str, language: str, replaces: UUID | None) -> str:
    """Make the address, or a new one in place of `replaces`; return its path, which is never shown again.

    Raises `Unavailable`, and `Refused` (409) where it was made already.
    """
    body = {"person": str(person), "subject": subject, "language": language}
    body |= {} if replaces is None else {"replaces": str(replaces)}
    return str((await _request(settings, "POST", "feed", json=body))["path"])


async def unsubscribe(settings: Settings, person: UUID) -> None:
    """End the address. Raises `Unavailable`."""
    await _request(settings, "POST", "feed/revoke", json={"person": str(person)})


async def _request(settings: Settings, method: str, path: str, **sent: Any) -> dict[str, Any]:
    address = f"{settings.notifications_url}/notifications/internal/{path}"
    headers = service_headers("applications", settings.service_token.get_secret_value())
    try:
        async with http_client.client(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.request(method, address, headers=headers, **sent)
            if answer.status_code == _CONFLICT:
                raise Refused(str(answer.json().get("detail", "")), code=ProblemCode.ALREADY_DONE)
            if answer.status_code in {ProblemCode.OUTDATED.status, ProblemCode.VERSION_NEEDED.status}:
                problem = answer.json()
                (wrong,) = problem["errors"]
                named = answer.status_code == ProblemCode.OUTDATED.status
                raise Outdated(wrong["version"], named=named, detail=problem["detail"])
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        _log.warning("notifications not asked", path=path, reason=type(error).__name__)
        raise Unavailable(type(error).__name__) from error
    return found


def check_language(present: str, read: str, code: str, changed_at: datetime) -> None:
    """Raise `Outdated` (412) where the language of messages is neither the one that the person has read nor `code`.

    `changed_at` is the moment at which the person's entry was changed last.
    """
    if present not in {read, code}:
        raise Outdated(changed=changed_at)


async def write_in(bus: Bus, principal: Principal, code: str, read: str) -> None:
    """Send messages to the principal in that language (ISO 639-1) from now on.

    It overrides what the register and an application say. Does nothing for somebody who is not in the register. `read`
    is the language that the principal has read. Raises `Outdated` where another one was chosen since.
    """
    async with bus.transaction(principal.subject) as tx:
        person = await entries.person(tx.session, principal.subject, lock=True)
        if person is None:
            return
        check_language(person.written_in, read, code, person.changed_at)
        if person.mail_language != code:
            person.mail_language, person.changed_at = code, clock.now()
            tx.session.add(person)
