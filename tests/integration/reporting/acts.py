"""The acts on the records of reporting, and the scenes in which each pair of them is tried."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import sqlalchemy as sa

from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP
from services.reporting.answers.model.certificates import REPORT as REPORT_FORM
from services.reporting.answers.model.forms import ERASED
from services.reporting.answers.store.answers import SUBMISSION
from shared.bus.db.records import named
from shared.contracts.codes import Respondent, Role
from shared.identity import csrf
from shared.identity.versions import FIELD
from shared.time import clock
from tests.integration.reporting.answers.test_forms import APPLICATION, GUEST, HOST, REPORT, VISIT
from tests.integration.reporting.answers.test_waves import ALL, CLOSE, WAVE
from tests.integration.reporting.assessments.test_sittings import QUESTIONS, RIGHT, the_test, to_the_end, visits
from tests.integration.reporting.cascades.test_cascades import MANAGED, OWN, SESSION
from tests.integration.reporting.conftest import ORIGIN
from tests.integration.reporting.facts.test_rebuild import changed
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import TOPICS, ident, world
from tests.pair_trial import Act

if TYPE_CHECKING:
    from shared.bus.db.records import Named
    from tests.integration.reporting.conftest import House


Ids = dict[str, str]
Make = Callable[["People"], Awaitable[Ids]]
API = "/reporting/api/v1"
PERIOD = "2026-Q1"
EVALUATED = {
    "overall": 5,
    "objectives": {"1": 4, "2": 3, "3": 5},
    "answers": {name: int(GUEST[name]) for name in GUEST if not re.match("overall|objective|went|improve", name)},
    "texts": {"went_well": "The labs"},
}
FOLLOWED = {"applied": "yes", "use_in_work": "4", "unit_better": "3", "example": "A case"}
SITTING = {"q1": "1", "q2": ["0", "1"]}
NO_WORDS = (
    "SELECT (SELECT count(*) FROM submission, jsonb_each_text(texts) AS t WHERE application_id = '{application_id}'"
    f" AND t.value <> '{ERASED}')"
    " + (SELECT count(*) FROM answer_draft WHERE application_id = '{application_id}') = 0"
)
REOPENED = "SELECT bool_and(reopened_at IS NOT NULL) FROM wave_closing WHERE id = '{closing_id}'"
_OF_CASE = "AND form = 'evaluation' AND respondent = 'guest'"
REMINDED = (
    'SELECT count(*) = 0 FROM "case" c WHERE ended_on IS NOT NULL'
    f" AND NOT EXISTS (SELECT FROM submission s WHERE s.case_id = c.id {_OF_CASE})"
    f" AND NOT EXISTS (SELECT FROM answer_reminder r WHERE r.case_id = c.id {_OF_CASE})"
    f" AND NOT EXISTS (SELECT FROM wave_closing w WHERE w.call_id = c.call_id {_OF_CASE} AND reopened_at IS NULL)"
)
WRITTEN = "SELECT count(*) > 0 FROM target WHERE day = '2027-12-31' AND value = 120"
APPROVED = "SELECT bool_and(approved_at IS NOT NULL) FROM target WHERE id = '{target}'"
RETIRED = "SELECT bool_and(retired_at IS NOT NULL) FROM question WHERE id = '{question}' AND newest"
IN_USE = "SELECT bool_and(retired_at IS NULL) FROM question WHERE id = '{question}' AND newest"
IN_STATE = "SELECT bool_or(state = '{}') FROM period WHERE label = '{{label}}'"
PROPOSED = "SELECT count(*) > 0 FROM restatement WHERE period = '{label}' AND state = 'proposed'"
TEST_OPEN = "SELECT bool_and(published_at IS NOT NULL AND closed_at IS NULL) FROM knowledge_test WHERE id = '{test}'"
TEST_CLOSED = "SELECT bool_and(closed_at IS NOT NULL) FROM knowledge_test WHERE id = '{test}'"
REVOKED = "SELECT bool_and(revoked_at IS NOT NULL) FROM pull_token WHERE id = '{token}'"
SUBMITTED = "submitted with other answers on|Other answers were submitted on|This was submitted on"
NOT_THERE = "was erased|Nothing has been submitted"
TARGET = {"indicator": "TOPCOP-OP-02", "kind": "target", "value": "120", "source": "Grant agreement", "comment": ""}
NEXT_DAY = {"day-day": "31", "day-month": "12", "day-year": "2027"}


class People:
    """The people of a scene, each with a browser that sends nothing by itself."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clients: dict[str, httpx2.AsyncClient] = {}

    async def add(self, name: str, *roles: Role) -> httpx2.AsyncClient:
        """Return the browser of somebody with these roles, or of a stranger."""
        if name not in self.clients:
            reading = await self.house.grant(*roles, name=name) if roles else self.house.stranger()
            transport = httpx2.ASGITransport(self.house.app)
            made = httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=reading.headers)
            for cookie in reading.cookies.jar:
                made.cookies.jar.set_cookie(cookie)
            self.clients[name] = made
        return self.clients[name]

    async def steering(self) -> tuple[httpx2.AsyncClient, httpx2.AsyncClient]:
        """Return the browsers of an evaluator and a programme coordinator."""
        return await self.add("ann", Role.EVALUATOR), await self.add("bob", Role.PROGRAMME_COORDINATOR)

    async def open(self, name: str, address: str, purpose: str, *roles: Role) -> httpx2.AsyncClient:
        """Open a form with the portal's ticket."""
        client = await self.add(name, *roles)
        page = await self.house.with_ticket(client, address, purpose, name if roles else None)
        assert page.status_code == 200, page.text
        if not roles:
            client.headers[csrf.HEADER] = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
        return client

    async def do(self, name: str, address: str, data: Any = None, **more: Any) -> httpx2.Response:
        """Do a step that a scene begins with, with the version that is there."""
        client = self.clients[name]
        sent = {"json": data, **more} if address.startswith(API) else {"data": data, **more}
        method = more.pop("method", "POST")
        sent.pop("method", None)
        answer = await client.request(method, address, **sent)
        if answer.status_code == 428:
            headers = {"If-Match": answer.headers["etag"]}
            answer = await client.request(method, address, headers=headers, **sent)
        assert answer.status_code < 400, answer.text
        return answer


