"""Verify the signatures of mails by a library that is not the one that signs them."""

from __future__ import annotations

import base64

from tests.readers.programs import in_java


def by_jdkim(raw: bytes, name: str, record: str) -> str:
    """Return the verdict of jDKIM, in Java, on a mail: `valid`, `unsigned`, or `refused: ` and why.

    `name` and `record` are those of the key in DNS.
    """
    parts = (name.encode(), record.encode(), raw)
    return in_java("MailVerifier").answer(b" ".join(map(base64.b64encode, parts))).decode()
