"""All four services in one event loop, on real databases; log, mail server and receiver of webhooks are in memory.

Pages and the API are answered by the real apps; what runs beside them (relay, reader, workers) runs in processes that
can be killed, stalled and started anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx2

import services.applications.app
import services.applications.settings
import services.matching.app
import services.matching.settings
import services.notifications.app
import services.notifications.settings
import services.reporting.app
import services.reporting.settings
from services.matching.background import jobs
from services.matching.lifecycle.actions import deadlines
from services.matching.lifecycle.model.match import HELD
from services.matching.provisional import worker as provisional_worker
from services.matching.scheduling.actions import planner
from services.notifications.mail.sending import worker as mail_worker
from services.notifications.mail.sending.smtp import ServerAway, Unanswered
from services.notifications.webhooks import worker as webhooks_worker
from services.notifications.webhooks.model.webhook import AttemptResult
from services.notifications.webhooks.transport.post import Answer
from services.reporting.figures.actions import counting
from shared import http_client
from shared.bus import Bus, Consumers
from shared.bus.db import bus as bus_module
from shared.bus.db import leases
from shared.bus.db.journal import IN_ORDER, partition_of
from shared.bus.db.transaction import asking, driver
from shared.bus.inbox.apply import Applier
from shared.bus.inbox.reader import Reader
from shared.bus.log import kafka, subscription
from shared.bus.log.envelope import StoredRecord, headers_of
from shared.bus.log.watch import LogWatch
from shared.bus.outbox import upkeep
from shared.bus.supervision import supervise
from shared.identity import csrf
from shared.identity.session import ABSOLUTE, digest_of, new_key
from shared.identity.state import identity_of
from shared.runtime.migrate import migrate
from shared.runtime.service import Service, loops_of
from tests.simulation.services import log as simulated_log
from tests.simulation.services import stores as simulated_stores
from tests.simulation.services.handovers import Handover
from tests.simulation.services.processes import Process, beyond, cross, current
from tests.simulation.services.virtual import World, virtual
from tests.support import SERVING, ReadFirst, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Iterator, Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from services.notifications.mail.sending.letter import Letter
    from shared.bus import Envelope, Tx
    from shared.bus.inbox.consumers import Handler
    from shared.settings import ServiceSettings
    from tests.conftest import Databases
    from tests.simulation.services.log import Log

ORIGIN = "http://localhost:8000"
PORTAL = "http://portal.example"
APPS: dict[str, tuple[Callable[..., FastAPI], type[ServiceSettings]]] = {
    "applications": (services.applications.app.create_app, services.applications.settings.Settings),
    "matching": (services.matching.app.create_app, services.matching.settings.Settings),
    "notifications": (services.notifications.app.create_app, services.notifications.settings.Settings),
    "reporting": (services.reporting.app.create_app, services.reporting.settings.Settings),
}
LOOK_SECONDS = 4.0
"""Seconds between two looks of a loop for work: less often than in production, since each look costs real time here."""
HEADS_AGAIN_SECONDS = 60.0
"""Seconds after which owners publish heads that have not changed: a run is short."""
_SKEW_SECONDS = 2.0
"""By so much the clocks of machines differ at most while nothing is wrong with them."""
_LOOKS = (
    (mail_worker, "_LOOK_EVERY"),
    (webhooks_worker, "_LOOK_EVERY"),
    (jobs, "_LOOK_EVERY"),
    (provisional_worker, "_LOOK_EVERY"),
    (planner, "_EVERY"),
    (deadlines, "_EVERY"),
    (counting, "LOOK_SECONDS"),
    (leases, "RETRY_SECONDS"),
)
_SESSION = (
    "INSERT INTO sign_in_session (digest, id, subject, begun_at, seen_at, over_at, browser, system)"
    " VALUES ($1, $2, $3, $4, $4, $5, 'Firefox', 'Linux')"
)
_OF_SIMULATION = (
    "CREATE SCHEMA sim",
    # Before `pg_catalog` in the path, so that the service's own statements find this clock.
    """CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE SECURITY DEFINER
    AS $$ SELECT pg_read_file('{clock}')::timestamptz $$""",
    # The server's own limits count real time, which is no part of a run (`stores.py`).
    """CREATE FUNCTION sim.set_config(name text, value text, is_local boolean) RETURNS text LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN right(name, 8) = '_timeout' THEN value
    ELSE pg_catalog.set_config(name, value, is_local) END $$""",
    """CREATE TABLE sim.handled (place bigint GENERATED ALWAYS AS IDENTITY, step text NOT NULL, topic text NOT NULL,
    subject text NOT NULL, sequence bigint NOT NULL, event uuid NOT NULL)""",
    # Each row is one more reaction to its event.
    "CREATE TABLE sim.deferred (event uuid NOT NULL)",
    """CREATE FUNCTION sim.note_deferred() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
    AS $$ BEGIN INSERT INTO sim.deferred VALUES (NEW.ce_id); RETURN NULL; END $$""",
    """CREATE TRIGGER note_deferred AFTER INSERT ON deferred_reaction FOR EACH ROW
    EXECUTE FUNCTION sim.note_deferred()""",
    # What leaves the outbox without having been acknowledged; of a compacted topic an older state may.
    "CREATE TABLE sim.unsent (topic text NOT NULL, subject text NOT NULL, sequence bigint NOT NULL)",
    """CREATE FUNCTION sim.note_unsent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
    AS $$ BEGIN
        INSERT INTO sim.unsent SELECT aggregatetype, aggregateid, sequence FROM gone
        WHERE NOT EXISTS (SELECT 1 FROM sent_record s WHERE s.journal_id = gone.id);
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER note_unsent AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION sim.note_unsent()""",
    f"GRANT USAGE ON SCHEMA sim TO {SERVING}",
    f"GRANT SELECT, INSERT ON sim.handled TO {SERVING}",
    f"GRANT SELECT ON sim.unsent, sim.deferred TO {SERVING}",
)
_ENDS = """CREATE TABLE sim.{noted} (id uuid NOT NULL, at timestamptz NOT NULL);
CREATE FUNCTION sim.note_{noted}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$ BEGIN INSERT INTO sim.{noted} VALUES (NEW.id, sim.clock_timestamp()); RETURN NULL; END $$;
CREATE TRIGGER note_{noted} AFTER INSERT OR UPDATE OF state ON {table} FOR EACH ROW
WHEN (NEW.state = '{noted}') EXECUTE FUNCTION sim.note_{noted}();
GRANT SELECT ON sim.{noted} TO {role}"""
_HELD = ", ".join(f"'{state.value}'" for state in HELD)
_OF_SERVICE = {
    "matching": (
        """CREATE TABLE sim.overfull (which text NOT NULL, taken int NOT NULL, room int NOT NULL,
        at timestamptz NOT NULL)""",
        # Deferred to the commit: within a transaction people may change places.
        f"""CREATE FUNCTION sim.note_overfull() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public AS $$ BEGIN
            INSERT INTO sim.overfull
            SELECT 'seat ' || s.id, count(*), max(coalesce(s.terms->>'places', s.terms->>'capacity')::int),
                sim.clock_timestamp()
            FROM match m JOIN seat s ON s.id = m.seat_id
            WHERE m.seat_id = NEW.seat_id AND m.state IN ({_HELD}) AND NOT m.reserve GROUP BY s.id
            HAVING count(*) > max(coalesce(s.terms->>'places', s.terms->>'capacity')::int)
            UNION ALL SELECT 'application ' || m.application_id, count(*), 1, sim.clock_timestamp() FROM match m
            WHERE m.application_id = NEW.application_id AND m.state IN ({_HELD}) AND NOT m.reserve
            GROUP BY m.application_id HAVING count(*) > 1;
            RETURN NULL;
        END $$""",
        """CREATE CONSTRAINT TRIGGER note_overfull AFTER INSERT OR UPDATE ON match DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION sim.note_overfull()""",
        f"GRANT SELECT ON sim.overfull TO {SERVING}",
    ),
    "notifications": tuple(
        _ENDS.format(noted=noted, table=table, role=SERVING)
        for noted, table in (("sent", "notification"), ("delivered", "webhook_delivery"))
    ),
}
"""Notes in the store of one service alone: places with too many people, and when something counts as sent."""


@dataclass(frozen=True)
class Snapshot:
    """An installation at rest, from which runs begin: a database each, the log, and what the programme remembers."""

    databases: dict[str, str]
    log: Log
    known: dict[str, Any]
    seconds: float
    mails: Sequence[Handover]
    webhooks: Sequence[Handover]


class Machine:
    """The real server, and what all runs share."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        """Use the server of `databases`; `folder` must be readable by it."""
        self.databases = databases
        clock_file = folder / "simulated-clock"
        clock_file.write_text("2026-03-02", encoding="ascii")
        self.clock_file = clock_file
        # Those who wait for each other are found at once: real time is no part of a run.
        databases.administrator.execute(f"ALTER ROLE {SERVING} SET deadlock_timeout TO '2ms'")
        self.stores = simulated_stores.Stores(databases.server.url("postgres"), clock_file)

    def empty(self, service: str) -> str:
        """Return the name of a template with a service's tables and those of the simulation."""

        def fill(address: str) -> None:
            migrate(service, address, SERVING)
            name = address.rpartition("/")[2]

            async def add() -> None:
                connection = await simulated_stores.real_connect(self.databases.server.url(name))
                for statement in (*_OF_SIMULATION, *_OF_SERVICE.get(service, ())):
                    await connection.execute(statement.replace("{clock}", str(self.clock_file)))
                await connection.close()

            self.stores.wait(add())

        return self.databases.template(f"simulated_{service}", fill)


