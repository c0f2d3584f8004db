"""Tests of `Idempotency-Key`: a request that a program repeats acts once and is answered as the first time."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import sqlalchemy as sa

from shared import privacy_notice
from shared.bus.db.request_keys import forget_old
from shared.contracts.codes import Role
from shared.identity import Grant, write_access
from shared.identity.idempotency import HEADER, REPLAYED
from shared.time import clock
from tests.integration.applications.conftest import days
from tests.support import owner_of
from tests.waiting import until

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.conftest import Programme
API = "/applications/api/v1"
ORGANISATIONS = f"{API}/organisations"
# The answer of a request is stored after its commit: here that takes so long that the test can end the request.
SLOW_ANSWERS = (
    "CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$",
    "CREATE TRIGGER slow BEFORE UPDATE OF status ON request_key FOR EACH ROW EXECUTE FUNCTION sleep()",
)


def organisation(name: str = "Police of Lyon") -> dict[str, Any]:
    """Return a body that makes a new organisation each time it is sent."""
    return {"organisations": [{"name": name, "kind": "agency", "country": "FR", "city": "Lyon"}]}


async def send(
    programme: Programme, key: str, body: Any, *, path: str = ORGANISATIONS, who: str = "programme", **headers: str
) -> httpx2.Response:
    """Post JSON with a key."""
    return await programme.as_(who).post(path, json=body, headers={HEADER: key, **headers})


async def execute(programme: Programme, *statements: str) -> None:
    """Execute statements in the portal's database, as its owner."""
    async with owner_of(programme.app.state.service.bus) as owner, owner.engine.begin() as connection:
        for statement in statements:
            await connection.execute(sa.text(statement))


async def age(programme: Programme, interval: str) -> None:
    """Let all keys be older by an interval."""
    await execute(programme, f"UPDATE request_key SET since = since - interval '{interval}'")


async def keys(programme: Programme) -> int:
    """Return how many keys the portal keeps."""
    async with programme.app.state.service.bus.read() as session:
        return int((await session.execute(sa.text("SELECT count(*) FROM request_key"))).scalar_one())


async def test_a_repeated_creation_makes_one_draft(programme: Programme) -> None:
    """The second answer is the first one, and says that it is a repeat."""
    body = {"call_id": programme.call["id"], "kind": "study_visit"}
    answers = [await send(programme, "a-draft", body, path=f"{API}/applications", who="ani") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get(REPLAYED) for answer in answers] == [None, "true"]
    assert len((await programme.get("ani", "/applications"))["items"]) == 1


async def test_a_repeat_acts_no_second_time(programme: Programme) -> None:
    """Repeated requests with one key, which may stand in quotation marks, create one record."""
    facts = await programme.facts_published()
    first = await send(programme, "an-organisation", organisation())
    second = await send(programme, '"an-organisation"', organisation())
    assert (first.status_code, second.json()) == (201, first.json())
    assert await programme.facts_published() == facts + 1
    other = await send(programme, "another", organisation())
    assert other.json() != first.json()


async def test_a_repeat_goes_before_the_version(programme: Programme) -> None:
    """A decision that is sent again with the version that it changed itself is answered as the first time."""
    made = await programme.submitted()
    case = f"{API}/applications/{made['id']}"
    version = (await programme.as_("tigran").get(case)).headers["etag"]
    path, sent = f"{case}/endorse", {"If-Match": version}
    first = await send(programme, "yes", {}, path=path, who="tigran", **sent)
    facts = await programme.facts_published()
    second = await send(programme, "yes", {}, path=path, who="tigran", **sent)
    assert (first.status_code, second.status_code) == (200, 200), second.text
    assert second.headers[REPLAYED] == "true"
    assert second.headers["etag"] == first.headers["etag"] != version
    assert await programme.facts_published() == facts


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ORGANISATIONS, organisation("Police of Paris")),
        (f"{ORGANISATIONS}?again=1", organisation()),
        (f"{API}/funds", organisation()),
    ],
)
async def test_a_key_is_for_one_request(programme: Programme, path: str, body: Any) -> None:
    """Another body or address with the same key answers 409, names the header and does nothing."""
    await send(programme, "a-key", organisation())
    facts = await programme.facts_published()
    answer = await send(programme, "a-key", body, path=path)
    assert (answer.status_code, answer.json()["code"]) == (409, "key-reused"), answer.text
    assert answer.json()["errors"][0]["parameter"] == HEADER
    assert await programme.facts_published() == facts


async def test_keys_of_different_people_are_different(programme: Programme) -> None:
    """Somebody else's request with the same key is a request of its own."""
    body = {"call_id": programme.call["id"], "kind": "study_visit"}
    answers = [await send(programme, "key", body, path=f"{API}/applications", who=who) for who in ("ani", "nino")]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]
    assert all(REPLAYED not in answer.headers for answer in answers)


