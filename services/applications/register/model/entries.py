"""Define what an entry of the register holds, checked value by value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Protocol
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from shared.attempts import AttemptKind, note_attempt
from shared.contracts.access import AccessGrant
from shared.contracts.base import EMAIL_DOMAIN, Country, Day, Language
from shared.contracts.codes import OrganisationKind, PartnerStatus, RankGroup, ServiceKind, Sex
from shared.i18n import gettext

if TYPE_CHECKING:
    from datetime import date

# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t")
# Some scripts need these format characters between letters; all others only hide something.
_JOINERS = frozenset("\u200c\u200d")


def clean(text: str) -> str:
    """Return one line of text without control characters, in composed form (NFC).

    Raises ValueError with a sentence for the writer.
    """
    text = unicodedata.normalize("NFC", text).strip()
    # A printable text, as most are, has no control character.
    if not text.isprintable() and any(
        unicodedata.category(letter).startswith("C") and letter not in _JOINERS for letter in text
    ):
        note_attempt(AttemptKind.CONTROL_CHARACTERS)
        raise ValueError(gettext("This contains characters that cannot be shown. Type it again."))
    return text


def name(text: str) -> str:
    """Return the name of a person or an organisation. Raises ValueError as `clean`, and for a formula."""
    text = clean(text)
    if text.startswith(_FORMULA):
        note_attempt(AttemptKind.FORMULA)
        raise ValueError(gettext("A name must begin with a letter."))
    return text


def latin_name(text: str) -> str:
    """Return a name in Latin letters, as in the passport. Raises ValueError with a sentence for the writer."""
    text = name(text)
    if any(letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN") for letter in text):
        raise ValueError(gettext("Enter the name in Latin letters, as in the passport."))
    return text


def mail_address(text: str) -> str:
    """Return an e-mail address that can be written to. Raises ValueError with a sentence for the writer."""
    text = clean(text)
    local, at, domain = text.rpartition("@")
    if not (at and local and "." in domain) or any(letter.isspace() or letter in '<>,;"' for letter in text):
        raise ValueError(gettext("Enter an email address like name@police.example"))
    return text


def email_domain(text: str) -> str:
    """Return the domain of service addresses in small letters. Raises ValueError with a sentence for the writer."""
    domain = clean(text).lower().removeprefix("@")
    if re.fullmatch(EMAIL_DOMAIN, domain) is None:
        raise ValueError(gettext("Enter an email domain, like police.example"))
    return domain


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(clean)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(name)]
LatinName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(latin_name)]
EmailDomainWritten = Annotated[str, StringConstraints(max_length=253), AfterValidator(email_domain)]
MailAddress = Annotated[str, StringConstraints(max_length=254), AfterValidator(mail_address)]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s/?#]+$")]


class Entry(BaseModel):
    """Base of all entries: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganisationEntry(Entry):
    """An organisation; with an id it replaces the existing one."""

    id: UUID | None = None
    name: Name
    kind: OrganisationKind
    country: Country
    city: Annotated[str, StringConstraints(max_length=100), AfterValidator(clean)] = ""
    active: bool = True
    domains: Annotated[
        tuple[EmailDomainWritten, ...],
        Field(max_length=20, description="Of the service addresses of its people; a line manager has one of them."),
    ] = ()


class PersonEntry(Entry):
    """A person with all grants; replaces the entry of that subject.

    `name` is in Latin letters as in the passport, `own_name` in the person's own script.
    """

    subject: Subject
    name: LatinName
    own_name: Annotated[str, StringConstraints(max_length=200), AfterValidator(name)] = ""
    email: MailAddress
    language: Language = "en"
    country: Country | None = None
    organisation_id: UUID | None = None
    service: ServiceKind | None = None
    unit: Line = ""
    rank_group: RankGroup | None = None
    national_rank: Line = ""
    years_in_field: Annotated[int, Field(ge=0, le=60)] | None = None
    sex: Sex | None = None
    grants: tuple[AccessGrant, ...] = ()


class PartnerEntry(Entry):
    """A partner country that takes part from a day on. Suspending and reinstating are separate decisions."""

    country: Country
    status: Literal[PartnerStatus.ACTIVE]
    since: Day


class FundEntry(Entry):
    """A fund; with an id it replaces the existing one."""

    id: UUID | None = None
    name: Name
    payer: Name
    since: Day
    until: Day | None = None
    active: bool = True


class ExclusionEntry(Entry):
    """A pair of countries or of organisations that is never matched; with an id it replaces the existing one."""

    id: UUID | None = None
    countries: tuple[Country, Country] | None = None
    organisations: tuple[UUID, UUID] | None = None
    since: Day
    until: Day | None = None
    confidential: bool = False

    def model_post_init(self, _: object) -> None:
        """Raise ValueError unless exactly one pair is given."""
        if (self.countries is None) == (self.organisations is None):
            raise ValueError(gettext("Enter a pair of countries or a pair of organisations."))


def wrong_term(since: date | None, until: date | None) -> dict[str, str]:
    """Return an error, by field, where a time ends before it begins; None for a day that is open or not known."""
    if since is None or until is None or since <= until:
        return {}
    return {"until": gettext("The last day must be the first day or later.")}


def same_pair(first: object, second: object, field: str) -> dict[str, str]:
    """Return an error at `field` where both sides of an excluded pair are the same."""
    return {field: gettext("Choose two different countries or organisations.")} if first and first == second else {}


class NamedOrganisation(Protocol):
    """The part of an organisation that a form needs to offer it as a choice."""

    @property
    def id(self) -> UUID:
        """Return the id."""

    @property
    def name(self) -> str:
        """Return the name."""

    @property
    def country(self) -> str:
        """Return the country's code."""


State = Mapping[str, JsonValue]
"""The fields of an entry of any sort as JSON: entries of older rules must be comparable, too."""
