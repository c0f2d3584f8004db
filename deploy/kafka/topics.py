"""Make the broker's topics match `shared/contracts/topics.yaml`.

Creates missing topics and sets how long they keep events. A topic's number of partitions never changes: keys would move
to other partitions and lose their order.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from shared.contracts.topics import EVERY_TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shared.contracts.topics import Topic

_TIMEOUT = 30.0


class TopicsWrong(RuntimeError):
    """A topic of the broker contradicts the contracts, or the broker refused a change."""


async def apply(
    bootstrap: str, topics: Iterable[Topic] | None = None, *, copies: int = 1, login: Mapping[str, str] | None = None
) -> list[str]:
    """Make the broker's topics those of the contracts (default: all); return the names of those created.

    `login` are the options of an administrator, where the broker asks for one (`deploy.kafka.access`). Raises
    `TopicsWrong` if an existing topic has another number of partitions.
    """
    wanted = list(EVERY_TOPIC if topics is None else topics)
    return await asyncio.to_thread(_apply, bootstrap, wanted, copies, dict(login or {}))


def _apply(bootstrap: str, topics: list[Topic], copies: int, login: dict[str, str]) -> list[str]:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2, **login})
    there = {name: len(found.partitions) for name, found in admin.list_topics(timeout=_TIMEOUT).topics.items()}
    for topic in topics:
        if there.get(topic.name, topic.partitions) != topic.partitions:
            raise TopicsWrong(
                f"Topic {topic.name} has {there[topic.name]} partitions, the contracts say {topic.partitions}. "
                "The number never changes: keys would lose their order."
            )
    missing = [topic for topic in topics if topic.name not in there]
    if missing:
        new = [NewTopic(t.name, t.partitions, copies, config=t.config) for t in missing]
        for name, created in admin.create_topics(new, request_timeout=_TIMEOUT).items():
            try:
                created.result(_TIMEOUT)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another instance was quicker
                    raise TopicsWrong(f"Topic {name} cannot be created: {error}") from error
    _configure(admin, [topic for topic in topics if topic.name in there])
    return [topic.name for topic in missing]


def _configure(admin: AdminClient, topics: list[Topic]) -> None:
    """Set what has changed in the contracts since the topic was created."""
    if not topics:
        return
    resources = {topic.name: ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics}
    found = {
        resource.name: future.result(_TIMEOUT)
        for resource, future in admin.describe_configs([*resources.values()]).items()
    }
    changed = []
    for topic in topics:
        for name, value in topic.config.items():
            if found[topic.name][name].value != value:
                entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                resources[topic.name].add_incremental_config(entry)
                changed.append(topic.name)
    if changed:
        futures = admin.incremental_alter_configs([resources[name] for name in dict.fromkeys(changed)])
        for resource, future in futures.items():
            try:
                future.result(_TIMEOUT)
            except KafkaException as error:
                raise TopicsWrong(f"Topic {resource.name} cannot be configured: {error}") from error


if __name__ == "__main__":
    made = asyncio.run(apply(sys.argv[1]))
    print(f"Topics created: {', '.join(made) if made else 'none, all were there'}.")
