"""Provide a second coordinator, the forms of a complete call, and a draft call for tests of calls."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

CALLS = "/applications/calls"


def dated(name: str, day: date) -> dict[str, str]:
    """Return a date as the three inputs of a form."""
    return {f"{name}-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}


def monday(days: int) -> date:
    """Return the first Monday in so many days or later."""
    day = clock.today() + timedelta(days=days)
    return day + timedelta(days=-day.weekday() % 7)


async def second_coordinator(programme: Programme) -> str:
    """Enter another programme coordinator."""
    entry = programme.person("ada", "Ada Lovric", "FR", "programme_coordinator")
    entry["grants"] = [{"role": "programme_coordinator", "since": "2025-01-01"}]
    await programme.post("programme", "/people", {"people": [entry]}, 201)
    return "ada"


async def fund(programme: Programme) -> str:
    """Return the id of the programme's fund."""
    found = await programme.get("programme", "/funds")
    return str(found["items"][0]["id"])


async def forms(programme: Programme) -> dict[str, dict[str, Any]]:
    """Return the form data of each section of a complete call."""
    today = clock.today()
    return {
        "purpose": {"kinds": ["study_visit", "mentee"], "fund_id": await fund(programme)},
        "topics": {"scheme": "empact-2026", "topics_empact_2026": ["online_crime", "criminal_networks"]},
        "dates": {
            **dated("opens", today),
            **dated("deadline", today + timedelta(days=30)),
            **dated("closes", today + timedelta(days=200)),
            **dated("visit_periods-0-start", monday(60)),
            **dated("visit_periods-0-end", monday(120) + timedelta(days=4)),
            "closed_days-0-country": "UA",
            **dated("closed_days-0-day", monday(62)),
            "minimum_days": "2",
            "maximum_days": "5",
        },
        "who": {"countries": ["AM", "GE"], "services": ["police"], "courses": "Digital evidence\nFirst responder"},
        "rules": {
            "minimum_years": "2",
            "languages": ["en", "fr"],
            "minimum_level": "B1",
            "cascade_commitment": "y",
            "first_time_first": "y",
        },
        "quotas": {
            "quotas-0-country": "AM",
            "quotas-0-floor": "1",
            "quotas-0-ceiling": "4",
            "share_of_offer": "50",
            "group_size": "3",
            "reserves": "1",
        },
        "weights": {"objective": "stable", "topic-applicant": "40", "topic-host": "20"},
        "timers": {
            "endorse_wd": "8",
            "information_wd": "10",
            "information_reminder_wd": "5",
            "eligibility_wd": "5",
            "appeal_wd": "10",
            "appeal_decision_wd": "15",
            "offer_endorse_wd": "10",
            "deputy_wd": "5",
            "availability_after_days": "60",
            "availability_answer_wd": "10",
        },
        "after": {
            "clearance_wd": "10",
            "answer_wd": "10",
            "answer_grace_seconds": "120",
            "notice_weeks": "6",
            "agenda_weeks": "2",
            "preparation_weeks": "3",
            "agreement_wd": "10",
            "attendance_days": "3",
            "evaluation_days": "7",
            "report_days": "30",
            "follow_up_months": "6",
            "follow_up_window_days": "30",
            "cascade_months": "12",
            "sessions_to_complete": "4",
            "evaluation_form": "1",
        },
    }


async def begun(programme: Programme, subject: str = "programme", title: str = "Autumn exchange") -> str:
    """Begin a draft by its form; return its address."""
    data = {"texts-0-language": "en", "texts-0-title": title, "texts-0-summary": "Visit a service abroad."}
    made = await programme.as_(subject).post(f"{CALLS}/new", data=data)
    assert made.status_code == 303, made.text
    return str(made.headers["location"]).partition("?")[0]


async def revision(programme: Programme, **changes: Any) -> str:
    """Return the id of a draft of the next revision of the programme's call, with changes to its terms."""
    draft = await programme.post("programme", f"/calls/{programme.call['id']}/revise", status=201)
    body = {"entry": changes}
    answer = await programme.as_("programme").patch(f"/applications/api/v1/call-drafts/{draft['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return str(draft["id"])
