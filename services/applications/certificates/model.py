"""Define what a certificate of attendance says, and whether it still counts.

It certifies the days attended, whatever was planned: for a guest who left early, the days until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from shared.contracts import labels
from shared.contracts.codes import PRIORITIES, Code, topic_label
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from datetime import date


class CertificateStanding(Code):
    """The validity of a certificate: it counts, was replaced, or was revoked."""

    COUNTS = "counts", N_("This certificate is valid.")
    REPLACED = "replaced", N_("A certificate with a corrected name has replaced this one.")
    REVOKED = "revoked", N_("This certificate is no longer valid.")


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """The facts of a visit on its certificate; empty if they are not known."""

    programme: str
    title: str = ""
    host: str = ""
    host_country: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """Everything a certificate says. `replaces` is the number of the certificate that it replaces, or ''."""

    issuer: str
    number: str
    replaces: str
    name: str
    own_name: str
    title: str
    host: str
    host_country: str
    topic: str
    programme: str
    start: date
    end: date
    attended: int
    granted_on: date
    revoked_on: date | None = None
    address: str


class CertificateLabels(BaseModel):
    """The labels of a certificate; `page` has places for the number of the page, and of all pages."""

    number: str
    issued: str
    revoked: str
    page: str
    check: str
    signed: str


class CertificateContent(BaseModel):
    """The content of a certificate for its template; `rows` are labels with values, `qr` is an SVG."""

    language: str
    title: str
    issuer: str
    certifies: str
    name: str
    own_name: str
    rows: list[tuple[str, str]]
    granted: str
    revoked: str
    replaces: str
    number: str
    address: str
    qr: str
    words: CertificateLabels


def topic(code: str) -> str:
    """Return the name of a priority topic in the newest scheme that knows it, in the current language."""
    scheme = next(
        (scheme_name for scheme_name in sorted(PRIORITIES, reverse=True) if code in PRIORITIES[scheme_name]), ""
    )
    return gettext(topic_label(scheme, code)) if code else ""


def standing(*, revoked: bool, newest: bool) -> CertificateStanding:
    """Return whether a certificate counts; a revoked one counts under none of its numbers."""
    if revoked:
        return CertificateStanding.REVOKED
    return CertificateStanding.COUNTS if newest else CertificateStanding.REPLACED


def certificate_content(facts: CertificateFacts, language: str, qr: str) -> CertificateContent:
    """Return what the document says, in the current language; `language` is its code, `qr` the address as SVG."""
    rows = [
        (gettext("Subject"), facts.title),
        (gettext("Host"), ", ".join(part for part in (facts.host, labels.country(facts.host_country)) if part)),
        (gettext("Topic"), topic(facts.topic)),
        (gettext("Programme"), facts.programme),
        (gettext("Dates"), dates.span(facts.start, facts.end)),
        (gettext("Days attended"), str(facts.attended)),
    ]
    return CertificateContent(
        language=language,
        title=gettext("Certificate of attendance"),
        issuer=facts.issuer,
        certifies=gettext("This certifies that the following person attended a study visit:"),
        name=facts.name,
        own_name=facts.own_name if facts.own_name != facts.name else "",
        rows=[row for row in rows if row[1]],
        granted=gettext("Granted on %(day)s") % {"day": dates.day(facts.granted_on)},
        revoked=gettext("Revoked on %(day)s. This certificate is no longer valid.")
        % {"day": dates.day(facts.revoked_on)}
        if facts.revoked_on is not None
        else "",
        replaces=gettext("With a corrected name, replaces certificate %(number)s") % {"number": facts.replaces}
        if facts.replaces
        else "",
        number=facts.number,
        address=facts.address,
        qr=qr,
        words=CertificateLabels(
            number=gettext("Number"),
            issued=gettext("Issued by"),
            revoked=gettext("Revoked"),
            page=gettext("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
            check=gettext("Check here if this certificate is valid:"),
            signed=gettext("This file has an electronic signature. You can check the file there too."),
        ),
    )