@pytest.mark.parametrize("key", ["", '""', "two words", "é", "x" * 256])
async def test_a_key_that_cannot_be_read_is_refused(programme: Programme, key: str) -> None:
    """Anything but 1 to 255 visible ASCII characters answers 400 and names the header."""
    facts = await programme.facts_published()
    answer = await programme.as_("programme").post(
        ORGANISATIONS, json=organisation(), headers=[(HEADER.encode(), key.encode("latin-1"))]
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["parameter"] == HEADER
    assert await programme.facts_published() == facts


async def test_requests_at_once_with_one_key_act_once(programme: Programme) -> None:
    """Of many requests at the same time one acts; the others get its answer or 409 with a time to wait."""
    facts = await programme.facts_published()
    answers = await asyncio.gather(*(send(programme, "at-once", organisation()) for _ in range(8)))
    assert await programme.facts_published() == facts + 1
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.text for answer in done}) == 1
    waiting = [answer for answer in answers if answer.status_code != 201]
    assert all((answer.json()["code"], answer.headers["retry-after"]) == ("in-progress", "1") for answer in waiting)
    assert (await send(programme, "at-once", organisation())).text == done[0].text


async def test_a_request_waits_for_nobody(programme: Programme) -> None:
    """While the first request with a key is in its transaction, a second is answered at once."""
    bus = programme.app.state.service.bus
    lock = sa.text("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")
    async with owner_of(bus) as owner, owner.engine.connect() as connection:
        await connection.execute(lock)
        first = asyncio.create_task(send(programme, "slow", organisation()))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(20):
            second = await send(programme, "slow", organisation())
        await connection.rollback()
    assert (second.status_code, second.json()["code"]) == (409, "in-progress")
    assert (await first).status_code == 201


async def test_a_crash_before_the_answer_is_said(programme: Programme) -> None:
    """After a commit without an answer a repeat says to wait, then to read the record; it never acts."""
    await execute(programme, *SLOW_ANSWERS)
    facts = await programme.facts_published()
    first = asyncio.create_task(send(programme, "crash", organisation()))

    async def committed() -> bool:
        return await programme.facts_published() > facts

    await until(committed, unless=first)
    first.cancel()
    await asyncio.wait([first])
    soon = await send(programme, "crash", organisation())
    assert (soon.status_code, soon.json()["code"], soon.headers["retry-after"]) == (409, "in-progress", "1")
    await age(programme, "1 minute")
    later = await send(programme, "crash", organisation())
    assert (later.status_code, later.json()["code"]) == (409, "answer-unavailable")
    assert await programme.facts_published() == facts + 1


async def test_a_rolled_back_request_leaves_no_key(programme: Programme) -> None:
    """A request that fails before its commit can be repeated with its key."""
    fail = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$"
    await execute(programme, fail, "CREATE TRIGGER fails BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION fail()")
    with pytest.raises(asyncpg.RaiseError):
        await send(programme, "again", organisation())
    await execute(programme, "DROP TRIGGER fails ON journal")
    assert (await send(programme, "again", organisation())).status_code == 201


async def test_a_key_is_kept_a_day(programme: Programme) -> None:
    """After a day the same key is a new request, whether the old one was swept or not; the sweep deletes it."""
    first = await send(programme, "old", organisation())
    await age(programme, "23 hours 59 minutes")
    assert (await send(programme, "old", organisation())).json() == first.json()
    await age(programme, "1 minute")
    second = await send(programme, "old", organisation())
    assert second.status_code == 201
    assert second.json() != first.json()
    assert (await send(programme, "old", organisation())).json() == second.json()
    engine = programme.app.state.service.bus.engine
    await forget_old(engine)
    assert await keys(programme) == 1
    some = "SELECT 'person a', n::text, '', '' FROM generate_series(1, 1100) n"
    await execute(programme, f"INSERT INTO request_key (sender, key, request, rights) {some}")
    await age(programme, "1 day 1 second")
    await forget_old(engine)
    assert await keys(programme) == 0


async def test_a_refusal_by_the_rules_is_repeated(programme: Programme) -> None:
    """A refused request stays refused for its key, so that a late copy of it does not act after all."""
    draft = await programme.post("ani", "/applications", {"call_id": programme.call["id"], "kind": "study_visit"}, 201)
    path = f"{API}/applications/{draft['id']}/submit"
    first = await send(programme, "early", {}, path=path, who="ani")
    assert first.status_code in {409, 422}, first.text
    filled = programme.answers(privacy_version=privacy_notice.VERSION)
    saved = await programme.as_("ani").put(f"{API}/applications/{draft['id']}/answers", json=filled)
    assert saved.status_code == 200, saved.text
    second = await send(programme, "early", {}, path=path, who="ani")
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.headers[REPLAYED] == "true"
    fresh = await send(programme, "now", {}, path=path, who="ani")
    assert fresh.status_code == 200, fresh.text