async def after_the_visit(people: People) -> None:
    """The visit is over; everybody who answers has the form open."""
    await feed_events(people.house, world(2, running=0))
    await people.steering()
    await people.add("dpo", Role.DATA_PROTECTION_OFFICER)
    for form, purpose in (("evaluations", "evaluation"), ("reports", "report"), ("follow-ups", "follow_up")):
        await people.open("guest", f"/reporting/{form}/{APPLICATION}", purpose, Role.OFFICER)
    await people.open("host", f"/reporting/evaluations/host.{VISIT}", "evaluation", Role.HOST_CONTACT)


OF_GUEST = {"subject": str(APPLICATION)}
ERASE = Act(
    "dpo",
    "/reporting/words/{application_id}/erasure",
    "erase",
    {"form": "all", "why": "Asked for"},
    says=NOT_THERE,
    aim=NO_WORDS,
)


def _submission(kind: str) -> Named:
    return named(SUBMISSION, "submission", (VISIT, kind, Respondent.GUEST))


def _form(name: str, kind: str, given: dict[str, str], program: dict[str, Any], words: dict[str, str]) -> list[Act]:
    """Return the acts on one of the guest's forms: by page and by API, in two ways, as a draft, and its correction."""
    page = f"/reporting/{name}/{{subject}}"
    other = {**given, **dict.fromkeys(list(words)[:1], "Quite another answer")}
    return [
        Act("guest", page, "submit", given, OF_GUEST, says=SUBMITTED),
        Act("guest", f"{API}/{name}/{{subject}}", "submit", program, OF_GUEST, says=SUBMITTED),
        Act("guest", page, "submit otherwise", other, OF_GUEST, says=SUBMITTED),
        Act("guest", f"{page}/draft", "save a draft", {**words, "draft_turn": "1"}, OF_GUEST, once=False),
        Act(
            "guest",
            f"{page}/words",
            "correct the words",
            {**given, **words},
            OF_GUEST,
            says=SUBMITTED,
            but="Nothing has been submitted yet",
            record=_submission(kind),
        ),
        ERASE,
    ]


