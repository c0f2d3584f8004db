"""The start page, the portal's first page, the account and the event catalogue; locally personas and a tour."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.desk.views import Card, first_page, open_calls, results
from services.applications.desk.views import account as own_account
from services.applications.guards import SignedIn
from services.applications.parameters import BusDep, Portal
from services.applications.settings import Settings
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.contracts.page import catalogue
from shared.i18n import N_, gettext
from shared.identity import Principal, public
from shared.web.render import render

router = APIRouter(include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public())]


@dataclass(frozen=True, slots=True)
class Persona:
    """One made-up person of the local run, as `deploy/local` writes them into the file of `TANDEM_PERSONAS_FILE`."""

    subject: str
    name: str
    words: str
    role: str
    country: str | None = None
    organisation: str | None = None

    def sign_in_address(self, address: str = "/applications/") -> str:
        """Return the address by which one signs in as this person."""
        return f"/sign-in?{urlencode({'as': self.subject, 'next': address})}"


def personas(settings: Settings) -> list[Persona]:
    """Return the personas that the start page offers; none outside a local run, or where the file is missing."""
    if not settings.local or settings.personas_file is None:
        return []
    file = Path(settings.personas_file)
    if not file.exists():
        return []
    return [Persona(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


# The part of the programme that each role sees, for the personas of a local run.
SEES: dict[Role, str] = {
    Role.OFFICER: N_("You see calls, your own applications and each next step."),
    Role.MENTOR: N_("You see your profile, your mentorships and their sessions."),
    Role.HOST_CONTACT: N_("You see your placements, offers to answer and your guests' attendance."),
    Role.NATIONAL_COORDINATOR: N_("You see your country's applications, matches and register."),
    Role.CLEARANCE_OFFICER: N_("You see your EU agency's applications and matches to clear."),
    Role.PROGRAMME_COORDINATOR: N_("You see all applications, the board, the register and all figures."),
    Role.EVALUATOR: N_("You see published figures and how they are counted."),
    Role.DONOR: N_("You see published figures and no personal data."),
    Role.ANASPOC: N_("You see published figures and no personal data."),
    Role.AUDITOR: N_("You see the audit log, sent messages and figures with their events."),
    Role.DATA_PROTECTION_OFFICER: N_("You see the audit log, sent messages and incident reports."),
}

# The journey in the order in which it happens: who does it, what, and where it is done.
_TOUR: tuple[tuple[str, str, str, str], ...] = (
    (
        "officer",
        N_("Apply"),
        N_("Choose a call, fill in the task list, check your answers and send the application."),
        "/applications/",
    ),
    (
        "home_coordinator",
        N_("Endorse the application"),
        N_("Open the case in the queue. Return it for information or endorse it."),
        "/applications/cases?state=submitted",
    ),
    ("host_contact", N_("Add a placement"), N_("Describe a placement and submit it."), "/applications/offers"),
    (
        "host_coordinator",
        N_("Endorse the placement"),
        N_("Review the placement and endorse it. The host then publishes it."),
        "/applications/offers",
    ),
    (
        "programme_coordinator",
        N_("Confirm eligibility"),
        N_("Each application has been checked against the rules. Confirm the results."),
        "/applications/eligibility",
    ),
    (
        "programme_coordinator",
        N_("Review the matches"),
        N_("The board updates with each event. See why a match was found, then commit the cohort."),
        "/matching/",
    ),
    (
        "home_coordinator",
        N_("Clear the match"),
        N_("The home country clears it first, then the host country."),
        "/applications/matches",
    ),
    (
        "officer",
        N_("Accept"),
        N_("The officer and the host accept the offer, and the dates are set."),
        "/applications/matches",
    ),
    (
        "host_contact",
        N_("Record attendance"),
        N_("When the visit has started, record attendance for each day. Move the clock forward to get there."),
        "/applications/visits",
    ),
    (
        "officer",
        N_("Evaluate and report"),
        N_("Say what you learnt. Then you receive the certificate."),
        "/applications/",
    ),
    ("donor", N_("See the figures"), N_("Each figure shows what it was counted from."), "/reporting/"),
)


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step of the journey, and who does it."""

    title: str
    text: str
    who: str
    href: str


def tour(found: list[Persona]) -> list[TourStep]:
    """Return the steps of the tour with the persona of each; steps that nobody can take are left out."""
    personas_by_role = {
        "home_coordinator": _persona_with(found, Role.NATIONAL_COORDINATOR, _country(found, Role.OFFICER)),
        "host_coordinator": _persona_with(found, Role.NATIONAL_COORDINATOR, _country(found, Role.HOST_CONTACT)),
        **{role.value: _persona_with(found, role) for role in Role},
    }
    steps = []
    for step_persona, title, text, address in _TOUR:
        persona = personas_by_role.get(step_persona)
        if persona is not None:
            steps.append(
                TourStep(
                    gettext(title),
                    gettext(text),
                    f"{persona.name}, {persona.words}",
                    persona.sign_in_address(address),
                )
            )
    return steps


def _persona_with(found: list[Persona], role: Role, country: str | None = None) -> Persona | None:
    return next((persona for persona in found if persona.role == role and country in {None, persona.country}), None)


def _country(found: list[Persona], role: Role) -> str | None:
    persona = _persona_with(found, role)
    return None if persona is None else persona.country


@router.get("/")
async def start(request: Request, principal: Anybody, bus: BusDep, settings: Portal) -> Response:
    """Show the start page."""
    found = personas(settings)
    return render(
        request,
        "desk/start.html",
        cards=[
            Card(
                persona.name,
                persona.words,
                persona.sign_in_address(),
                ", ".join(filter(None, [labels.role(persona.role), labels.country(persona.country)])),
                note=gettext(SEES[Role(persona.role)]),
            )
            for persona in found
        ],
        steps=tour(found),
        known=principal is not None,
        open_calls=await open_calls(bus),
        with_results=settings.start_figures,
        results=await results(bus, principal) if settings.start_figures else None,
        mail_url=settings.mail_url if settings.local else None,
    )


@router.get("/applications/")
async def home(request: Request, principal: SignedIn, bus: BusDep, settings: Portal) -> Response:
    """Show the portal's first page: what waits for the reader."""
    async with bus.read() as session:
        view = await first_page(session, principal, settings)
    return render(request, "desk/home.html", view=view, done=request.query_params.get("done"))


@router.get("/applications/account")
async def account(request: Request, principal: SignedIn, bus: BusDep) -> Response:
    """Show what is known about the signed-in person: name, address, roles."""
    found = await own_account(bus, principal)
    return render(
        request,
        "desk/account.html",
        person=found.person,
        names=found.organisations,
        waiting=None if found.person is None else found.person.unconfirmed_address,
        done=request.query_params.get("done"),
    )


@router.get("/applications/contracts")
async def contracts(request: Request, _: Anybody) -> Response:
    """Show every topic and event of the programme, with life cycle and example."""
    return render(request, "desk/contracts.html", topics=catalogue())