class MailServer:
    """Takes mails. `away` refuses them, `silent` takes every second one without saying so."""

    def __init__(self) -> None:
        """Begin without mails."""
        self.taken: list[Handover] = []
        """The mails in the order of their arrival."""
        self.away = self.silent = False

    def post(self, _: Any) -> MailServer:
        """Return the client of a process: the server itself."""
        return self

    async def send(self, mail: Letter, ensure: Any = None) -> None:
        """Take a mail, as `smtp.Post` hands it over."""
        await cross("mail: connect")
        if self.away:
            raise ServerAway("the simulated server is away")
        if ensure is not None:
            await ensure()
        head = message_from_bytes(mail.raw)
        await cross(f"mail: content of {head['Message-ID']}")
        taken = Handover(str(head["Message-ID"]), mail.address, current(), asyncio.get_running_loop().time())
        self.taken.append(taken)
        if self.silent and len(self.taken) % 2:
            taken.silent = True
            raise Unanswered("the simulated server says nothing")
        await cross("mail: answer")

    async def close(self) -> None:
        """Hang up."""


class Receiver:
    """Takes webhooks; while it `fails`, it answers 500."""

    def __init__(self) -> None:
        """Begin without any."""
        self.taken: list[Handover] = []
        """What it took, in the order of arrival."""
        self.fails = False

    def poster(self, _: Any) -> Receiver:
        """Return the client of a process: the receiver itself."""
        return self

    async def post(self, to: Any, headers: Any, _: bytes) -> Answer:
        """Take a webhook, as `post.Poster` sends it."""
        await cross("webhook: send")
        if self.fails:
            return Answer(AttemptResult.REFUSED, status=500)
        moment = asyncio.get_running_loop().time()
        self.taken.append(Handover(headers["webhook-id"], to.host, current(), moment))
        await cross("webhook: answer")
        return Answer(AttemptResult.DELIVERED, status=204)


