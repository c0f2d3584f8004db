"""Tests of the facts of an anonymous candidate that a host or mentor sees."""

from __future__ import annotations

from services.applications.candidates.model import merit, shown_languages
from services.applications.places.model import Needs, Officer
from shared.contracts.applications import ExpertiseHeld, LanguageHeld
from shared.contracts.codes import Expertise, LanguageLevel

NEEDS = Needs(
    topics=(),
    languages=[
        LanguageHeld(language="ro", level=LanguageLevel.B1),
        LanguageHeld(language="en", level=LanguageLevel.B1),
    ],
    expertise=[Expertise.ANALYSIS],
    weeks=frozenset(),
    ranks=frozenset(),
)


def _officer(*languages: tuple[str, LanguageLevel]) -> Officer:
    return Officer(
        topics=(),
        languages=[LanguageHeld(language=language, level=level) for language, level in languages],
        expertise=[ExpertiseHeld(area=Expertise.ANALYSIS, level=3, years=6)],
        weeks=None,
        rank_group=None,
    )


def test_a_mother_tongue_changes_neither_languages_nor_grade_nor_reasons() -> None:
    """A host who works in Romanian reads the same of an officer from Moldova as of one who speaks English alone."""
    native, plain = _officer(("ro", LanguageLevel.NS), ("en", LanguageLevel.B1)), _officer(("en", LanguageLevel.B1))
    assert shown_languages(native.languages, NEEDS) == shown_languages(plain.languages, NEEDS) == plain.languages
    assert merit(native, NEEDS, same_service=False) == merit(plain, NEEDS, same_service=False)
    learned = merit(_officer(("ro", LanguageLevel.C1)), NEEDS, same_service=False)
    assert (learned.grade, "Romanian" in learned.reasons[-1]) == (3, True)