async def evaluation(people: People) -> Ids:
    """An evaluation, and a closed wave that asks the hosts."""
    await after_the_visit(people)
    await people.do("ann", f"/reporting/waves/closings?{WAVE.replace('guest', 'host')}", CLOSE)
    rows = await _rows(people, "SELECT id FROM wave_closing")
    return {"application_id": str(APPLICATION), "closing_id": str(rows[0].id)}


def on_evaluations() -> list[Act]:
    """Return the acts on an evaluation and on waves."""
    return [
        *_form("evaluations", EVALUATION, GUEST, EVALUATED, {"went_well": "The laboratories"}),
        Act("ann", "/reporting/waves/closings", "close", CLOSE, query=f"?{WAVE}", says="no longer accepted"),
        Act("bob", "/reporting/waves/closings/{closing_id}/reopen", "reopen", aim=REOPENED),
        Act("ann", "/reporting/waves/remind", "remind", query=f"?{ALL}&form=guest", aim=REMINDED),
    ]


async def report(people: People) -> Ids:
    """A visit that is over, before anything is submitted."""
    await after_the_visit(people)
    return {"application_id": str(APPLICATION), "visit_id": str(VISIT)}


def on_reports() -> list[Act]:
    """Return the acts on a report."""
    return _form("reports", REPORT_FORM, REPORT, {"texts": REPORT}, {"programme": "Six days"})


def on_follow_ups() -> list[Act]:
    """Return the acts on a follow-up."""
    body = {"applied": "yes", "answers": {"use_in_work": 4, "unit_better": 3}, "texts": {"example": "A case"}}
    return _form("follow-ups", FOLLOW_UP, FOLLOWED, body, {"example": "Two cases"})


def on_waivers() -> list[Act]:
    """Return the acts on the host's evaluation."""
    host = {"subject": f"host.{VISIT}"}
    page, route = "/reporting/evaluations/{subject}", "/reporting/outcomes/{visit_id}/waiver"
    waived = "evaluation was waived on"
    submitted = "evaluation was submitted on|" + SUBMITTED
    return [
        Act("host", page, "evaluate", HOST, host, says=submitted),
        Act("host", page, "evaluate otherwise", {**HOST, "overall": "1"}, host, says=submitted),
        Act("bob", route, "waive", {"reason": "host_silent"}, says=waived),
        Act("bob", route, "waive otherwise", {"reason": "host_closed"}, says=waived),
    ]


_FIRST, _SECOND = str(ident("cascade", 1)), str(ident("cascade", 2))


async def cascade(people: People) -> Ids:
    """A session at home that was reported."""
    await after_the_visit(people)
    await people.open("guest", OWN, "cascade", Role.OFFICER)
    await people.do("guest", OWN, {**SESSION, "cascade_id": _FIRST})
    await people.open("manager", MANAGED, "cascade")
    return {"cascade_id": _FIRST}


def on_cascades() -> list[Act]:
    """Return the acts on a session that was reported, and on another one."""
    managed = {"subject": f"line_manager.{APPLICATION}"}
    day = date(*(int(SESSION[f"held_on-{part}"]) for part in ("year", "month", "day")))
    program = {"id": _SECOND, "held_on": str(day), "format": "training", "attendees": 18, "about": SESSION["about"]}
    form, known = {**SESSION, "cascade_id": _SECOND}, "This was reported with other answers on"
    confirmed, refused = "This session was confirmed on", "the answer was that this session cannot be confirmed"
    own, page = f"{API}/cascades/{{subject}}", "/reporting/cascades/{subject}/{cascade_id}"
    fewer = {"attendees": "9", "why": "Six left"}
    return [
        Act("guest", "/reporting/cascades/{subject}", "report", form, OF_GUEST, says=known),
        Act("guest", own, "report", program, OF_GUEST, says=known),
        Act("guest", own, "report otherwise", {**program, "attendees": 3}, OF_GUEST, says=known),
        Act("manager", f"{page}/confirm", "confirm", {"attendees": "18", "why": ""}, managed, says=confirmed),
        Act("manager", f"{page}/confirm", "confirm fewer", fewer, managed, says=confirmed),
        Act("manager", f"{page}/refuse", "refuse", {"reason": "not_held"}, managed, says=refused),
        Act("manager", f"{page}/refuse", "refuse otherwise", {"reason": "other"}, managed, says=refused),
    ]


