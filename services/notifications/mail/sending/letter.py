"""Write a mail: text and HTML with the same words, a thread for each story, an invitation where there are dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from services.notifications.calendars.model.invitation import Entry, Participant, invitation
from services.notifications.catalogues import MAILS
from services.notifications.mail.model import return_path
from services.notifications.mail.sending.mime import Part, mail, mailbox
from services.notifications.messages.model.wording import wording
from services.notifications.messages.views.bodies import bodies
from services.notifications.preferences.model.choices import link
from shared.i18n import gettext, language, speak
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from uuid import UUID

    from services.notifications.mail.sending.contacts import Contact
    from services.notifications.mail.sending.signature import Signer
    from services.notifications.messages.model.wording import Wording
    from services.notifications.messages.store.messages import AnyMessage
    from services.notifications.settings import Settings


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be handed over: envelope sender, recipient and bytes."""

    sender: str
    address: str
    raw: bytes

    @property
    def utf8(self) -> bool:
        """Return whether the address goes beyond ASCII, which needs a server with SMTPUTF8."""
        return not self.address.isascii()


def letter(
    message: AnyMessage,
    notification_id: UUID,
    contact: Contact,
    settings: Settings,
    *,
    host: str,
    now: datetime,
    signer: Signer | None = None,
) -> Letter:
    """Return the mail about `message` to one recipient; `host` is the host organisation's name, `now` domain time.

    Sets the recipient's language in the current task. Raises ValueError where a name or address cannot be part of a
    mail.
    """
    speak(contact.language, MAILS)
    words = wording(
        message.row, message.case, message.facts, to=message.audience.kind, origin=settings.origin, host=host
    )
    if contact.link is not None:
        words = replace(words, link=settings.origin + contact.link)
    thread = f"<story-{message.story}@{settings.mail_domain}>"
    headers = [
        ("From", _sender(*settings.mail_sender)),
        ("To", mailbox(contact.name, contact.address)),
        ("Subject", words.subject),
        ("Date", _stamp(now.replace(microsecond=0))),
        ("Message-ID", f"<{notification_id}@{settings.mail_domain}>"),
        ("References", thread),
        ("In-Reply-To", thread),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", language()),
    ]
    choice = "" if message.row.mandatory else link(settings.choice_seal, settings.origin, contact.recipient)
    if choice:
        headers += [("List-Unsubscribe", f"<{choice}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    written = bodies(words, contact.name, settings.origin, choice)
    parts = [Part("text/plain", written["text"]), Part("text/html", written["html"])]
    attached: list[Part] = []
    if message.row.invitation is not None:
        # As an alternative, for mail programs that offer buttons, and as a file for those that do not. Only one of the
        # two is text/calendar: some programs would add the visit twice.
        calendar = _invitation(message, contact, settings, words, host)
        parts.append(Part(f"text/calendar; method={message.row.invitation}", calendar))
        attached.append(Part('application/ics; name="invite.ics"', calendar, filename="invite.ics"))
    sender = settings.mail_sender[1]
    if settings.bounce_address is not None:
        sender = return_path(settings.bounce_address, settings.bounce_keys, notification_id)
    raw = mail(headers, parts, attached, notification_id.hex)
    return Letter(sender, contact.address, raw if signer is None else signer.signed(raw))


@lru_cache(maxsize=8)
def _sender(name: str, address: str) -> str:
    """Return the installation's own sender as a header; no other address is cached."""
    return mailbox(name, address)


@lru_cache(maxsize=8)
def _stamp(second: datetime) -> str:
    """Return a second in the form of mails; many mails share one."""
    return format_datetime(second)


_DAYS = TypeAdapter(tuple[date, ...])


def _invitation(message: AnyMessage, contact: Contact, settings: Settings, words: Wording, host: str) -> str:
    """Return the calendar object with the dates of the message's visit, or the hours of its session."""
    method, facts = message.row.invitation, message.facts
    assert method is not None
    common: dict[str, Any] = {
        "method": method,
        "sequence": int(str(facts["sequence"])),
        "stamp": message.at,
        "description": "\n\n".join((*words.paragraphs, words.link)),
        "link": words.link,
        "organizer": Participant(*settings.mail_sender),
        "attendee": Participant(contact.name, contact.address),
        "domain": settings.mail_domain,
        "country": message.case.host_country,
    }
    if "meeting" in facts:
        begins, place = datetime.fromisoformat(str(facts["begins_at"])), str(facts["place"])
        day = begins.astimezone(zone_of(message.case.host_country)).date()
        entry = Entry(
            uid=f"session-{facts['meeting']}",
            start=day,
            end=day,
            summary=gettext("Mentoring session %(reference)s") % {"reference": message.reference},
            location=gettext(place),
            hours=(begins, begins + timedelta(minutes=int(str(facts["minutes"])))),
            **common,
        )
    else:
        entry = Entry(
            uid=f"visit-{message.case.id}",
            start=date.fromisoformat(str(facts["start"])),
            end=date.fromisoformat(str(facts["end"])),
            summary=gettext("Study visit %(reference)s") % {"reference": message.reference},
            location=host,
            days=_DAYS.validate_python(facts.get("visit_days", ())),
            **common,
        )
    return invitation(entry).decode()
