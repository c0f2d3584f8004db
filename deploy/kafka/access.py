"""Make the broker's users and rights match `shared/contracts/topics.yaml`.

Each service is a user that writes the topics it owns and reads those it is a reader of. `TOOLS` reads all topics. A
user without a right to a topic does not see it. The administrator must be known to the broker beforehand.
"""

from __future__ import annotations

import asyncio
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from shared.contracts.topics import EVERY_TOPIC, HEADS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ADMIN = "admin"
"""The user that may do everything; only the set-up and the broker know its password."""
TOOLS = "tools"
"""The user of the command line."""
_TIMEOUT = 30.0
_PATIENCE = 120.0
_AGAIN = 0.2
_ROUNDS = 8192


class AccessWrong(RuntimeError):
    """The broker refused a user or a right."""


def login(password: str | None) -> dict[str, str]:
    """Return the administrator's options of a client; none where the broker asks for no password."""
    if password is None:
        return {}
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": ADMIN,
        "sasl.password": password,
    }


def rights(user: str) -> set[AclBinding]:
    """Return what a user may do, as the broker's access control lists say it.

    An owner also reads its topics, to see which records were lost, and creates those that are missing.
    """
    found = set()
    for topic in EVERY_TOPIC:
        operations: tuple[AclOperation, ...] = ()
        if user == topic.owner or (topic is HEADS and user in SERVICES):
            operations = (AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE)
        elif user in topic.readers or user == TOOLS:
            operations = (AclOperation.READ,)
        found |= {_allowed(user, ResourceType.TOPIC, topic.name, each) for each in operations}
    if user in SERVICES:  # its group of readers, named like it
        found.add(_allowed(user, ResourceType.GROUP, user, AclOperation.READ))
    else:
        found |= {_allowed(user, ResourceType.GROUP, each, AclOperation.DESCRIBE) for each in SERVICES}
    return found


def _allowed(user: str, kind: ResourceType, name: str, operation: AclOperation) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


async def apply(bootstrap: str, admin_password: str, passwords: Mapping[str, str]) -> None:
    """Give each user of `passwords` its password and exactly its rights; safe to run again. Raises `AccessWrong`."""
    await asyncio.to_thread(_apply, bootstrap, admin_password, passwords)


def _apply(bootstrap: str, admin_password: str, passwords: Mapping[str, str]) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2, **login(admin_password)})
    try:
        users: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(
                user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ROUNDS), password.encode()
            )
            for user, password in passwords.items()
        ]
        for changed in admin.alter_user_scram_credentials(users, request_timeout=_TIMEOUT).values():
            changed.result(_TIMEOUT)
        _settle(admin, passwords, {right for user in passwords for right in rights(user)})
    except KafkaException as error:
        raise AccessWrong(f"The broker refuses users or rights: {error}") from error


def _settle(admin: AdminClient, users: Collection[str], wanted: set[AclBinding]) -> None:
    """Add and take back rights until the broker answers with those that are wanted.

    It acknowledges a change before it follows it, and while it creates topics that takes seconds.
    """
    ours = {f"User:{user}" for user in users}
    until = monotonic() + _PATIENCE
    while True:
        of_all: Any = admin.describe_user_scram_credentials(request_timeout=_TIMEOUT)  # one answer, as none is named
        known = set(of_all.result(_TIMEOUT))
        every = admin.describe_acls(filter_for(), request_timeout=_TIMEOUT).result(_TIMEOUT)
        there = {right for right in every if right.principal in ours}
        if there == wanted and known >= set(users):
            return
        if monotonic() > until:
            raise AccessWrong(f"The broker does not know all users and rights after {_PATIENCE:.0f} s.")
        if extra := [filter_for(each) for each in there - wanted]:
            for deleted in admin.delete_acls(extra, request_timeout=_TIMEOUT).values():
                deleted.result(_TIMEOUT)
        if missing := list(wanted - there):
            for made in admin.create_acls(missing, request_timeout=_TIMEOUT).values():
                made.result(_TIMEOUT)
        sleep(_AGAIN)


def filter_for(only: AclBinding | None = None) -> AclBindingFilter:
    """Return a filter for one right, or for all."""
    if only is None:  # None stands for any, which the library's types do not say
        anything: Any = None
        return AclBindingFilter(
            ResourceType.ANY,
            anything,
            ResourcePatternType.ANY,
            anything,
            anything,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
    return AclBindingFilter(
        only.restype,
        only.name,
        only.resource_pattern_type,
        only.principal,
        only.host,
        only.operation,
        only.permission_type,
    )