def sitting(when: str) -> Make:
    """Return the scene of a test before or after a visit."""

    async def make(people: People) -> Ids:
        house = people.house
        planned, over = visits()
        await the_test(house)
        await feed_events(house, planned)
        before = f"/reporting/test-before/guest.{VISIT}"
        if when == "after":
            await people.open("guest", before, "test_before", Role.OFFICER)
            await people.do("guest", before, RIGHT)
            await to_the_end(house, over)
        await people.open("guest", f"/reporting/test-{when}/guest.{VISIT}", f"test_{when}", Role.OFFICER)
        return {"subject": f"guest.{VISIT}"}

    return make


def on_sittings(when: str) -> Callable[[], list[Act]]:
    """Return the acts on such a test."""
    program, page = f"{API}/test-{when}/{{subject}}", f"/reporting/test-{when}/{{subject}}"
    body = {"answers": {"1": [1], "2": [0, 1]}}
    return lambda: [
        Act("guest", page, "submit", SITTING, says=SUBMITTED),
        Act("guest", program, "submit", body, says=SUBMITTED),
        Act("guest", program, "submit otherwise", {"answers": {"1": [0], "2": [0]}}, says=SUBMITTED),
        Act("guest", program, "save", {"answers": {"2": [1]}}, method="PUT", once=False),
        Act("guest", f"{page}/draft", "save a draft", {"q1": "0"}, once=False),
    ]


def period(*steps: tuple[str, str, dict[str, str]], proposed: bool = False) -> Make:
    """Return the scene of a period after these steps, perhaps with a proposed restatement."""

    async def make(people: People) -> Ids:
        await feed_events(people.house, world(8, running=0))
        await people.steering()
        for who, step, data in steps:
            await people.do(who, f"/reporting/periods/{PERIOD}/{step}", data)
        if steps and steps[-1][1] in {"approve", "publish"}:
            await feed_events(people.house, world(10, running=0)[-14:])
        if proposed:
            await people.do("ann", f"/reporting/periods/{PERIOD}/restatement/propose", {"reason": "late_facts"})
        return {"label": PERIOD}

    return make


def on_periods() -> list[Act]:
    """Return the acts on a period."""
    page, program = "/reporting/periods/{label}", f"{API}/periods/{{label}}/{{step}}"
    submitted, returned = "were submitted on", "were returned to their author on"
    frozen, published = "were approved and frozen on", "were published on"
    person = "somebody else must (approve|decide)|Only the author|are not frozen|are being (counted|published)"
    none = person + "|No restatement of this period was proposed|nothing to restate"
    proposed, decided = "A restatement was proposed on", "This restatement was decided on"
    again, steps = f"{page}/restatement", f"{API}/periods/{{label}}/restatement/{{step}}"
    late = {"reason": "late_facts"}
    return [
        Act("ann", f"{page}/submit", "submit", says=submitted, but=person, aim=IN_STATE.format("submitted")),
        Act(
            "bob",
            program,
            "submit",
            at={"step": "submit"},
            says=submitted,
            but=person,
            aim=IN_STATE.format("submitted"),
        ),
        Act(
            "bob",
            f"{page}/return",
            "return",
            {"reason": "figures_differ"},
            says=returned,
            but=person,
            aim=IN_STATE.format("returned"),
        ),
        Act(
            "bob",
            f"{page}/return",
            "return otherwise",
            {"reason": "other"},
            says=returned,
            but=person,
            aim=IN_STATE.format("returned"),
        ),
        Act("bob", f"{page}/approve", "approve", says=frozen, but=person, aim=IN_STATE.format("frozen")),
        Act("ann", program, "approve", at={"step": "approve"}, says=frozen, but=person, aim=IN_STATE.format("frozen")),
        Act("ann", f"{page}/publish", "publish", says=published, but=person, aim=IN_STATE.format("published")),
        Act(
            "bob",
            program,
            "publish",
            at={"step": "publish"},
            says=published,
            but=person,
            aim=IN_STATE.format("published"),
        ),
        Act("ann", f"{again}/propose", "propose", late, says=proposed, but=none, aim=PROPOSED),
        Act("bob", f"{API}/periods/{{label}}/restatement", "propose", late, says=proposed, but=none, aim=PROPOSED),
        Act("bob", f"{again}/approve", "approve the restatement", says=decided, but=none),
        Act("bob", f"{again}/decline", "decline the restatement", says=decided, but=none),
        Act("ann", steps, "withdraw the restatement", at={"step": "withdraw"}, says=decided, but=none),
        Act("ann", f"{again}/withdraw", "withdraw the restatement", says=decided, but=none),
    ]