class _Between(httpx2.AsyncBaseTransport):
    """The way from one service to the portal."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await cross("request")
        app = self._installation.apps["applications"]
        answer: httpx2.Response = await beyond(
            self._installation.front, httpx2.ASGITransport(app).handle_async_request(request)
        )
        await cross("answer")
        return answer


@dataclass(eq=False)
class Installation:
    """One run."""

    machine: Machine
    world: World
    log: Log
    addresses: dict[str, str]
    apps: dict[str, FastAPI] = field(default_factory=dict)
    consumers: dict[str, Consumers] = field(default_factory=dict)
    """The consumers of each service, which note what they handle."""
    running: dict[str, list[Process]] = field(default_factory=dict)
    mail: MailServer = field(default_factory=MailServer)
    receiver: Receiver = field(default_factory=Receiver)
    front: Process = field(default_factory=lambda: Process("front"))
    trace: list[str] = field(default_factory=list)
    poison: set[tuple[str, str]] = field(default_factory=set)
    """Reader and subject whose events its handler cannot take now."""
    poisoned: set[tuple[str, str]] = field(default_factory=set)
    """Those and all before them."""
    damage: Counter[str] = field(default_factory=Counter)
    """The number of faults of each kind."""
    ever: list[Process] = field(default_factory=list)
    """All processes that were started, also those that have died."""
    restored: dict[str, list[float]] = field(default_factory=lambda: {service: [] for service in APPS})
    """The moments at which each service got an older database."""
    known: dict[str, Any] = field(default_factory=dict)
    clients: dict[tuple[str, str], httpx2.AsyncClient] = field(default_factory=dict)
    outages: dict[str, float] = field(default_factory=dict)
    """Services that are down, each with the moment at which it is started again."""
    number: int = 0

    def note(self, who: str, what: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self.world.loop.seconds:.3f} {who} {what}")

    def settings(self, service: str) -> Any:
        """Return the settings of a service."""
        changes: dict[str, Any] = {
            "portal_url": PORTAL,
            "relay_batch": 8,
            "reader_batch": 8,
            "reader_gathers_ms": 0,
            "database_pool": 6,
        }
        if service == "notifications":
            changes |= {"webhook_allowed_networks": "10.0.0.0/8", "webhook_connections": 2}
        return APPS[service][1](**settings_for(self.addresses[service], **changes))

    def open(self) -> None:
        """Make the apps."""
        for service, (create_app, _) in APPS.items():
            self.apps[service] = create_app(self.settings(service), background=False)
            self.running[service] = []
            self.consumers[service] = self._watched(self.apps[service].state.service.consumers)
        self.front.trace = None

    def process(self, name: str) -> Process:
        """Return a process with clocks of its own."""
        chance = self.world.random
        return Process(
            name,
            trace=self.note,
            pace=self.world.pace,
            skew=chance.uniform(-_SKEW_SECONDS, _SKEW_SECONDS),
            booted=chance.uniform(0.0, 1e6),
        )

    def start(self, service: str) -> Process:
        """Start a process of a service beside those that run."""
        self.number += 1
        process = self.process(f"{service}-{self.number}")
        self.damage["starts"] += 1

        bus = Bus(service, self.settings(service))
        front: Service = self.apps[service].state.service
        consumers = self.consumers[service]
        made = Service(
            service,
            bus.settings,
            bus,
            front.live,
            consumers,
            Reader(bus, consumers),
            LogWatch(bus.settings),
            front.workers,
        )
        for loop in loops_of(made):
            process.start(partial(supervise, loop))
        process.service = made
        self.running[service].append(process)
        self.ever.append(process)
        return process

    def _watched(self, consumers: Consumers) -> Consumers:
        """Return the consumers of a service, which note what they handle in its own transaction."""
        made = Consumers(consumers.service, consumers.projections, consumers.by_key, prepare=consumers.prepare)

        def watched(step: str, handler: Handler | None) -> Handler | None:
            async def handle(tx: Tx, events: Sequence[Envelope]) -> None:
                if any((made.service, each.subject) in self.poison for each in events):
                    raise ArithmeticError("poisoned")
                if handler is not None:
                    await handler(tx, events)
                connection = await driver(tx.session)
                await connection.executemany(
                    "INSERT INTO sim.handled (step, topic, subject, sequence, event) VALUES ($1, $2, $3, $4, $5)",
                    [(step, each.topic, each.subject, each.sequence, each.id) for each in events],
                )

            return handle if handler is not None or step == "evolve" else None

        for name, reading in consumers.readings.items():
            made.topic(name, evolve=watched("evolve", reading.evolve), react=watched("react", reading.react))
        return made

    async def restore(self, service: str, snapshot: Snapshot) -> None:
        """Give a service the database that it had at the beginning, as from a backup; the log stays as it is."""
        for process in self.running[service]:
            process.die()
        await self.reap()
        await self.apps[service].state.service.bus.engine.dispose()
        self.machine.databases.restore(self.addresses[service], snapshot.databases[service])
        self.clients.clear()
        self.damage["restore"] += 1
        self.restored[service].append(self.world.loop.seconds)
        self.note("fault", f"restore {service}")

    async def reap(self) -> list[str]:
        """Bury the processes that have died; return the names of their services."""
        gone: list[str] = []
        for service, those in self.running.items():
            for each in list(those):
                if each.dead:
                    those.remove(each)
                    self.log.gone(each)
                    await each.kill()
                    gone.append(service)
        return gone

    async def client(self, subject: str, service: str = "applications") -> httpx2.AsyncClient:
        """Return a client that is signed in as `subject`."""
        if (subject, service) not in self.clients:
            app, portal = self.apps[service], self.apps["applications"]
            key = new_key()
            begun = self.world.real()
            row = (digest_of(key), self.world.new_id(), subject, begun, begun + ABSOLUTE)
            async with portal.state.service.bus.transaction("system:tests") as tx:
                await (await driver(tx.session)).execute(_SESSION, *row)
            client = httpx2.AsyncClient(
                transport=ReadFirst(app),
                base_url=ORIGIN,
                headers={
                    "X-CSRF-Token": csrf.new_token(identity_of(app).csrf, csrf.person(subject)),
                    "Accept": "application/json",
                },
            )
            client.cookies.set(identity_of(app).cookies.session, key, domain="localhost.local")
            self.clients[subject, service] = client
        return self.clients[subject, service]

    async def ask(
        self,
        subject: str,
        method: str,
        path: str,
        body: Any = None,
        service: str = "applications",
        ticket: str = "",
    ) -> Any:
        """Return the status and the JSON of an answer."""
        client = await self.client(subject, service)
        headers = {"X-Ticket": ticket} if ticket else {}
        answer = await client.request(method, f"/{service}/api/v1{path}", json=body, headers=headers)
        return answer.status_code, (answer.json() if answer.content else None)

    async def rows(self, service: str, query: str, *parameters: Any) -> list[Any]:
        """Return the rows of a query about a service's store, as the simulation sees it."""
        async with self.apps[service].state.service.bus.glance() as session:
            found: list[Any] = await (await asking(session)).fetch(query, *parameters)
            return found

    async def journals(self, topics: Container[str]) -> list[Any]:
        """Return the events of all journals, in the order of each, with the service that wrote them."""
        return [
            {**row, "service": service}
            for service in APPS
            for row in await self.rows(service, f"SELECT * FROM journal ORDER BY {IN_ORDER}")
            if row["aggregatetype"] in topics
        ]

    @asynccontextmanager
    async def recount(self, service: str, consumers: Consumers) -> AsyncIterator[Bus]:
        """Give a new store of a service which has taken the journals alone, each event once and in order."""
        address = self.machine.databases.new(self.machine.empty(service))
        self.addresses[f"recounted {service}"] = address
        settings = self.settings(service)
        bus = Bus(service, settings.model_copy(update={"database_url": type(settings.database_url)(address)}))
        try:
            rows = await self.journals(consumers.readings)
            records = [_record(row, place) for place, row in enumerate(rows)]
            async with bus.transaction(f"system:{service}") as tx:
                await Applier(bus, consumers).apply(tx, records)
            yield bus
        finally:
            await bus.close()

    async def close(self) -> None:
        """End all processes and connections."""
        for those in self.running.values():
            for process in those:
                process.die()
        await self.reap()
        for client in self.clients.values():
            await client.aclose()
        for app in self.apps.values():
            await identity_of(app).close()
            await app.state.service.bus.close()
        await self.front.kill()


