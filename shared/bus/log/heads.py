"""Say on the log how much an owner has told, so that a reader notices what it lacks, and ask for that.

The topic `exchange.heads` is compacted, and all services write it. Owners publish a head for each of their topics: the
number of its events, in all and by bucket of subjects, and for some subjects in turn the number of each one's newest
event. A reader that has read as far as a head counts, and has fewer, asks the owner for the buckets that differ. A
record here is no event: it changes nothing but what is sent again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from aiokafka import TopicPartition
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, StringConstraints, ValidationError

from shared.bus.log import kafka
from shared.contracts import TOPICS
from shared.contracts.topics import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from aiokafka import AIOKafkaConsumer

    from shared.bus.log.offsets import Partition
    from shared.settings import ServiceSettings

BUCKETS = 64
WAIT_MS = 200
MOST_SUBJECTS = 10_000
"""A head that lists more is not read."""

Subject = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]+$")]
Number = Annotated[int, Field(gt=0, lt=2**63)]


def bucket_of(column: str) -> str:
    """Return the SQL for the bucket of a subject: the same in all databases."""
    return f"get_byte(sha256(convert_to({column}, 'UTF8')), 0) % {BUCKETS}"


class Head(BaseModel):
    """The events of a topic that its owner has sent, by bucket: the sum of the numbers of its subjects' newest ones."""

    model_config = ConfigDict(frozen=True)

    owner: str
    topic: str
    events: NonNegativeInt
    last: UUID | None
    """The journal's id of the event that was sent last."""
    buckets: Annotated[tuple[int, ...], Field(min_length=BUCKETS, max_length=BUCKETS)]
    recorded: tuple[()] | Annotated[tuple[int, ...], Field(min_length=BUCKETS, max_length=BUCKETS)] = ()
    """The same of all events of the owner, also of those that are still to be sent, or to be sent again."""
    subjects: Annotated[dict[Subject, Number], Field(max_length=MOST_SUBJECTS)] = {}
    """The number of the newest event that was sent, for some subjects in turn: newer events of others hide no lack."""
    digest: str
    """SHA-256 of the buckets: the same where nothing has changed."""

    @classmethod
    def of(cls, topic: str, last: UUID | None, buckets: Iterable[int], recorded: Iterable[int] = ()) -> Self:
        """Return the head of a topic."""
        sums = tuple(buckets)
        digest = hashlib.sha256(",".join(map(str, sums)).encode()).hexdigest()
        owner = TOPICS[topic].owner
        return cls(
            owner=owner,
            topic=topic,
            events=max(0, sum(sums)),
            last=last,
            buckets=sums,
            recorded=tuple(recorded),
            digest=digest,
        )

    @property
    def key(self) -> bytes:
        """The key of its record."""
        return f"head {self.owner} {self.topic}".encode()


class Request(BaseModel):
    """A request of a reader to the owner of a topic, to send some buckets again."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    reader: str
    topic: str
    buckets: Annotated[tuple[Annotated[int, Field(ge=0, lt=BUCKETS)], ...], Field(max_length=BUCKETS)]
    at: AwareDatetime
    """Real time."""

    @property
    def key(self) -> bytes:
        """The key of its record: a new request of the reader takes the place of the one before."""
        return f"request {self.reader} {self.topic}".encode()


def read(key: bytes | None, value: bytes | None) -> Head | Request | None:
    """Return what a record says; None for anything else than a service may say. Never raises."""
    kind: type[Head | Request] = Head if (key or b"").startswith(b"head ") else Request
    try:
        found = kind.model_validate_json(value or b"")
    except ValidationError:
        return None
    topic = TOPICS.get(found.topic)
    if topic is None or found.key != key:
        return None
    if isinstance(found, Head):
        return found if found.owner == topic.owner else None
    return found if found.reader in topic.readers or found.reader == topic.owner else None


async def write(settings: ServiceSettings, service: str, records: Iterable[Head | Request]) -> None:
    """Write records of a service. Raises Kafka errors."""
    async with kafka.started(kafka.producer(settings, f"{service}-heads")) as producer:
        for each in records:
            await producer.send_and_wait(HEADS.name, each.model_dump_json().encode(), key=each.key, partition=0)


class HeadsLog:
    """Follows the topic, and asks the broker about topics and their ends, with one consumer of its own."""

    def __init__(self, settings: ServiceSettings, listed: Iterable[str] = ()) -> None:
        self._settings = settings
        self._listed: dict[str, dict[str, int]] = {topic: {} for topic in listed}
        self._consumer: AIOKafkaConsumer | None = None
        self.heads: dict[str, Head] = {}
        """The newest head of each topic."""
        self.published: Counter[str] = Counter()
        """How often a head of each topic was read."""
        self.requests: dict[tuple[str, str], Request] = {}
        """The newest request of each reader for each topic."""

    async def look(self) -> None:
        """Take what has come since the last time; a new client takes all of the past at once. Raises Kafka errors.

        So what a later look counts was published since: a slow broker shows no head of the past as a new one.
        """
        is_new = self._consumer is None
        consumer = await self._started()
        place = TopicPartition(HEADS.name, 0)
        at, end = 0, (await consumer.end_offsets([place]))[place] if is_new else 0
        while (found := (await consumer.getmany(place, timeout_ms=WAIT_MS)).get(place)) or at < end:
            for record in found or ():
                at = record.offset + 1
                message = read(record.key, record.value)
                if isinstance(message, Head):
                    self.heads[message.topic] = message
                    self.published[message.topic] += 1
                    if message.topic in self._listed:
                        self._listed[message.topic] |= message.subjects
                elif message is not None:
                    self.requests[message.reader, message.topic] = message
        if is_new:  # heads of the past may be of an owner that was restored since
            for topic in self._listed.keys() & self.heads.keys():
                self._listed[topic] = dict(self.heads[topic].subjects)

    def take_listed(self, topic: str) -> dict[str, int]:
        """Return the numbers of subjects that heads of a topic have listed since the last time."""
        listed, self._listed[topic] = self._listed[topic], {}
        return listed

    async def topics(self) -> set[str]:
        """Return the names of the topics that the broker has. Raises Kafka errors."""
        found: set[str] = await (await self._started()).topics()
        return found

    async def ends(self, topics: Iterable[str]) -> dict[Partition, int]:
        """Return the offset after the last record of each partition of topics. Raises Kafka errors."""
        wanted = [TopicPartition(topic, number) for topic in topics for number in range(TOPICS[topic].partitions)]
        found = await (await self._started()).end_offsets(wanted)
        return {(each.topic, each.partition): end for each, end in found.items()}

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = kafka.bare_consumer(self._settings)
            await kafka.start(consumer)
            consumer.assign([TopicPartition(HEADS.name, 0)])
            self._consumer = consumer
        return self._consumer

    async def close(self) -> None:
        """Leave; the next look makes a new client. Raises nothing."""
        self.published.clear()  # they are read again
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await kafka.leave(consumer)
