"""Who and what may be in the register, and what may become of it? A module a question; entries are re-exported."""

from services.applications.register.model.entries import (
    Entry,
    ExclusionEntry,
    FundEntry,
    LatinName,
    Line,
    MailAddress,
    Name,
    OrganisationEntry,
    PartnerEntry,
    PersonEntry,
    Subject,
    clean,
    latin_name,
    mail_address,
    name,
)

__all__ = [
    "Entry",
    "ExclusionEntry",
    "FundEntry",
    "LatinName",
    "Line",
    "MailAddress",
    "Name",
    "OrganisationEntry",
    "PartnerEntry",
    "PersonEntry",
    "Subject",
    "clean",
    "latin_name",
    "mail_address",
    "name",
]
