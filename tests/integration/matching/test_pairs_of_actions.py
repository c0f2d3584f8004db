"""Each pair of actions on what matching owns, in both orders and at once: answer, tables and events agree.

The routes are found by the test; `acts.py` says what is sent to them, and which events the portal sends beside. For
each state every action that is possible comes first, and every action of the scene second: as it was opened before the
first, then as it reads after it. Pairs are left out where the first action is not possible in the state.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import lxml.html
import pytest

from services.matching.app import create_app
from services.matching.cohorts.actions import choices as cohort_choices
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.model import Choice, ChoiceKind
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis, OtherTerms
from services.matching.options import actions as options
from services.matching.records import RECORDS
from services.matching.scheduling.actions import planner, plans
from services.matching.settings import Settings
from services.matching.words import stage
from shared.bus.db import leases
from shared.bus.db.journal import IN_ORDER
from shared.bus.db.records import named, version_of
from shared.contracts import offers, participation
from shared.contracts.calls import CountryQuota
from shared.contracts.codes import Party, Reason, Role
from shared.contracts.lifecycle import TRANSITIONS, allowed
from shared.errors import ProblemCode
from shared.identity import Grant, csrf, every_route, write_access
from shared.identity.state import identity_of
from shared.identity.versions import FIELD
from shared.time import clock
from tests.integration.matching import acts as table
from tests.integration.matching.acts import Act, M, Opened
from tests.integration.matching.conftest import ORIGIN
from tests.integration.matching.interventions.test_rings import waiting
from tests.pair_trial import both_versions, neither_choice_nor_reason
from tests.pairs import WRITING, KeptDatabase, Moment
from tests.sessions import session_key
from tests.support import owner_of, settings_for

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from fastapi import FastAPI

    from tests.integration.matching.conftest import World

    Scene = Callable[[World], Awaitable[dict[str, Any]]]

PEOPLE = ("carla", "bruno")
OWN = {"exchange.matches": "match", "exchange.visits": "visit", "mentoring.mentorships": "mentorship"}
"""The topics of aggregates whose state matching owns, with their tables."""
_STATES = " UNION ALL ".join(f"SELECT id, state FROM {name}" for name in OWN.values())
_TOPICS = ", ".join(f"'{topic}'" for topic in OWN)
_STORY = f"SELECT aggregateid, type FROM journal WHERE aggregatetype IN ({_TOPICS}) ORDER BY {IN_ORDER}"
APART = {"lease"}
_AGAIN = 5
NO_ROWS = {
    "a place given to more than it takes": "SELECT m.seat_id FROM match m JOIN seat s ON s.id = m.seat_id"
    " WHERE m.state IN ('proposed', 'cleared', 'offered', 'confirmed') AND NOT m.reserve GROUP BY m.seat_id, s.terms"
    " HAVING count(*) > coalesce(s.terms ->> 'places', s.terms ->> 'capacity')::int",
    "two matches of an application": "SELECT application_id FROM match"
    " WHERE state IN ('proposed', 'cleared', 'offered', 'confirmed') AND NOT reserve"
    " GROUP BY application_id HAVING count(*) > 1",
    "a cohort without its run, or a run without its cohort": "SELECT c.number FROM cohort c WHERE NOT EXISTS"
    " (SELECT FROM run r WHERE r.call_id = c.call_id AND r.cohort = c.number) UNION ALL SELECT r.cohort FROM run r"
    " WHERE NOT EXISTS (SELECT FROM cohort c WHERE c.call_id = r.call_id AND c.number = r.cohort)",
    "a run without its event, or an event without its run": "SELECT r.id::text FROM run r WHERE NOT EXISTS"
    " (SELECT FROM journal j WHERE j.type = 'RunFinished' AND j.aggregateid = r.id::text) UNION ALL"
    " SELECT j.aggregateid FROM journal j WHERE j.type = 'RunFinished'"
    " AND NOT EXISTS (SELECT FROM run r WHERE r.id::text = j.aggregateid)",
    "more than one search of a call": "SELECT call_id FROM date_plan WHERE state = 'searching'"
    " GROUP BY call_id HAVING count(*) > 1",
}
"""Queries of what the tables must never hold."""
_NEVER = " UNION ALL ".join(f"SELECT '{what}', rows::text FROM ({query}) AS rows" for what, query in NO_ROWS.items())
WITH_STATE = {"edit-conflict", "wrong-state", "already-done", "outdated", "in-progress"}
"""The codes of refusals that say what is true now, and since when."""
_SINCE = re.compile(r"\d{1,2} \w+ 20\d\d|There are new provisional matches \(\d+\)")
_MATCH = re.compile(r"(\S+) has a match with (\S+): (.+?) since")
_VISIT = re.compile(
    r"The guest and host of (\S+) must accept|The visit of (\S+?):? (has been planned|[A-Z][a-z ]+(?= since))"
)
_PLANNED = {"has been planned": "Visit planned"}


@pytest.fixture
async def app(store_address: str, portal_url: str, request: pytest.FixtureRequest) -> AsyncIterator[FastAPI]:
    """The service; where cohorts are jobs, with the limit so low that every cohort is a large one."""
    large = "as a job" in request.node.name
    settings = settings_for(store_address, portal_url=portal_url) | ({"cohort_apart_above": 0} if large else {})
    app = create_app(Settings(**settings), background=False)
    yield app
    await app.state.service.bus.close()


def test_every_writing_route_is_tried(app: FastAPI) -> None:
    """Each writing route is among the actions of a scene, or left out for a reason; no other is."""
    known = {act.path.partition("?")[0] for kind, _ in SCENES.values() for act in kind() if act.path}
    left = {path for paths in table.LEFT_OUT.values() for path in paths}
    found = {
        str(route.path_format)
        for route, _ in every_route(app)
        if str(route.path_format).startswith(M) and set(route.methods or ()) & WRITING
    }
    assert known | left == found
    assert not known & left


def test_every_request_says_what_it_brings_about() -> None:
    """Each request has an aim, by which the database shows whether it is so."""
    assert not [str(act) for kind, _ in SCENES.values() for act in kind() if act.path and not act.aim]


class Used(dict[str, str]):
    """Versions that note which of them a body names."""

    def __init__(self, versions: Mapping[str, str]) -> None:
        super().__init__(versions)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)


@dataclass(kw_only=True)
class Trial(KeptDatabase):
    """A state of the programme to which the database returns after each pair."""

    world: World
    ids: dict[str, Any]
    clients: dict[str, httpx2.AsyncClient] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    pairs: int = 0
    last: Moment | None = None

    async def sign_in(self) -> None:
        """Sign two programme coordinators in, each with a browser of their own."""
        grant = Grant(Role.PROGRAMME_COORDINATOR, clock.today() - timedelta(days=30))
        async with self.world.bus.transaction("system:tests") as tx:
            await write_access(tx.session, {person: ([grant], clock.now()) for person in PEOPLE})
        identity = identity_of(self.world.app)
        for person in PEOPLE:
            client = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.world.app), base_url=ORIGIN)
            client.cookies.set(identity.cookies.session, session_key(self.world.app, person), domain="localhost.local")
            client.headers[csrf.HEADER] = csrf.new_token(identity.csrf, csrf.person(person))
            self.clients[person] = client
            assert (await client.get("/matching/api/v1/calls")).status_code < 500

    async def opened(self) -> Opened:
        """Return the present versions of the scene's records."""
        versions = {}
        for name, id_ in self.ids.items():
            parameter = next((each for prefix, each in _RECORDS.items() if re.fullmatch(rf"{prefix}\d*", name)), None)
            if parameter is not None:
                record = named(RECORDS.by_parameter[parameter], parameter.removesuffix("_id"), id_)
                async with self.world.bus.read() as session:
                    versions[name] = await version_of(session, record)
        return Opened(self.ids, versions)

    async def back(self, before: Moment) -> None:
        """Return database and feed to the state of the scene."""
        await self.restore(before, self.last)
        self.world.feed.return_to(self.numbers)

    async def do(self, act: Act, opened: Opened) -> httpx2.Response | None:
        """Send a request, or deliver an event, which has no answer."""
        if act.event is not None:
            await self.world.feed.deliver(act.event(self.ids))
            return None
        answer = await self._send(act, opened)
        for _ in range(_AGAIN):
            if answer.status_code != ProblemCode.UNAVAILABLE.status:
                break
            # The portal that knows own cases is slow on a busy machine: the answer asks to send it again.
            answer = await self._send(act, opened)
        return answer

    async def _send(self, act: Act, opened: Opened) -> httpx2.Response:
        body: dict[str, Any] = act.body(opened) if act.body is not None else {}
        headers = {"Accept": "text/html"} if act.is_page else {}
        client, address = self.clients[act.who], act.address(self.ids)
        if act.is_page:
            form = body | {csrf.FIELD: client.headers[csrf.HEADER]}
            form |= {FIELD: opened.versions[act.record]} if act.record else {}
            return await client.post(address, data=form, headers=headers)
        if act.record:
            headers["If-Match"] = f'"{opened.versions[act.record]}"'
        return await client.post(address, json=body, headers=headers)

    def find(self, what: str, *acts: Act, answer: httpx2.Response | None = None) -> None:
        """Note a finding."""
        said = "" if answer is None else f" [{answer.status_code} {_sentence(answer)[:300]}]"
        self.wrong.append(f"{', then '.join(map(str, acts))}: {what}{said}")

    async def changes(self, since: Moment) -> tuple[Moment, set[str]]:
        """Return the present moment, and the tables that have changed."""
        self.last = await self.moment()
        return self.last, self.last.changed(since) - APART

    async def check_whole(self, *acts: Act) -> None:
        """Check that the journal, folded by the contracts' table, gives the states that the tables hold."""
        targets = {(row.event, source): row.target for row in TRANSITIONS for source in row.sources or (None,)}
        states = {str(row.id): row.state for row in await self.run(_STATES)}
        story: dict[str, str | None] = defaultdict(lambda: None)
        for subject, event in await self.run(_STORY):
            if not allowed(event, story[subject]):
                self.find(f"{event} came in {story[subject]}", *acts)
            story[subject] = targets.get((event, story[subject])) or story[subject]
        if dict(story) != states:
            self.find(f"the events lead to {dict(story)}, the tables hold {states}", *acts)
        for what, row in await self.run(_NEVER):
            self.find(f"{what}: {row}", *acts)

    async def check_sentence(self, answer: httpx2.Response, *acts: Act) -> None:
        """Check that a refusal says what is true now, and since when."""
        said = _sentence(answer)
        if answer.status_code not in {409, 412} or not said:
            if answer.status_code in {409, 412}:
                self.find("is refused without a sentence", *acts, answer=answer)
            return
        code = "" if acts[-1].is_page else answer.json()["code"]
        if code in WITH_STATE and not _SINCE.search(said):
            self.find("is refused without saying what is true now", *acts, answer=answer)
        if matches := _MATCH.findall(said):
            rows = await self.run(
                "SELECT c.reference, s.reference, m.state FROM match m JOIN candidate c ON c.id = m.application_id"
                " JOIN seat s ON s.id = m.seat_id"
            )
            true = {(reference, seat, stage("match", state).word) for reference, seat, state in rows}
            if not set(matches) <= true:
                self.find(f"says what is not true of {rows}", *acts, answer=answer)
        if visits := _VISIT.findall(said):
            rows = await self.run(
                "SELECT c.reference, v.proposal IS NOT NULL, v.state FROM visit v"
                " JOIN candidate c ON c.id = v.application_id"
            )
            visits_now = {(row[0], "are asked") if row[1] else (row[0], stage("visit", row[2]).word) for row in rows}
            named_states = {
                (waiting_for, "are asked") if waiting_for else (name, _PLANNED.get(word, word))
                for waiting_for, name, word in visits
            }
            if not named_states <= visits_now:
                self.find(f"says what is not true of {rows}", *acts, answer=answer)

    async def check_aim(self, answer: httpx2.Response, *acts: Act) -> None:
        """Check that what was answered as done is so."""
        ((reached,),) = await self.run(acts[-1].aim.format(**self.ids))
        if not reached:
            self.find("is answered as done, and it is not so", *acts, answer=answer)

    async def try_all(self, kind: tuple[Act, ...]) -> None:
        """Try each pair of actions from this state."""
        await self.sign_in()
        if "form" in self.ids:
            page = await self.clients["carla"].get(f"/matching/what-ifs/new?call={self.ids['call_id']}")
            self.ids["form"] = _terms(page.text)
        before = await self.keep()
        self.numbers = self.world.feed.numbers()
        opened = await self.opened()
        possible, results = [], {}
        for act in kind:
            answer = await self.do(act, opened)
            _, written = await self.changes(before)
            if answer is not None and answer.status_code >= 500:
                self.find("failed", act, answer=answer)
            if written and (answer is None or _done(answer)):
                possible.append(act)
                await self.check_whole(act)
            if answer is not None and _done(answer):
                await self.check_aim(answer, act)
            elif answer is not None:
                await self.check_sentence(answer, act)
            await self.back(before)
        for first in possible:
            for second in kind:
                if first.path or second.path or first != second:
                    results[first, second] = await self._in_turn(before, opened, first, second)
                    await self.back(before)
        for number, first in enumerate(possible):
            for second in possible[number:]:
                # Two events of one subject come one after the other.
                if (first, second) in results and (first.path or second.path):
                    await self._at_once(opened, results, first, second)
                    await self.back(before)

    async def _in_turn(self, before: Moment, opened: Opened, first: Act, second: Act) -> list[Counter[str]]:
        """Do one action, then another as it was opened before and as it reads now; return what each led to."""
        self.pairs += 1
        answered = await self.do(first, opened)
        after, written = await self.changes(before)
        if not written or (answered is not None and not _done(answered)):
            self.find("was possible before", first, answer=answered)
        shapes = [after.shape]
        present = await self.opened()
        for read in (opened, present):
            used = Used(read.versions)
            answer = await self.do(second, Opened(read.ids, used))
            now, written = await self.changes(after)
            shapes.append(now.shape)
            names = used.names | ({second.record} if second.record else set())
            stale = any(read.versions[name] != present.versions[name] for name in names)
            if answer is None:
                await self.check_whole(first, second)
                break
            if answer.status_code >= 500:
                self.find("failed", first, second, answer=answer)
            elif first.same_as(second):
                if written or not _done(answer):
                    self.find(f"is not answered as the first time, wrote {written}", first, second, answer=answer)
                elif answered is not None and first == second and _result(answer) != _result(answered):
                    self.find(
                        f"is answered other than the first time {_result(answered)}", first, second, answer=answer
                    )
            elif stale and second.is_page and answer.status_code == 412 and not both_versions(answer):
                self.find("is answered without both versions", first, second, answer=answer)
            elif stale and second.is_page and answer.status_code == 412 and neither_choice_nor_reason(answer):
                self.find("is answered with neither a choice nor a reason", first, second, answer=answer)
            elif written and (stale or not _done(answer)):
                self.find(
                    f"wrote {written} although it is {'stale' if stale else 'refused'}", first, second, answer=answer
                )
            if _done(answer):
                await self.check_aim(answer, first, second)
            await self.check_sentence(answer, first, second)
            if written or _done(answer):
                await self.check_whole(first, second)
                break
        return shapes

    async def _at_once(
        self, opened: Opened, results: dict[tuple[Act, Act], list[Counter[str]]], first: Act, second: Act
    ) -> None:
        """Do two actions at the same moment; the result is that of one order."""
        self.pairs += 1
        answers = await asyncio.gather(self.do(first, opened), self.do(second, opened))
        given = [answer for answer in answers if answer is not None]
        self.last = now = await self.moment()
        if any(answer.status_code >= 500 for answer in given) or (
            len(given) == len(answers) and not any(map(_done, given))
        ):
            self.find(f"at once: {[(answer.status_code, _sentence(answer)[:200]) for answer in given]}", first, second)
        if first.same_as(second) and not all(map(_done, given)):
            self.find(
                f"at once, not answered as one: {[(a.status_code, _sentence(a)[:200]) for a in given]}", first, second
            )
        orders = [*results[first, second], *results.get((second, first), [])]
        if now.shape not in orders:
            apart = min(((now.shape - order) + (order - now.shape) for order in orders), key=len)
            self.find(f"at once leads to what no order leads to: {dict(apart)}", first, second)
        await self.check_whole(first, second)


