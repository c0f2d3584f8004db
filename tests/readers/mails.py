"""Verify the signatures of mails by two libraries, of which only one also signs them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import dkim

from tests.readers.programs import in_java

if TYPE_CHECKING:
    from collections.abc import Callable

    Verifier = Callable[[bytes, str, str], bool]


def by_dkimpy(raw: bytes, name: str, record: str) -> bool:
    """Return whether dkimpy, which signs, finds a mail valid; `name` and `record` are those of the key in DNS."""

    def dns(wanted: bytes, **_: object) -> bytes | None:
        return record.encode() if wanted.rstrip(b".") == name.encode() else None

    return bool(dkim.verify(raw, dnsfunc=dns))


def by_jdkim(raw: bytes, name: str, record: str) -> bool:
    """Return whether jDKIM, in Java, finds a mail valid; `name` and `record` are those of the key in DNS."""
    parts = (name.encode(), record.encode(), raw)
    return in_java("MailVerifier").answer(b" ".join(map(base64.b64encode, parts))) == b"valid"


VERIFIERS: tuple[Verifier, ...] = (by_dkimpy, by_jdkim)
