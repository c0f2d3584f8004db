"""What does a certificate say, and does it count? The officer prints it; whoever holds the number can verify it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.actions.certificates import holder_of
from services.applications.actions.common import not_found
from services.applications.actions.standing import case_of
from services.applications.store import certificates as store
from services.applications.store.contacts import log_access
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.identity import Principal, allow, public
from shared.identity.scope import may_see_case
from shared.service import bus_of
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)
Reader = Annotated[
    Principal, Depends(allow(Role.OFFICER, Role.MENTOR, Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))
]
Anybody = Annotated[Principal | None, Depends(public())]
Store = Annotated[Bus, Depends(bus_of)]


@router.get("/certificates/{number}")
async def show(request: Request, number: str, principal: Reader, bus: Store) -> Response:
    """The certificate with the name, for its holder and the own country's coordinator; each time is logged."""
    async with bus.transaction(principal.subject) as tx:
        paper = await store.certificate(tx.session, number)
        case = None if paper is None else await case_of(tx.session, paper.application_id)
        if paper is None or case is None:
            raise not_found()
        application = case.application
        holder = await holder_of(tx.session, paper, application)
        if not may_see_case(principal, country=holder.country, subject=holder.subject):
            raise not_found()
        await log_access(
            tx.session,
            caller=principal.subject,
            what="certificate",
            audience="applicant",
            case_id=str(application.id),
            purpose="certificate",
            people=[] if holder.person is None else [holder.person.id],
        )
    address = f"{request.app.state.service.settings.origin}/applications/verify/{paper.number}"
    return render(
        request,
        "certificate.html",
        paper=paper,
        name=holder.name,
        application=application,
        call=case.call,
        address=address,
    )


@router.get("/verify/{number}")
async def verify(request: Request, number: str, _: Anybody, bus: Store) -> Response:
    """Whether a certificate with that number counts: its days, and no name."""
    async with bus.read() as session:
        paper = await store.certificate(session, number)
    return render(request, "verify.html", 200 if paper else 404, paper=paper, number=number[:40])