_RECORDS = {
    "a": "application_id",
    "m": "match_id",
    "what_if": "what_if_id",
    "job": "job_id",
    "options": "options_id",
    "draft": "draft_id",
}


def _done(answer: httpx2.Response) -> bool:
    return answer.is_success or answer.status_code == 303


def _result(answer: httpx2.Response) -> object:
    return answer.headers["location"] if answer.status_code == 303 else answer.json()


def _sentence(answer: httpx2.Response) -> str:
    """Return the sentence of a refusal: of a program's answer, or all that the page says."""
    if "json" in answer.headers.get("content-type", ""):
        return str(answer.json().get("detail", ""))
    if not answer.content:
        return ""
    words = lxml.html.document_fromstring(answer.text).xpath("//main//text()")
    return " ".join(" ".join(map(str, words)).split()) if isinstance(words, list) else ""


def _terms(page: str) -> dict[str, str]:
    """Return what the form of a what-if sends with a quota for one country, and nothing else changed."""
    sent = dict(re.findall(r'<input[^>]* name="([\w-]+)"[^>]* value="([^"]*)"', page))
    sent.update(re.findall(r'name="(\w+)" type="radio" value="(\w+)" checked', page))
    return sent | {"quotas-0-country": "MD", "quotas-0-floor": "0", "quotas-0-ceiling": "0"}


