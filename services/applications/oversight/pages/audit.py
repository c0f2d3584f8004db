"""What do auditors and the data protection officer read? What was done and tried, with filters in the address."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.guards import Overseer
from services.applications.oversight.actions.attempts import WHY
from services.applications.oversight.forms import AuditFilters
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


KINDS: dict[store.Kind, str] = {
    store.Kind.ATTEMPTS: N_("Refused attempts"),
    store.Kind.REGISTER: N_("Changes of the register"),
    store.Kind.PARTNERS: N_("Decisions about partners"),
    store.Kind.RELEASES: N_("Releases of names"),
    store.Kind.LOOKS: N_("Looks at people"),
}
_LOOKS = {
    "contact": N_("Whom a message goes to"),
    "objectives": N_("Objectives of a visit"),
}


@router.get("/audit")
async def audit(
    request: Request, _: Overseer, bus: BusDep, asked: AuditFilters, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> Response:
    """One page of what was asked for."""
    async with bus.read() as session:
        lines, total = await store.page(session, asked, page)
    rows = [
        [dates.moment(line.at), line.who, what(asked.kind, line), _about(asked.kind, line), details(asked.kind, line)]
        for line in lines
    ]
    return render(
        request,
        "oversight/audit.html",
        rows=rows,
        total=total,
        page=page,
        fields=_fields(asked),
        title=gettext(KINDS[asked.kind]),
        narrowed=asked != store.Filters(kind=asked.kind),
        kind=asked.kind,
        download=f"/applications/audit.csv?{request.url.query}" if request.url.query else "/applications/audit.csv",
    )


def _fields(asked: store.Filters) -> list[dict[str, Any]]:
    """The filters, as the macro draws them; those that the kind has."""
    fields: list[dict[str, Any]] = [
        {
            "name": "kind",
            "label": gettext("What"),
            "options": [(one.value, gettext(text)) for one, text in KINDS.items()],
            "value": asked.kind,
        }
    ]
    choices = {
        store.Kind.ATTEMPTS: [(code, gettext(text)) for code, text in WHY.items()],
        store.Kind.REGISTER: [],
        store.Kind.PARTNERS: [(one.value, labels.label(one)) for one in PartnerStatus],
        store.Kind.RELEASES: [(one.value, labels.label(one)) for one in ReleasePurpose],
        store.Kind.LOOKS: [(code, gettext(text)) for code, text in _LOOKS.items()],
    }[asked.kind]
    if choices:
        fields.append({"name": "what", "label": gettext("More exactly"), "options": choices, "value": asked.what})
    if asked.kind in {store.Kind.REGISTER, store.Kind.PARTNERS, store.Kind.RELEASES}:
        countries = [(code, labels.country(code)) for code in PARTNERS]
        fields.append({"name": "country", "label": gettext("Country"), "options": countries, "value": asked.country})
    if asked.kind is not store.Kind.RELEASES:
        fields.append({"name": "who", "label": gettext("Who (sign-in name)"), "value": asked.who})
    fields.append({"name": "since", "label": gettext("From day, like 2026-11-24"), "value": asked.since})
    fields.append({"name": "until", "label": gettext("To day"), "value": asked.until})
    return fields


def what(kind: store.Kind, line: store.Line) -> str:
    """What happened, in words."""
    match kind:
        case store.Kind.ATTEMPTS:
            return gettext(WHY.get(line.what, line.what))
        case store.Kind.REGISTER:
            return words.action_text(line.details["kind"], line.what)
        case store.Kind.PARTNERS:
            return labels.label(PartnerStatus(line.what))
        case store.Kind.RELEASES:
            return labels.label(ReleasePurpose(line.what))
        case store.Kind.LOOKS:
            return gettext(_LOOKS.get(line.what, line.what))


def _about(kind: store.Kind, line: store.Line) -> Any:
    """What it was about; with a way to it where the reader may go there."""
    if kind is store.Kind.PARTNERS and line.country is not None:
        address = f"/applications/partners/{line.country}/decisions/{line.about}"
        return {"text": labels.country(line.country), "href": address}
    return line.about


def details(kind: store.Kind, line: store.Line) -> str:
    """The rest in words."""
    known = line.details
    match kind:
        case store.Kind.ATTEMPTS if known["more"]:
            return gettext("%(count)s more in a minute") % {"count": known["more"]}
        case store.Kind.ATTEMPTS:
            return f"{known['method']} {known['route']} ({known['status']})"
        case store.Kind.REGISTER:
            return words.field_names(known["fields"] or ())
        case store.Kind.PARTNERS:
            return gettext("from %(day)s") % {"day": dates.day(date.fromisoformat(known["since"]))}
        case store.Kind.RELEASES:
            fields = ", ".join(labels.label(IdentityField(one)) for one in known["fields"])
            parties = {"of": labels.label(Party(known["of"])), "to": labels.label(Party(known["to"])), "fields": fields}
            return gettext("Of: %(of)s (%(fields)s). To: %(to)s.") % parties
        case store.Kind.LOOKS:
            return gettext("%(purpose)s; %(people)s people") % {"purpose": known["purpose"], "people": known["people"]}


@router.get("/audit.csv")
async def download(_: Overseer, bus: BusDep, asked: AuditFilters) -> Response:
    """All that was asked for as CSV; 10,000 lines at the most."""
    async with bus.read() as session:
        lines = await store.everything(session, asked)
    rows = [
        [line.at.isoformat(), line.who, line.what, line.about, line.country, details(asked.kind, line)]
        for line in lines
    ]
    return csv_file(f"tandem-audit-{asked.kind}.csv", ["at", "who", "what", "about", "country", "details"], rows)
