"""What does a mail look like? Text and HTML from the same words, a thread a story, an invitation to what has dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from services.notifications.catalogues import MAILS
from services.notifications.model.invitation import Entry, invitation
from services.notifications.model.wording import Wording, wording
from shared.web.i18n import gettext, language, speak
from shared.web.site import environment

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.notifications.sending.contacts import Contact
    from services.notifications.settings import Settings
    from services.notifications.store.messages import MessageRow

_TEMPLATES = Path(__file__).parent.parent / "templates"


def letter(
    message: MessageRow, notification_id: UUID, contact: Contact, settings: Settings, *, host: str, now: datetime
) -> EmailMessage:
    """The mail about `message` to one recipient; `host` is the host organisation's name, `now` domain time.

    Speaks the recipient's language in the present task. Raises ValueError where name or address cannot stand in a mail.
    """
    speak(contact.language, MAILS)
    said = wording(
        message.row, message.case, message.facts, to=message.audience.kind, origin=settings.origin, host=host
    )
    if contact.link is not None:
        said = replace(said, link=settings.origin + contact.link)
    name, address = parseaddr(settings.mail_from)
    thread = f"<story-{message.story}@{settings.mail_domain}>"
    mail = EmailMessage()
    mail["From"] = Address(display_name=name, addr_spec=address)
    mail["To"] = Address(display_name=contact.name, addr_spec=contact.address)
    mail["Subject"] = said.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{notification_id}@{settings.mail_domain}>"
    mail["References"] = thread
    mail["In-Reply-To"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language()
    parts = bodies(said, contact.name, settings.origin)
    mail.set_content(parts["text"])
    mail.add_alternative(parts["html"], subtype="html")
    if message.row.invitation is not None:
        _invite(mail, message, contact, settings, said, host)
    return mail


def bodies(said: Wording, name: str, origin: str) -> dict[str, str]:
    """The two bodies of a mail, `text` and `html`, in the current language."""
    context = {"said": said, "name": name, "origin": origin}
    return {
        kind: environment(_TEMPLATES).get_template(f"mail/letter.{kind}").render(context) for kind in ("text", "html")
    }


def _invite(
    mail: EmailMessage, message: MessageRow, contact: Contact, settings: Settings, said: Wording, host: str
) -> None:
    """Add the dates: as an alternative, by which mail programs offer buttons, and as a file for those that do not."""
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
            organizer=parseaddr(settings.mail_from)[1],
            attendee=contact.address,
            domain=settings.mail_domain,
        )
    )
    mail.add_alternative(calendar.decode(), subtype="calendar", params={"method": str(method)})
    mail.add_attachment(
        calendar,
        maintype="text",
        subtype="calendar",
        filename="invite.ics",
        params={"method": str(method), "charset": "utf-8"},
    )