async def _provisional(world: World) -> dict[str, Any]:
    """Two places for three officers."""
    await world.call(share_of_offer=100)
    for _ in range(2):
        await world.offer(places=1, group_size=1)
    people = [await world.officer() for _ in range(3)]
    await world.match_calls()
    rows = await world.rows("SELECT application_id, seat_id FROM standing WHERE seat_id IS NOT NULL ORDER BY 1")
    (a1, s1), (a2, s2) = rows
    (a3,) = set(people) - {a1, a2}
    return {"call_id": world.call_id, "a1": a1, "s1": s1, "a2": a2, "s2": s2, "a3": a3}


async def _choices(world: World, *, pinned: bool) -> dict[str, Any]:
    ids = await _provisional(world)
    if pinned:
        pin = Choice(kind=ChoiceKind.PIN, reason=Reason.OTHER, seat_id=ids["s2"])
        await cohort_choices.choose(world.bus, "carla", world.call_id, ids["a2"], pin)
    return ids | {"draft": world.call_id}


async def _proposed(world: World) -> dict[str, Any]:
    ids = await _provisional(world)
    made = (await world.commit()).matches
    return ids | {"m1": made[ids["a1"]], "m2": made[ids["a2"]]}


async def _offered(world: World, *answers: Party) -> dict[str, Any]:
    ids = await _proposed(world)
    await world.clear(ids["m1"], ids["a1"])
    for party in answers:
        await world.answer(ids["m1"], ids["a1"], party)
    return ids


