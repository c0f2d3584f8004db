"""Provide the other people of a match: host country, mentor, and the events of matching about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from shared.contracts import matches, mentorships, receipts, visits
from shared.ids import new_id
from shared.time import clock
from tests.support import example_of, items

if TYPE_CHECKING:
    from uuid import UUID

    from shared.contracts import Event
    from tests.integration.applications.conftest import Programme


class Reader(Protocol):
    """The `Feed` of a service, or several at once, to which events are delivered."""

    async def deliver(self, *events: tuple[Event, UUID | str], **options: Any) -> None:
        """Deliver (event, subject) pairs."""


class Abroad:
    """A programme with a host and a mentor, and the events of matching about them."""

    def __init__(self, programme: Programme, feed: Reader) -> None:
        """Take a programme that is entered; `fill` adds the other people."""
        self.of, self.feed = programme, feed
        self.post, self.get = programme.post, programme.get
        self.pairings: dict[UUID, dict[str, Any]] = {}

    async def fill(self) -> None:
        """Enter a coordinator of France, one of Lithuania, a Lithuanian mentor, and a person of another host."""
        if "LT" in self.of.organisations:  # the test's database came with it
            return
        entries = [
            {"name": "Police of Lithuania", "kind": "agency", "country": "LT", "city": "Vilnius"},
            {"name": "Customs of France", "kind": "agency", "country": "FR", "city": "Paris"},
        ]
        made = await self.post("programme", "/organisations", {"organisations": entries}, 201)
        self.of.organisations |= {"LT": made["ids"][0], "FR2": made["ids"][1]}
        person = self.of.person
        people = [
            person("luc", "Luc Bernard", "FR", "national_coordinator"),
            person("rasa", "Rasa Petrauskaite", "LT", "national_coordinator"),
            person("jonas", "Jonas Kazlauskas", "LT", "mentor", service="police", rank_group="supervisor"),
            person("paul", "Paul Petit", "FR", "host_contact", organisation_id=self.of.organisations["FR2"]),
            person("nino", "Nino Beridze", "GE", "officer", service="police", rank_group="operational",
                   years_in_field=6),
        ]  # fmt: skip
        await self.post("programme", "/people", {"people": people}, 201)

    def offer_entry(self, **changes: Any) -> dict[str, Any]:
        """Return a complete placement."""
        start = clock.today() + timedelta(days=70)
        return {
            "title": "A week with the cybercrime unit",
            "city": "Lyon",
            "outline": "Case work and seizure of devices.",
            "topics": ["online_crime"],
            "expertise": ["analysis"],
            "places": 2,
            "periods": [{"start": str(start), "end": str(start + timedelta(days=60)), "places_per_week": 1}],
            "languages": [{"language": "en", "level": "B1"}],
            "security": "Identity document at the gate.",
            **changes,
        }

    def mentor_entry(self, **changes: Any) -> dict[str, Any]:
        """Return the complete profile of a mentor."""
        return {
            "expertise": [{"area": "analysis", "level": 3, "years": 12}],
            "languages": [{"language": "en", "level": "C1"}],
            "capacity": 2,
            "periods": [{"start": str(clock.today()), "end": str(clock.today() + timedelta(days=200))}],
            "topics": ["online_crime"],
            "about": "I analyse networks.",
            **changes,
        }

    async def offer(self, **changes: Any) -> dict[str, Any]:
        """Return a published placement."""
        body = {"call_id": self.of.call["id"], "entry": self.offer_entry(**changes), "submit": True}
        made = await self.post("claire", "/offers", body, 201)
        await self.post("luc", f"/offers/{made['id']}/endorse")
        published: dict[str, Any] = await self.post("claire", f"/offers/{made['id']}/publish")
        return published

    async def eligible(self, subject: str = "ani", coordinator: str = "tigran", kind: str = "study_visit") -> str:
        """Return the id of an application that is in matching."""
        body = {
            "call_id": self.of.call["id"],
            "kind": kind,
            "answers": self.of.answers(),
            "privacy": True,
            "submit": True,
        }
        made = await self.post(subject, "/applications", body, 201)
        await self.post(coordinator, f"/applications/{made['id']}/endorse")
        await self.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
        return str(made["id"])

    async def publish(self, event: Any, subject: UUID, **values: Any) -> None:
        """Publish an event of matching about a match."""
        made = event.model_validate({"pairing": self.pairings[subject], **values})
        await self.feed.deliver((made, subject))

    async def proposed(self, application_id: str, **pairing: Any) -> UUID:
        """Propose a match; `pairing` says with whom, and whether as a `reserve`; return its id."""
        reserve = pairing.pop("reserve", False)
        match_id = new_id()
        self.pairings[match_id] = example_of(matches.MatchProposed)["pairing"] | {
            "application_id": application_id,
            "call_id": self.of.call["id"],
            "country": "AM",
            "organisation_id": self.of.organisations["AM"],
            "host_country": "FR",
            "host_organisation_id": self.of.organisations["FR"],
            **pairing,
        }
        due = (clock.now() + timedelta(days=14)).isoformat()
        await self.publish(matches.MatchProposed, match_id, run_id=str(new_id()), score=78, due=due, reserve=reserve)
        return match_id

    async def explained(self, match_id: UUID, **changes: Any) -> None:
        """Publish the receipt of matching for the applicant of a match."""
        pairing = self.pairings[match_id]
        names = ("call_id", "offer_id", "mentor_id")
        facts = {**receipts.MatchExplained.example, "match_id": match_id, **{name: pairing.get(name) for name in names}}
        event = receipts.MatchExplained.model_validate(facts | changes)
        await self.feed.deliver((event, pairing["application_id"]))

    async def placement_matched(self) -> UUID:
        """Match Ani's application with Claire's placement; return the id of the match."""
        offer = await self.offer()
        return await self.proposed(await self.eligible(), offer_id=offer["id"])

    async def mentor_matched(self) -> UUID:
        """Match Nino's application with Jonas; return the id of the match."""
        body = {"call_id": self.of.call["id"], "entry": self.mentor_entry(), "publish": True}
        mentor = await self.post("jonas", "/mentors", body, 201)
        application_id = await self.eligible("nino", "giorgi", "mentee")
        return await self.proposed(
            application_id,
            kind="mentee",
            offer_id=None,
            mentor_id=mentor["id"],
            country="GE",
            organisation_id=self.of.organisations["GE"],
            host_country="LT",
            host_organisation_id=self.of.organisations["LT"],
        )

    async def offered(self, match_id: UUID, home: str, host: str) -> None:
        """Clear a match by both countries, and let matching offer it."""
        await self.post(home, f"/matches/{match_id}/clear")
        await self.post(host, f"/matches/{match_id}/clear")
        await self.publish(matches.MatchCleared, match_id)
        await self.publish(matches.MatchOffered, match_id, due=(clock.now() + timedelta(days=14)).isoformat())

    async def scheduled(self, match_id: UUID) -> UUID:
        """Accept on both sides, confirm and schedule the visit; return its id."""
        await self.offered(match_id, "tigran", "luc")
        await self.post("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
        await self.post("claire", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
        await self.publish(matches.MatchConfirmed, match_id)
        visit_id = new_id()
        await self.feed.deliver(
            (visits.VisitScheduled.model_validate({"plan": self.plan(match_id), "agenda_due": clock.now()}), visit_id)
        )
        return visit_id

    def plan(self, match_id: UUID) -> dict[str, Any]:
        """Return a visit in the Monday to Friday after 70 days."""
        first = clock.today() + timedelta(days=70)
        if not hasattr(self, "_first"):
            self._first = first + timedelta(days=-first.weekday() % 7)
        days = [self._first + timedelta(days=count) for count in range(5)]
        pairing = self.pairings[match_id]
        names = ("application_id", "call_id", "offer_id", "country", "host_country", "host_organisation_id")
        plan: dict[str, Any] = example_of(visits.VisitScheduled)["plan"] | {
            "match_id": str(match_id),
            "start": str(days[0]),
            "end": str(days[-1]),
            "days": [str(day) for day in days],
            **{name: pairing[name] for name in names},
        }
        return plan

    async def publish_visit_event(self, event: Any, visit_id: UUID, match_id: UUID, **values: Any) -> None:
        """Publish an event of matching about a visit."""
        await self.feed.deliver((event.model_validate({"plan": self.plan(match_id), **values}), visit_id))

    async def opened(self, match_id: UUID) -> UUID:
        """Accept on both sides, confirm and open the mentorship; return its id."""
        await self.offered(match_id, "giorgi", "rasa")
        await self.post("nino", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
        await self.post("jonas", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
        await self.publish(matches.MatchConfirmed, match_id)
        mentorship_id = new_id()
        due = clock.now() + timedelta(days=14)
        await self.publish_mentorship_event(mentorships.MentorshipOpened, mentorship_id, match_id, due=due)
        return mentorship_id

    async def publish_mentorship_event(self, event: Any, mentorship_id: UUID, match_id: UUID, **values: Any) -> None:
        """Publish an event of matching about a mentorship."""
        pairing = self.pairings[match_id]
        plan = example_of(mentorships.MentorshipOpened)["plan"] | {
            "match_id": str(match_id),
            "mentor_country": pairing["host_country"],
            "mentor_organisation_id": pairing["host_organisation_id"],
            **{name: pairing[name] for name in ("application_id", "call_id", "mentor_id", "country")},
        }
        await self.feed.deliver((event.model_validate({"plan": plan, **values}), mentorship_id))

    async def begun(self, match_id: UUID) -> UUID:
        """Sign as mentee and mentor, and start the mentorship; return its id."""
        mentorship_id = await self.opened(match_id)
        for who in ("nino", "jonas"):
            await self.post(who, f"/mentorships/{mentorship_id}/sign")
        await self.publish_mentorship_event(
            mentorships.MentorshipStarted,
            mentorship_id,
            match_id,
            started_on=clock.today(),
            until=clock.today() + timedelta(days=180),
        )
        return mentorship_id

    def pair_plan(self, match_id: UUID, mentorship_id: UUID, guest: str = "mentee") -> dict[str, Any]:
        """Return a visit of the pair in the Monday to Wednesday after 70 days."""
        plan, pairing = self.plan(match_id), self.pairings[match_id]
        plan |= {"mentorship_id": str(mentorship_id), "mentor_id": pairing["mentor_id"], "offer_id": None}
        plan |= {"guest": guest, "days": plan["days"][:3], "end": plan["days"][2], "required_days": 3}
        if guest == "mentor":
            plan |= {"country": pairing["host_country"], "host_country": pairing["country"]}
            plan["host_organisation_id"] = pairing["organisation_id"]
        return plan

    async def publish_pair_visit_event(
        self, event: Any, visit_id: UUID, match_id: UUID, mentorship_id: UUID, guest: str = "mentee", **values: Any
    ) -> None:
        """Publish an event of matching about a visit of a pair."""
        plan = self.pair_plan(match_id, mentorship_id, guest)
        await self.feed.deliver((event.model_validate({"plan": plan, **values}), visit_id))

    async def pair_visit(self, match_id: UUID, mentorship_id: UUID, guest: str = "mentee") -> UUID:
        """Schedule the visit of the pair; return its id."""
        visit_id = new_id()
        scheduled = visits.VisitScheduled
        await self.publish_pair_visit_event(scheduled, visit_id, match_id, mentorship_id, guest, agenda_due=clock.now())
        return visit_id