_Step = tuple[str, str, dict[str, str]]
_SUBMIT: _Step = ("ann", "submit", {})
_APPROVE: _Step = ("bob", "approve", {})
_PUBLISH: _Step = ("ann", "publish", {})


async def target(people: People) -> Ids:
    """A target that waits for approval."""
    await people.steering()
    made = await people.do("ann", f"{API}/targets", {**TARGET, "day": "2026-12-31"})
    (item,) = (await people.clients["bob"].get(f"{API}/targets/waiting")).json()["items"]
    return {"target": made.json()["id"], "version": item["version"]}


def on_targets() -> list[Act]:
    """Return the acts on a target that waits, and on another for another day."""
    other, form = {**TARGET, "day": "2027-12-31"}, {**TARGET, **NEXT_DAY}
    table = b"indicator,kind,day,value,source,comment\nTOPCOP-OP-02,target,2027-12-31,120,Grant agreement,\n"
    waits, approved = "waiting for approval", "This value was approved on"
    gone, person = "There is no such value", "somebody else must approve"
    step, page = f"{API}/targets/{{target}}/{{step}}", "/reporting/targets/{target}"
    approve, drop = {"step": "approve"}, {"step": "drop"}
    return [
        Act("ann", "/reporting/targets", "write", form, says=waits),
        Act("ann", f"{API}/targets", "write", other, says=waits),
        Act("bob", f"{API}/targets", "write", other, says=waits),
        Act("ann", f"{API}/targets", "write otherwise", {**other, "value": "7"}, says=waits),
        Act("bob", f"{API}/targets/import", "write", table, says=waits, aim=WRITTEN),
        Act("bob", "/reporting/targets/import", "write", {"file": table}, says=waits, aim=WRITTEN),
        Act("bob", f"{page}/approve", "approve", says=approved, but=person),
        Act("bob", step, "approve", at=approve, says=approved),
        Act("ann", step, "approve", at=approve, says=approved, but=person),
        Act("bob", f"{API}/targets/approve", "approve",
            lambda ids: {"targets": [{"id": ids["target"], "version": ids["version"]}]}, says=approved, aim=APPROVED),
        Act("bob", "/reporting/targets/approve", "approve",
            lambda ids: {"target_ids": ids["target"], FIELD: ids["version"]},
            says=approved, but=gone),
        Act("ann", f"{page}/drop", "drop", says=gone),
        Act("bob", step, "drop", at=drop, says=gone),
    ]  # fmt: skip


async def grouping(people: People) -> Ids:
    """A dimension of figures, before any are submitted."""
    await people.steering()
    return {"grouping": "host-country"}


def on_groupings() -> list[Act]:
    """Return the acts on the groupings of a dimension."""
    page, program = "/reporting/groupings/{grouping}", f"{API}/groupings/{{grouping}}"
    chosen = "SELECT count(*) > 0 FROM \"grouping\" WHERE dimension = '{{grouping}}' AND level = '{}'"
    region, side = {"level": "region"}, {"level": "side"}
    return [
        Act("bob", page, "choose", region, aim=chosen.format("region")),
        Act("bob", program, "choose", region, method="PUT", aim=chosen.format("region")),
        Act("bob", page, "choose otherwise", side, aim=chosen.format("side")),
    ]


async def question(people: People) -> Ids:
    """A question that is in no test."""
    await people.steering()
    written = {**QUESTIONS[0], "topic": TOPICS[0]}
    return {"question": (await people.do("ann", f"{API}/questions", written)).json()["id"]}


