"""Share the plan, the people and the ids between the steps of the loading."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.contracts.codes import Role

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from deploy.cli.answers import ListedVisit, Match
    from deploy.cli.client import People
    from deploy.cli.sample.plan import Application, Programme
    from deploy.cli.system import System

PROGRAMME, SECOND = "persona-programme", "persona-programme-2"
"""The two programme coordinators: what one has decided or submitted, the other looks at again."""
API = "/applications/api/v1"
_BROWSERS = 6


@dataclass
class LoadContext:
    """State of one loading."""

    system: System
    people: People
    programme: Programme
    mail: str | None = None
    """The address of the mail catcher, if there is one."""
    organisations: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """People's opaque ids, by sign-in subject."""
    calls: dict[str, str] = field(default_factory=dict)
    offers: dict[int, str] = field(default_factory=dict)
    """By place in the plan."""
    applications: dict[int, str] = field(default_factory=dict)
    """By place in the plan."""
    mentors: dict[str, str] = field(default_factory=dict)
    """The owner of each profile, by the profile's id."""
    pairs: list[Match] = field(default_factory=list)
    """The finished call's matches that became mentorships."""
    new_pairs: list[Match] = field(default_factory=list)
    """The open call's matches that became mentorships and are signed, that of Nino first."""
    visits: list[tuple[Match, ListedVisit]] = field(default_factory=list)
    """The finished call's matches that became visits, each with its visit as it was scheduled, by start."""
    visit_days: dict[str, list[str]] = field(default_factory=dict)
    """The working days of the finished call's visits, by the visit's id, since their agendas were agreed."""
    finished_visits: set[str] = field(default_factory=set)
    """The visits whose attendance is recorded."""
    evaluated: set[str] = field(default_factory=set)
    """The visits whose forms are filled in."""
    browsers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_BROWSERS))
    """Lets so many line managers at once read their mails and pages."""

    async def all(self, acts: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
        """Run things at the same time, as many as the client permits; the first failure ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(act) for act in acts]
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        return [task.result() for task in tasks]

    def planned(self, call: str) -> list[tuple[int, Application]]:
        """Return the applications of a call with their places in the plan."""
        return [
            (place, application)
            for place, application in enumerate(self.programme.applications)
            if application.call == call
        ]

    def officer_of(self, application_id: str) -> str:
        """Return who sent in an application."""
        place = next(place for place, id_ in self.applications.items() if id_ == application_id)
        return self.programme.applications[place].officer

    def host_of(self, organisation_id: str) -> str:
        """Return the contact person of an organisation."""
        key = next(key for key, id_ in self.organisations.items() if id_ == organisation_id)
        return self.programme.contact(key)

    def other_side(self, match: Match) -> str:
        """Return who answers a match beside the officer: the host's contact person, or the mentor."""
        if match["mentor_id"] is not None:
            return self.mentors[match["mentor_id"]]
        return self.host_of(match["host_organisation_id"])

    async def matches(self, call: str, *states: str) -> list[Match]:
        """Return the matches of a call in these states, in the order of the applications in the plan."""
        found: list[Match] = await self.people.items(PROGRAMME, f"{API}/matches", state=list(states))
        places = self.places(call)
        ours = [match for match in found if match["application_id"] in places]
        return sorted(ours, key=lambda match: places[match["application_id"]])

    def places(self, call: str) -> dict[str, int]:
        """Return the places in the plan of a call's applications, by their ids: an order that is always the same."""
        return {self.applications[place]: place for place, _ in self.planned(call) if place in self.applications}

    def summary(self) -> str:
        """Return what was loaded, in words."""
        officers = sum(person.role is Role.OFFICER for person in self.programme.people)
        return (
            f"{len(self.programme.organisations)} organisations, {officers} officers, "
            f"{len(self.applications)} applications, {len(self.offers)} placements, {len(self.mentors)} mentors"
        )
