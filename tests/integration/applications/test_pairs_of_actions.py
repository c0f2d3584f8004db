"""Each pair of actions on a record, in both orders and at once: what is answered, written and published agrees.

The routes are found by the test; `acts.py` says who may do each, and with what. For each state of a record every
action that is possible comes first, and every action on that kind of record second: with the version from before, then
with the present one. Pairs are left out where the first action is not possible in the state.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from services.applications.records import RECORDS
from shared.bus.db.journal import IN_ORDER
from shared.bus.db.records import named, version_of
from shared.contracts import visits
from shared.contracts.lifecycle import TRANSITIONS, allowed
from shared.identity import every_route
from shared.identity.versions import changes_record
from shared.time import clock
from tests.integration.applications import acts as table
from tests.integration.applications.acts import API, Act
from tests.integration.applications.visits.test_attendance import begun as visit_begun
from tests.integration.applications.visits.test_moves import proposed as move_proposed
from tests.integration.applications.world import WORDS, in_the_register, make_world
from tests.pairs import WRITING, KeptDatabase, Moment
from tests.support import owner_of

if TYPE_CHECKING:
    from collections import Counter

    import httpx2

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

OWN = {"exchange.applications": "application", "exchange.offers": "offer", "mentoring.mentors": "mentor"}
"""The topics of aggregates whose state the portal owns, with their tables."""
SAME_NUMBER = {
    ("ClearanceGiven",): "SELECT count(*) FROM clearance WHERE given",
    ("ClearanceRefused",): "SELECT count(*) FROM clearance WHERE NOT given",
    ("AnswerGiven",): "SELECT count(*) FROM answer",
    ("AgreementSigned",): "SELECT count(*) FROM signature",
    ("SessionConfirmed",): "SELECT count(*) FROM session WHERE confirmed_at IS NOT NULL",
    ("GoalClosed",): "SELECT count(*) FROM goal WHERE met IS NOT NULL",
}
"""The count of rows that the portal keeps of each of these events."""


def test_every_route_that_changes_a_record_is_tried(programme: Programme) -> None:
    """Each writing route that names a record is in the table of actions, or left out for a reason; no other is."""
    known = {act.path for acts in table.acts().values() for act in acts}
    left = {path for paths in table.LEFT_OUT.values() for path in paths}
    found = set()
    for route, _ in every_route(programme.app):
        path = str(route.path_format)
        if path.startswith(API) and set(route.methods or ()) & WRITING and re.search(r"{(\w+)}", path):
            found.add(path.removeprefix(API))
    assert known | left == found
    assert not known & left


@dataclass(kw_only=True)
class Trial(KeptDatabase):
    """A record in a state to which the database returns after each pair."""

    abroad: Abroad
    ids: dict[str, str]
    wrong: list[str] = field(default_factory=list)
    repeats: set[Act] = field(default_factory=set)
    pairs: int = 0

    @property
    def programme(self) -> Programme:
        """The programme."""
        return self.abroad.of

    def address(self, act: Act) -> str:
        """Return the address of an action's record."""
        return API + re.sub(r"{(\w+)}", lambda found: {**WORDS, **self.ids}[found[1]], act.path)

    def able(self, act: Act) -> bool:
        """Return whether the scene has every record that the action names."""
        return {found[1] for found in re.finditer(r"{(\w+)}", act.path)} <= {*WORDS, *self.ids}

    async def version(self, act: Act) -> str | None:
        """Return the present version of the innermost record that an action names."""
        names = [name for name in re.findall(r"{(\w+)}", act.path) if name in RECORDS.by_parameter]
        if not names or not changes_record(RECORDS, act.path):
            return None
        record = RECORDS.by_parameter[names[-1]]
        found = named(record, names[-1].removesuffix("_id"), record.read(self.ids[names[-1]]))
        async with self.programme.app.state.service.bus.read() as session:
            return await version_of(session, found)

    async def send(self, act: Act, version: str | None) -> httpx2.Response:
        """Send an action with a version."""
        body = act.body
        if body is not None:
            written = json.dumps(body)
            for name in ("FIRST", "LINES"):
                written = written.replace(name, self.ids.get(name, name))
            body = json.loads(written)
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        client = self.programme.as_(act.who)
        return await client.request(act.method, self.address(act), json=body, headers=headers)

    def find(self, what: str, *acts: Act, answer: httpx2.Response | None = None) -> None:
        """Note a finding."""
        said = "" if answer is None else f" [{answer.status_code} {answer.text[:120]}]"
        self.wrong.append(f"{', then '.join(map(str, acts))}: {what}{said}")

    async def check_whole(self, *acts: Act) -> None:
        """Check that the journal, folded by the contracts' table, gives the states that the tables hold."""
        targets = {(row.event, source): row.target for row in TRANSITIONS for source in row.sources or (None,)}
        for topic, name in OWN.items():
            states = {str(row.id): row.state for row in await self.run(f"SELECT id, state FROM {name}")}
            story: dict[str, str] = dict.fromkeys(states, "draft")
            facts = await self.run(
                "SELECT aggregateid, type, CASE WHEN payload::jsonb ->> 'outcome' = 'unplaced_at_close' THEN 'unplaced'"
                " ELSE payload::jsonb ->> 'state' END AS state FROM journal"
                f" WHERE aggregatetype = '{topic}' ORDER BY {IN_ORDER}"
            )
            for subject, event, said in facts:
                if subject in story:
                    if not allowed(event, story[subject]):
                        self.find(f"{event} came in {story[subject]}", *acts)
                    story[subject] = said or targets.get((event, story[subject])) or story[subject]
            if story != states:
                self.find(f"the events lead to {story}, the table holds {states}", *acts)
        for events, query in SAME_NUMBER.items():
            ((kept,),) = await self.run(query)
            names = ", ".join(f"'{event}'" for event in events)
            ((published,),) = await self.run(f"SELECT count(*) FROM journal WHERE type IN ({names})")
            if kept != published:
                self.find(f"{published} events {events}, {kept} rows", *acts)

    async def try_all(self, kind: str) -> None:
        """Try each pair of the kind's actions from this state."""
        for who in sorted({act.who for act in table.acts()[kind]}):
            await self.programme.as_(who).get(f"{API}/calls")
        before = await self.keep()
        acts = [act for act in table.acts()[kind] if self.able(act)]
        versions = {act: await self.version(act) for act in acts}
        possible, results = [], {}
        for act in acts:
            answer = await self.send(act, versions[act])
            if answer.status_code >= 500:
                self.find("failed", act, answer=answer)
            if answer.is_success and (await self.moment()).changed(before):
                possible.append(act)
                await self.check_whole(act)
            elif answer.is_success:
                self.repeats.add(act)
            await self.restore(before)
        for first in possible:
            for second in filter(first.shares_record, acts):
                results[first, second] = await self._in_turn(before, versions, first, second)
                await self.restore(before)
        for number, first in enumerate(possible):
            for second in filter(first.shares_record, possible[number:]):
                await self._at_once(versions, results, first, second)
                await self.restore(before)

    async def _in_turn(
        self, before: Moment, versions: dict[Act, str | None], first: Act, second: Act
    ) -> list[Counter[str]]:
        """Do one action, then another with the older and with the present version; return what each led to."""
        self.pairs += 1
        done = await self.send(first, versions[first])
        after = await self.moment()
        if not done.is_success or not after.changed(before):
            self.find("was possible before", first, answer=done)
        shapes = [after.shape]
        present = await self.version(second)
        for version in dict.fromkeys((versions[second], present)):
            answer = await self.send(second, version)
            now = await self.moment()
            written = now.changed(after)
            stale = version != present
            if answer.status_code >= 500:
                self.find("failed", first, second, answer=answer)
            elif answer.is_success and not written and second not in {first, *self.repeats}:
                self.find("is answered and has no effect", first, second, answer=answer)
            elif written and (stale or not answer.is_success):
                self.find(f"wrote {written} although it is {'stale' if stale else 'refused'}", first, second)
            elif answer.status_code in {409, 412} and not answer.json()["detail"]:
                self.find("is refused without a sentence", first, second, answer=answer)
            shapes.append(now.shape)
            if written:
                await self.check_whole(first, second)
                break
        return shapes

    async def _at_once(
        self,
        versions: dict[Act, str | None],
        results: dict[tuple[Act, Act], list[Counter[str]]],
        first: Act,
        second: Act,
    ) -> None:
        """Send two actions at the same moment; the result is that of one order."""
        self.pairs += 1
        answers = await asyncio.gather(self.send(first, versions[first]), self.send(second, versions[second]))
        now = await self.moment()
        if any(answer.status_code >= 500 for answer in answers) or not any(answer.is_success for answer in answers):
            self.find(f"at once: {[(answer.status_code, answer.text[:200]) for answer in answers]}", first, second)
        if now.shape not in [*results[first, second], *results[second, first]]:
            orders = [*results[first, second], *results[second, first]]
            apart = min(((now.shape - order) + (order - now.shape) for order in orders), key=len)
            self.find(f"at once leads to what no order leads to: {dict(apart)}", first, second)
        await self.check_whole(first, second)


