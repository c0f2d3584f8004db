"""Give a service its settings, and the events that it would read from the log."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx2
import lxml.html
import sqlalchemy as sa
from pydantic import SecretStr

from deploy.signing import ed25519_keys, signing_keys
from shared.bus.db.bus import Bus, engine_for
from shared.bus.db.grants import grant
from shared.bus.db.journal import partition_of
from shared.bus.inbox.apply import Applier
from shared.bus.log.envelope import StoredRecord, headers_of
from shared.contracts import TOPICS
from shared.errors import ProblemCode
from shared.identity.versions import FIELD
from shared.ids import new_id
from shared.time import clock
from shared.web.form_pages import FIELD as PAGE
from shared.web.form_pages import page_in
from shared.web.form_versions import changed_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from datetime import date
    from uuid import UUID

    from shared.bus import Consumers
    from shared.bus.db.records import Named
    from shared.contracts import Event

OWNER = "owner"
"""The role that owns the databases of the tests."""
SERVING = "serving"
"""The role under which services run in the tests."""
SESSION_KEY = base64.b64encode(b"k" * 32).decode()
SERVICE_TOKEN = "service-token-of-the-tests"


@cache
def ticket_keys() -> tuple[str, str]:
    """Return a key pair for the portal's tickets: private and public, PEM."""
    keys = ed25519_keys("ticket")
    return keys["ticket_private_key"], keys["ticket_public_key"]


@cache
def document_keys() -> dict[str, str]:
    """Return key and certificate for the documents of the portal and the manifests of reporting, PEM."""
    return signing_keys("Tandem, the tests") | {"feeds_private_key": ed25519_keys("feeds")["feeds_private_key"]}


def settings_for(database: str, **changes: Any) -> dict[str, Any]:
    """Return values for the settings class of a service, `Settings(**settings_for(database))`."""
    private, public = ticket_keys()
    return {
        "database_url": database,
        "kafka": "127.0.0.1:1",
        "session_key": SESSION_KEY,
        "oidc_issuer": "http://127.0.0.1:1",
        "ticket_public_key": public,
        "ticket_private_key": private,
        "service_token": SERVICE_TOKEN,
        **document_keys(),
        "portal_url": "http://127.0.0.1:1",
        "local": True,
        "iati_organisation": "XI-IATI-TANDEM",
        "quiet_hours": "none",  # a test passes at night too
        "mail_gathers_seconds": 0,  # what is queued is due
        "api_requests": 0,  # tests ask faster than any program or person may
        "sign_in_requests": 0,
        "link_requests": 0,
        "form_requests": 0,
    } | changes


async def create_tables(address: str, *kinds: Callable[[sa.MetaData], object]) -> None:
    """Create the tables that each of `kinds` adds to a metadata, such as those of the bus, in an empty database."""
    metadata = sa.MetaData()
    for kind in kinds:
        kind(metadata)
    await create_all(address, metadata)


async def create_all(address: str, metadata: sa.MetaData) -> None:
    """Create the tables of `metadata` where they are missing, as the owner, with the grants of the services' role."""
    engine = engine_for(as_owner(address))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.run_sync(grant, SERVING)
    await engine.dispose()


def as_owner(address: str) -> str:
    """Return the same address with the role that owns the database, which may do what no service may."""
    return address.replace(f"://{SERVING}:", f"://{OWNER}:", 1)


@asynccontextmanager
async def owner_of(bus: Bus) -> AsyncIterator[Bus]:
    """Open another bus on the same database, as its owner."""
    address = SecretStr(as_owner(bus.settings.database_url.get_secret_value()))
    other = Bus(bus.service, bus.settings.model_copy(update={"database_url": address}))
    try:
        yield other
    finally:
        await other.close()


class ReadFirst(httpx2.ASGITransport):
    """Sends requests to an app as a program that reads a record before it changes it.

    A request that names no version, in its header or body, is sent again with the present one, which the refusal names.
    Each page that comes back is checked: its forms that change a record name a version of it and what it showed. A page
    after a form that does not name the latter cannot know it, nor one whose record changes while it is made: such a
    page is read again.
    """

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Httpx's protocol."""
        await request.aread()
        return await self._answer(request, again=False)

    async def _answer(self, request: httpx2.Request, *, again: bool) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        if answer.status_code == ProblemCode.VERSION_NEEDED.status:
            answer = await super().handle_async_request(with_present_versions(request, await answer.aread(), answer))
        if answer.headers.get("content-type", "").startswith("text/html"):
            html = (await answer.aread()).decode()
            wrong = [address for address, _, versions in record_forms(self.app, request.url.path, html) if not versions]
            assert not wrong, f"{request.url.path}: no version in the forms to {wrong}"
            known = request.method == "GET" or PAGE.encode() in request.content
            blank = list(forms_without_facts(self.app, request.url.path, html)) if known else []
            if blank and request.method == "GET" and not again:
                return await self._answer(request, again=True)
            assert not blank, f"{request.url.path}: nothing to compare in the forms to {blank}"
        return answer


def with_present_versions(request: httpx2.Request, refusal: bytes, answer: httpx2.Response) -> httpx2.Request:
    """Return a request with the versions that a refusal names: in the header, or where they belong in the body."""
    headers = dict(request.headers)
    if "etag" in answer.headers:
        return httpx2.Request(
            request.method, request.url, headers=headers | {"If-Match": answer.headers["ETag"]}, content=request.content
        )
    headers.pop("content-length", None)
    content = with_versions(request.content, refusal)
    return httpx2.Request(request.method, request.url, headers=headers, content=content)