def on_questions() -> list[Act]:
    """Return the acts on a question."""
    page, program = "/reporting/questions/{question}", f"{API}/questions/{{question}}"
    new = {"topic": TOPICS[0], "text": "What comes first?", "points": "1", "right": "1", "area": ""}
    changed = {**QUESTIONS[0], "topic": TOPICS[0], "text": "What is saved first?", "version": 1}
    form = {**new, "text": changed["text"], "answer_0": "Memory", "answer_1": "The disk", "right": "0", "points": "2"}
    retired, gone, later = "This question was retired on", "There is no such question", "This question was changed on"
    same = {"topic": TOPICS[0], "kind": "true_false", "text": new["text"], "right": [1], "points": 1}
    return [
        Act("ann", "/reporting/questions/new/{kind}", "write", new, {"kind": "true_false"}),
        Act("ann", f"{API}/questions", "write", same),
        Act("ann", page, "change", {**form, "version": "1"}, says=later),
        Act("ann", program, "change", changed, method="PUT", says=later),
        Act("bob", program, "change otherwise", {**changed, "points": 1}, method="PUT", says=later),
        Act("bob", f"{page}/retire", "retire", says=retired, aim=RETIRED),
        Act("ann", f"{program}/retire", "retire", says=retired, aim=RETIRED),
        Act("bob", f"{page}/restore", "restore", aim=IN_USE),
        Act("ann", f"{program}/restore", "restore", aim=IN_USE),
        Act("bob", f"{page}/drop", "drop", says=gone),
        Act("ann", program, "drop", method="DELETE", says=gone),
    ]


def knowledge_test(*steps: str) -> Make:
    """Return the scene of a test after these steps, and two questions on its topic."""

    async def make(people: People) -> Ids:
        await people.steering()
        ids = [
            (await people.do("ann", f"{API}/questions", {**each, "topic": TOPICS[0]})).json()["id"]
            for each in QUESTIONS[:2]
        ]
        begun = {"title": "Seizing devices", "topic": TOPICS[0]}
        test = (await people.do("ann", f"{API}/tests", begun)).json()["id"]
        await people.do("ann", f"{API}/tests/{test}/questions", {"before": ids[:1]}, method="PUT")
        for step in steps:
            await people.do("ann", f"{API}/tests/{test}/{step}")
        return {"test": test, "first": ids[0], "second": ids[1]}

    return make


def on_tests() -> list[Act]:
    """Return the acts on a test."""
    page, program = "/reporting/tests/{test}", f"{API}/tests/{{test}}"
    new, call = {"title": "Another test", "topic": TOPICS[1]}, {"call": ""}
    published, closed, gone = "The test was published on", "The test was closed on", "There is no such test"
    before = f"The test has not been published yet|{published}|{closed}"

    def both(ids: Ids) -> dict[str, list[str]]:
        return {"before": [ids["first"], ids["second"]]}

    def second(ids: Ids) -> dict[str, list[str]]:
        return {"before": [ids["second"]]}

    return [
        Act("ann", "/reporting/tests", "begin", {**new, **call}),
        Act("ann", f"{API}/tests", "begin", new),
        Act("ann", page, "choose questions", both, but=before),
        Act("ann", f"{program}/questions", "choose questions", both, method="PUT", but=before),
        Act("bob", f"{program}/questions", "choose others", second, method="PUT", but=before),
        Act("ann", f"{page}/publish", "publish", says=published, but=before, aim=TEST_OPEN),
        Act("bob", f"{program}/publish", "publish", says=published, but=before, aim=TEST_OPEN),
        Act("bob", f"{page}/close", "close", says=closed, but=before, aim=TEST_CLOSED),
        Act("ann", f"{program}/close", "close", says=closed, but=before, aim=TEST_CLOSED),
        Act("ann", f"{page}/drop", "drop", says=gone, but=before),
        Act("bob", program, "drop", method="DELETE", says=gone, but=before),
    ]


async def token(people: People) -> Ids:
    """A token that was issued."""
    await people.steering()
    await people.add("cyd", Role.PROGRAMME_COORDINATOR)
    expires = str(clock.today() + timedelta(days=30))
    made = await people.do("bob", f"{API}/feeds/tokens", {"consumer": "OPSYS", "expires": expires})
    return {"token": made.json()["id"]}


