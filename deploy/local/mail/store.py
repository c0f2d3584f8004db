"""Store caught mails as they came in one SQLite file; read them newest first."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEADERS = BytesParser(policy=policy.compat32)
_TABLE = """
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY, caught_at TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
    subject TEXT NOT NULL, raw BLOB NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a mail that is neither its text nor its HTML."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One caught mail; `recipients` are those of the SMTP envelope, `caught_at` is real time (ISO 8601, UTC)."""

    id: int
    caught_at: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    raw: bytes = b""

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All headers in their order."""
        return [(name, str(value)) for name, value in self.message.items()]

    def body(self, kind: str) -> str:
        """Return the text of the `plain` or `html` body, empty if there is none."""
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""

    @property
    def attachments(self) -> list[Attachment]:
        """Return the attachments, alternatives that are not text (a calendar invitation) included."""
        message = self.message
        bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
        found = []
        for part in message.walk():
            if part.is_multipart() or part in bodies:
                continue
            name = part.get_filename() or ("invite.ics" if part.get_content_type() == "text/calendar" else "part")
            payload = part.get_payload(decode=True)
            found.append(Attachment(name, part.get_content_type(), payload if isinstance(payload, bytes) else b""))
        return found

    def addresses(self, header: str) -> list[tuple[str, str]]:
        """(name, address) of each address in a header such as `To`."""
        return getaddresses([str(value) for value in self.message.get_all(header, [])])


class Store:
    """The caught mails of one folder. Used by one process and one thread."""

    def __init__(self, file: Path) -> None:
        """Open the file, and create it if there is none."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(_TABLE)

    def add(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Keep one mail as it came."""
        row = (datetime.now(UTC).isoformat(timespec="milliseconds"), sender, "\n".join(recipients), _subject(raw), raw)
        self._database.execute(
            "INSERT INTO mail (caught_at, sender, recipients, subject, raw) VALUES (?, ?, ?, ?, ?)", row
        )

    def count(self, words: str = "") -> int:
        """Return the number of mails that `find` has in all."""
        clause, values = _where(words)
        return int(self._database.execute(f"SELECT count(*) FROM mail {clause}", values).fetchone()[0])  # noqa: S608 - the clause has placeholders only

    def find(self, words: str = "", *, start: int = 0, limit: int = 50) -> list[Mail]:
        """Return the newest mails with every word in a recipient, the sender or the subject; without their bodies."""
        clause, values = _where(words)
        sql = f"SELECT id, caught_at, sender, recipients, subject FROM mail {clause} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 - the clause has placeholders only
        rows = self._database.execute(sql, (*values, limit, start)).fetchall()
        return [Mail(row[0], row[1], row[2], tuple(row[3].split("\n")), row[4]) for row in rows]

    def get(self, mail: int) -> Mail | None:
        """Return one mail with everything, None if there is none of that id."""
        sql = "SELECT id, caught_at, sender, recipients, subject, raw FROM mail WHERE id = ?"
        row = self._database.execute(sql, (mail,)).fetchone()
        return Mail(row[0], row[1], row[2], tuple(row[3].split("\n")), row[4], row[5]) if row else None

    def clear(self) -> None:
        """Forget all mails."""
        self._database.execute("DELETE FROM mail")


def _subject(raw: bytes) -> str:
    """Return the subject of a mail, without the costly parsing of the whole mail."""
    subject = str(_HEADERS.parsebytes(raw, headersonly=True).get("Subject", ""))
    if "=?" in subject:
        subject = str(policy.default.header_fetch_parse("Subject", subject))
    return "".join(subject.splitlines())


def _where(words: str) -> tuple[str, list[str]]:
    parts = words.split()[:10]
    if not parts:
        return "", []
    contains = "instr(lower(recipients || char(10) || sender || char(10) || subject), ?) > 0"
    return "WHERE " + " AND ".join(contains for _ in parts), [part.lower() for part in parts]
