"""The people of a run: officers, hosts, mentors and coordinators, through the API of the portal and of matching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from services.notifications.webhooks.model.webhook import selectable
from shared.contracts.codes import WebhookReach
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.conftest import Programme
from tests.support import items

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.simulation.services.installation import Installation

HOME = {"AM": "tigran", "GE": "giorgi", "FR": "luc", "LT": "rasa"}
OFFICERS = {"ani": "AM", "davit": "AM", "mariam": "AM", "nino": "GE", "otar": "GE", "levan": "GE"}
MENTEE = "nino"


class SimulatedProgramme(Programme):
    """The programme of the portal's tests, in a simulated installation."""

    def __init__(self, installation: Installation) -> None:
        """Act in `installation`."""
        super().__init__(installation.apps["applications"])
        self.installation = installation

    def as_(self, subject: str) -> httpx2.AsyncClient:
        """Return a client of a person, who signs in with the first request."""
        return cast("httpx2.AsyncClient", _Person(self.installation, subject))


class _Person:
    """A person who signs in with a request, since a change of access ends earlier sessions."""

    def __init__(self, installation: Installation, subject: str) -> None:
        self._installation, self._subject = installation, subject

    async def post(self, path: str, **options: Any) -> httpx2.Response:
        return await (await self._installation.client(self._subject)).post(path, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await (await self._installation.client(self._subject)).get(path, **options)


async def fill(installation: Installation) -> None:
    """Enter the register, a call, applications that are eligible, placements, a mentor, and a webhook."""
    programme = SimulatedProgramme(installation)
    await programme.fill()
    abroad = Abroad(programme, None)  # type: ignore[arg-type]  # nothing is fed: matching runs
    await abroad.fill()
    more = [subject for subject in OFFICERS if subject not in {"ani", "nino"}]
    service = {"service": "police", "rank_group": "operational", "years_in_field": 6}
    people = [programme.person(each, each.capitalize(), OFFICERS[each], "officer", **service) for each in more]
    await programme.post("programme", "/people", {"people": people}, 201)
    known: dict[str, Any] = {
        "call": programme.call["id"],
        "organisations": programme.organisations,
        "applications": {},
        "terms": programme.call,
    }
    installation.known = known
    for subject in ("ani", "otar", MENTEE):
        kind = "mentee" if subject == MENTEE else "study_visit"
        known["applications"][await abroad.eligible(subject, HOME[OFFICERS[subject]], kind)] = subject
    await abroad.offer(places=1)
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(capacity=1), "publish": True}
    await programme.post("jonas", "/mentors", body, 201)
    events = [each for group in selectable(WebhookReach.INSIDE).values() for each in group]
    hook = {"url": "http://10.0.0.1/hook", "description": "Simulation", "events": events, "reach": "inside"}
    installation.known["hook"] = hook


async def register_hook(installation: Installation) -> None:
    """Register the webhook, once notifications knows who may."""
    status, answer = await installation.ask(
        "programme", "POST", "/webhooks", installation.known["hook"], "notifications"
    )
    assert status == 201, answer