async def _ring(world: World) -> dict[str, Any]:
    """Two agencies that could exchange officers, while others hold their places provisionally."""
    pairs = await waiting(world, "MD", "GE")
    (a1, s2), (a2, s1) = pairs.items()
    rows = await world.rows("SELECT seat_id, application_id FROM standing WHERE seat_id IS NOT NULL")
    holders = {row.seat_id: row.application_id for row in rows}
    return {"call_id": world.call_id, "a1": a1, "a2": a2, "s1": s1, "s2": s2, "a3": holders[s1], "a4": holders[s2]}


async def _visit(world: World, *, proposed: bool) -> dict[str, Any]:
    await world.call()
    await world.offer()
    a1, m1 = await world.confirmed()
    async with world.bus.read() as session:
        weeks = await plans.lawful_weeks(session, m1)
    others = [choice.week for choice in weeks.choices if choice.days != weeks.announced]
    if proposed:
        await plans.propose_move(world.bus, "carla", m1, others[-2])
    v1 = (await world.rows("SELECT id FROM visit"))[0].id
    return {"call_id": world.call_id, "a1": a1, "m1": m1, "v1": v1, "week": others[-2], "later": others[-1]}


async def _plan(world: World, *, found: bool) -> dict[str, Any]:
    """A plan that moves the first of two visits, whose week the host has closed."""
    await world.call()
    today = clock.today()
    period = {"start": str(today + timedelta(weeks=10)), "end": str(today + timedelta(weeks=30)), "places_per_week": 1}
    offer_id = await world.offer(periods=[period], places=4)
    (a1, m1), (_, m2) = [await world.confirmed() for _ in range(2)]
    start = (await world.rows("SELECT start FROM visit WHERE match_id = :id", id=m2))[0].start
    terms = (await world.rows("SELECT terms FROM seat WHERE id = :id", id=offer_id))[0].terms
    periods = [period | {"start": str(start), "end": str(start + timedelta(weeks=20))}]
    revised = dict(offers.OfferRevised.example) | {"terms": terms | {"periods": periods}}
    await world.feed.deliver((offers.OfferRevised.model_validate(revised), offer_id))
    plan = await plans.plan_visits(world.bus, "carla", world.call_id, seconds=5)
    if found:
        async with leases.hold(world.bus, planner.LEASE) as lease:
            assert await planner.improve(world.bus, lease, plan.id)
    return {"call_id": world.call_id, "a1": a1, "m1": m1, "plan": plan.id, "later": start + timedelta(weeks=15)}


