"""One run from a seed: steps of people and faults, then rest; what heals is the system, and the test only looks."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.bus.dead_letters import redrive
from shared.bus.inbox.failures import FAILED
from shared.contracts import TOPICS
from tests.simulation.services import faults as faults_module
from tests.simulation.services import invariants, programme
from tests.simulation.services.faults import SERVICES
from tests.simulation.services.installation import APPS, Installation, Machine, Snapshot, installed
from tests.simulation.services.log import GARBAGE
from tests.simulation.services.processes import Crash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

STEPS = 24
SETTLES_WITHIN = 600.0
"""Virtual seconds in which the system must have healed by itself."""
_TRIES = 3
_LOOK = 5.0
_REST = 10.0
_ACTS = {
    "submit": 2, "decide": 3, "withdraw": 1, "offer": 1, "commit": 4, "clear": 6, "answer": 6, "cancel": 1,
    "visit": 8, "mentoring": 4,
}  # fmt: skip
_FAULTS = {
    "kill": 6,
    "stall": 4,
    "lose": 3,
    "forget": 4,
    "duplicate": 2,
    "second": 2,
    "rebalance": 2,
    "delay": 2,
    "compact": 2,
    "outage": 3,
    "refuse": 3,
    "slow": 2,
    "mail": 2,
    "receiver": 2,
}
"""The weights of those that come more often than once in a while; the four seeds of the tests have every fault."""
_RESTORED = 12
"""In one of so many seeds a service gets an older database; what must hold then is less."""
BEHIND = "notifications"
"""The service of which two processes begin each run with what happened while it was down: they read it at once."""
REPAIRED = "repaired"
NIGHT = timedelta(days=2)
"""No message waits longer for the morning where its reader is."""
_FIRST_DEAD = (
    "SELECT DISTINCT ON (topic, subject) id, topic, subject, reason, sequence, key FROM dead_letter"
    " WHERE settled_at IS NULL ORDER BY topic, subject, sequence NULLS FIRST, id"
)
_HELD = "SELECT id FROM message WHERE state = 'waiting' AND held_until > $1 AND held_until <= $2"
_WAIT = (
    "SELECT rule, cause, attempts, next_at, held_until FROM message"
    " WHERE state = 'waiting' AND NOT coalesce(held_until > $1 AND held_until <= $2, false) ORDER BY id"
)


@dataclass(frozen=True)
class Step:
    """One step: what, the number that says where, and the seconds that pass after it."""

    what: str
    choice: int
    pause: float


@dataclass
class Outcome:
    """The violations of a run, and the digest of all that happened."""

    seed: int
    steps: Sequence[Step]
    violations: list[str] = field(default_factory=list)
    digest: str = ""
    trace: list[str] = field(default_factory=list)
    seconds: float = 0.0
    damage: dict[str, int] = field(default_factory=dict)


def steps_of(seed: int) -> list[Step]:
    """Return the steps of a seed: half of them by people, half of them faults."""
    chance = random.Random(f"steps {seed}")
    weights = {name: _FAULTS.get(name, 1) for name in faults_module.NAMES}
    steps: list[Step] = []
    restored = int(chance.random() * STEPS)
    for place in range(STEPS):
        table = _ACTS if chance.random() < 0.55 else weights
        (what,) = chance.choices(list(table), list(table.values()))
        step = Step(what, chance.randrange(1 << 20), chance.choice((0.0, 0.5, 1.0, 3.0, 8.0)))
        steps.append(replace(step, what="restore") if place == restored and seed % _RESTORED == 7 else step)
    return steps


def begin(machine: Machine) -> Snapshot:
    """Return an installation with a programme, at rest but for one service, which was down and has much to read."""
    with installed(machine, "begin") as made:

        async def fill() -> Snapshot:
            made.open()
            for service in APPS:
                made.start(service)
            await programme.fill(made)
            await asyncio.sleep(20)
            await programme.register_hook(made)
            await asyncio.sleep(20)
            (last,) = await made.rows(BEHIND, "SELECT max(place) AS place FROM sim.handled")
            made.known["hooked"] = last["place"]
            wrong = await not_at_rest(made)
            assert not wrong, wrong
            for process in made.running[BEHIND]:
                process.die()
            await made.reap()
            await programme.begin_cases(made)
            await asyncio.sleep(20)
            await made.close()
            for service, address in made.addresses.items():
                machine.databases.keep(f"begun_{service}", address)
            names = {service: f"begun_{service}" for service in made.addresses}
            return Snapshot(
                names, made.log.copy(), made.known, made.world.loop.seconds, made.mail.taken, made.receiver.taken
            )

        return made.world.loop.run_until_complete(fill())


def run(machine: Machine, snapshot: Snapshot, seed: int, steps: Sequence[Step] | None = None) -> Outcome:
    """Do the steps of a seed, or these, and return the outcome.

    They are done again, a few times at most, where this machine was too slow for the limits of the server.
    """
    for _ in range(_TRIES):
        outcome = _run(machine, snapshot, seed, steps)
        if not machine.stores.disturbed:
            break
    return outcome


def _run(machine: Machine, snapshot: Snapshot, seed: int, steps: Sequence[Step] | None) -> Outcome:
    outcome = Outcome(seed, steps_of(seed) if steps is None else steps)
    with installed(machine, seed, snapshot) as made:
        made.open()
        made.world.loop.run_until_complete(_Run(made, outcome, snapshot).all())
        outcome.trace = made.trace
        outcome.seconds = made.world.loop.seconds - snapshot.seconds
        outcome.damage = dict(made.damage) | dict(machine.stores.expired)
    outcome.digest = hashlib.sha256("\n".join([*outcome.trace, *outcome.violations]).encode()).hexdigest()
    return outcome


class _Run:
    """The course of one run."""

    def __init__(self, made: Installation, outcome: Outcome, snapshot: Snapshot) -> None:
        self.made, self.outcome, self.snapshot = made, outcome, snapshot
        self.actions = programme.Actions(made)
        self.faults = faults_module.Faults(made)
        self.born = random.Random(f"restarts {outcome.seed}")

    async def all(self) -> None:
        """Do everything."""
        made = self.made
        for service in (*APPS, BEHIND):
            made.start(service)
        undertaker = asyncio.create_task(self._restart())
        try:
            acts, faults = self.actions.named(), self.faults.named()
            for number, step in enumerate(self.outcome.steps):
                made.note("step", f"{number} {step.what} {step.choice}")
                if step.what in acts:
                    await self._act(acts[step.what], step.choice)
                elif step.what == "restore":
                    await made.restore(SERVICES[step.choice % len(SERVICES)], self.snapshot)
                else:
                    faults[step.what](step.choice)
                await asyncio.sleep(step.pause)
            await self._settle()
        except AssertionError as wrong:
            self.outcome.violations.append(f"refused: {str(wrong)[:600]}")
        finally:
            undertaker.cancel()
            await made.close()

    async def _act(self, act: Callable[[int], Awaitable[None]], choice: int) -> None:
        """Let people act; some requests are cut between two steps."""
        process = self.made.process("people")
        if choice // 1024 % 8 == 0:
            process.dies_in = 1 + choice // 8192 % 40
        task = process.start(lambda: _awaited(act(choice)))
        done, _ = await asyncio.wait([task], timeout=60)
        if not done or task.cancelled() or isinstance(task.exception(), Crash):
            await process.kill()
            self.made.clients.clear()
        else:
            task.result()

    async def _restart(self) -> None:
        """Start a process anew wherever one has died, after a while."""
        while True:
            await asyncio.sleep(0.5)
            for service in await self.made.reap():
                if not self.made.running[service] and service not in self.made.outages:
                    await asyncio.sleep(self.born.choice((0.0, 1.0, 4.0)))
                    self.made.start(service)
            for service in SERVICES:
                if not self.made.running[service] and self._is_over(service):
                    self.made.outages.pop(service, None)
                    self.made.start(service)
                    self.made.start(service)

    def _is_over(self, service: str) -> bool:
        return self.made.outages.get(service, 0.0) <= self.made.world.loop.seconds

    async def _settle(self) -> None:
        """End the faults and wait until everything is at rest; people only repair what was poisoned."""
        made = self.made
        self.faults.end()
        made.note("settle", "")
        end = made.world.loop.seconds + SETTLES_WITHIN
        await asyncio.sleep(_REST)
        wrong = ["it did not begin"]
        is_restored = made.damage["restore"] > 0
        night: set[str] | None = set() if is_restored else None
        while wrong and made.world.loop.seconds < end:
            await self._repair()
            await asyncio.sleep(_LOOK)
            wrong = await (invariants.untold(made) if is_restored else not_at_rest(made))
            if not wrong and night is None:
                if night := await waits_for_morning(made):
                    wrong = ["the night is not over"]
                    made.world.ahead += NIGHT
            elif not wrong and night is not None and (still := night & await waits_for_morning(made)):
                wrong = [f"notifications: messages wait after two nights: {sorted(still)}"]
        if wrong:
            self.outcome.violations += [f"does not heal: {each}" for each in wrong]
            return
        made.note("at rest", "")
        self.outcome.violations += await (invariants.of_restored(made) if is_restored else invariants.violations(made))

    async def _repair(self) -> None:
        """Pass over garbage, and redrive the subjects whose poison has ended, as a person does; nothing else."""
        made = self.made
        if not (made.damage["poison"] or made.damage["garbage"]):
            return
        for service, app in made.apps.items():
            bus, consumers = app.state.service.bus, made.consumers[service]
            for row in await made.rows(service, _FIRST_DEAD):
                whose = (service, row["subject"])
                if row["key"] == GARBAGE:
                    await redrive.skip(bus, consumers, row["id"], "operator", REPAIRED)
                elif row["reason"] == FAILED and whose in made.poisoned - made.poison:
                    await redrive.redrive(bus, consumers, row["topic"], row["subject"], "operator", REPAIRED)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _night(made: Installation) -> tuple[datetime, datetime]:
    now = made.world.true() + made.world.ahead
    return now, now + NIGHT


async def waits_for_morning(made: Installation) -> set[str]:
    """Return the messages that wait for the morning."""
    return {str(row["id"]) for row in await made.rows("notifications", _HELD, *_night(made))}


async def not_at_rest(made: Installation) -> list[str]:
    """Return what is still to be done: nothing waits to be sent or read, and every reader has every event."""
    wrong: list[str] = []
    heads: dict[str, dict[str, int]] = {name: {} for name in TOPICS}
    for service in APPS:
        (waits,) = await made.rows(service, "SELECT count(*) AS many FROM outbox")
        if waits["many"]:
            wrong.append(f"{service}: {waits['many']} events wait to be sent")
        for row in await made.rows(
            service, "SELECT aggregatetype, aggregateid, sequence FROM aggregate WHERE sequence > 0"
        ):
            heads[row["aggregatetype"]][row["aggregateid"]] = row["sequence"]
    for service, consumers in made.consumers.items():
        read = {
            (row["topic"], row["partition"]): row["next_offset"]
            for row in await made.rows(service, "SELECT topic, partition, next_offset FROM read_position")
        }
        applied: dict[str, dict[str, int]] = {name: {} for name in TOPICS}
        for row in await made.rows(service, "SELECT topic, subject, sequence FROM applied_sequence"):
            applied[row["topic"]][row["subject"]] = row["sequence"]
        for topic in consumers.readings:
            behind = [
                (each.partition, part.end)
                for each, part in made.log.partitions.items()
                if each.topic == topic and read.get((topic, each.partition), 0) != part.end
            ]
            if behind:
                wrong.append(f"{service}: {topic} is not read to its end: {sorted(behind)[:3]}")
            if applied[topic] != heads[topic]:
                lacks = {
                    subject: (number, applied[topic].get(subject, 0))
                    for subject, number in sorted(heads[topic].items())
                    if applied[topic].get(subject, 0) != number
                }
                wrong.append(f"{service}: {topic}: of these are (so many, applied) {dict(list(lacks.items())[:3])}")
        letters = await made.rows(service, "SELECT * FROM dead_letter WHERE settled_at IS NULL ORDER BY id LIMIT 3")
        wrong += [
            f"{service}: dead letter {row['topic']} {row['subject']} {row['reason']} {row['detail']}" for row in letters
        ]
        waits = await made.rows(service, "SELECT * FROM deferred_reaction ORDER BY id LIMIT 3")
        wrong += [f"{service}: a reaction waits: {row['topic']} for {row['for_subject']}" for row in waits]
        for process in made.running[service]:
            service_run: Any = process.service
            if service_run.reader.paused:
                wrong.append(f"{service}: the reader pauses: {service_run.reader.paused}")
            if lacking := service_run.reader.missing():
                wrong.append(f"{service}: says that it lacks {lacking}")
    messages = await made.rows("notifications", _WAIT, *_night(made))
    wrong += [f"notifications: a message waits at {_night(made)[0]}: {dict(row)}" for row in messages]
    hooks = await made.rows("notifications", "SELECT type, result FROM webhook_delivery WHERE state = 'waiting'")
    wrong += [f"notifications: a webhook waits: {dict(row)}" for row in hooks]
    return wrong[:12]
