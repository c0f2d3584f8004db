"""Make ids and reference numbers: unique, sortable and, for reactions, always the same."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

import uuid_utils.compat

# The namespace of reactions. It must never change: a reaction done twice is recognised by its id.
_REACTIONS = UUID("5f2b8c1e-6d0f-5c0a-9a53-7a1d1f0e9b42")


def new_id() -> UUID:
    """Return a new uuid7 (RFC 9562): unique, and sortable by the real time of its creation."""
    return uuid_utils.compat.uuid7()


def read_id(text: str | None) -> UUID | None:
    """Return the id in a text, such as one from an address or a form; None for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def reaction_id(cause: UUID, type: str, subject: str) -> UUID:  # noqa: A002 - the word CloudEvents uses
    """Return the id of the fact `type` about `subject` that `cause` brings about: the same each time."""
    return uuid_utils.compat.uuid5(_REACTIONS, f"{cause}/{type}/{subject}")


DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COUNT = 12
_FORM = re.compile(rf"[A-Z]{{2}}-\d{{4}}(-[{DIGITS}]{{4}}){{3}}-[{DIGITS}]")
_READ_WRONGLY = str.maketrans("ILO", "110")


def new_number(kind: str, year: int) -> str:
    """Return a number that nobody can guess: `TC-2026-7F3K-9QXM-2D8R-5` for the kind `TC`."""
    characters = "".join(secrets.choice(DIGITS) for _ in range(_COUNT))
    return f"{kind}-{year}-{characters[:4]}-{characters[4:8]}-{characters[8:]}-{check_character(f'{year}{characters}')}"


def check_character(text: str) -> str:
    """Return the check character of year and random characters; Luhn's rule, modulo 32, from the right."""
    total = 0
    for place, letter in enumerate(reversed(text)):
        value = DIGITS.index(letter) * (1 if place % 2 else 2)
        total += value // 32 + value % 32
    return DIGITS[-total % 32]


def normalise_number(written: str) -> str:
    """Return a number in its standard form: capitals, no spaces, 0 for O, 1 for I and L after the kind; at most 40."""
    text = "".join(written.split()).upper()[:40]
    kind, _, rest = text.partition("-")
    return f"{kind}-{rest.translate(_READ_WRONGLY)}" if rest else kind


def is_mistyped(number: str) -> bool:
    """Return whether a number of this form is wrong, since its check character does not fit."""
    if not _FORM.fullmatch(number):
        return False
    _, *parts, check = number.split("-")
    return check_character("".join(parts)) != check
