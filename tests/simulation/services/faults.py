"""The faults of a run: each is drawn with its choice, and ends by itself or when the run settles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiokafka.structs import TopicPartition

from shared.contracts import TOPICS
from tests.simulation.services.installation import APPS
from tests.simulation.services.log import GARBAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.services.installation import Installation
    from tests.simulation.services.processes import Process

SERVICES = sorted(APPS)


@dataclass
class Faults:
    """One method for each fault; `choice` is a random number that says where, when and for how long."""

    of: Installation

    def _process(self, choice: int) -> Process | None:
        those = [process for service in SERVICES for process in self.of.running[service] if not process.dead]
        return those[choice % len(those)] if those else None

    def _filled(self, choice: int) -> TopicPartition | None:
        filled = sorted(
            place for place, each in self.of.log.partitions.items() if each.records and place.topic in TOPICS
        )
        return filled[choice % len(filled)] if filled else None

    def _done(self, what: str, where: object) -> None:
        self.of.damage[what] += 1
        self.of.note("fault", f"{what} {where}")

    def kill(self, choice: int) -> None:
        """A process dies between two steps, some steps from now."""
        if (process := self._process(choice)) is not None:
            process.dies_in = 1 + choice // 8 % 60
            self._done("kill", process.name)

    def stall(self, choice: int) -> None:
        """A process stands still between two steps, for longer than its leases or not."""
        if (process := self._process(choice)) is not None:
            process.stalls_in, process.stall = 1 + choice // 8 % 40, 3.0 + choice // 320 % 40
            self._done("stall", f"{process.name} {process.stall:.0f} s")

    def slow(self, choice: int) -> None:
        """Each statement of a process takes long, until the run settles or it is chosen again."""
        if (process := self._process(choice)) is not None:
            process.slow = 0.0 if process.slow else 0.05 * (1 + choice // 8 % 6)
            self._done("slow", f"{process.name} {process.slow:.2f} s")

    def second(self, choice: int) -> None:
        """A second process of a service begins, or leaves again with all that it holds."""
        service = SERVICES[choice % len(SERVICES)]
        if len(self.of.running[service]) < 2:
            self.of.start(service)
            self._done("second", service)

    def outage(self, choice: int) -> None:
        """All processes of a service die; after a while two begin at once, with much to catch up on."""
        service = SERVICES[choice % len(SERVICES)]
        for process in self.of.running[service]:
            process.dies_in = 1
        self.of.outages[service] = self.of.world.loop.seconds + 5 + choice // 8 % 40
        self._done("outage", service)

    def clock(self, choice: int) -> None:
        """The clock of a machine jumps by some minutes, ahead or back."""
        if (process := self._process(choice)) is not None:
            process.skew = float(choice // 8 % 601 - 300)
            self._done("clock", f"{process.name} {process.skew:.0f} s")

    def delete(self, choice: int) -> None:
        """Somebody deletes a topic."""
        topics = sorted(self.of.log.topics)
        if topics:
            topic = topics[choice % len(topics)]
            self.of.log.delete(topic)
            self._done("delete", topic)

    def rebalance(self, choice: int) -> None:
        """A group assigns its partitions anew."""
        service = SERVICES[choice % len(SERVICES)]
        self.of.log.rebalance(service)
        self._done("rebalance", service)

    def lose(self, choice: int) -> None:
        """A partition loses its newest records; sometimes its readers and its owner die with it."""
        if (place := self._filled(choice)) is None:
            return
        lost = self.of.log.lose(place, 1 + choice // 64 % 4)
        self._done("lose", f"{place.topic}/{place.partition} {lost}")
        if choice // 256 % 3 == 0:
            for service in (TOPICS[place.topic].owner, *TOPICS[place.topic].readers):
                for process in self.of.running[service]:
                    process.dies_in = 1

    def forget(self, choice: int) -> None:
        """The next records of the topics of cases are acknowledged, and lost before anybody has read them."""
        topics = ("exchange.applications", "exchange.matches", "exchange.participation", "exchange.offers")
        topic = topics[choice % len(topics)]
        self.of.log.forgets[topic] = 1 + choice // 4 % 3
        self._done("forget", topic)

    def duplicate(self, choice: int) -> None:
        """The log has a record twice."""
        if (place := self._filled(choice)) is not None:
            records = self.of.log.partitions[place].records
            again = records[choice // 64 % len(records)]
            if not TOPICS[place.topic].compacted or again is records[-1]:
                self.of.log.append(place, again.key, again.value, list(again.headers))
                self._done("duplicate", f"{place.topic}/{place.partition} {again.offset}")

    def delay(self, choice: int) -> None:
        """A topic is seen later than the others for a while."""
        topics = sorted(TOPICS)
        topic = topics[choice % len(topics)]
        until = self.of.world.loop.seconds + 2 + choice // 32 % 30
        for number in range(TOPICS[topic].partitions):
            self.of.log.late[TopicPartition(topic, number)] = until
        self._done("delay", topic)

    def compact(self, choice: int) -> None:
        """The broker compacts a topic."""
        compacted = sorted(name for name, topic in TOPICS.items() if topic.compacted)
        self.of.log.compact(compacted[choice % len(compacted)])
        self._done("compact", compacted[choice % len(compacted)])

    def refuse(self, choice: int) -> None:
        """Some partitions acknowledge nothing, or take records all the same; or all do again."""
        log = self.of.log
        if log.refuses:
            log.refuses = set()
        else:
            log.refuses = {
                TopicPartition(name, number)
                for name, topic in sorted(TOPICS.items())
                for number in range(topic.partitions)
                if (number + choice) % 3 == 0
            }
            log.loses_acknowledgements = choice // 64 % 2 == 0
        self._done("refuse", len(log.refuses))

    def away(self, _: int) -> None:
        """The broker is away, or there again."""
        self.of.log.away = not self.of.log.away
        self._done("away", self.of.log.away)

    def mail(self, choice: int) -> None:
        """The mail server refuses, or takes mails without saying so, or is well again."""
        mail = self.of.mail
        if mail.away or mail.silent:
            mail.away = mail.silent = False
        elif choice % 2:
            mail.away = True
        else:
            mail.silent = True
        self._done("mail", (mail.away, mail.silent))

    def receiver(self, _: int) -> None:
        """The receiver of webhooks fails, or is well again."""
        self.of.receiver.fails = not self.of.receiver.fails
        self._done("receiver", self.of.receiver.fails)

    def jump(self, choice: int) -> None:
        """Domain time jumps ahead."""
        self.of.world.ahead += timedelta(hours=1 + choice % 60)
        self._done("jump", f"{1 + choice % 60} h")

    def poison(self, choice: int) -> None:
        """A reader cannot take the events of an application any more, until somebody repairs that."""
        applications = sorted(self.of.known["applications"])
        where = (SERVICES[1 + choice % 3], applications[choice // 3 % len(applications)])
        self.of.poison.add(where)
        self.of.poisoned.add(where)
        self._done("poison", where)

    def garbage(self, choice: int) -> None:
        """Something that is no event stands in the log."""
        if (place := self._filled(choice)) is not None and not TOPICS[place.topic].compacted:
            self.of.log.append(place, GARBAGE, b"{" if choice // 64 % 2 else None, [("ce_id", b"\xff")])
            self._done("garbage", f"{place.topic}/{place.partition}")

    def named(self) -> dict[str, Callable[[int], None]]:
        """Return the faults by name."""
        return {name: getattr(self, name) for name in NAMES}

    def end(self) -> None:
        """End all that does not end by itself."""
        log, mail = self.of.log, self.of.mail
        log.away, log.refuses, log.late, log.forgets = False, set(), {}, {}
        mail.away = mail.silent = self.of.receiver.fails = False
        self.of.poison.clear()
        self.of.outages.clear()
        for those in self.of.running.values():
            for process in those:
                process.dies_in = process.stalls_in = None
                process.slow = process.until = process.skew = 0.0


NAMES = (
    "kill", "stall", "slow", "second", "rebalance", "lose", "duplicate", "delay", "compact", "refuse", "away", "mail",
    "receiver", "jump", "poison", "garbage", "forget", "outage", "clock", "delete",
)  # fmt: skip
