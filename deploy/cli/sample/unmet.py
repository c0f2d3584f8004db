"""Plan the applications to the first call for which no host had a place: the unmet demand of the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.cli.sample import texts
from deploy.cli.sample.days import APPLIED
from deploy.cli.sample.plan import CALLS, FINISHED, NATIVE, Application, Progress, period
from shared.contracts.codes import Expertise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.cli.sample.days import Days
    from deploy.cli.sample.plan import Person


@dataclass(frozen=True, slots=True)
class Wish:
    """So many officers of a country with the topic, the best foreign language and the expertise that they name."""

    topic: str
    country: str
    language: str
    expertise: Expertise
    officers: int


WISHES = (
    Wish("migrant_smuggling_thb", "UA", "en", Expertise.ORGANISED_CRIME_PROSECUTION, 6),
    Wish("migrant_smuggling_thb", "GE", "fr", Expertise.ANALYSIS, 6),
    Wish("criminal_networks", "AZ", "en", Expertise.ORGANISED_CRIME_PROSECUTION, 6),
)
"""No host of the first call with the topic shares the expertise of the ones, or speaks the language of the others.

Five officers or more each, so that a map by topic and language names groups and no person. Of three groups two are
shown where the third hides the few others who have no place.
"""
_YEARS = 4
_CALL = next(call for call in CALLS if call.key == FINISHED)


def unmet(days: Days, others: Sequence[tuple[Person, str]]) -> list[Application]:
    """Return the applications; `others` apply to the second call, and these are the first suitable ones of them."""
    found = []
    for wish in WISHES:
        suitable = [person for person, _ in others if person.country == wish.country and (person.years or 0) >= _YEARS]
        found += [
            Application(FINISHED, person.subject, "study_visit", APPLIED, Progress.JUDGED, _answers(days, person, wish))
            for person in suitable[: wish.officers]
        ]
    return found


def _answers(days: Days, person: Person, wish: Wish) -> dict[str, Any]:
    return {
        "expertise": [{"area": wish.expertise, "level": 2, "years": _YEARS}],
        "languages": [
            {"language": NATIVE[wish.country], "level": "NS"},
            {"language": wish.language, "level": "B2"},
        ],
        "topics": [wish.topic],
        "preferred_countries": [],
        "periods": [period(days, FINISHED, *_CALL.visits)],
        "objectives": list(texts.OBJECTIVES[wish.topic][:2]),
        "cascade_committed": True,
        "cascade_plan": texts.CASCADE[0],
        "line_manager_name": "Head of Unit",
        "line_manager_email": f"head.{person.organisation}@{person.organisation}.example",
        "took_part_before": False,
    }