async def _mentorship(world: World, *, begun: bool) -> dict[str, Any]:
    await world.call()
    await world.mentor()
    a1, m1 = await world.confirmed(kind="mentee")
    t1 = (await world.rows("SELECT id FROM mentorship"))[0].id
    for by in (Party.MENTEE, Party.MENTOR) if begun else ():
        signed = participation.AgreementSigned(application_id=a1, mentorship_id=t1, by=by, version=1, document="0" * 64)
        await world.feed.deliver((signed, m1))
    return {"call_id": world.call_id, "a1": a1, "m1": m1, "t1": t1}


async def _what_if(world: World) -> dict[str, Any]:
    ids = await _provisional(world)
    other = OtherTerms(quotas=(CountryQuota(country="MD", ceiling=0),))
    made = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, other)
    return {"call_id": ids["call_id"], "what_if": made, "form": {}}


async def _options(world: World, *, done: bool) -> dict[str, Any]:
    ids = await _provisional(world)
    made = await options.ask(world.bus, "carla", world.call_id)
    if not done:
        return {"call_id": ids["call_id"], "options": made}
    assert await options.work_once(world.bus, apart=False)
    return ids | {"options_id": made, "option": "stable"}


async def _job(world: World) -> dict[str, Any]:
    ids = await _provisional(world)
    chosen = {ids["a1"]: ids["s1"], ids["a2"]: ids["s2"]}
    return ids | {"job": await cohorts_job.ask(world.bus, "carla", world.call_id, chosen)}


