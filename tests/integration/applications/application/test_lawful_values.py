"""Tests that an application takes lawful values only, by the API and by its forms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.privacy_notice import VERSION
from shared.time import clock
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


async def begun(programme: Programme) -> str:
    """Return the id of a draft of the officer's."""
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers()}
    return str((await programme.post("ani", "/applications", body, 201))["id"])


async def answers_of(programme: Programme, draft: str) -> dict[str, Any]:
    """Return the answers of a draft that were saved."""
    found: dict[str, Any] = (await programme.get("ani", f"/applications/{draft}"))["answers"]
    return found


def day(ahead: int) -> str:
    """Return the day so many days from today."""
    return str(clock.today() + timedelta(days=ahead))


UNLAWFUL: list[tuple[str, Any, str]] = [
    ("periods", [{"start": "0001-01-01", "end": "9999-12-31"}], "periods"),
    ("periods", [{"start": "2026-12-01", "end": "2029-12-31"}], "periods"),
    ("periods", [{"start": "2027-03-02", "end": "2027-03-01"}], "periods"),
    ("periods", [{"start": "2027-02-27", "end": "2027-02-31"}], "periods"),
    ("periods", [{"start": "2040-03-01", "end": "2040-04-01"}], "periods"),
    ("blackouts", [{"start": "0001-01-01", "end": "0001-02-01"}], "blackouts"),
    ("topics", ["nonsense"], "topics"),
    ("topics", ["drug_trafficking"], "topics"),
    ("topics", ["online_crime", "online_crime"], "topics"),
    ("preferred_countries", ["XX"], "preferred_countries"),
    ("preferred_countries", ["FR", "FR"], "preferred_countries"),
    ("language", "xx", "language"),
    ("languages", [{"language": "xx", "level": "B2"}], "languages"),
    ("languages", [{"language": "en", "level": "Z9"}], "languages"),
    ("languages", [{"language": "en", "level": "B2"}, {"language": "en", "level": "C1"}], "languages"),
    ("expertise", [{"area": "analysis", "level": 4, "years": 1}], "expertise"),
    ("expertise", [{"area": "sorcery", "level": 2, "years": 1}], "expertise"),
    ("years_in_field", 2_147_483_648, "years_in_field"),
    ("name", "Ani\u202epetrosyan", "name"),
    ("privacy_at", "1999-01-01T00:00:00Z", "privacy_at"),
    ("privacy_version", "1999-1", "privacy_version"),
]


@pytest.mark.parametrize(("field", "value", "named"), UNLAWFUL, ids=[f"{row[0]} {row[1]}"[:60] for row in UNLAWFUL])
async def test_an_unlawful_value_is_refused_by_the_api(
    programme: Programme, field: str, value: Any, named: str
) -> None:
    """No value that cannot be is saved: 422 names its field, and what was saved before stands."""
    draft = await begun(programme)
    before = await answers_of(programme, draft)
    path = f"/applications/api/v1/applications/{draft}/answers"
    answer = await programme.as_("ani").put(path, json={field: value})
    assert answer.status_code == 422, answer.text
    places = [error.get("pointer", error.get("name", "")) for error in answer.json()["errors"]]
    assert all(named in place for place in places), places
    assert await answers_of(programme, draft) == before


FORMS: list[tuple[str, dict[str, str]]] = [
    ("topics", {"topics-0-topic": "nonsense", "preferred_countries-0-country": "FR"}),
    ("topics", {"topics-0-topic": "drug_trafficking", "preferred_countries-0-country": "FR"}),
    ("topics", {"topics-0-topic": "online_crime", "preferred_countries-0-country": "XX"}),
    ("languages", {"languages-0-language": "xx", "languages-0-level": "B2"}),
    ("contact", {"name": "Ani Petrosyan", "own_name": "Անի Պետրոսյան", "email": "nowhere", "language": "xx"}),
]


@pytest.mark.parametrize(("page", "data"), FORMS)
async def test_an_unlawful_value_is_refused_by_the_form(programme: Programme, page: str, data: dict[str, str]) -> None:
    """A page with a value that is none of its choices is shown again, and what was saved before stands."""
    draft = await begun(programme)
    before = await answers_of(programme, draft)
    answer = await programme.as_("ani").post(f"/applications/mine/{draft}/{page}", data=data)
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text
    assert await answers_of(programme, draft) == before


def typed(first: tuple[str, str, str], last: tuple[str, str, str]) -> dict[str, str]:
    """Return the inputs of one period, each day as its three parts."""
    days = {"start": first, "end": last}
    parts = ("day", "month", "year")
    return {
        f"periods-0-{name}-{part}": text for name, day in days.items() for part, text in zip(parts, day, strict=True)
    }


