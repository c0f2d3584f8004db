"""A request to reporting that is repeated with its `Idempotency-Key` is carried out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.identity.idempotency import HEADER, REPLAYED
from tests.integration.reporting.world import TOPICS

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House
QUESTIONS = "/reporting/api/v1/questions"


async def test_a_question_is_written_once(house: House) -> None:
    """Two requests with one key write one question; one with another key writes another."""
    body = {"kind": "single", "text": "What is copied first?", "answers": ["Memory", "The disk"], "right": [0],
            "points": 2, "topic": TOPICS[0]}  # fmt: skip
    evaluator = await house.grant(Role.EVALUATOR)
    answers = [await evaluator.post(QUESTIONS, json=body, headers={HEADER: key}) for key in ("one", "one", "two")]
    assert [answer.status_code for answer in answers] == [201, 201, 201], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers[REPLAYED] == "true"
    listed = (await evaluator.get(QUESTIONS)).json()["items"]
    assert {each["id"] for each in listed} == {answers[0].json()["id"], answers[2].json()["id"]}
    await evaluator.aclose()
