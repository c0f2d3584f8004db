"""How are the forms after a visit or a mentorship filled in by a program? With the portal's ticket, at reporting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cli.client import People

REPORT_TEXTS = {
    "programme": "Monday: how the office works. Tuesday and Wednesday: a closed case with those who worked on it. "
    "Thursday: the laboratory. Friday: what can be used at home.",
    "learnt": "How investigators and analysts sit in one room from the first day, and what that saves.",
    "use": "A weekly meeting of analysts and investigators from next month on, and a training for the unit.",
}


async def ticket(people: People, who: str, kind: str, subject: str, purpose: str) -> str:
    """The portal's ticket into a form of `who` about a visit or mentorship (`kind`: `visits`, `mentorships`)."""
    answer = await people.post(who, f"/applications/api/{kind}/{subject}/tickets", {"purpose": purpose})
    return str(answer["ticket"])


async def evaluate(
    people: People, who: str, kind: str, subject: str, score: Callable[[], int] = lambda: 5
) -> dict[str, Any]:
    """Fill in the evaluation that is asked of `who`; `score` gives each score from 1 to 5. Gives the form then."""
    address = f"/reporting/api/evaluations/{subject}"
    form = await people.ask("GET", who, address, ticket=await ticket(people, who, kind, subject, "evaluation"))
    body = {
        "overall": score(),
        "objectives": {number: score() for number in form["objectives"]},
        "goals": {number: True for number in form["goals"]},
        "answers": {question["name"]: score() for question in form["questions"]},
        "texts": {},
    }
    given = await ticket(people, who, kind, subject, "evaluation")
    answer: dict[str, Any] = await people.post(who, address, body, ticket=given)
    return answer


async def report(people: People, who: str, visit: str) -> None:
    """Hand in the guest's report on a visit."""
    given = await ticket(people, who, "visits", visit, "report")
    await people.post(who, f"/reporting/api/reports/{visit}", {"texts": REPORT_TEXTS}, ticket=given)