@pytest.mark.parametrize("way", ["later", "autosave", "refused"])
@pytest.mark.parametrize(
    ("data", "shown", "error"),
    [
        (typed(("31", "2", "2027"), ("7", "3", "2027")), 'value="31"', "must be a real date"),
        (typed(("31", "2", "2027"), ("32", "March", "2027")), 'value="March"', "must be a real date"),
        (typed(("8", "3", "2027"), ("7", "3", "2027")), 'value="8"', "The last day must not be before the first"),
        (typed(("1", "1", "1"), ("31", "12", "9999")), 'value="9999"', "must have a year from 2000 to 2199"),
        (typed(("1", "1", "2040"), ("31", "1", "2040")), 'value="2040"', "Periods must end between"),
        (typed(("", "", ""), ("31", "1", "2027")), 'value="31"', "This must be a date"),
    ],
)
async def test_a_period_that_cannot_be_stays_apart(
    programme: Programme, data: dict[str, str], shown: str, error: str, way: str
) -> None:
    """It comes back as it was typed, with its error; the period saved before stands, and nothing is submitted."""
    draft, officer = await begun(programme), programme.as_("ani")
    before = await answers_of(programme, draft)
    page = f"/applications/mine/{draft}/periods"
    sent = data | ({"later": "1"} if way == "later" else {})
    answer = await officer.post(f"{page}/draft" if way == "autosave" else page, data=sent)
    assert answer.status_code == {"later": 303, "autosave": 204, "refused": 422}[way]
    again = (await officer.get(page)).text
    assert shown in again
    assert "govuk-error-summary" in again
    assert error in again or (not data["periods-0-start-day"] and "Each period needs" in again), again
    found = await programme.get("ani", f"/applications/{draft}")
    assert found["answers"] == before
    assert "periods" in found["missing"]
    await officer.post(f"/applications/mine/{draft}/privacy", data={"confirmed": "y"})
    await programme.post("ani", f"/applications/{draft}/submit", status=422)
    start = clock.today() + timedelta(days=60)
    lawful = typed(*((str(day.day), str(day.month), str(day.year)) for day in (start, start + timedelta(days=9))))
    assert (await officer.post(page, data=lawful)).status_code == 303
    found = await programme.get("ani", f"/applications/{draft}")
    assert found["answers"]["periods"] == [{"start": str(start), "end": str(start + timedelta(days=9))}]
    assert "periods" not in found["missing"]
    await programme.post("ani", f"/applications/{draft}/submit")


@pytest.mark.parametrize(
    ("page", "field", "data", "shown"),
    [
        ("service", "years_in_field", {"years_in_field": "many"}, 'value="many"'),
        ("service", "years_in_field", {"years_in_field": "2147483648"}, 'value="2147483648"'),
        ("line_manager", "line_manager_email", {"line_manager_email": "nowhere"}, 'value="nowhere"'),
        ("line_manager", "line_manager_name", {"line_manager_name": "x" * 300}, "x" * 300),
    ],
)
async def test_invalid_input_is_kept_apart_from_the_answer(
    programme: Programme, page: str, field: str, data: dict[str, str], shown: str
) -> None:
    """A number or address that is none is shown again with its error, and does not replace the answer before."""
    draft, officer = await begun(programme), programme.as_("ani")
    before = await answers_of(programme, draft)
    rest = {
        "service": {"organisation_id": programme.organisations["AM"], "service": "police", "sex": "female"},
        "line_manager": {"line_manager_name": "Vardan Sargsyan", "line_manager_email": "vardan@police.example"},
    }[page]
    sent = rest | {"rank_group": "operational", "later": "1"} | data
    assert (await officer.post(f"/applications/mine/{draft}/{page}", data=sent)).status_code == 303
    again = (await officer.get(f"/applications/mine/{draft}/{page}")).text
    assert shown in again
    assert f'href="#{field}"' in again
    found = await programme.get("ani", f"/applications/{draft}")
    assert found["answers"][field] == before[field]
    assert page in found["missing"]


async def test_the_portal_says_when_the_privacy_notice_was_read(programme: Programme) -> None:
    """The time is that of the portal's clock, whatever a program sends, and stays when the answer is sent again."""
    draft = await begun(programme)
    path = f"/applications/api/v1/applications/{draft}/answers"
    read = {"privacy_version": VERSION}
    assert (await programme.as_("ani").put(path, json=read)).status_code == 200
    at = (await answers_of(programme, draft))["privacy_at"]
    assert abs(clock.now() - clock.now().fromisoformat(at)) < timedelta(minutes=1)
    clock.move(timedelta(days=1))
    assert (await programme.as_("ani").put(path, json=read | {"privacy_at": at})).status_code == 200
    assert (await answers_of(programme, draft))["privacy_at"] == at


async def test_a_reference_names_the_year_in_which_it_is_made(programme: Programme) -> None:
    """A call that opened two years ago has the year of its publication in its reference, and so have its cases."""
    year = str(clock.now().astimezone(ZONE).year)
    terms = {key: value for key, value in programme.call["terms"].items() if key not in {"reference", "revision"}}
    terms |= {"opens": day(-700), "visit_periods": [{"start": day(5), "end": day(20)}]}
    call = await programme.post("programme", "/calls", terms, 201)
    assert call["reference"].startswith(f"TC-{year}-")
    body = {"call_id": call["id"], "entry": {"title": "A week with the laboratory"}}
    placement = await programme.post("claire", "/offers", body, 201)
    assert placement["reference"].startswith(f"FR-P-{year}-")
    sent = await programme.submitted()
    assert sent["reference"].startswith(f"AM-{year}-")
