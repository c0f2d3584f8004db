"""Show auditors and the data protection officer what was done and tried."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.guards import Overseer
from services.applications.oversight.actions.attempts import WHY
from services.applications.oversight.forms import AuditFiltersDep
from services.applications.oversight.views import audit as views
from services.applications.oversight.views.audit import (
    AttemptDetails,
    AuditEntry,
    ChangeDetails,
    DecisionDetails,
    LookDetails,
    OverrideDetails,
    ReleaseDetails,
)
from services.applications.overview.model import AuditFilters, AuditKind
from services.applications.parameters import BusDep
from services.applications.register.views import words
from shared.contracts import labels
from shared.contracts.codes import PARTNERS, PartnerStatus, Reason, ReleasePurpose
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.csv_files import csv_file
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, list_page

router = APIRouter(prefix="/applications", include_in_schema=False)
HERE = "/applications/audit"


KINDS: dict[AuditKind, str] = {
    AuditKind.ATTEMPTS: N_("Refused attempts"),
    AuditKind.REGISTER: N_("Changes to the register"),
    AuditKind.PARTNERS: N_("Decisions about partners"),
    AuditKind.RELEASES: N_("Releases of names"),
    AuditKind.LOOKS: N_("Views of personal data"),
    AuditKind.OVERRIDES: N_("Places assigned manually"),
}
_LOOKS = {
    "contact": N_("Recipients of messages"),
    "objectives": N_("Visit objectives"),
}


@router.get("/audit")
async def audit(
    request: Request,
    _: Overseer,
    bus: BusDep,
    filters: AuditFiltersDep,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show one page of the filtered audit trail."""
    async with bus.read() as session:
        listed = await views.audit_list(session, filters, page)
    query = f"?{request.url.query}" if request.url.query else ""
    heads = gettext("When"), gettext("Who"), gettext("What"), gettext("About"), gettext("More")
    listing = Listing(
        gettext(KINDS[filters.kind]),
        HERE,
        [Column(head) for head in heads],
        [[dates.moment(entry.at), entry.who, what(entry), _about(entry), details(entry)] for entry in listed.shown],
        listed.total,
        _empty(filters),
        page=page,
        caption=gettext("Audit"),
        back="/applications/",
        filters=_filters(filters),
    )
    return list_page(request, listing, "oversight/audit.html", download=f"{HERE}.csv{query}")


def _empty(filters: AuditFilters) -> Empty:
    """Return why there are no rows: nothing fits the filters, or there is nothing of the kind."""
    if filters == AuditFilters(kind=filters.kind):
        return Empty(gettext("Nothing of this kind has happened yet."))
    return Empty(
        gettext("Nothing matches these filters."), gettext("Show all of this kind"), f"{HERE}?kind={filters.kind}"
    )


def _filters(filters: AuditFilters) -> list[Filter]:
    """Return the filters of the kind."""
    kinds = [(kind.value, gettext(text)) for kind, text in KINDS.items()]
    found = [Filter("kind", gettext("What"), filters.kind, kinds, always=True)]
    choices = {
        AuditKind.ATTEMPTS: [(code, gettext(text)) for code, text in WHY.items()],
        AuditKind.REGISTER: [],
        AuditKind.PARTNERS: [(kind.value, labels.label(kind)) for kind in PartnerStatus],
        AuditKind.RELEASES: [(kind.value, labels.label(kind)) for kind in ReleasePurpose],
        AuditKind.LOOKS: [(code, gettext(text)) for code, text in _LOOKS.items()],
        AuditKind.OVERRIDES: [(reason.value, labels.label(reason)) for reason in Reason],
    }[filters.kind]
    if choices:
        found.append(Filter("what", gettext("Details"), filters.what or "", choices))
    if filters.kind in {AuditKind.REGISTER, AuditKind.PARTNERS, AuditKind.RELEASES, AuditKind.OVERRIDES}:
        countries = labels.countries(PARTNERS)
        found.append(Filter("country", gettext("Country"), filters.country or "", countries))
    if filters.kind is not AuditKind.RELEASES:
        found.append(Filter("who", gettext("Who (sign-in name)"), filters.who or ""))
    since, until = (day.isoformat() if day else "" for day in (filters.since, filters.until))
    return [
        *found,
        Filter("since", gettext("First day"), since, input="date"),
        Filter("until", gettext("Last day"), until, input="date"),
    ]


def what(entry: AuditEntry) -> str:
    """Return what happened, in words."""
    match entry.details:
        case AttemptDetails():
            return gettext(WHY.get(entry.what, entry.what))
        case ChangeDetails(kind=kind):
            return words.action_text(kind, entry.what)
        case DecisionDetails():
            return labels.label(PartnerStatus(entry.what))
        case ReleaseDetails():
            return labels.label(ReleasePurpose(entry.what))
        case LookDetails():
            return gettext(_LOOKS.get(entry.what, entry.what))
        case OverrideDetails():
            return labels.label(Reason(entry.what))


def _about(entry: AuditEntry) -> Cell:
    """Return what it was about, with a link if the reader may follow it."""
    if entry.kind is AuditKind.PARTNERS and entry.country is not None:
        address = f"/applications/partners/{entry.country}/decisions/{entry.about}"
        return Link(labels.country(entry.country), address)
    return entry.about


def details(entry: AuditEntry) -> str:
    """Return the details in words."""
    match entry.details:
        case AttemptDetails() as attempt:
            more = gettext("%(count)s more in one minute") % {"count": attempt.more}
            return more if attempt.more else f"{attempt.method} {attempt.route} ({attempt.status})"
        case ChangeDetails(fields=fields):
            return words.field_names(fields)
        case DecisionDetails(since=since):
            return gettext("from %(day)s") % {"day": dates.day(since)}
        case ReleaseDetails(of=of, to=to, fields=released):
            names = ", ".join(labels.label(field) for field in released)
            parties = {"of": labels.label(of), "to": labels.label(to), "fields": names}
            return gettext("Of: %(of)s (%(fields)s). To: %(to)s.") % parties
        case LookDetails(purpose=purpose, people=people):
            sentence = ngettext("%(purpose)s, %(people)s person", "%(purpose)s, %(people)s people", people)
            return sentence % {"purpose": purpose, "people": people}
        case OverrideDetails(text=text):
            return text


@router.get("/audit.csv")
async def download(_: Overseer, bus: BusDep, filters: AuditFiltersDep) -> Response:
    """Download the filtered audit trail as CSV; at most 10,000 lines."""
    async with bus.read() as session:
        entries = await views.all_entries(session, filters)
    rows = [
        [entry.at.isoformat(), entry.who, entry.what, entry.about, entry.country, details(entry)] for entry in entries
    ]
    return csv_file(f"tandem-audit-{filters.kind}.csv", ["at", "who", "what", "about", "country", "details"], rows)
