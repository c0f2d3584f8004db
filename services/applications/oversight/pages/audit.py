"""Show auditors and the data protection officer what was done and tried."""

from typing import Annotated, Any

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
    ReleaseDetails,
)
from services.applications.overview.model import AuditFilters, AuditKind
from services.applications.parameters import BusDep
from services.applications.register.views import words
from shared.contracts import labels
from shared.contracts.codes import PARTNERS, PartnerStatus, ReleasePurpose
from shared.i18n import N_, gettext
from shared.time import dates
from shared.web.csv_files import csv_file
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)


KINDS: dict[AuditKind, str] = {
    AuditKind.ATTEMPTS: N_("Refused attempts"),
    AuditKind.REGISTER: N_("Changes of the register"),
    AuditKind.PARTNERS: N_("Decisions about partners"),
    AuditKind.RELEASES: N_("Releases of names"),
    AuditKind.LOOKS: N_("Looks at people"),
}
_LOOKS = {
    "contact": N_("Whom a message goes to"),
    "objectives": N_("Objectives of a visit"),
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
    rows = [[dates.moment(entry.at), entry.who, what(entry), _about(entry), details(entry)] for entry in listed.shown]
    return render(
        request,
        "oversight/audit.html",
        rows=rows,
        total=listed.total,
        page=page,
        fields=_fields(filters),
        title=gettext(KINDS[filters.kind]),
        narrowed=filters != AuditFilters(kind=filters.kind),
        kind=filters.kind,
        download=f"/applications/audit.csv?{request.url.query}" if request.url.query else "/applications/audit.csv",
    )


def _fields(filters: AuditFilters) -> list[dict[str, Any]]:
    """Return the filters of the kind, as the macro draws them."""
    fields: list[dict[str, Any]] = [
        {
            "name": "kind",
            "label": gettext("What"),
            "options": [(kind.value, gettext(text)) for kind, text in KINDS.items()],
            "value": filters.kind,
        }
    ]
    choices = {
        AuditKind.ATTEMPTS: [(code, gettext(text)) for code, text in WHY.items()],
        AuditKind.REGISTER: [],
        AuditKind.PARTNERS: [(kind.value, labels.label(kind)) for kind in PartnerStatus],
        AuditKind.RELEASES: [(kind.value, labels.label(kind)) for kind in ReleasePurpose],
        AuditKind.LOOKS: [(code, gettext(text)) for code, text in _LOOKS.items()],
    }[filters.kind]
    if choices:
        fields.append({"name": "what", "label": gettext("More exactly"), "options": choices, "value": filters.what})
    if filters.kind in {AuditKind.REGISTER, AuditKind.PARTNERS, AuditKind.RELEASES}:
        countries = [(code, labels.country(code)) for code in PARTNERS]
        fields.append({"name": "country", "label": gettext("Country"), "options": countries, "value": filters.country})
    if filters.kind is not AuditKind.RELEASES:
        fields.append({"name": "who", "label": gettext("Who (sign-in name)"), "value": filters.who})
    fields.append({"name": "since", "label": gettext("From day, like 2026-11-24"), "value": filters.since})
    fields.append({"name": "until", "label": gettext("To day"), "value": filters.until})
    return fields


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


def _about(entry: AuditEntry) -> Any:
    """Return what it was about, with a link if the reader may follow it."""
    if entry.kind is AuditKind.PARTNERS and entry.country is not None:
        address = f"/applications/partners/{entry.country}/decisions/{entry.about}"
        return {"text": labels.country(entry.country), "href": address}
    return entry.about


def details(entry: AuditEntry) -> str:
    """Return the details in words."""
    match entry.details:
        case AttemptDetails(more=more) if more:
            return gettext("%(count)s more in a minute") % {"count": more}
        case AttemptDetails(method=method, route=route, status=status):
            return f"{method} {route} ({status})"
        case ChangeDetails(fields=fields):
            return words.field_names(fields)
        case DecisionDetails(since=since):
            return gettext("from %(day)s") % {"day": dates.day(since)}
        case ReleaseDetails(of=of, to=to, fields=released):
            names = ", ".join(labels.label(field) for field in released)
            parties = {"of": labels.label(of), "to": labels.label(to), "fields": names}
            return gettext("Of: %(of)s (%(fields)s). To: %(to)s.") % parties
        case LookDetails(purpose=purpose, people=people):
            return gettext("%(purpose)s; %(people)s people") % {"purpose": purpose, "people": people}


@router.get("/audit.csv")
async def download(_: Overseer, bus: BusDep, filters: AuditFiltersDep) -> Response:
    """Download the filtered audit trail as CSV; at most 10,000 lines."""
    async with bus.read() as session:
        entries = await views.all_entries(session, filters)
    rows = [
        [entry.at.isoformat(), entry.who, entry.what, entry.about, entry.country, details(entry)] for entry in entries
    ]
    return csv_file(f"tandem-audit-{filters.kind}.csv", ["at", "who", "what", "about", "country", "details"], rows)
