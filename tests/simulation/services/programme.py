"""The people of a run: officers, hosts, mentors and coordinators, through the API of the portal and of matching."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast

from deploy.cli.outcomes import REPORT_TEXTS
from services.notifications.webhooks.model.webhook import selectable
from shared.contracts.codes import WebhookReach
from tests.integration.applications.abroad import Abroad
from tests.integration.applications.conftest import Programme
from tests.simulation.services.virtual import BEGIN
from tests.support import items

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    import httpx2

    from tests.simulation.services.installation import Installation

HOME = {"AM": "tigran", "GE": "giorgi", "FR": "luc", "LT": "rasa"}
OFFICERS = {"ani": "AM", "davit": "AM", "mariam": "AM", "nino": "GE", "otar": "GE", "levan": "GE"}
MENTEE = "nino"
LAST_OFFER = timedelta(days=60)
"""From the beginning of a run: a placement of that day or before ends within the visit periods of the call."""


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
    """Enter the register and a call."""
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
    events = [each for group in selectable(WebhookReach.INSIDE).values() for each in group]
    hook = {"url": "http://10.0.0.1/hook", "description": "Simulation", "events": events, "reach": "inside"}
    known["hook"] = hook


async def register_hook(installation: Installation) -> None:
    """Register the webhook, once notifications knows who may."""
    status, answer = await installation.ask(
        "programme", "POST", "/webhooks", installation.known["hook"], "notifications"
    )
    assert status == 201, answer


async def begin_cases(installation: Installation) -> None:
    """Enter three applications, placements and a mentor; bring a visit to its dates, a mentorship and an offer."""
    actions = Actions(installation)
    programme, known = actions.programme, installation.known
    abroad = Abroad(programme, None)  # type: ignore[arg-type]  # nothing is fed: matching runs
    for subject in ("ani", "otar", MENTEE):
        kind = "mentee" if subject == MENTEE else "study_visit"
        known["applications"][await abroad.eligible(subject, HOME[OFFICERS[subject]], kind)] = subject
    await abroad.offer(places=1)
    await abroad.offer(places=1)
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(capacity=1), "publish": True}
    await programme.post("jonas", "/mentors", body, 201)
    await asyncio.sleep(20)
    await actions.commit_of({"ani", MENTEE})
    await asyncio.sleep(20)
    await actions.clear_all()
    await asyncio.sleep(20)
    await actions.accept_all()
    await asyncio.sleep(20)
    await actions.commit_of({"otar"})
    await asyncio.sleep(20)
    await actions.clear_all()


class Actions:
    """One method for each thing that people do; `choice` says which of those that could be meant."""

    def __init__(self, installation: Installation) -> None:
        """Act in `installation`."""
        self.of = installation
        self.programme = SimulatedProgramme(installation)
        self.programme.organisations = installation.known["organisations"]
        self.programme.call = installation.known["terms"]

    async def _ask(
        self, who: str, method: str, path: str, body: Any = None, service: str = "applications", ticket: str = ""
    ) -> Any:
        status, answer = await self.of.ask(who, method, path, body, service, ticket)
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
        """A host publishes another placement, as long as the call has days for it."""
        if self._today() > BEGIN.date() + LAST_OFFER:
            return
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
        await self._commit([item for place, item in enumerate(found) if (choice + place) % 3 or len(found) == 1])

    async def commit_of(self, subjects: Collection[str]) -> None:
        """The programme coordinator commits the provisional matches of these people."""
        query = f"/provisional?call_id={self.of.known['call']}&limit=200"
        answer = await self._ask("programme", "GET", query, service="matching")
        known = self.of.known["applications"]
        chosen = [item for item in answer["items"] if known[str(item["id"])] in subjects]
        assert len(chosen) == len(subjects), answer
        await self._commit(chosen)

    async def _commit(self, chosen: Sequence[dict[str, Any]]) -> None:
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

    async def clear_all(self) -> None:
        """All countries clear what is proposed."""
        for match in await self._matches("proposed"):
            for who in (HOME[OFFICERS[self._subject(match)]], "luc", "rasa"):
                await self._ask(who, "POST", f"/matches/{match['id']}/clear")

    async def accept_all(self) -> None:
        """Both sides accept what is offered."""
        for match in await self._matches("offered"):
            subject = self._subject(match)
            for who in (subject, "jonas" if subject == MENTEE else "claire"):
                await self._ask(who, "POST", f"/matches/{match['id']}/answer", {"answer": "accept"})

    def _subject(self, case: dict[str, Any]) -> str:
        return str(self.of.known["applications"].get(str(case["application_id"]), "ani"))

    async def visit(self, choice: int) -> None:
        """Guest and host do what is next about a visit; where nothing is, its days pass, or the six months after it."""
        answer = await self._ask("programme", "GET", "/visits?limit=200")
        found = [
            item
            for item in (answer or {"items": []})["items"]
            if item["state"] in {"scheduled", "under_way", "ended", "completed"} and item["mentorship_id"] is None
        ]
        if not found:
            return
        entry = sorted(found, key=lambda item: str(item["id"]))[choice % len(found)]
        guest, at = self._subject(entry), f"/visits/{entry['id']}"
        visit = await self._ask("claire", "GET", at)
        if visit is None:
            return
        if entry["state"] == "completed":
            await self._outcomes(choice, guest, str(entry["id"]), date.fromisoformat(entry["end"]))
        elif days := visit["recordable"]:
            if choice // 16 % 8 == 0:
                await self._ask("claire", "POST", f"{at}/no-show")
            else:
                await self._ask("claire", "POST", f"{at}/attendance", {"days": dict.fromkeys(days, True)})
        else:
            for who in ("claire", guest):
                await self._ask(who, "POST", f"{at}/agenda/agree")
            self._move_to(date.fromisoformat(entry["end"]))

    async def _outcomes(self, choice: int, guest: str, visit: str, end: date) -> None:
        """The forms after a visit: evaluations and report, and what is used of it half a year later."""
        if choice // 16 % 4 == 0:
            self._move_to(end + timedelta(days=190))
        for who, purpose in ((guest, "evaluation"), ("claire", "evaluation"), (guest, "report"), (guest, "follow_up")):
            await self._form(who, "visits", visit, purpose)

    async def _form(self, who: str, kind: str, subject: str, purpose: str) -> None:
        """Fill in a form with the portal's ticket, where it is open."""
        way = await self._ask(who, "POST", f"/{kind}/{subject}/tickets", {"purpose": purpose})
        if way is None:
            return
        path, ticket = str(way["address"]).removeprefix("/reporting"), str(way["ticket"])
        form = await self._ask(who, "GET", path, service="reporting", ticket=ticket)
        if form is None or not form.get("open", True):
            return
        answers = {question["name"]: 4 for question in form.get("questions", ())}
        bodies: dict[str, dict[str, Any]] = {
            "evaluation": {
                "overall": 4,
                "objectives": dict.fromkeys(form.get("objectives", ()), 4),
                "goals": dict.fromkeys(form.get("goals", ()), True),
                "answers": answers,
            },
            "report": {"texts": REPORT_TEXTS},
            "follow_up": {"applied": "yes", "answers": answers, "texts": {"example": "A weekly meeting."}},
        }
        await self._ask(who, "POST", path, bodies[purpose], service="reporting", ticket=ticket)

    def _move_to(self, day: date) -> None:
        """Let domain time pass until the evening of a day."""
        evening, world = datetime.combine(day, time(17), UTC), self.of.world
        world.ahead = max(world.ahead, evening - world.true())

    async def mentoring(self, choice: int) -> None:
        """Mentee and mentor sign, hold a session, or end their mentorship."""
        answer = await self._ask(MENTEE, "GET", "/mentorships?limit=200")
        for entry in (answer or {"items": []})["items"]:
            at = f"/mentorships/{entry['id']}"
            if entry["state"] == "opened":
                for who in (MENTEE, "jonas") if choice % 3 else (MENTEE,):
                    await self._ask(who, "POST", f"{at}/sign")
            elif entry["state"] == "active" and choice % 8 == 0:
                await self._ask("jonas", "POST", f"{at}/end", {"reason": "other"})
            elif entry["state"] == "active":
                body = {"held_on": str(self._today()), "minutes": 60, "another": True}
                session = await self._ask("jonas", "POST", f"{at}/sessions", body)
                if session is not None:
                    await self._ask(MENTEE, "POST", f"{at}/sessions/{session['id']}/confirm")
            else:
                for who in (MENTEE, "jonas"):
                    await self._form(who, "mentorships", str(entry["id"]), "evaluation")

    def _today(self) -> date:
        return (self.of.world.true() + self.of.world.ahead).date()

    async def cancel(self, choice: int) -> None:
        """A coordinator calls a match off."""
        found = await self._matches("offered", "confirmed")
        if found:
            match = found[choice % len(found)]
            await self._ask("programme", "POST", f"/matches/{match['id']}/cancel", {"reason": "other"})

    def named(self) -> dict[str, Callable[[int], Awaitable[None]]]:
        """Return the actions by name."""
        names = (
            "submit", "decide", "withdraw", "offer", "commit", "clear", "answer", "cancel", "visit", "mentoring",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}
