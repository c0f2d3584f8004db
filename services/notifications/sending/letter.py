"""What does a mail look like? Text and HTML from the same words, a thread a story, an invitation to what has dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from services.notifications.catalogues import MAILS
from services.notifications.model.invitation import Entry, invitation
from services.notifications.model.wording import Wording, wording
from services.notifications.sending.mime import Part, mail, mailbox
from shared.web.i18n import gettext, language, speak
from shared.web.site import environment

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from jinja2 import Template

    from services.notifications.sending.contacts import Contact
    from services.notifications.settings import Settings
    from services.notifications.store.messages import MessageRow

_TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be handed over: to whom, and its bytes. `utf8` says that only an SMTPUTF8 server can take it."""

    address: str
    raw: bytes

    @property
    def utf8(self) -> bool:
        """Whether the address goes beyond ASCII."""
        return not self.address.isascii()


def letter(
    message: MessageRow, notification_id: UUID, contact: Contact, settings: Settings, *, host: str, now: datetime
) -> Letter:
    """The mail about `message` to one recipient; `host` is the host organisation's name, `now` domain time.

    Speaks the recipient's language in the present task. Raises ValueError where name or address cannot stand in a mail.
    """
    speak(contact.language, MAILS)
    said = wording(
        message.row, message.case, message.facts, to=message.audience.kind, origin=settings.origin, host=host
    )
    if contact.link is not None:
        said = replace(said, link=settings.origin + contact.link)
    thread = f"<story-{message.story}@{settings.mail_domain}>"
    headers = [
        ("From", mailbox(*settings.mail_sender)),
        ("To", mailbox(contact.name, contact.address)),
        ("Subject", said.subject),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{notification_id}@{settings.mail_domain}>"),
        ("References", thread),
        ("In-Reply-To", thread),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", language()),
    ]
    written = bodies(said, contact.name, settings.origin)
    parts = [Part("text/plain", written["text"]), Part("text/html", written["html"])]
    attached: list[Part] = []
    if message.row.invitation is not None:
        # As an alternative, by which mail programs offer buttons, and as a file for those that do not.
        calendar = _invitation(message, contact, settings, said, host)
        kind = f"text/calendar; method={message.row.invitation}"
        parts.append(Part(kind, calendar))
        attached.append(Part(kind, calendar, filename="invite.ics"))
    return Letter(contact.address, mail(headers, parts, attached, notification_id.hex))


def bodies(said: Wording, name: str, origin: str) -> dict[str, str]:
    """The two bodies of a mail, `text` and `html`, in the current language."""
    context = {"said": said, "name": name, "origin": origin}
    return {kind: _template(kind).render(context) for kind in ("text", "html")}


@cache
def _template(kind: str) -> Template:
    return environment(_TEMPLATES).get_template(f"mail/letter.{kind}")


def _invitation(message: MessageRow, contact: Contact, settings: Settings, said: Wording, host: str) -> str:
    """The dates of the message's visit for a calendar."""
    method = message.row.invitation
    assert method is not None
    calendar = invitation(
        Entry(
            visit_id=message.case.id,
            method=method,
            sequence=int(message.facts["sequence"]),
            start=date.fromisoformat(message.facts["start"]),
            end=date.fromisoformat(message.facts["end"]),
            stamp=message.at,
            summary=gettext("Study visit %(reference)s") % {"reference": message.reference},
            location=host,
            description="\n\n".join((*said.paragraphs, said.link)),
            link=said.link,
            organizer=settings.mail_sender[1],
            attendee=contact.address,
            domain=settings.mail_domain,
            days=tuple(date.fromisoformat(day) for day in message.facts.get("visit_days", ())),
            country=message.case.host_country,
        )
    )
    return calendar.decode()
