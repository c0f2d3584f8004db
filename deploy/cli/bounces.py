"""Import delivery reports from a file: `tandem bounces`.

The file is an mbox or a single mail.
"""

import asyncio
import mailbox
from collections import Counter
from contextlib import closing
from email import policy
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cli.system import System

NAME = "bounces"
_HEADERS_BYTES = 65_536
# Where a mail server notes to whom it brought a mail, the surest first.
_HEADERS = ("Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To", "To")


def mails_in(file: Path) -> "Iterator[bytes]":
    """Return the mails of a file: an mbox, or one mail. Raises `Failed` if it cannot be read."""
    from deploy.cli.system import Failed  # noqa: PLC0415 - heavy: the help of all commands is shown without it

    try:
        with file.open("rb") as opened:
            start = opened.read(5)
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None
    if start == b"From ":
        with closing(mailbox.mbox(file, create=False)) as box:
            for key in box.iterkeys():  # the box itself would parse each mail
                yield box.get_bytes(key)
    else:
        yield file.read_bytes()


def report_address(raw: bytes, box: str) -> str:
    """Return our address to which a report was delivered; empty if no header has one."""
    name, _, domain = box.lower().rpartition("@")
    mail = BytesHeaderParser(policy=policy.default).parsebytes(raw[:_HEADERS_BYTES])
    for header in _HEADERS:
        for _, address in getaddresses([str(value) for value in mail.get_all(header, [])]):
            if address.lower().startswith(f"{name}+") and address.lower().endswith(f"@{domain}"):
                return address
    return ""


async def import_reports(system: "System", file: Path) -> dict[str, int]:
    """Import all reports of a file; return how many of each kind there were. Raises `Failed`."""
    from deploy.cli.system import report_unreachable  # noqa: PLC0415 - heavy
    from services.notifications.mail.bounces.reports import TooEarly, take_report  # noqa: PLC0415 - as above
    from services.notifications.mail.model import VERDICTS  # noqa: PLC0415 - as above
    from shared.identity.sealing import keys_from  # noqa: PLC0415 - as above

    box, keys = system["TANDEM_BOUNCE_ADDRESS"], keys_from(system["TANDEM_SESSION_KEY"])
    bus = system.bus("notifications")
    found: Counter[str] = Counter()
    try:
        with report_unreachable("The database of notifications"):
            for raw in mails_in(file):
                try:
                    verdict = await take_report(bus, keys, raw, report_address(raw, box), "file")
                    found[VERDICTS[verdict]] += 1
                except TooEarly:
                    found["The email is not yet recorded as sent: read the report again later"] += 1
    finally:
        await bus.close()
    return dict(found)


def command(file: Annotated[Path, typer.Argument(help="An mbox file, or one email as it arrived (.eml).")]) -> None:
    """Read delivery reports (bounces) that an email server put into a file. The same report twice counts once."""
    from deploy.cli.system import System  # noqa: PLC0415 - heavy

    for words, count in sorted(asyncio.run(import_reports(System.here(), file)).items()):
        print(f"{count:>6}  {words}")
