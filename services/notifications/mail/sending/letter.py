"""Write a mail: text and HTML with the same words, a thread for each story, an invitation where there are dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import TypeAdapter

from services.notifications.calendars.model.invitation import Entry, Participant, invitation
from services.notifications.catalogues import MAILS
from services.notifications.mail.model import return_path
from services.notifications.mail.sending.mime import Part, mail, mailbox
from services.notifications.messages.model.wording import subject_of, wording
from services.notifications.messages.views.bodies import bodies_of
from services.notifications.preferences.model.choices import link
from shared.i18n import gettext, language, speak
from shared.time.zones import country_in, write_for, zone_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.notifications.mail.sending.contacts import Contact
    from services.notifications.mail.sending.signature import Signer
    from services.notifications.messages.model.wording import Wording
    from services.notifications.messages.store.due import AnyMessage
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


class Content(NamedTuple):
    """A message of an email, with the name of its case's host organisation and the recipient's own link to answer."""

    message: AnyMessage
    host: str
    link: str | None = None


def letter(
    contents: Sequence[Content],
    mail_id: UUID,
    contact: Contact,
    settings: Settings,
    *,
    now: datetime,
    signer: Signer | None = None,
) -> Letter:
    """Return the mail with these messages to one recipient, in their order; `now` is domain time.

    Of messages in the same words the first is shown. At most one of them has an invitation. Sets the recipient's
    language and zone in the current task. Raises ValueError where a name or address cannot be part of a mail.
    """
    speak(contact.language, MAILS)
    write_for(country_in(contact.timezone))
    texts = {content.message.id: _wording(content, settings) for content in contents}
    different: dict[tuple[str, tuple[str, ...], str], Wording] = {}
    for text in texts.values():
        different.setdefault((text.subject, text.paragraphs, text.link), text)
    words = list(different.values())
    stories = {content.message.story for content in contents}
    subject = subject_of(words)
    headers = [
        ("From", _sender(*settings.mail_sender)),
        ("To", mailbox(contact.name, contact.address)),
        ("Subject", subject),
        ("Date", _stamp(now.replace(microsecond=0))),
        ("Message-ID", f"<{mail_id}@{settings.mail_domain}>"),
    ]
    if len(stories) == 1:
        thread = f"<story-{stories.pop()}@{settings.mail_domain}>"
        headers += [("References", thread), ("In-Reply-To", thread)]
    headers += [("Auto-Submitted", "auto-generated"), ("Content-Language", language())]
    optional = any(not content.message.row.mandatory for content in contents)
    # A mail that names nobody may reach a stranger, who is to change nobody's choices.
    choice = link(settings.choice_seal, settings.origin, contact.recipient) if optional or contact.name else ""
    if optional:
        headers += [("List-Unsubscribe", f"<{choice}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    mandatory = any(content.message.row.mandatory for content in contents)
    written = bodies_of(words, subject, contact.name, settings.origin, choice, mandatory=mandatory)
    parts = [Part("text/plain", written["text"]), Part("text/html", written["html"])]
    attached: list[Part] = []
    for content in contents:
        if (method := content.message.row.invitation) is not None:
            # As an alternative, for mail programs that offer buttons, and as a file for those that do not. Only one of
            # the two is text/calendar: some programs would add the visit twice.
            calendar = _invitation(content.message, contact, settings, texts[content.message.id], content.host)
            parts.append(Part(f"text/calendar; method={method}", calendar))
            attached.append(Part('application/ics; name="invite.ics"', calendar, filename="invite.ics"))
    sender = settings.mail_sender[1]
    if settings.bounce_address is not None:
        sender = return_path(settings.bounce_address, settings.bounce_keys, mail_id)
    raw = mail(headers, parts, attached, mail_id.hex)
    return Letter(sender, contact.address, raw if signer is None else signer.signed(raw))


def _wording(content: Content, settings: Settings) -> Wording:
    message = content.message
    words = wording(
        message.row,
        message.case,
        message.facts,
        to=message.audience.kind,
        at=message.at,
        origin=settings.origin,
        host=content.host,
    )
    return words if content.link is None else replace(words, link=settings.origin + content.link)


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
