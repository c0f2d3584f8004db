"""Ask the owner of a service address to confirm it by a link.

The link ends after a week. It is derived from the check and not stored.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.message_quota import MessageKind, count_message
from services.applications.register.store import address_checks
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from shared.bus import Tx
    from shared.identity.sealing import Seal

GOOD_FOR = timedelta(days=7)
MOST_AN_ADDRESS = 5
"""Mails in a day to an address that nobody has confirmed, by all people together."""
PATH = "/applications/address"
PURPOSE = "address"
"""The purpose of the links' seal: its keys seal nothing else."""


async def start_address_check(tx: Tx, subject: str, address: str) -> address_checks.AddressCheck:
    """Start a check of an address; the event that the caller records makes notifications send the mail.

    Raises `Refused` (409) where the actor, or the address, has had enough of these mails for a day.
    """
    moment = clock.now()
    if await address_checks.count_of_address(tx.session, address, moment - timedelta(days=1)) >= MOST_AN_ADDRESS:
        raise Refused(
            gettext("We sent several emails to %(address)s today. Check the address, and try again tomorrow.")
            % {"address": address},
            code=ProblemCode.LIMIT_REACHED,
        )
    await count_message(tx, MessageKind.ADDRESS)
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


async def close_address_checks(tx: Tx, subject: str) -> None:
    """Void the open checks of a person, so that earlier links confirm nothing."""
    await address_checks.close_open(tx.session, subject, clock.now())


def link(seal: Seal, check: address_checks.AddressCheck) -> str:
    """Return the path of the page that confirms: a person who knows it has read the mail."""
    return f"{PATH}/{check.id.hex}.{seal.sign(_signed(check.id, check.address))}"


def _signed(check_id: UUID, address: str) -> str:
    return f"{check_id.hex} {address}"


def id_in(token: str) -> UUID | None:
    """Return the id of the check that a link's token names; None for a malformed token."""
    try:
        return UUID(hex=token.partition(".")[0])
    except ValueError:
        return None


def genuine(seal: Seal, token: str, check: address_checks.AddressCheck) -> bool:
    """Return whether the portal made the token for that check."""
    return seal.signed(_signed(check.id, check.address), token.partition(".")[2])
