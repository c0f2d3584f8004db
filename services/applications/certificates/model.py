"""What does a certificate of attendance say, in the reader's language, and does it still count? Pure.

It says the days that were attended, whatever was planned: who left early is certified the days until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.contracts import labels
from shared.contracts.codes import PRIORITIES, Code, topic_label
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from datetime import date


class CertificateStanding(Code):
    """Whether a certificate counts."""

    COUNTS = "counts", N_("This certificate counts.")
    REPLACED = "replaced", N_("A certificate with a corrected name has taken the place of this one.")
    REVOKED = "revoked", N_("This certificate no longer counts.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """All that a certificate says. `replaces` is the number of the one in whose place it is, or nothing."""

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
    address: str


def topic(code: str) -> str:
    """A priority topic as the newest scheme that knows it calls it, in the language that is spoken."""
    scheme = next((one for one in sorted(PRIORITIES, reverse=True) if code in PRIORITIES[one]), "")
    return gettext(topic_label(scheme, code)) if code else ""


def standing(*, revoked: bool, newest: bool) -> CertificateStanding:
    """Whether a certificate counts; one that was revoked counts under none of its numbers."""
    if revoked:
        return CertificateStanding.REVOKED
    return CertificateStanding.COUNTS if newest else CertificateStanding.REPLACED


def says(facts: CertificateFacts, language: str) -> dict[str, Any]:
    """The certificate as the template sets it, in the language that is spoken; `language` is its code."""
    rows = [
        (gettext("Subject"), facts.title),
        (gettext("Host"), ", ".join(part for part in (facts.host, labels.country(facts.host_country)) if part)),
        (gettext("Topic"), topic(facts.topic)),
        (gettext("Programme"), facts.programme),
        (gettext("Dates"), dates.span(facts.start, facts.end)),
        (gettext("Days attended"), str(facts.attended)),
    ]
    return {
        "language": language,
        "title": gettext("Certificate of attendance"),
        "certifies": gettext("This certifies that the following person attended a study visit:"),
        "name": facts.name,
        "own_name": facts.own_name if facts.own_name != facts.name else "",
        "rows": [row for row in rows if row[1]],
        "granted": gettext("Granted on %(day)s") % {"day": dates.day(facts.granted_on)},
        "replaces": gettext("With a corrected name, in place of certificate %(number)s") % {"number": facts.replaces}
        if facts.replaces
        else "",
        "number": facts.number,
        "address": facts.address,
        "words": {
            "number": gettext("Number"),
            "check": gettext("Whether this certificate counts can be checked here:"),
            "signed": gettext("This file is signed electronically and can be checked there too."),
        },
    }
