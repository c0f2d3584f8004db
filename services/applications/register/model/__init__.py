"""Hold the rules of the register: entries, grants and proposals; the entries are exported here."""

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