async def _application(abroad: Abroad, *steps: tuple[str, str, Any], submit: bool = True) -> dict[str, str]:
    body = {
        "call_id": abroad.of.call["id"],
        "kind": "study_visit",
        "answers": abroad.of.answers(line_manager_email="vardan@mail.example"),
        "privacy": True,
        "submit": submit,
    }
    made = await abroad.post("ani", "/applications", body, 201)
    for who, path, sent in steps:
        await abroad.post(who, f"/applications/{made['id']}/{path}", sent)
    return {"application_id": made["id"]}


_RETURN = ("tigran", "return", {"remarks": {"languages": "Which test?"}})
_ENDORSE = ("tigran", "endorse", {"note": ""})
_NOT_ENDORSE = ("tigran", "not-endorse", {"reason": "operational_duty"})
_APPEAL = ("ani", "appeal", {"text": "The level of my English is B2, see the test."})


async def _placement(abroad: Abroad, *steps: tuple[str, str], submit: bool = True) -> dict[str, str]:
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": submit}
    made = await abroad.post("claire", "/offers", body, 201)
    for who, path in steps:
        await abroad.post(who, f"/offers/{made['id']}/{path}")
    return {"offer_id": made["id"]}


_PUBLISHED = (("luc", "endorse"), ("claire", "publish"))


