"""Write numbers and shares as the reader's language does."""

from __future__ import annotations

from shared.i18n import locale


def number(value: float, digits: int = 0) -> str:
    """Return a number as the reader's language writes it: `1,234` in English."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - slow to import; few pages need it

    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=locale())


def percent(share: float, digits: int = 0) -> str:
    """Return a share (0 to 1) as a percentage in the reader's language."""
    from babel.numbers import format_percent  # noqa: PLC0415 - as in `number`

    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return format_percent(share, format=pattern, locale=locale())