async def test_a_refusal_that_the_sender_can_mend_is_not_kept(programme: Programme) -> None:
    """After 428 or 412 the request is sent with another version and the same key."""
    made = await programme.submitted()
    path = f"{API}/applications/{made['id']}/endorse"
    stale = await send(programme, "mended", {}, path=path, who="tigran", **{"If-Match": '"application.0.1"'})
    assert stale.status_code == 412, stale.text
    done = await send(programme, "mended", {}, path=path, who="tigran", **{"If-Match": stale.headers["etag"]})
    assert done.status_code == 200, done.text


async def test_a_right_that_was_withdrawn_opens_no_answer(programme: Programme) -> None:
    """Without the role a repeat is refused; with other rights than then, the answer is not shown."""
    await send(programme, "rights", organisation())
    bus = programme.app.state.service.bus
    roles = {
        Role.OFFICER: (403, "not-allowed"),
        Role.PROGRAMME_COORDINATOR: (409, "answer-unavailable"),
    }
    for role, expected in roles.items():
        async with bus.transaction("system:tests") as tx:
            await write_access(tx.session, {"programme": ([Grant(role, days(-3))], clock.now())})
        answer = await send(programme, "rights", organisation())
        assert (answer.status_code, answer.json()["code"]) == expected, answer.text


async def test_stored_answers_cannot_be_read_in_the_database(programme: Programme) -> None:
    """The body of an answer is sealed: it may contain a secret or say something of a person."""
    body = {"call_id": programme.call["id"], "kind": "study_visit"}
    made = (await send(programme, "sealed", body, path=f"{API}/applications", who="ani")).json()
    async with programme.app.state.service.bus.read() as session:
        rows = (await session.execute(sa.text("SELECT request_key::text FROM request_key"))).scalars().all()
    assert len(rows) == 1
    assert made["id"] not in rows[0]


async def test_a_request_without_a_key_costs_nothing(programme: Programme) -> None:
    """No statement names the table of keys."""
    statements: list[str] = []
    engine = programme.app.state.service.bus.engine.sync_engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    answer = await programme.as_("programme").post(ORGANISATIONS, json=organisation())
    assert answer.status_code == 201
    assert statements
    assert not [each for each in statements if "request_key" in each or "advisory" in each]
    await send(programme, "counted", organisation())
    assert [each for each in statements if "request_key" in each]


async def test_a_file_is_the_same_whatever_stands_between_its_parts(programme: Programme) -> None:
    """A form with a file is repeated with another boundary and answered as the first time; another file is refused."""
    path = f"{API}/register/needs/imports"
    files = [b"topic,places\n", b"topic,places\n", b"topic,place\n"]
    answers = []
    for number, content in enumerate(files):
        kind = f"multipart/form-data; boundary=boundary{number}"
        part = b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
        mark = f"--boundary{number}".encode()
        body = mark + b"\r\n" + part + content + b"\r\n" + mark + b"--\r\n"
        headers = {HEADER: "a-file", "Content-Type": kind}
        answers.append(await programme.as_("tigran").post(path, content=body, headers=headers))
    assert answers[0].status_code in {201, 422}, answers[0].text
    assert (answers[1].status_code, answers[1].content) == (answers[0].status_code, answers[0].content)
    assert answers[1].headers[REPLAYED] == "true"
    assert answers[2].json()["code"] == "key-reused"


@pytest.mark.parametrize("seed", range(3))
async def test_there_is_one_fact_for_each_key(programme: Programme, seed: int) -> None:
    """Requests that end anywhere and are repeated until they are answered act exactly once for each key."""
    chance = random.Random(seed)
    facts = await programme.facts_published()

    async def insist(key: str, patience: list[float]) -> None:
        for seconds in patience:
            try:
                async with asyncio.timeout(seconds):
                    await send(programme, key, organisation(key))
            except TimeoutError:
                pass

    async with asyncio.TaskGroup() as group:
        for number in range(12):
            for _ in range(2):
                patience = [chance.uniform(0, 0.15) for _ in range(chance.randint(0, 4))]
                group.create_task(insist(f"key-{number}", patience))
    await age(programme, "1 minute")
    answers = [await send(programme, f"key-{number}", organisation(f"key-{number}")) for number in range(12)]
    codes = {answer.json().get("code", answer.status_code) for answer in answers}
    assert codes <= {201, "answer-unavailable"}
    assert await programme.facts_published() == facts + 12
