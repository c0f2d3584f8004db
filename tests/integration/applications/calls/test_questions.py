"""Tests of the questions of a call: on their own page, checked, shown to those who decide, and in no event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.applications.conftest import call_terms

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

QUESTIONS: list[dict[str, Any]] = [
    {
        "code": "case",
        "kind": "text",
        "longest": 200,
        "texts": [
            {"language": "en", "question": "Which case would you bring?", "hint": "No names, please"},
            {"language": "ka", "question": "რომელ საქმეს მოიტანდით?"},
        ],
    },
    {
        "code": "staff",
        "kind": "number",
        "minimum": 1,
        "maximum": 500,
        "texts": [{"language": "en", "question": "How many work in your unit?"}],
    },
    {
        "code": "kit",
        "kind": "choice",
        "required": False,
        "choices": ["own", "none"],
        "texts": [
            {"language": "en", "question": "Do you bring equipment?", "choices": ["Yes, our own", "No, we have none"]}
        ],
    },
]
GOOD = {"case": "A seizure of forty phones", "staff": 12, "kit": "own"}


async def _asking(programme: Programme) -> str:
    """Publish a call with three questions; return its id."""
    funds = await programme.get("programme", "/funds")
    terms = call_terms(funds["items"][0]["id"]) | {"questions": QUESTIONS}
    call = await programme.post("programme", "/calls", terms, 201)
    return str(call["id"])


async def test_questions_are_a_page_of_the_application(programme: Programme) -> None:
    """The task list has the page, errors are named at their fields, and valid answers are saved."""
    call = await _asking(programme)
    ani = programme.as_("ani")
    mine = (await ani.post(f"/applications/calls/{call}/apply", data={"kind": "study_visit"})).headers["location"]
    assert "Questions of this call" in (await ani.get(mine)).text
    page = await ani.get(f"{mine}/questions")
    assert "Which case would you bring?" in page.text
    assert "No names, please" in page.text
    wrong = await ani.post(f"{mine}/questions", data={"q_case": str(GOOD["case"]), "q_staff": "900", "q_kit": ""})
    assert wrong.status_code == 422
    assert "Enter a number of 500 or less" in wrong.text
    again = await ani.get(f"{mine}/questions")
    assert "A seizure of forty phones" in again.text
    good = await ani.post(f"{mine}/questions", data={f"q_{code}": str(value) for code, value in GOOD.items()})
    assert good.status_code == 303
    assert good.headers["location"] == f"{mine}/privacy"
    checked = (await ani.get(f"{mine}/check")).text
    assert "Yes, our own" in checked
    left = await ani.post(f"{mine}/questions/draft", data={"q_case": "Half a thou"})
    assert left.status_code == 204
    assert "Half a thou" in (await ani.get(f"{mine}/questions")).text


async def test_a_call_without_questions_has_no_page_for_them(programme: Programme) -> None:
    """The task list does not name the page, and its address is not found."""
    ani = programme.as_("ani")
    path = f"/applications/calls/{programme.call['id']}/apply"
    mine = (await ani.post(path, data={"kind": "study_visit"})).headers["location"]
    assert "Questions of this call" not in (await ani.get(mine)).text
    assert (await ani.get(f"{mine}/questions")).status_code == 404


async def test_answers_are_checked_by_the_api_and_never_leave(programme: Programme) -> None:
    """The API names the question, required answers are needed to submit, and no event contains an answer."""
    call = await _asking(programme)
    body = {"call_id": call, "kind": "study_visit", "privacy": True, "answers": programme.answers()}
    made = await programme.post("ani", "/applications", body, 201)
    assert set(made["missing"]) == {"questions"}
    refused = await programme.post("ani", "/applications", body | {"submit": True}, 422)
    assert "Which case would you bring?" in json.dumps(refused)
    for wrong in ({"kit": "sword"}, {"staff": "many"}, {"nobody": "asked"}, {"case": "x" * 201}):
        answer = await programme.post("ani", "/applications", body | {"answers": {"questions": wrong}}, 422)
        assert f"/answers/questions/{next(iter(wrong))}" in json.dumps(answer)
    sent = body | {"answers": programme.answers(questions=GOOD), "submit": True}
    done = await programme.post("ani", "/applications", sent, 201)
    assert done["answers"]["questions"] == GOOD
    case = await programme.as_("tigran").get(f"/applications/cases/{done['id']}")
    assert "A seizure of forty phones" in case.text
    assert "Yes, our own" in case.text
    events = await programme.journal("exchange.applications")
    assert "forty phones" not in json.dumps([payload for _, _, payload in events])
    assert (await programme.as_("giorgi").get(f"/applications/cases/{done['id']}")).status_code == 404
