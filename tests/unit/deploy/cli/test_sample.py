"""Test that the sample programme is the same each time, complete, and accepted by the portal."""

from __future__ import annotations

import unicodedata
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from deploy.cli.sample import open_call
from deploy.cli.sample.load import steps
from deploy.cli.sample.plan import CALLS, FINISHED, OPEN, Programme, Progress
from deploy.cli.sample.programme import generate
from deploy.cli.sample.protagonists import ANI, NINO, RING
from deploy.local.personas import PERSONAS
from services.applications.application.model.answers import Answers
from services.applications.mentors.model import MentorEntry
from services.applications.mentors.model import problems as problems_of_mentor
from services.applications.placements.model.placement import PlacementEntry
from services.applications.placements.model.placement import problems as problems_of_offer
from services.applications.register.model import latin_name
from shared.contracts.calls import CallTerms
from shared.contracts.codes import (
    EMPACT_2026,
    MEMBER_STATES,
    PARTNERS,
    PRIORITIES,
    ApplicationKind,
    LanguageLevel,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TODAY = date(2026, 11, 24)
SCRIPTS = {"AM": "ARMENIAN", "BY": "CYRILLIC", "GE": "GEORGIAN", "UA": "CYRILLIC"}


@pytest.fixture(scope="module")
def programme() -> Programme:
    """The programme of one day."""
    return generate(TODAY)


def test_the_same_seed_and_day_give_the_same_programme(programme: Programme) -> None:
    """Every load gives what the documentation shows; another seed chooses other people."""
    assert generate(TODAY) == programme
    assert generate(TODAY, seed=7).people != programme.people


def test_it_is_as_large_as_promised(programme: Programme) -> None:
    """80 officers, 27 placements, 24 mentors, 6 partners, 14 agencies in Member States and one of the Union."""
    roles = Counter(person.role for person in programme.people)
    assert roles[Role.OFFICER] == 80
    assert roles[Role.MENTOR] == 24
    assert len(programme.offers) == 27
    countries = Counter(organisation.country for organisation in programme.organisations)
    assert set(PARTNERS) <= set(countries)
    assert sum(count for country, count in countries.items() if country in MEMBER_STATES) == 14
    assert countries["EU"] == 1
    assert {mentor.mentor for mentor in programme.mentors} == {
        person.subject for person in programme.people if person.role is Role.MENTOR
    }


def test_every_persona_is_in_the_register_and_ani_and_nino_are_in_the_middle(programme: Programme) -> None:
    """All personas have access; officer and mentee have sent in an application each, to the call in full swing."""
    assert {persona.subject for persona in PERSONAS} <= {person.subject for person in programme.people}
    story = {
        application.officer: (application.call, application.kind)
        for application in programme.applications
        if application.officer in {ANI, NINO}
    }
    assert story == {ANI: (OPEN, "study_visit"), NINO: (OPEN, "mentee")}


def test_nobody_applies_twice_to_a_call(programme: Programme) -> None:
    """Those whom the story adds to the drawn applicants were not among them."""
    sent = Counter((application.call, application.officer) for application in programme.applications)
    assert max(sent.values()) == 1


def test_people_are_unique_and_have_names_in_their_own_script(programme: Programme) -> None:
    """Subjects, names and addresses are unique; names are Latin as in a passport, and in the country's own letters."""
    for attribute in ("subject", "name", "email"):
        assert max(Counter(getattr(person, attribute) for person in programme.people).values()) == 1
    for person in programme.people:
        assert latin_name(person.name) == person.name
        if person.role is Role.OFFICER and person.country in SCRIPTS:
            letters = [letter for letter in person.own_name if letter.isalpha()]
            assert letters
            assert all(unicodedata.name(letter).startswith(SCRIPTS[person.country]) for letter in letters)
    azeri = "".join(person.own_name for person in programme.people if person.country == "AZ")
    assert "ə" in azeri


def test_every_country_has_somebody_who_decides(programme: Programme) -> None:
    """No application, placement or match waits for a coordinator who does not exist."""
    for organisation in programme.organisations:
        assert programme.coordinator(organisation.country)
    for offer in programme.offers:
        assert programme.contact(offer.host)


def _terms(programme: Programme, key: str) -> CallTerms:
    call = next(call for call in CALLS if call.key == key)

    def day(count: int) -> str:
        return programme.day(key, count).isoformat()

    return CallTerms.model_validate(
        {
            "reference": "TC-1",
            "revision": 1,
            "kinds": list(ApplicationKind),
            "texts": [{"language": "en", "title": call.title}],
            "scheme": EMPACT_2026,
            "topics": list(PRIORITIES[EMPACT_2026]),
            "opens": day(call.published),
            "deadline": f"{day(call.deadline)}T22:59:59Z",
            "closes": day(call.closes),
            "visit_periods": [{"start": day(call.visits[0]), "end": day(call.visits[1])}],
            "fund_id": "019a0000-0000-7000-8000-00000000000a",
        }
    )


def test_sample_entries_are_complete(programme: Programme) -> None:
    """The portal's own models take every answer, placement and profile, and find nothing missing in it."""
    for application in programme.applications:
        Answers.model_validate(application.answers)
    for offer in programme.offers:
        assert problems_of_offer(PlacementEntry.model_validate(offer.entry), _terms(programme, offer.call)) == {}
    for mentor in programme.mentors:
        assert problems_of_mentor(MentorEntry.model_validate(mentor.entry), _terms(programme, mentor.call)) == {}


def test_all_that_is_planned_is_done(programme: Programme) -> None:
    """Every day on which somebody sends something in is a day of the loading, and days run forward to today."""
    days = [day for day, _, _ in steps(programme.days)]
    assert days == sorted(days)
    assert days[0] > programme.days.begins
    assert days[-1] < TODAY
    sent = {programme.day(application.call, application.day) for application in programme.applications}
    assert sent <= set(days)
    fates = Counter(application.fate for application in programme.applications if application.call == OPEN)
    assert set(fates) == set(Progress)
    assert (
        Counter(application.fate for application in programme.applications if application.call == FINISHED)[
            Progress.JUDGED
        ]
        > 30
    )


def test_the_legs_of_the_ring_may_go_to_each_other(programme: Programme) -> None:
    """Each of the two agencies hosts in the second call without excluding a rank, and sends an officer to the other."""
    countries = {body.key: body.country for body in programme.organisations}
    homes = {person.subject: person.organisation for person in programme.people}
    for home, away in zip(RING, reversed(RING), strict=True):
        (offer,) = (offer for offer in programme.offers if (offer.call, offer.host) == (OPEN, away))
        assert offer.entry["excluded_rank_groups"] == []
        (leg,) = (
            application
            for application in programme.applications
            if application.answers["preferred_countries"] == [countries[away]] and application.kind == "study_visit"
        )
        assert (leg.call, homes[leg.officer]) == (OPEN, home)
        assert set(Answers.model_validate(leg.answers).topics) & set(PlacementEntry.model_validate(offer.entry).topics)


def test_no_draw_between_equals_decides_about_the_officer_of_the_story(programme: Programme) -> None:
    """France has a placement that the first cohort cannot fill, and nobody else of the call speaks better English."""

    def english(answers: Mapping[str, object]) -> LanguageLevel:
        return {each.language: each.level for each in Answers.model_validate(answers).languages}["en"]

    french = [offer for offer in programme.offers if (offer.call, offer.host) == (OPEN, "fr")]
    (cohort,) = (day for day, _, act in open_call.STEPS if act is open_call.commit_all)
    assert [offer.entry["places"] for offer in french if offer.day > cohort and offer.state == "published"] == [3]
    sent = {each.officer: each for each in programme.applications if each.call == OPEN}
    ani = sent.pop(ANI)
    assert ani.day > cohort
    assert not any(english(ani.answers) <= english(other.answers) for other in sent.values())
