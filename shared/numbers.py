"""What does the number on a paper look like, so that nobody guesses one and a slip of the pen is noticed?

Twelve drawn characters (60 bits) and a check character by Luhn's rule for 32 characters: each single wrong character
and nearly each exchange of two neighbours is noticed. Letters that are read wrongly (I, L, O, U) do not occur.
"""

from __future__ import annotations

import re
import secrets

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COUNT = 12
_FORM = re.compile(rf"[A-Z]{{2}}-\d{{4}}(-[{DIGITS}]{{4}}){{3}}-[{DIGITS}]")
_READ_WRONGLY = str.maketrans("ILO", "110")


def new_number(kind: str, year: int) -> str:
    """A number that nobody can guess: `TC-2026-7F3K-9QXM-2D8R-5` for the kind `TC`."""
    drawn = "".join(secrets.choice(DIGITS) for _ in range(_COUNT))
    return f"{kind}-{year}-{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}-{check_character(f'{year}{drawn}')}"


def check_character(text: str) -> str:
    """The check character of year and drawn characters; Luhn's rule, modulo 32, from the right."""
    total = 0
    for place, letter in enumerate(reversed(text)):
        value = DIGITS.index(letter) * (1 if place % 2 else 2)
        total += value // 32 + value % 32
    return DIGITS[-total % 32]


def tidy(written: str) -> str:
    """A number as it was meant: capitals, no spaces, 0 for O, 1 for I and L after the kind; at most 40 characters."""
    text = "".join(written.split()).upper()[:40]
    kind, _, rest = text.partition("-")
    return f"{kind}-{rest.translate(_READ_WRONGLY)}" if rest else kind


def mistyped(number: str) -> bool:
    """Whether a number of this form cannot be one, since its check character does not fit."""
    if not _FORM.fullmatch(number):
        return False
    _, *parts, check = number.split("-")
    return check_character("".join(parts)) != check