def _record(row: Any, place: int) -> StoredRecord:
    """Return an event of a journal as it was first sent."""
    topic, subject = row["aggregatetype"], row["aggregateid"]
    headers = headers_of(
        row["service"], row["id"], row["type"], subject, row["occurred_at"], row["sequence"], row["correlationid"],
        row["causationid"], None,
    )  # fmt: skip
    partition = partition_of(topic, subject)
    return StoredRecord(topic, partition, place, subject.encode(), row["payload"].encode(), headers)


@contextmanager
def _exchanged(installation: Installation) -> Iterator[None]:
    """Put the simulated log, mail server, receiver and ways between services in the place of the real ones."""
    undo: list[tuple[dict[str, Any], str, Any]] = []

    def put(module: Any, name: str, value: Any) -> None:
        undo.append((vars(module), name, vars(module)[name]))
        vars(module)[name] = value

    for name, made in simulated_log.clients(installation.log).items():
        put(kafka, name, made)
    put(subscription, "Subscription", simulated_log.subscription(installation.log))
    put(mail_worker, "Post", installation.mail.post)
    put(webhooks_worker, "Poster", installation.receiver.poster)
    put(http_client, "client", lambda **options: _client(installation, options))

    for module, name in _LOOKS:
        put(module, name, LOOK_SECONDS)
    put(upkeep, "AGAIN_SECONDS", HEADS_AGAIN_SECONDS)

    async def at_once(func: Any, *args: Any, **_: Any) -> Any:
        return func(*args)

    put(anyio.to_thread, "run_sync", at_once)
    create = vars(bus_module)["create_async_engine"]
    connect = partial(simulated_stores.connect, installation.machine.stores)

    def engine(*given: Any, **options: Any) -> Any:
        arguments = options["connect_args"]
        limits = {name: "0" for name in arguments["server_settings"] if name.endswith("_timeout")}
        arguments["server_settings"] |= {"search_path": "sim, pg_catalog, public", **limits}
        arguments["async_creator_fn"] = connect
        return create(*given, **options)

    put(bus_module, "create_async_engine", engine)
    try:
        yield
    finally:
        for place, name, before in reversed(undo):
            place[name] = before


def _client(installation: Installation, options: dict[str, Any]) -> httpx2.AsyncClient:
    kept = {name: value for name, value in options.items() if name in {"base_url", "headers"}}
    return httpx2.AsyncClient(transport=_Between(installation), **kept)


@contextmanager
def installed(machine: Machine, seed: int | str, begin: Snapshot | None = None) -> Iterator[Installation]:
    """Give an installation: empty, or as it was in a snapshot."""
    world = World(seed)
    if begin is not None:
        world.loop.seconds = begin.seconds
    addresses = {
        service: machine.databases.new(machine.empty(service) if begin is None else begin.databases[service])
        for service in APPS
    }
    log = simulated_log.Log() if begin is None else begin.log.copy()
    log.topics |= simulated_log.every_topic()
    machine.stores.begin(world)
    made = Installation(machine, world, log, addresses, known=dict(begin.known) if begin else {})
    if begin is not None:
        made.mail.taken, made.receiver.taken = list(begin.mails), list(begin.webhooks)
    with virtual(world), _exchanged(made):
        try:
            yield made
        finally:
            world.loop.close()
            if begin is not None:
                for address in addresses.values():
                    machine.databases.drop(address)