SCENES: dict[str, tuple[Callable[[], tuple[Act, ...]], Scene]] = {
    "provisional": (table.commits, _provisional),
    "no choice noted": (table.first_choices, lambda world: _choices(world, pinned=False)),
    "choice noted": (table.more_choices, lambda world: _choices(world, pinned=True)),
    "proposed": (table.matches, _proposed),
    "offered": (table.answers, _offered),
    "half accepted": (table.answers, lambda world: _offered(world, Party.GUEST)),
    "ring possible": (table.rings, _ring),
    "visit planned": (table.visits, lambda world: _visit(world, proposed=False)),
    "other dates proposed": (table.visits, lambda world: _visit(world, proposed=True)),
    "plan searched": (table.plans, lambda world: _plan(world, found=False)),
    "plan found": (table.plans, lambda world: _plan(world, found=True)),
    "mentorship opened": (table.mentorships, lambda world: _mentorship(world, begun=False)),
    "mentorship under way": (table.mentorships, lambda world: _mentorship(world, begun=True)),
    "what-if waiting": (table.what_ifs, _what_if),
    "options waiting": (table.calculations, lambda world: _options(world, done=False)),
    "options calculated": (table.options, lambda world: _options(world, done=True)),
    "cohort as a job": (table.jobs, _job),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_each_pair_of_actions(world: World, scene: str) -> None:
    """A repeat is answered as the first time, anything else is done or refused with what is true now."""
    kind, make = SCENES[scene]
    ids = await make(world)
    async with owner_of(world.bus) as owner:
        trial = Trial(owner=owner, world=world, ids=ids)
        await trial.try_all(kind())
    assert not trial.wrong, f"{len(trial.wrong)} of {trial.pairs} pairs:\n" + "\n".join(dict.fromkeys(trial.wrong))
    assert trial.pairs
