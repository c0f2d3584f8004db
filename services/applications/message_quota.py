"""Limit how many messages a person can cause to be sent to others in a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field

from services.applications.tables import Table
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.time import clock

if TYPE_CHECKING:
    from shared.bus import Tx


class MessageKind(StrEnum):
    """The subject of a message to somebody else."""

    LINE_MANAGER = "line_manager"
    COMPANION = "companion"
    ADDRESS = "address"
    MEETING = "meeting"


MOST_LINE_MANAGERS = 5
MOST_COMPANIONS = 20
MOST_ADDRESSES = 100
MOST_MEETINGS = 20


@dataclass(frozen=True, slots=True)
class Quota:
    """The most messages of a kind that a person may cause in a day, and the refusal of more, which names the remedy."""

    most: int
    refusal: str


QUOTAS = {
    MessageKind.LINE_MANAGER: Quota(
        MOST_LINE_MANAGERS,
        N_(
            "You have named a line manager %(most)d times today. Check the address, and try again tomorrow or ask your"
            " national coordinator."
        ),
    ),
    MessageKind.COMPANION: Quota(
        MOST_COMPANIONS, N_("You have asked %(most)d people today. Wait for their answers, and try again tomorrow.")
    ),
    MessageKind.ADDRESS: Quota(
        MOST_ADDRESSES,
        N_(
            "You have asked for %(most)d address confirmations today. Try again tomorrow, or ask the programme "
            "coordinator to enter the people."
        ),
    ),
    MessageKind.MEETING: Quota(
        MOST_MEETINGS,
        N_("You have planned or changed %(most)d meetings today. Try again tomorrow."),
    ),
}


class MessageCount(Table, table=True):
    """The number of messages of a kind that a person has caused on a day."""

    __tablename__ = "message_count"

    subject: str = Field(primary_key=True, description="Sign-in subject of the person who caused them")
    kind: str = Field(primary_key=True)
    on: date = Field(primary_key=True, description="Domain time; earlier days are deleted with the next message")
    count: int


_COUNT = sa.text(
    """
    WITH forgotten AS (DELETE FROM message_count WHERE subject = :subject AND "on" < :on)
    INSERT INTO message_count AS counted (subject, kind, "on", count) VALUES (:subject, :kind, :on, 1)
    ON CONFLICT (subject, kind, "on") DO UPDATE SET count = counted.count + 1 RETURNING count
    """
)


async def count_message(tx: Tx, kind: MessageKind) -> None:
    """Count a message that the actor of the transaction causes. Raises `Refused` (409) above the day's quota.

    What the system does by itself is not counted.
    """
    if tx.actor.startswith("system:"):
        return
    quota, values = QUOTAS[kind], {"subject": tx.actor, "on": clock.today()}
    count = (await tx.session.execute(_COUNT, {**values, "kind": kind.value})).scalar_one()
    if count > quota.most:
        raise Refused(gettext(quota.refusal) % {"most": quota.most}, code=ProblemCode.LIMIT_REACHED)
