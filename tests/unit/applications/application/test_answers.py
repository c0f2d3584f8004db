"""Tests of answers: bad input is refused, and nothing personal leaves the portal in a profile."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.applications.application.model.answers import (
    BACKGROUND,
    FIELDS,
    TASKS,
    WISHES,
    Answers,
    missing,
    profile_of,
    sections_of,
    tasks_for,
)
from services.applications.register.model import PersonEntry, latin_name, mail_address, name
from shared import privacy_notice
from shared.contracts._examples import CALL_TERMS
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationKind, Section, Wishes

TERMS = CallTerms.model_validate(CALL_TERMS)
WHOLE = {
    "name": "Ani Petrosyan",
    "own_name": "Անի Պետրոսյան",
    "email": "ani@police.example",
    "language": "hy",
    "service": "police",
    "organisation_id": str(uuid4()),
    "rank_group": "operational",
    "years_in_field": 6,
    "line_manager_name": "Vardan Sargsyan",
    "line_manager_email": "vardan@police.example",
    "expertise": [{"area": "analysis", "level": 2, "years": 3}],
    "languages": [{"language": "en", "level": "B2"}],
    "topics": ["online_crime", "drug_trafficking"],
    "periods": [{"start": "2026-04-01", "end": "2026-05-01"}],
    "objectives": ["Learn about seizures", "Meet the unit"],
    "cascade_committed": True,
    "cascade_plan": "A training day",
    "privacy_version": privacy_notice.VERSION,
    "privacy_at": "2026-01-10T10:00:00Z",
}


def test_every_answer_belongs_to_one_task() -> None:
    """No answer is asked on two pages, and none on no page."""
    listed = [field for fields in FIELDS.values() for field in fields]
    assert sorted(listed) == sorted(Answers.model_fields)
    assert tuple(FIELDS) == TASKS


def test_missing_answers_are_named_by_task() -> None:
    """An empty draft lacks every task, a complete one none, and a call without questions lacks no answer."""
    assert set(missing(Answers(), TERMS)) == set(TASKS) - {Section.QUESTIONS, BACKGROUND, WISHES}
    assert missing(Answers.model_validate(WHOLE), TERMS) == {}


def test_a_profile_holds_no_name_and_no_text() -> None:
    """Only codes, numbers and ids leave the portal, and topics outside the call are dropped."""
    profile = profile_of(
        Answers.model_validate(WHOLE),
        TERMS,
        call_id=uuid4(),
        reference="AM-2026-0001",
        kind=ApplicationKind.STUDY_VISIT,
        country="AM",
        first_time=True,
    )
    text = profile.model_dump_json()
    for secret in ("Petrosyan", "Պետրոսյան", "police.example", "Sargsyan", "seizures", "training day"):
        assert secret not in text
    assert profile.topics == ("online_crime",)
    assert profile.objectives == 2


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "@sum", "-2", "Ani\x00", "Ani\u202e", "An\ni"])
def test_names_refuse_formulas_and_control_characters(text: str) -> None:
    """Names that a spreadsheet would run, or with invisible characters, are refused."""
    with pytest.raises(ValueError, match=r"\w"):
        name(text)


@given(st.text(alphabet="ԱԲԳდეАБВ", min_size=1))
def test_passport_names_are_latin(text: str) -> None:
    """Other scripts are refused; they go into the field for the officer's script."""
    with pytest.raises(ValueError, match="Latin"):
        latin_name(text)


@pytest.mark.parametrize("text", ["O'Brien-Müller", "Şəhla Əliyeva", "José María"])
def test_latin_names_of_all_languages_pass(text: str) -> None:
    """Names may have diacritics, hyphens and apostrophes."""
    assert latin_name(text) == text


@pytest.mark.parametrize("text", ["ani", "ani@police", "a b@police.example", "@police.example", "a@b.c\r\nBcc: d@e.f"])
def test_invalid_addresses_are_refused(text: str) -> None:
    """Addresses that could add a header to a mail, or reach nobody, are refused."""
    with pytest.raises(ValueError, match=r"\w"):
        mail_address(text)


def test_the_register_refuses_unknown_fields() -> None:
    """A misspelt field is refused where it is sent."""
    with pytest.raises(ValidationError):
        PersonEntry.model_validate({"subject": "a", "name": "A", "email": "a@b.example", "emial": "x"})


def test_an_order_of_placements_is_asked_for_where_it_counts() -> None:
    """A call by points alone has no page for an order and publishes none; a change of it belongs to the topics."""
    wishes = (uuid4(), uuid4())
    answers = Answers.model_validate(WHOLE | {"wishes": wishes})
    for rule in Wishes:
        terms = TERMS.model_copy(update={"wishes": rule})
        profile = profile_of(
            answers,
            terms,
            call_id=uuid4(),
            reference="AM-2026-0001",
            kind=ApplicationKind.STUDY_VISIT,
            country="AM",
            first_time=True,
        )
        counts = rule is not Wishes.SCORES
        assert (WISHES in tasks_for(terms)) is counts
        assert profile.wishes == (wishes if counts else ())
    assert sections_of([WISHES, Section.TOPICS, BACKGROUND]) == (Section.TOPICS, Section.SERVICE)