async def _mentor(abroad: Abroad, *steps: str, publish: bool = True) -> dict[str, str]:
    body = {"call_id": abroad.of.call["id"], "entry": abroad.mentor_entry(), "publish": publish}
    made = await abroad.post("jonas", "/mentors", body, 201)
    for path in steps:
        await abroad.post("jonas", f"/mentors/{made['id']}/{path}")
    return {"mentor_id": made["id"]}


async def _match(abroad: Abroad, state: str) -> dict[str, str]:
    match_id = await abroad.placement_matched()
    if state == "half cleared":
        await abroad.post("tigran", f"/matches/{match_id}/clear")
    elif state in {"offered", "half accepted"}:
        await abroad.offered(match_id, "tigran", "luc")
    if state == "half accepted":
        await abroad.post("claire", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    if state == "confirmed":
        await abroad.scheduled(match_id)
    return {"match_id": str(match_id)}


async def _visit(abroad: Abroad, state: str) -> dict[str, str]:
    if state in {"first day", "under way"}:
        visit_id, match_id, first = await visit_begun(abroad)
        if state == "under way":
            await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
        return {"visit_id": str(visit_id), "FIRST": str(first)}
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    if state == "move proposed":
        await move_proposed(abroad, visit_id, match_id)
    line = {"item": "meals", "payer": "host", "planned": "90"}
    cost = await abroad.post("claire", f"/visits/{visit_id}/costs", line, 201)
    return {"visit_id": str(visit_id), "cost_id": str(cost["id"])}


async def _mentorship(abroad: Abroad, state: str) -> dict[str, str]:
    if state == "opened":
        return {"mentorship_id": str(await abroad.opened(await abroad.mentor_matched()))}
    world = await make_world(abroad.of, abroad.feed)  # type: ignore[arg-type]
    names = ("mentorship_id", "goal_id", "session_id", "meeting_id", "request_id", "pair_visit_id")
    return {name: world.ids[name] for name in names}


async def _companion(abroad: Abroad, *, confirmed: bool) -> dict[str, str]:
    known = {"service": "police", "rank_group": "operational", "years_in_field": 5}
    people = [abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", **known)]
    await abroad.post("programme", "/people", {"people": people}, 201)
    ani = await abroad.of.submitted("ani")
    await abroad.of.submitted("davit")
    naming = {"mode": "group", "written": "davit@police.example"}
    made = await abroad.post("ani", f"/applications/{ani['id']}/companions", naming, 201)
    if confirmed:
        await abroad.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    return {"companion_id": made["id"]}


async def _incident(abroad: Abroad, *, acknowledged: bool) -> dict[str, str]:
    match_id = await abroad.placement_matched()
    await abroad.scheduled(match_id)
    body = {"category": "other", "text": "Something happened.", "readers": ["programme"]}
    made = await abroad.post("ani", f"/matches/{match_id}/incidents", body, 201)
    if acknowledged:
        await abroad.post("programme", f"/incidents/{made['id']}/acknowledge")
    return {"incident_id": str(made["id"])}


async def _register(abroad: Abroad) -> dict[str, str]:
    people = [abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", service="police")]
    await abroad.post("programme", "/people", {"people": people}, 201)
    known = await in_the_register(abroad.of)
    rule = await abroad.post("programme", "/asked-before-travel", {"item": "visa", "required": True}, 201)
    return {**known, "rule_id": str(rule["id"])}


async def _call(abroad: Abroad) -> dict[str, str]:
    await abroad.of.submitted("ani")
    draft = await abroad.post("programme", f"/calls/{abroad.of.call['id']}/copy", None, 201)
    return {"call_id": abroad.of.call["id"], "draft_id": draft["id"]}


SCENES: dict[str, tuple[str, Any]] = {
    "draft": ("application", lambda abroad: _application(abroad, submit=False)),
    "submitted": ("application", _application),
    "returned": ("application", lambda abroad: _application(abroad, _RETURN)),
    "endorsed": ("application", lambda abroad: _application(abroad, _ENDORSE)),
    "not endorsed": ("application", lambda abroad: _application(abroad, _NOT_ENDORSE)),
    "appealed": ("application", lambda abroad: _application(abroad, _NOT_ENDORSE, _APPEAL)),
    "placement draft": ("placement", lambda abroad: _placement(abroad, submit=False)),
    "placement submitted": ("placement", _placement),
    "placement endorsed": ("placement", lambda abroad: _placement(abroad, _PUBLISHED[0])),
    "placement published": ("placement", lambda abroad: _placement(abroad, *_PUBLISHED)),
    "placement paused": ("placement", lambda abroad: _placement(abroad, *_PUBLISHED, ("claire", "pause"))),
    "mentor draft": ("mentor", lambda abroad: _mentor(abroad, publish=False)),
    "mentor published": ("mentor", _mentor),
    "mentor paused": ("mentor", lambda abroad: _mentor(abroad, "pause")),
    "match proposed": ("match", lambda abroad: _match(abroad, "proposed")),
    "match half cleared": ("match", lambda abroad: _match(abroad, "half cleared")),
    "match offered": ("match", lambda abroad: _match(abroad, "offered")),
    "match half accepted": ("match", lambda abroad: _match(abroad, "half accepted")),
    "match confirmed": ("match", lambda abroad: _match(abroad, "confirmed")),
    "visit scheduled": ("visit", lambda abroad: _visit(abroad, "scheduled")),
    "visit with other dates": ("visit", lambda abroad: _visit(abroad, "move proposed")),
    "visit on its first day": ("visit", lambda abroad: _visit(abroad, "first day")),
    "visit under way": ("visit", lambda abroad: _visit(abroad, "under way")),
    "mentorship opened": ("mentorship", lambda abroad: _mentorship(abroad, "opened")),
    "mentorship under way": ("mentorship", lambda abroad: _mentorship(abroad, "under way")),
    "companion asked": ("companion", lambda abroad: _companion(abroad, confirmed=False)),
    "companion confirmed": ("companion", lambda abroad: _companion(abroad, confirmed=True)),
    "incident reported": ("incident", lambda abroad: _incident(abroad, acknowledged=False)),
    "incident acknowledged": ("incident", lambda abroad: _incident(abroad, acknowledged=True)),
    "proposal": ("proposal", _register),
    "register": ("register", _register),
    "call": ("call", _call),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_each_pair_of_actions(abroad: Abroad, scene: str) -> None:
    """A repeat is answered as the first time, anything else is done or refused; database and events agree."""
    deputy = abroad.of.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "tigran"
    await abroad.post("programme", "/people", {"people": [deputy]}, 201)
    kind, make = SCENES[scene]
    ids = {"FIRST": str(clock.today()), **await make(abroad)}
    async with owner_of(abroad.of.app.state.service.bus) as owner:
        trial = Trial(owner=owner, abroad=abroad, ids=ids)
        await trial.try_all(kind)
    assert not trial.wrong, f"{len(trial.wrong)} of {trial.pairs} pairs:\n" + "\n".join(dict.fromkeys(trial.wrong))
    assert trial.pairs
