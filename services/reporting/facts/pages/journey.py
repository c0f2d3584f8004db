"""Show what happened to one application, from the first event to the last, through all services."""

import re
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.facts import views
from services.reporting.guards import Tracer
from services.reporting.parameters import BusDep
from shared.contracts import EVENTS
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)


def meaning_of(type_: str) -> str:
    """Return what a type of event means: its contract's docstring up to the first full stop."""
    event = EVENTS.get(type_)
    text = " ".join(((event.__doc__ or "") if event else "").split())
    first = re.split(r"[.;]( |$)", text, maxsplit=1)[0].replace("`", "")
    return f"{first}." if first else ""


@router.get("/reporting/journey")
async def search(request: Request, _: Tracer, bus: BusDep, reference: str = "") -> Response:
    """Find an application by its reference."""
    reference_text = reference.strip()
    if not reference_text:
        return render(request, "facts/journey_search.html", reference="", missing=False)
    found = await views.reference_of(bus, reference_text)
    if found is None:
        return render(request, "facts/journey_search.html", 404, reference=reference_text, missing=True)
    return see_other(f"/reporting/journey/{found}")


@router.get("/reporting/journey/{application_id}")
async def journey(
    request: Request, _: Tracer, bus: BusDep, application_id: str, details: Literal["", "yes"] = ""
) -> Response:
    """Show the events of one application, by its id or reference, oldest first; with `details` what machines know."""
    found = await views.journey(bus, application_id)
    return render(
        request,
        "facts/journey.html",
        application=found,
        steps=found.events,
        says=meaning_of,
        title=views.event_title,
        details=bool(details),
    )
