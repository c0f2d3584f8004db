"""The content of a letter about a visit, and whether it is still valid.

Two kinds: the invitation to the guest, and the letter that a consulate asks for. Both are written in the words of the
host's letterhead from what was released to the host, and from facts of the visit; never from more.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from datetime import date  # noqa: TC003 - the type of a field that is stored

from pydantic import BaseModel

from shared.contracts import labels
from shared.contracts.codes import Code, VisitState
from shared.i18n import N_, gettext, ngettext
from shared.time import dates

# Crockford's digits without what is read wrongly over the telephone.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COUNT = 12


class LetterKind(Code):
    """The kinds of letters."""

    INVITATION = "invitation", N_("Invitation to the guest")
    VISA = "visa", N_("Letter for the visa")


class LetterValidity(Code):
    """The validity of a letter."""

    COUNTS = "counts", N_("This letter is valid.")
    REPLACED = "replaced", N_("A newer letter has replaced this one.")
    MOVED = "moved", N_("The dates of the visit are different from this letter.")
    OFF = "off", N_("The visit does not take place.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFacts:
    """The facts that a letter states: if they differ, a new letter is made. `pays` are pairs of payer and purpose."""

    kind: LetterKind
    reference: str
    host: str
    unit: str
    city: str
    host_country: str
    programme: str
    title: str
    guest: str
    own_name: str
    rank: str
    guest_unit: str
    agency: str
    country: str
    start: date
    end: date
    days: int
    arrival: str
    signed_by: str
    pays: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts(StatedFacts):
    """All facts in a letter, with those that differ in every letter."""

    number: str
    made_on: date
    address: str

    @property
    def stated(self) -> StatedFacts:
        """The facts that the letter states."""
        return StatedFacts(**{field.name: getattr(self, field.name) for field in fields(StatedFacts)})


def new_number() -> str:
    """Return a number that nobody can guess, in three groups: LT-7F3K-9QXM-2D8R."""
    digits = "".join(secrets.choice(_DIGITS) for _ in range(_COUNT))
    return "LT-" + "-".join(digits[start : start + 4] for start in range(0, _COUNT, 4))


def validity(*, newest: bool, same_dates: bool, visit: VisitState) -> LetterValidity:
    """Return whether a letter is valid: the newest of its kind, with the dates of a visit that is not called off."""
    if visit in {VisitState.CANCELLED, VisitState.VOIDED, VisitState.UNSCHEDULABLE}:
        return LetterValidity.OFF
    if not newest:
        return LetterValidity.REPLACED
    return LetterValidity.COUNTS if same_dates else LetterValidity.MOVED


class Letterhead(BaseModel):
    """The head of a letter: the host, and the lines of its address."""

    name: str
    lines: list[str]


class LetterLabels(BaseModel):
    """The labels of a letter, and its opening and closing phrases."""

    number: str
    reference: str
    check: str
    greeting: str
    regards: str


class LetterContent(BaseModel):
    """The content of a letter for its template; `rows` are labels with values, `qr` is an SVG."""

    title: str
    language: str
    number: str
    reference: str
    host: Letterhead
    recipient: list[str]
    place_and_day: str
    opening: list[str]
    rows: list[tuple[str, str]]
    closing: list[str]
    signed: list[str]
    address: str
    qr: str
    words: LetterLabels


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of one kind of letter, in its language."""

    title: str
    recipient: list[str]
    greeting: str
    opening: str
    closing: str
    regards: str
    arrival: str = ""


def _visa_texts(facts: LetterFacts, guest: str) -> _Texts:
    words = {"guest": guest, "agency": facts.agency, "country": labels.country(facts.country), "host": facts.host}
    return _Texts(
        title=gettext("Letter in support of a visa application"),
        recipient=[gettext("To the competent consular authority")],
        greeting=gettext("Dear Sir or Madam,"),
        opening=gettext(
            "We confirm that %(guest)s of %(agency)s, %(country)s, is invited to %(host)s for a study visit. "
            "The visit is part of an exchange programme for law enforcement. It is professional and is not "
            "employment."
        )
        % words,
        closing=gettext("We ask you to grant the visa for the days of the visit and the travel days."),
        regards=gettext("Yours faithfully"),
    )


def _invitation_texts(facts: LetterFacts) -> _Texts:
    return _Texts(
        title=gettext("Invitation to a study visit"),
        recipient=_filled(facts.guest, facts.agency, labels.country(facts.country)),
        greeting=gettext("Dear %(guest)s,") % {"guest": facts.guest},
        opening=gettext("We are pleased to invite you to a study visit at %(host)s.") % {"host": facts.host},
        closing=gettext("Please bring this letter and the identity document with which you travel."),
        regards=gettext("Yours sincerely"),
        arrival=facts.arrival,
    )


def _filled(*parts: str) -> list[str]:
    """Return the parts that are not empty."""
    return [part for part in parts if part]


def letter_content(facts: LetterFacts, qr: str) -> LetterContent:
    """Return what the letter says, in the language of the one who makes it; `qr` is the address as SVG."""
    guest = f"{facts.guest} ({facts.own_name})" if facts.own_name and facts.own_name != facts.guest else facts.guest
    span = dates.span(facts.start, facts.end)
    length = ngettext("%(num)s working day", "%(num)s working days", facts.days) % {"num": facts.days}
    texts = _visa_texts(facts, guest) if facts.kind is LetterKind.VISA else _invitation_texts(facts)
    home, place = labels.country(facts.country), _filled(facts.unit, facts.city, labels.country(facts.host_country))
    rows = [
        (gettext("Guest"), guest),
        (gettext("Rank and unit"), ", ".join(_filled(facts.rank, facts.guest_unit))),
        (gettext("Sent by"), f"{facts.agency}, {home}"),
        (gettext("Dates"), f"{span} ({length})"),
        (gettext("Place"), ", ".join(place)),
        (gettext("Programme"), facts.programme),
        (gettext("Subject"), facts.title),
        (gettext("Arrival"), texts.arrival),
        *((gettext("Paid by: %(payer)s") % {"payer": payer}, what) for payer, what in facts.pays),
    ]
    return LetterContent(
        title=texts.title,
        language="en",
        number=facts.number,
        reference=facts.reference,
        host=Letterhead(name=facts.host, lines=place),
        recipient=texts.recipient,
        place_and_day=", ".join(_filled(facts.city, dates.day(facts.made_on))),
        opening=[texts.opening],
        rows=[row for row in rows if row[1]],
        closing=[texts.closing],
        signed=_filled(facts.signed_by, facts.host),
        address=facts.address,
        qr=qr,
        words=LetterLabels(
            number=gettext("Number"),
            reference=gettext("Reference"),
            check=gettext("Check here if this letter is valid:"),
            greeting=texts.greeting,
            regards=texts.regards,
        ),
    )
