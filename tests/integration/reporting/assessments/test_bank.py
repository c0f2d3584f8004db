"""Evaluators keep a bank of questions, and a question in a published test stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts.codes import Role
from shared.time import clock
from tests.integration.applications.test_stale_forms import form_to, table
from tests.integration.reporting.assessments.test_sittings import (
    BEFORE,
    QUESTIONS,
    clock_file,
    the_guest,
    the_test,
    visits,
)
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import TOPICS
from tests.pair_trial import both_versions
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

__all__ = ["clock_file"]
BANK, TESTS = "/reporting/questions", "/reporting/tests"
WRITTEN = {
    "topic": TOPICS[0], "area": "digital_forensics", "text": "What is copied first?", "answer_0": "Memory",
    "answer_1": "The disk", "right": "0", "points": "2",
}  # fmt: skip


async def test_a_question_is_written_changed_and_deleted_by_pages(house: House) -> None:
    """Errors keep the input, a change is the next version, and nobody overwrites another version."""
    clock.move(timedelta(days=1))
    evaluator = await house.grant(Role.EVALUATOR)
    assert "There are no such questions yet" in (await evaluator.get(BANK)).text
    new = f"{BANK}/new/single"
    assert "Which answer is right?" in (await evaluator.get(new)).text
    assert (await evaluator.get(f"{BANK}/new/essay")).status_code == 404
    wrong = await evaluator.post(new, data={**WRITTEN, "right": "3", "points": "many"})
    assert wrong.status_code == 422
    assert "Enter a whole number" in wrong.text
    wrong = await evaluator.post(new, data={**WRITTEN, "right": "3"})
    assert "The answer that you selected as right is empty" in wrong.text
    assert "The disk" in wrong.text
    for _ in range(2):
        assert (await evaluator.post(new, data=WRITTEN)).status_code == 303, "a second click adds no second question"
    (question,) = (await evaluator.get("/reporting/api/v1/questions")).json()["items"]
    page = f"{BANK}/{question['id']}"
    assert "What is copied first?" in (await evaluator.get(f"{BANK}?topic={TOPICS[0]}&area=digital_forensics")).text
    assert "There are no such questions" in (await evaluator.get(f"{BANK}?topic={TOPICS[1]}")).text
    old = ticked_versions((await evaluator.get(page)).text)
    changed = await evaluator.post(page, data={**WRITTEN, "text": "What comes first?", "version": "1"})
    assert changed.status_code == 303, changed.text
    late = await evaluator.post(page, data={**WRITTEN, "text": "What comes last?", "version": "1"})
    assert (late.status_code, "This question was changed on" in late.text) == (409, True)
    late = await evaluator.post(page, data={**WRITTEN, "text": "What comes last?", "version": "1", **old})
    assert (late.status_code, both_versions(late)) == (412, True)
    assert 'name="version" value="2"' in late.text
    assert "Save as version 3" in late.text
    shown = (await evaluator.get(page)).text
    assert "What comes first?" in shown
    assert "Earlier versions" in shown
    assert (await evaluator.post(f"{page}/retire")).status_code == 303
    assert "All of these questions are retired" in (await evaluator.get(BANK)).text
    assert "What comes first?" in (await evaluator.get(f"{BANK}?state=retired")).text
    assert (await evaluator.post(page, data={**WRITTEN, "version": "2"})).status_code == 409
    assert (await evaluator.post(f"{page}/restore")).status_code == 303
    assert (await evaluator.post(f"{page}/drop")).status_code == 303
    assert (await evaluator.get(page)).status_code == 404
    for kind, answers in (("multiple", {"right": ["0", "1"]}), ("true_false", {"right": "1"})):
        made = await evaluator.post(f"{BANK}/new/{kind}", data={**WRITTEN, **answers})
        assert made.status_code == 303, made.text


async def test_each_step_is_confirmed(house: House) -> None:
    """The page after a step on a question or a test that exists says what happened."""
    evaluator = await house.grant(Role.EVALUATOR)

    async def confirmed(address: str, data: dict[str, Any], sentence: str) -> str:
        led = (await evaluator.post(address, data=data)).headers["location"]
        assert sentence in (await evaluator.get(led)).text, address
        return led.partition("?")[0]

    assert (await evaluator.post(f"{BANK}/new/single", data=WRITTEN)).status_code == 303
    (question,) = (await evaluator.get("/reporting/api/v1/questions")).json()["items"]
    page = f"{BANK}/{question['id']}"
    await confirmed(page, {**WRITTEN, "text": "What comes first?", "version": "1"}, "Saved as a new version.")
    await confirmed(f"{page}/retire", {}, "Question retired.")
    await confirmed(f"{page}/restore", {}, "The question is in use again.")
    test = await confirmed(
        TESTS, {"title": "Seizing devices", "topic": TOPICS[0], "call": ""}, "Choose the questions next."
    )
    await confirmed(test, {"before": [question["id"]]}, "Questions saved.")
    await confirmed(f"{test}/publish", {}, "Test published.")
    await confirmed(f"{test}/close", {}, "Test closed.")


async def test_a_test_is_made_and_published_by_pages(house: House) -> None:
    """A test needs questions and equal points to be published, and is fixed afterwards until closed."""
    evaluator = await house.grant(Role.PROGRAMME_COORDINATOR)
    assert "There is no test yet" in (await evaluator.get(TESTS)).text
    untitled = await evaluator.post(TESTS, data={"title": "", "topic": TOPICS[0], "call": ""})
    assert (untitled.status_code, "Enter a title for the test" in untitled.text) == (422, True)
    begun = await evaluator.post(TESTS, data={"title": "Seizing devices", "topic": TOPICS[0], "call": ""})
    page = begun.headers["location"].partition("?")[0]
    assert "The bank has no question in use on this topic" in (await evaluator.get(page)).text
    made = [
        await evaluator.post("/reporting/api/v1/questions", json={**question, "topic": TOPICS[0]})
        for question in QUESTIONS
    ]
    ids = [answer.json()["id"] for answer in made]
    assert "What is copied first?" in (await evaluator.get(page)).text
    assert (await evaluator.post(f"{page}/publish")).status_code == 409, "no question is chosen yet"
    assert (await evaluator.post(page, data={"before": [ids[0]], "after": [ids[2]]})).status_code == 303
    assert "Points: 2 before, 1 after." in (await evaluator.get(page)).text
    uneven = await evaluator.post(f"{page}/publish")
    assert (uneven.status_code, "the same number of points" in uneven.text) == (409, True)
    assert (await evaluator.post(page, data={"before": [ids[0]], "after": [ids[1]]})).status_code == 303
    assert (await evaluator.post(f"{page}/publish")).status_code == 303
    shown = (await evaluator.get(page)).text
    assert "After the visit" in shown
    assert "version 1" in shown
    assert (await evaluator.post(page, data={"before": [ids[1]]})).status_code == 409
    assert (await evaluator.post(f"{page}/drop")).status_code == 409
    assert (await evaluator.post(f"{page}/close")).status_code == 303
    assert "Closed" in (await evaluator.get(TESTS)).text
    begun = await evaluator.post(TESTS, data={"title": "A draft", "topic": TOPICS[0], "call": ""})
    other = begun.headers["location"].partition("?")[0]
    assert (await evaluator.post(f"{other}/drop")).status_code == 303
    assert (await evaluator.get(other)).status_code == 404


async def test_a_stale_action_on_a_question_or_test_shows_what_changed(house: House) -> None:
    """Retiring a question shows other answers that it has meanwhile, publishing a test the questions of both."""
    evaluator = await house.grant(Role.EVALUATOR)
    for text in ("What is copied first?", "What is copied last?"):
        assert (await evaluator.post(f"{BANK}/new/single", data={**WRITTEN, "text": text})).status_code == 303
    first, last = (each["id"] for each in (await evaluator.get("/reporting/api/v1/questions")).json()["items"])
    question = f"{BANK}/{first}"
    old = form_to((await evaluator.get(question)).text, f"{question}/retire")
    changed = await evaluator.post(question, data={**WRITTEN, "answer_1": "A phone", "right": "1", "version": "1"})
    assert changed.status_code == 303
    rows = table((await evaluator.post(f"{question}/retire", data=old)).text)
    assert rows["Answers"] == ("Memory; The disk", "Memory; A phone Changed")
    assert rows["Correct answers"] == ("1", "2 Changed")
    begun = await evaluator.post(TESTS, data={"title": "Seizing devices", "topic": TOPICS[0], "call": ""})
    test = begun.headers["location"].partition("?")[0]
    assert (await evaluator.post(test, data={"before": [first], "after": [first]})).status_code == 303
    old = form_to((await evaluator.get(test)).text, f"{test}/publish")
    assert (await evaluator.post(test, data={"before": [first], "after": [last]})).status_code == 303
    rows = table((await evaluator.post(f"{test}/publish", data=old)).text)
    names = "What is copied first?; What is copied last?"
    assert rows["Questions"] == ("What is copied first?; What is copied first?", f"{names} Changed")


async def test_a_question_in_a_test_stays_as_it_was(house: House) -> None:
    """It cannot be deleted or change its topic, and after a change the guest keeps the old version."""
    await the_test(house)
    planned, _ = visits()
    await feed_events(house, planned)
    evaluator = await house.grant(Role.EVALUATOR)
    question = (await evaluator.get("/reporting/api/v1/questions")).json()["items"][0]
    at = f"/reporting/api/v1/questions/{question['id']}"
    body: dict[str, Any] = {**QUESTIONS[0], "topic": TOPICS[0], "version": 1}
    assert (await evaluator.delete(at)).status_code == 409
    elsewhere = await evaluator.put(at, json={**body, "topic": TOPICS[1]})
    assert (elsewhere.status_code, "topic" in elsewhere.text) == (422, True)
    changed = await evaluator.put(at, json={**body, "text": "Something else", "right": [1]})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (await evaluator.post(f"{at}/retire")).status_code == 200
    guest, page = await the_guest(house)
    assert "What is copied first?" in page.text
    assert "Something else" not in page.text
    assert (await guest.post(BEFORE, data={"q1": "0"})).status_code == 303
    payloads = [row.payload for row in await house.journal("exchange.outcomes") if row.type == "TestScored"]
    assert '"score":2' in payloads[0].replace(" ", "")


async def test_only_evaluators_and_the_programme_see_the_bank(house: House) -> None:
    """Nobody else reads the bank or a test, as both have the right answers."""
    test = await the_test(house)
    for role in (Role.OFFICER, Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.DONOR, Role.AUDITOR):
        person = await house.grant(role)
        for path in (BANK, TESTS, f"{TESTS}/{test}", "/reporting/api/v1/questions", f"/reporting/api/v1/tests/{test}"):
            assert (await person.get(path)).status_code == 403, (role, path)


async def test_questions_and_tests_are_read_page_by_page(house: House) -> None:
    """Following `next` gives each question by topic and each test once, the newest test first."""
    evaluator = await house.grant(Role.EVALUATOR)
    for number in range(3):
        body = {**QUESTIONS[0], "topic": TOPICS[number % 2], "text": f"Question {number}"}
        assert (await evaluator.post("/reporting/api/v1/questions", json=body)).status_code == 201
        test = {"title": f"Test {number}", "topic": TOPICS[0]}
        assert (await evaluator.post("/reporting/api/v1/tests", json=test)).status_code == 201
        clock.move(timedelta(minutes=1))

    async def pages(path: str) -> list[dict[str, Any]]:
        first = (await evaluator.get(f"{path}?limit=2")).json()
        rest = (await evaluator.get(f"{path}?limit=2&cursor={first['next']}")).json()
        assert rest["next"] is None
        return [*first["items"], *rest["items"]]

    questions = [(each["topic"], each["id"]) for each in await pages("/reporting/api/v1/questions")]
    assert (len(questions), questions) == (3, sorted(questions))
    tests = await pages("/reporting/api/v1/tests")
    assert [each["title"] for each in tests] == ["Test 2", "Test 1", "Test 0"]
    assert (await evaluator.get("/reporting/api/v1/questions?cursor=none")).status_code == 422
