"""How is the owner of a service address asked to confirm it? With a question that ends, and a link that is not kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.register.store import address_checks
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from shared.bus import Tx
    from shared.identity.sealing import Seal

GOOD_FOR = timedelta(days=7)
PATH = "/applications/address"
PURPOSE = "address"
"""What the seal of the links is for: its keys seal nothing else."""


async def ask(tx: Tx, subject: str, address: str) -> address_checks.AddressCheck:
    """Begin to ask; the event that the caller records tells notifications to write the mail."""
    moment = clock.now()
    check = address_checks.AddressCheck(
        id=new_id(),
        subject=subject,
        address=address,
        asked_by=tx.actor,
        asked_at=moment,
        expires_at=moment + GOOD_FOR,
    )
    tx.session.add(check)
    await tx.session.flush()
    return check


async def withdraw_asking(tx: Tx, subject: str) -> None:
    """Links that were sent before confirm nothing any more."""
    await address_checks.close_open(tx.session, subject, clock.now())


def link(seal: Seal, check: address_checks.AddressCheck) -> str:
    """The path of the page on which the owner confirms: whoever has it has read the mail."""
    return f"{PATH}/{check.id.hex}.{seal.sign(_signed(check.id, check.address))}"


def _signed(check_id: UUID, address: str) -> str:
    return f"{check_id.hex} {address}"


def id_in(token: str) -> UUID | None:
    """Which question a link's token names; None where it names none."""
    try:
        return UUID(hex=token.partition(".")[0])
    except ValueError:
        return None


def genuine(seal: Seal, token: str, check: address_checks.AddressCheck) -> bool:
    """Whether the portal made the token for that question."""
    return seal.signed(_signed(check.id, check.address), token.partition(".")[2])