def on_tokens() -> list[Act]:
    """Return the acts on a token, and on another one."""
    last, sent = clock.today() + timedelta(days=30), "This form was sent on"
    form = {"consumer": "Another", "key": str(ident("token")), "expires-day": str(last.day)}
    form |= {"expires-month": str(last.month), "expires-year": str(last.year)}
    return [
        Act("bob", "/reporting/feeds/tokens", "issue", form, says=sent),
        Act("cyd", "/reporting/feeds/tokens", "issue by another", form, says=sent),
        Act("bob", "/reporting/feeds/tokens", "issue otherwise", {**form, "consumer": "Else"}, says=sent),
        Act("bob", "/reporting/feeds/tokens/{token}/revoke", "revoke", aim=REVOKED),
        Act("cyd", f"{API}/feeds/tokens/{{token}}/revoke", "revoke", aim=REVOKED),
    ]


async def words(people: People) -> Ids:
    """Words that were submitted, may be corrected and may be erased."""
    await after_the_visit(people)
    await people.do("guest", f"/reporting/evaluations/{APPLICATION}", GUEST)
    return {"application_id": str(APPLICATION)}


def on_words() -> list[Act]:
    """Return the acts on words that were submitted."""
    page = "/reporting/evaluations/{subject}/words"
    once, twice = {**GUEST, "went_well": "The laboratories"}, {**GUEST, "went_well": "The workshops"}
    return [
        Act("guest", page, "correct the words", once, OF_GUEST, says=SUBMITTED, record=_submission(EVALUATION)),
        Act("guest", page, "correct otherwise", twice, OF_GUEST, says=SUBMITTED, record=_submission(EVALUATION)),
        ERASE,
    ]


async def dead_letter(people: People) -> Ids:
    """An event that could not be applied."""
    await people.steering()
    await people.add("cyd", Role.PROGRAMME_COORDINATOR)
    feed = people.house.feed
    records = [feed.record(each.event, each.subject, at=each.at, correlation=each.story) for each in world(1)]
    broken = next(n for n, each in enumerate(records) if each.key == str(VISIT).encode())
    await feed.apply([*records[:broken], changed(records[broken], value=b'{"plan": 1}')])
    (row,) = await _rows(people, "SELECT id, topic, subject FROM dead_letter WHERE settled_at IS NULL")
    return {"id": str(row.id), "topic": row.topic, "subject": row.subject}


def on_dead_letters() -> list[Act]:
    """Return the acts on a dead letter."""
    again, skipped = "This event was tried again on", "This event was skipped on"

    def form(what: str, reason: str) -> Callable[[Ids], dict[str, str]]:
        return lambda ids: {**ids, "what": what, "reason": reason}

    page = "/reporting/dead-letters"
    return [
        Act("bob", page, "skip", form("skip", "It is of no use"), says=skipped),
        Act("cyd", page, "skip by another", form("skip", "It is of no use"), says=skipped),
        Act("bob", page, "skip otherwise", form("skip", "It is wrong"), says=skipped),
        Act("cyd", page, "try again", form("redrive", "The cause is repaired"), says=again, once=False),
    ]


async def _rows(people: People, query: str) -> Any:
    async with people.house.app.state.service.bus.read() as session:
        return (await session.execute(sa.text(query))).all()


SCENES: dict[str, tuple[Callable[[], list[Act]], Make]] = {
    "evaluation": (on_evaluations, evaluation),
    "report": (on_reports, report),
    "follow-up": (on_follow_ups, report),
    "host's evaluation": (on_waivers, report),
    "cascade session": (on_cascades, cascade),
    "test before": (on_sittings("before"), sitting("before")),
    "test after": (on_sittings("after"), sitting("after")),
    "period not submitted": (on_periods, period()),
    "period submitted": (on_periods, period(_SUBMIT)),
    "period returned": (on_periods, period(_SUBMIT, ("bob", "return", {"reason": "other"}))),
    "period frozen": (on_periods, period(_SUBMIT, _APPROVE)),
    "period published": (on_periods, period(_SUBMIT, _APPROVE, _PUBLISH)),
    "restatement proposed": (on_periods, period(_SUBMIT, _APPROVE, _PUBLISH, proposed=True)),
    "target": (on_targets, target),
    "grouping": (on_groupings, grouping),
    "question": (on_questions, question),
    "test to be made": (on_tests, knowledge_test()),
    "test published": (on_tests, knowledge_test("publish")),
    "test closed": (on_tests, knowledge_test("publish", "close")),
    "token": (on_tokens, token),
    "words": (on_words, words),
    "dead letter": (on_dead_letters, dead_letter),
}
