"""Write a mail as bytes: headers, two bodies and an invitation (RFC 5322; MIME: RFC 2045, 2046, 2047).

The standard library's `EmailMessage` parses each header that it is given, which is slow; the tests read what is written
here back with it.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from email.charset import Charset
from email.header import Header
from email.utils import formataddr

_CRLF = "\r\n"
# RFC 5322 2.1.1: no more than 78 characters in a line; a longer header is folded between words. Lines of HTML,
# which nobody reads, may have the 998 that a server must accept.
_WIDTH = 78
_LONGEST = 998
# RFC 2047 2: the bytes that fit into an encoded word of 75 characters in base64.
_WORD = 45
_UTF8 = Charset("utf-8")
# Excludes what an unquoted address must not contain (RFC 5321 4.1.2), and what would begin a new header.
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f<>()\[\]:;,\\\"@]+@[^\s\x00-\x1f\x7f<>()\[\]:;,\\\"@]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Headers that `mailbox` wrote.
_ADDRESSED = frozenset({"From", "To"})
# If one character in six is beyond ASCII, base64 is shorter than quoted-printable.
_SHARE = 6


@dataclass(frozen=True, slots=True)
class Part:
    """A text of a mail: its `Content-Type` without the charset, and a file name where it is attached."""

    kind: str
    text: str
    filename: str | None = None


def mailbox(name: str, address: str) -> str:
    """Return a name and an address as a header has them. Raises ValueError where either cannot be part of one.

    An address beyond ASCII stays as it is: such a mail is handed over with SMTPUTF8 (RFC 6531).
    """
    if _CONTROL.search(name) or not _ADDRESS.fullmatch(address):
        raise ValueError("This name or address cannot stand in a mail.")
    if name.isascii() and address.isascii():
        return formataddr((name, address))
    return f"{_word(name)} <{address}>" if name else address


def _word(name: str) -> str:
    """Return a name as an encoded word (RFC 2047); a very long one is one word too, which programs read best."""
    raw = name.encode()
    return f"=?utf-8?b?{base64.b64encode(raw).decode()}?=" if len(raw) <= _WORD else _UTF8.header_encode(name)


def mail(headers: list[tuple[str, str]], bodies: list[Part], attached: list[Part], boundary: str) -> bytes:
    """Return a whole mail, with CRLF: alternatives from the plainest to the richest, then the attachments.

    `headers` are without those of MIME. `boundary` must not occur in any part: a unique id.
    """
    lines = [_header(name, value) for name, value in headers]
    lines.append("MIME-Version: 1.0")
    if attached:
        outer = f"=_{boundary}-all"
        lines += [f'Content-Type: multipart/mixed; boundary="{outer}"', "", f"--{outer}"]
        lines += _alternatives(bodies, boundary)
        for part in attached:
            lines += [f"--{outer}", *_part(part)]
        lines.append(f"--{outer}--")
    else:
        lines += _alternatives(bodies, boundary)
    return (_CRLF.join(lines) + _CRLF).encode()


def _alternatives(bodies: list[Part], boundary: str) -> list[str]:
    inner = f"=_{boundary}-text"
    lines = [f'Content-Type: multipart/alternative; boundary="{inner}"', ""]
    for part in bodies:
        lines += [f"--{inner}", *_part(part)]
    lines.append(f"--{inner}--")
    return lines


def _part(part: Part) -> list[str]:
    encoding, text = _encoded(part)
    lines = [f'Content-Type: {part.kind}; charset="utf-8"', f"Content-Transfer-Encoding: {encoding}"]
    if part.filename is not None:
        lines.append(f'Content-Disposition: attachment; filename="{part.filename}"')
    return [*lines, "", text]


def _encoded(part: Part) -> tuple[str, str]:
    """Return the transfer encoding that fits a text, and the text in it."""
    if part.filename is not None:  # a file arrives byte for byte
        return "base64", _in_base64(part.text)
    lines = part.text.replace("\r\n", "\n").split("\n")
    text = _CRLF.join(lines)
    if text.isascii():
        if max(map(len, lines)) <= (_LONGEST if part.kind == "text/html" else _WIDTH):
            return "7bit", text
    elif (len(text.encode()) - len(text)) * _SHARE > len(text):
        return "base64", _in_base64(text)
    return "quoted-printable", _CRLF.join(map(_quoted, lines))


def _in_base64(text: str) -> str:
    return base64.encodebytes(text.encode()).decode().rstrip("\n").replace("\n", _CRLF)


def _quoted(line: str) -> str:
    """Return a line in quoted-printable; most lines stay as they are, which is quickly checked."""
    if len(line) < _WIDTH - 1 and line.isascii() and line.isprintable() and "=" not in line and line[-1:] != " ":
        return line
    return binascii.b2a_qp(line.encode()).decode().replace("\n", _CRLF)


def _header(name: str, value: str) -> str:
    if len(name) + len(value) < _WIDTH - 1 and value.isascii() and value.isprintable():
        return f"{name}: {value}"
    if _CONTROL.search(value):
        raise ValueError(f"The header {name} would have a line break in it.")
    if not value.isascii() and name not in _ADDRESSED:
        return f"{name}: " + Header(value, "utf-8", header_name=name, maxlinelen=_WIDTH - 2).encode(linesep=_CRLF)
    line = f"{name}: {value}"
    if len(line) <= _WIDTH:
        return line
    return _folded(line)


def _folded(line: str) -> str:
    """Return a long header in several lines, broken between words; a word longer than a line stays whole."""
    words = line.split(" ")
    lines = [words[0]]
    for word in words[1:]:
        # The name of the header and its first word stay together: some servers do not understand a name alone.
        if len(lines[-1]) + 1 + len(word) > _WIDTH and not (len(lines) == 1 and lines[0].endswith(":")):
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return f"{_CRLF} ".join(lines)
