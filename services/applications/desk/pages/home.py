"""The portal's first page: for each role what waits for it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.desk.views import first_page
from services.applications.guards import SignedIn
from services.applications.parameters import BusDep, Portal
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)


@router.get("/")
async def home(request: Request, principal: SignedIn, bus: BusDep, settings: Portal) -> Response:
    """Show the portal's first page."""
    async with bus.read() as session:
        view = await first_page(session, principal, settings)
    return render(request, "desk/home.html", view=view, done=request.query_params.get("done"))