def with_versions(body: bytes, refusal: bytes) -> bytes:
    """Return a body with the versions that a refusal names in the places that it points to."""
    made = json.loads(body)
    for error in json.loads(refusal)["errors"]:
        *places, last = error["pointer"].split("/")[1:]
        item = made
        for place in places:
            item = item[int(place)] if isinstance(item, list) else item[place]
        item[last] = error["version"]
    return json.dumps(made).encode()


def without_versions(client: httpx2.AsyncClient, app: Any) -> httpx2.AsyncClient:
    """Return a client of the same person that sends nothing by itself."""
    made = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url=str(client.base_url), headers=client.headers
    )
    for cookie in client.cookies.jar:
        made.cookies.jar.set_cookie(cookie)
    return made


def older(version: str) -> str:
    """Return another version of the same record than this."""
    return version[:-1] + ("0" if version[-1] != "0" else "1")


def items(*ids: str) -> list[dict[str, str]]:
    """Return records for a body that decides on several, without versions: `ReadFirst` adds the present ones."""
    return [{"id": each} for each in ids]


def ticked_versions(html: str) -> dict[str, list[str]]:
    """Return the fields with which the page of a decision on several cases names the versions of these."""
    fields = lxml.html.document_fromstring(html).iter("input")
    return {FIELD: [field.get("value", "") for field in fields if field.get("name") == FIELD]}


def record_forms(app: Any, path: str, html: str) -> Iterator[tuple[str, list[Named], list[str]]]:
    """Return the forms of a page that change a record: address, records, and the versions of these that they name.

    An address of a button counts as a form.
    """
    if "<form" not in html:
        return
    for form in lxml.html.document_fromstring(html).iter("form"):
        if form.get("method", "").lower() != "post":
            continue
        versions = [field.get("value", "") for field in form.iter("input") if field.get("name") == FIELD]
        addresses = [form.get("action", ""), *(button.get("formaction") for button in form.iter("button"))]
        for address in dict.fromkeys(urlsplit(urljoin(path, each)).path for each in addresses if each is not None):
            records = changed_at(app, address)
            if records:
                prefixes = tuple(record.prefix for record in records)
                yield address, records, [version for version in versions if version.startswith(prefixes)]


def forms_without_facts(app: Any, path: str, html: str) -> Iterator[str]:
    """Return the forms of a page that change a record and do not carry what the page shows of it, or their buttons."""
    for form in lxml.html.document_fromstring(html).iter("form") if "<form" in html else ():
        address = urlsplit(urljoin(path, form.get("action", ""))).path
        if form.get("method", "").lower() != "post" or all(each.section for each in changed_at(app, address)):
            continue
        page = page_in(next((field.get("value") for field in form.iter("input") if field.get("name") == PAGE), None))
        sends = any(button.get("type", "submit") == "submit" for button in form.iter("button"))
        if not page.facts or (sends and not page.buttons):
            yield address


def move_to(day: date, minute: int) -> None:
    """Move the clock to a minute after midnight (UTC) of a day; the test has a clock of its own."""
    clock.move(datetime.combine(day, time(0, minute), UTC) - clock.now())


def example_of(event: type[Event]) -> dict[str, Any]:
    """Return the example of an event, to be changed."""
    return dict(event.example)


class Feed:
    """A feed that gives the consumers of a service events as if from the log, numbered by subject."""

    def __init__(self, bus: Bus, consumers: Consumers) -> None:
        """Feed the store of `bus` through `consumers`."""
        self._bus = bus
        self._applier = Applier(bus, consumers)
        self._sequences: dict[tuple[str, str], int] = defaultdict(int)
        self._offset = 0

    def numbers(self) -> dict[tuple[str, str], int]:
        """Return the number of each subject's newest event."""
        return dict(self._sequences)

    def return_to(self, numbers: dict[tuple[str, str], int]) -> None:
        """Number the next events as after `numbers`, where the store was returned to that moment."""
        self._sequences = defaultdict(int, numbers)

    def record(
        self,
        event: Event,
        subject: UUID | str,
        *,
        at: datetime | None = None,
        correlation: UUID | str | None = None,
        cause: UUID | None = None,
        id: UUID | None = None,  # noqa: A002 - the word CloudEvents uses
        sequence: int | None = None,
    ) -> StoredRecord:
        """Return the record in which `event` about `subject` would come; use the subject's next number."""
        key = (event.topic, str(subject))
        self._sequences[key] = sequence or self._sequences[key] + 1
        self._offset += 1
        headers = headers_of(
            TOPICS[event.topic].owner,
            id or new_id(),
            event.type,
            str(subject),
            at or clock.now(),
            self._sequences[key],
            str(correlation or subject),
            cause,
            None,
        )
        partition = partition_of(event.topic, str(subject))
        return StoredRecord(event.topic, partition, self._offset, str(subject).encode(), event.write(), headers)

    async def deliver(self, *events: tuple[Event, UUID | str], **options: Any) -> None:
        """Apply (event, subject) pairs as one batch; `options` are those of `record`, for all of them."""
        await self.apply([self.record(event, subject, **options) for event, subject in events])

    async def apply(self, records: Sequence[StoredRecord], *, one_by_one: bool = False) -> None:
        """Apply records as one batch, in one transaction."""
        async with self._bus.transaction(f"system:{self._bus.service}") as tx:
            await self._applier.apply(tx, records, one_by_one=one_by_one)
