"""Fill in the forms after a visit or mentorship by program, with the portal's ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.cli.answers import CascadeSession, Evaluation
    from deploy.cli.client import People

REPORT_TEXTS = {
    "programme": "Monday: how the office works. Tuesday and Wednesday: a closed case with those who worked on it. "
    "Thursday: the laboratory. Friday: what can be used at home.",
    "learnt": "How investigators and analysts sit in one room from the first day, and what that saves.",
    "use": "A weekly meeting of analysts and investigators from next month on, and a training for the unit.",
}


async def way(people: People, person: str, kind: str, subject: str, purpose: str) -> tuple[str, str]:
    """Return the address of a form of `person` in reporting's API, and the portal's ticket for it.

    `kind` is `visits` or `mentorships`. A ticket is valid for two minutes.
    """
    answer = await people.post(person, f"/applications/api/v1/{kind}/{subject}/tickets", {"purpose": purpose})
    return answer["address"].replace("/reporting/", "/reporting/api/v1/", 1), answer["ticket"]


async def form(people: People, person: str, kind: str, subject: str) -> Evaluation:
    """Return what the evaluation asks of `person`."""
    address, ticket = await way(people, person, kind, subject, "evaluation")
    answer: Evaluation = await people.ask("GET", person, address, ticket=ticket)
    return answer


async def evaluate(people: People, person: str, kind: str, subject: str, score: Callable[[], int] = lambda: 5) -> None:
    """Fill in the evaluation of `person`; `score` gives each score from 1 to 5."""
    address, ticket = await way(people, person, kind, subject, "evaluation")
    questions = await people.ask("GET", person, address, ticket=ticket)
    body = {
        "overall": score(),
        "objectives": {number: score() for number in questions["objectives"]},
        "goals": dict.fromkeys(questions["goals"], True),
        "answers": {question["name"]: score() for question in questions["questions"]},
        "texts": {},
    }
    await people.post(person, address, body, ticket=ticket)


async def follow_up(people: People, person: str, kind: str, subject: str, applied: str) -> None:
    """Answer after six months whether what was learnt is used: `yes`, `partly` or `no`."""
    address, ticket = await way(people, person, kind, subject, "follow_up")
    questions = await people.ask("GET", person, address, ticket=ticket)
    score = {"yes": 5, "partly": 3}.get(applied, 1)
    answers = {question["name"]: score for question in questions["questions"]}
    texts = {"example": "The weekly meeting of analysts and investigators is held since spring."}
    await people.post(person, address, {"applied": applied, "answers": answers, "texts": texts}, ticket=ticket)


async def pass_on(people: People, person: str, visit: str, session: CascadeSession) -> None:
    """Report a session at home: `held_on`, `format`, `attendees`, `about`."""
    address, ticket = await way(people, person, "visits", visit, "cascade")
    await people.post(person, address, session, ticket=ticket)


async def take(people: People, person: str, visit: str, purpose: str, answers: dict[int, list[int]]) -> None:
    """Hand in the guest's test before or after a visit (`test_before`, `test_after`), answered by question."""
    address, ticket = await way(people, person, "visits", visit, purpose)
    await people.post(person, address, {"answers": answers}, ticket=ticket)


async def report(people: People, person: str, visit: str) -> None:
    """Hand in the guest's report on a visit."""
    address, ticket = await way(people, person, "visits", visit, "report")
    await people.post(person, address, {"texts": REPORT_TEXTS}, ticket=ticket)
