"""Write the sample programme's questions and tests by topic, and answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import EMPACT_2026, topic_label

if TYPE_CHECKING:
    from deploy.cli.answers import Visit
    from deploy.cli.sample.context import LoadContext

EVALUATOR = "persona-evaluator"
REPORTING = "/reporting/api/v1"

_Asked = tuple[str, tuple[str, ...], tuple[int, ...]]
# A question, the answers to choose from (none: a statement, right 0 if it is true and 1 if not), and which are right.
QUESTIONS: dict[str, tuple[_Asked, ...]] = {
    "criminal_networks": (
        (
            "What does a chart of a network show first?",
            ("Who has contact with whom", "Who is guilty", "Who owns most"),
            (0,),
        ),
        ("An analyst joins a case only after the arrests.", (), (1,)),
        (
            "What belongs into the agreement on a joint investigation team?",
            ("Its purpose", "How long it lasts", "The names of the suspects' families"),
            (0, 1),
        ),
    ),
    "online_crime": (
        ("What is secured first on a running computer?", ("The memory", "The printer", "The keyboard"), (0,)),
        ("A copy of a disk is proved by its hash value.", (), (0,)),
        (
            "What does a request to a platform for data have to name?",
            ("The account", "The period", "The investigator's rank"),
            (0, 1),
        ),
    ),
    "drug_trafficking": (
        ("By what are containers chosen for control?", ("By risk", "By colour", "By the day of the week"), (0,)),
        ("A controlled delivery needs the consent of each country it passes.", (), (0,)),
        (
            "What protects those who open a suspicious parcel?",
            ("Gloves and a mask", "A second person", "An open window alone"),
            (0, 1),
        ),
    ),
    "migrant_smuggling_thb": (
        ("Where is a doubtful passport examined?", ("In the second line", "At the gate", "In the aircraft"), (0,)),
        ("A victim of trafficking is heard like a suspect.", (), (1,)),
        (
            "What points to a victim of trafficking?",
            ("Somebody else keeps the passport", "The person may not speak alone", "The person travels by night"),
            (0, 1),
        ),
    ),
    "economic_financial_crime": (
        (
            "What comes before assets are seized?",
            ("Finding out whose they are", "Selling them", "Telling the owner"),
            (0,),
        ),
        ("Only banks report suspicious transactions.", (), (1,)),
        (
            "Who can help to find assets abroad?",
            ("An asset recovery office", "A financial intelligence unit", "The owner's neighbour"),
            (0, 1),
        ),
    ),
}


async def write(room: LoadContext) -> None:
    """The evaluator writes questions on five topics, makes a test of each topic and publishes it for all calls."""

    async def act(topic: str, questions: tuple[_Asked, ...]) -> None:
        ids = []
        for text, answers, right in questions:
            kind = "true_false" if not answers else "single" if len(right) == 1 else "multiple"
            body = {"topic": topic, "kind": kind, "text": text, "answers": answers, "right": right}
            ids.append((await room.people.post(EVALUATOR, f"{REPORTING}/questions", body))["id"])
        title = f"What do you know? {topic_label(EMPACT_2026, topic)}"  # lists tell tests apart by their titles
        body = {"title": title, "topic": topic}
        test = (await room.people.post(EVALUATOR, f"{REPORTING}/tests", body))["id"]
        await room.people.put(EVALUATOR, f"{REPORTING}/tests/{test}/questions", {"before": ids})
        await room.people.post(EVALUATOR, f"{REPORTING}/tests/{test}/publish")

    await room.all(act(topic, questions) for topic, questions in QUESTIONS.items())


def answers(topic: str, place: int, *, after: bool) -> dict[int, list[int]]:
    """Return what a guest, by the place among all, answers: afterwards most know one thing more, a few do not."""
    questions = QUESTIONS[topic]
    known = place % len(questions) + (1 if after and place % 4 else 0)
    return {
        number: list(right) if number <= known else [2 if texts else 1 - right[0]]
        for number, (_, texts, right) in enumerate(questions, 1)
    }


def purposes(visit: Visit) -> set[str]:
    """Return which forms about a visit are asked of who reads it, and not in yet."""
    return {task["purpose"] for task in visit["tasks"] if not task["done"]}
