"""The costs of a visit: lines by payer, planned and actual, each in its currency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING

from shared.contracts.codes import Code
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

MOST_LINES = 40
_MOST = Decimal(1_000_000)


class CostItem(Code):
    """The purpose of a cost."""

    TRAVEL = "travel", N_("Travel there and back")
    ACCOMMODATION = "accommodation", N_("Accommodation")
    MEALS = "meals", N_("Meals and daily allowance")
    LOCAL_TRANSPORT = "local_transport", N_("Local transport")
    VISA = "visa", N_("Visa")
    INSURANCE = "insurance", N_("Insurance")
    INTERPRETATION = "interpretation", N_("Interpretation")
    OTHER = "other", N_("Something else")


class Payer(Code):
    """The party that pays a cost."""

    PROGRAMME = "programme", N_("Programme fund")
    SENDER = "sender", N_("Sending agency")
    HOST = "host", N_("Host agency")
    GUEST = "guest", N_("Guest")


CURRENCIES = (
    "EUR",
    "AMD",
    "AZN",
    "BGN",
    "BYN",
    "CZK",
    "DKK",
    "GEL",
    "HUF",
    "MDL",
    "PLN",
    "RON",
    "SEK",
    "UAH",
    "USD",
)  # fmt: skip - a list to read along
"""The euro, what else hosts and partners pay in, and the dollar."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list."""

    id: UUID
    item: CostItem
    payer: Payer
    currency: str
    planned: Decimal
    actual: Decimal | None


def amount(written: str) -> Decimal:
    """Return an amount as somebody writes it: 120, 120.50 or 120,50. Raises ValueError with a sentence."""
    sentence = gettext("Enter an amount like 120.50")
    normalised = written.replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        found = Decimal(normalised)
    except InvalidOperation as error:
        raise ValueError(sentence) from error
    exponent = found.as_tuple().exponent
    if not found.is_finite() or not isinstance(exponent, int) or exponent < -2:
        raise ValueError(sentence)
    if not 0 <= found < _MOST:
        raise ValueError(gettext("Enter an amount from 0 to less than 1,000,000"))
    return found.quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Total:
    """The amount that one payer pays in one currency; `actual` counts the lines whose actual amount is known."""

    payer: Payer
    currency: str
    planned: Decimal
    actual: Decimal
    known: bool


def totals(lines: Iterable[Line]) -> list[Total]:
    """Return the totals by payer in the order of the code list, then by currency."""
    found: dict[tuple[Payer, str], list[Line]] = defaultdict(list)
    for line in lines:
        found[line.payer, line.currency].append(line)
    return [
        Total(
            payer,
            currency,
            sum((cost_line.planned for cost_line in group), Decimal(0)),
            sum((cost_line.actual for cost_line in group if cost_line.actual is not None), Decimal(0)),
            all(cost_line.actual is not None for cost_line in group),
        )
        for payer in Payer
        for (group_payer, currency), group in sorted(found.items(), key=lambda entry: entry[0])
        if group_payer is payer
    ]


def list_digest(lines: Iterable[Line]) -> str | None:
    """Return the digest of the planned list; None for an empty one. Actual amounts do not change it."""
    fingerprints = sorted(f"{line.id}|{line.item}|{line.payer}|{line.currency}|{line.planned}" for line in lines)
    return sha256("\n".join(fingerprints).encode()).hexdigest()[:32] if fingerprints else None