class Actions:
    """One method for each thing that people do; `choice` says which of those that could be meant."""

    def __init__(self, installation: Installation) -> None:
        """Act in `installation`."""
        self.of = installation
        self.programme = SimulatedProgramme(installation)
        self.programme.organisations = installation.known["organisations"]
        self.programme.call = installation.known["terms"]

    async def _ask(self, who: str, method: str, path: str, body: Any = None, service: str = "applications") -> Any:
        status, answer = await self.of.ask(who, method, path, body, service)
        if method != "GET":
            self.of.note(who, f"{method} {path} {status}")
        assert status not in {500, 422}, f"{who}: {method} {path}: {status} {answer}"
        return answer if status < 400 else None

    async def _matches(self, *states: str) -> list[dict[str, Any]]:
        query = "&".join(f"state={state}" for state in states)
        answer = await self._ask("programme", "GET", f"/matches?limit=200&{query}")
        return sorted(answer["items"], key=lambda item: str(item["id"])) if answer else []

    async def submit(self, choice: int) -> None:
        """An officer without an application applies."""
        applied = set(self.of.known["applications"].values())
        free = [subject for subject in OFFICERS if subject not in applied]
        if not free:
            return
        subject = free[choice % len(free)]
        body = {
            "call_id": self.of.known["call"],
            "kind": "study_visit",
            "answers": self.programme.answers(),
            "privacy": True,
            "submit": True,
        }
        made = await self._ask(subject, "POST", "/applications", body)
        if made is not None:
            self.of.known["applications"] = self.of.known["applications"] | {str(made["id"]): subject}

    async def decide(self, choice: int) -> None:
        """A national coordinator endorses an application, and the programme coordinator confirms what is eligible."""
        applications = sorted(self.of.known["applications"])
        chosen = applications[choice % len(applications)]
        home = HOME[OFFICERS[self.of.known["applications"][chosen]]]
        await self._ask(home, "POST", f"/applications/{chosen}/endorse", {"note": ""})
        await self._ask("programme", "POST", "/eligibility/confirm", {"applications": items(chosen)})

    async def withdraw(self, choice: int) -> None:
        """An officer withdraws."""
        applications = sorted(self.of.known["applications"])
        chosen = applications[choice % len(applications)]
        subject = self.of.known["applications"][chosen]
        await self._ask(subject, "POST", f"/applications/{chosen}/withdraw", {"reason": "not_available"})

    async def offer(self, choice: int) -> None:
        """A host publishes another placement."""
        entry = Abroad(self.programme, None).offer_entry(places=1 + choice % 2)  # type: ignore[arg-type]  # it reads no events
        body = {"call_id": self.of.known["call"], "entry": entry, "submit": True}
        made = await self._ask("claire", "POST", "/offers", body)
        if made is not None:
            await self._ask("luc", "POST", f"/offers/{made['id']}/endorse")
            await self._ask("claire", "POST", f"/offers/{made['id']}/publish")

    async def commit(self, choice: int) -> None:
        """The programme coordinator commits provisional matches."""
        query = f"/provisional?call_id={self.of.known['call']}&limit=200"
        answer = await self._ask("programme", "GET", query, service="matching")
        found = [item for item in (answer or {"items": []})["items"] if item["seat_id"]]
        chosen = [item for place, item in enumerate(found) if (choice + place) % 3 or len(found) == 1]
        pairs = [
            {"application_id": item["id"], "seat_id": item["seat_id"], "version": item["version"]} for item in chosen
        ]
        if pairs:
            body = {"call_id": self.of.known["call"], "pairs": pairs}
            await self._ask("programme", "POST", "/cohorts", body, service="matching")

    async def clear(self, choice: int) -> None:
        """A national coordinator clears a match, or refuses it."""
        found = await self._matches("proposed")
        if found:
            match = found[choice % len(found)]
            subject = self.of.known["applications"].get(str(match["application_id"]))
            home = HOME[OFFICERS[subject]] if subject else "tigran"
            for who in (home, "luc", "rasa") if choice % 5 else (home,):
                verb, body = ("refuse", {"reason": "clearance"}) if choice % 7 == 0 else ("clear", None)
                await self._ask(who, "POST", f"/matches/{match['id']}/{verb}", body)

    async def answer(self, choice: int) -> None:
        """Both sides of an offered match answer, or one of them."""
        found = await self._matches("offered")
        if found:
            match = found[choice % len(found)]
            subject = self.of.known["applications"].get(str(match["application_id"]), "ani")
            host = "jonas" if subject == MENTEE else "claire"
            body = {"answer": "decline", "reason": "timetable_conflict"} if choice % 5 == 0 else {"answer": "accept"}
            for who in (subject, host) if choice % 4 else (subject,):
                await self._ask(who, "POST", f"/matches/{match['id']}/answer", body)

    async def cancel(self, choice: int) -> None:
        """A coordinator calls a match off."""
        found = await self._matches("offered", "confirmed")
        if found:
            match = found[choice % len(found)]
            await self._ask("programme", "POST", f"/matches/{match['id']}/cancel", {"reason": "other"})

    def named(self) -> dict[str, Callable[[int], Awaitable[None]]]:
        """Return the actions by name."""
        names = ("submit", "decide", "withdraw", "offer", "commit", "clear", "answer", "cancel")
        return {name: getattr(self, name) for name in names}
