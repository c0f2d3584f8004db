"""Show auditors and the data protection officer what was done and tried."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.guards import Overseer
from services.applications.oversight.actions.attempts import WHY
from services.applications.oversight.forms import AuditFiltersDep
from services.applications.overview.model import AuditFilters, AuditKind
from services.applications.overview.store import audit as store
from services.applications.parameters import BusDep
from services.applications.register.views import words
from shared.contracts import labels
from shared.contracts.codes import PARTNERS, IdentityField, PartnerStatus, Party, ReleasePurpose
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
        lines, total = await store.page(session, filters, page)
    rows = [
        [
            dates.moment(line.at),
            line.who,
            what(filters.kind, line),
            _about(filters.kind, line),
            details(filters.kind, line),
        ]
        for line in lines
    ]
    return render(
        request,
        "oversight/audit.html",
        rows=rows,
        total=total,
        page=page,
        fields=_fields(filters),
        title=gettext(KINDS[filters.kind]),
        narrowed=filters != AuditFilters(kind=filters.kind),
        kind=filters.kind,
        download=f"/applications/audit.csv?{request.url.query}" if request.url.query else "/applications/audit.csv",
    )


def _fields(filters: AuditFilters) -> list[dict[str, Any]]:
    """The filters of the kind, as the macro draws them."""
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


def what(kind: AuditKind, line: store.Line) -> str:
    """Return what happened, in words."""
    match kind:
        case AuditKind.ATTEMPTS:
            return gettext(WHY.get(line.what, line.what))
        case AuditKind.REGISTER:
            return words.action_text(line.details["kind"], line.what)
        case AuditKind.PARTNERS:
            return labels.label(PartnerStatus(line.what))
        case AuditKind.RELEASES:
            return labels.label(ReleasePurpose(line.what))
        case AuditKind.LOOKS:
            return gettext(_LOOKS.get(line.what, line.what))


def _about(kind: AuditKind, line: store.Line) -> Any:
    """What it was about, with a link if the reader may follow it."""
    if kind is AuditKind.PARTNERS and line.country is not None:
        address = f"/applications/partners/{line.country}/decisions/{line.about}"
        return {"text": labels.country(line.country), "href": address}
    return line.about


def details(kind: AuditKind, line: store.Line) -> str:
    """Return the details in words."""
    values = line.details
    match kind:
        case AuditKind.ATTEMPTS if values["more"]:
            return gettext("%(count)s more in a minute") % {"count": values["more"]}
        case AuditKind.ATTEMPTS:
            return f"{values['method']} {values['route']} ({values['status']})"
        case AuditKind.REGISTER:
            return words.field_names(values["fields"] or ())
        case AuditKind.PARTNERS:
            return gettext("from %(day)s") % {"day": dates.day(date.fromisoformat(values["since"]))}
        case AuditKind.RELEASES:
            fields = ", ".join(labels.label(IdentityField(field)) for field in values["fields"])
            parties = {
                "of": labels.label(Party(values["of"])),
                "to": labels.label(Party(values["to"])),
                "fields": fields,
            }
            return gettext("Of: %(of)s (%(fields)s). To: %(to)s.") % parties
        case AuditKind.LOOKS:
            return gettext("%(purpose)s; %(people)s people") % {
                "purpose": values["purpose"],
                "people": values["people"],
            }


@router.get("/audit.csv")
async def download(_: Overseer, bus: BusDep, filters: AuditFiltersDep) -> Response:
    """Download the filtered audit trail as CSV; at most 10,000 lines."""
    async with bus.read() as session:
        lines = await store.everything(session, filters)
    rows = [
        [line.at.isoformat(), line.who, line.what, line.about, line.country, details(filters.kind, line)]
        for line in lines
    ]
    return csv_file(f"tandem-audit-{filters.kind}.csv", ["at", "who", "what", "about", "country", "details"], rows)
