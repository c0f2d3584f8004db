"""Fill in the longer forms page by page: a call, an application, a placement, a mentor's profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.people import DESK

if TYPE_CHECKING:
    from tests.browser.people import Person

EXPERTISE = "Your areas of experience, most important first 1"
LANGUAGES = "Languages you speak, including your own 1"
TRAVEL = "When you can travel 1"
MEETINGS = "When you are available for mentoring 1"
WISH = "Topics, most wanted first 1"
OBJECTIVE = "What you want to learn, most important first 1"
TOPIC = "Online crime"


@dataclass(frozen=True)
class Season:
    """The days of the call, and the days on which visits are possible."""

    title: str
    today: date

    def day(self, number: int) -> date:
        """Return the day in so many days from today."""
        return self.today + timedelta(days=number)


def publish_call(programme: Person, season: Season) -> str:
    """Write a call as the programme coordinator, section by section, and publish it; return its address."""
    programme.go("/applications/calls").press("Write a call")
    programme.fill("Title", season.title)
    programme.fill("What the call is about", "Learn how colleagues work on a case.").press("Save and continue")
    programme.follow("Purpose and funding").tick("Study visit", "Mentoring")
    programme.choose("Fund that pays", "Smoke test").press("Save and come back later")
    programme.follow("Topics and training needs").tick(TOPIC).press("Save and come back later")
    programme.follow("Dates")
    programme.enter_date("Opens on", season.today).enter_date("Last day to apply", season.day(30))
    programme.enter_date("Closes on", season.day(240))
    row = "Possible visit periods 1"
    programme.enter_date("First day", season.day(45), row).enter_date("Last day", season.day(110), row)
    programme.press("Save and come back later").sees("All parts are complete.").press("Publish")
    programme.sees("Call published.", season.title)
    return programme.page.url.partition("?")[0]


def answer_tasks(officer: Person, season: Season, *, own: str, level: str, when: str = TRAVEL) -> None:
    """Go through the pages of the task list in their order; it ends where all answers are shown.

    `when` is the row that asks for time, which differs between a visit and mentoring.
    """
    task = officer.page.get_by_role("heading", level=1)
    officer.follow("Your contact details")
    officer.press("Save and continue")  # the confirmed service e-mail comes from the register
    expect(task).to_contain_text("Your service and rank")
    officer.choose("Your service", "Police").press("Save and continue")
    expect(task).to_contain_text("Your line manager")
    officer.fill("Name", "Head of Unit").fill("Service email", "head.of.unit@police.example").press("Save and continue")
    expect(task).to_contain_text("Your expertise")
    officer.choose("Area", "Analysis", EXPERTISE).choose("Level", "2: advanced", EXPERTISE)
    officer.fill("Years", "6", EXPERTISE).press("Save and continue")
    expect(task).to_contain_text("Languages you speak")
    officer.choose("Language", own, LANGUAGES).choose("Level", "Native", LANGUAGES).press("Add a language")
    second = LANGUAGES.replace("1", "2")
    officer.choose("Language", "English", second).choose("Level", level, second).press("Save and continue")
    expect(task).to_contain_text("Courses and conflicts of interest")
    officer.press("Save and continue")
    expect(task).to_contain_text("Topics and countries")
    officer.choose("Topic", TOPIC, WISH).press("Save and continue")
    expect(task).to_contain_text("When you")
    officer.enter_date("First day", season.day(45), when).enter_date("Last day", season.day(110), when)
    officer.press("Save and continue")
    expect(task).to_contain_text("Objectives")
    officer.fill("Objective", "Follow a seizure of devices from the search to the report", OBJECTIVE).tick("Yes")
    officer.fill("How will you pass it on", "A half-day training for my unit").press("Save and continue")
    expect(task).to_contain_text("Privacy notice")
    officer.tick("I have read the privacy notice").press("Save and continue")
    officer.sees("Check your answers", own)


def submit(officer: Person) -> str:
    """Submit on the page that shows all answers; return the reference."""
    officer.press("Send application").sees("Application sent. Your reference is")
    text = officer.page.locator("main").text_content() or ""
    found = re.search(r"Your reference is ([A-Z]{2}-\d{4}-\d{4})", text)
    assert found, text
    return found[1]


def offer_placement(host: Person, season: Season) -> None:
    """Write a placement as the host, and submit it."""
    host.go("/applications/offers").press(f"Add a placement: {season.title}")
    task = host.page.locator("h1")
    host.fill("Title", "A week with the cybercrime unit").fill("City", "Lyon").tick(TOPIC)
    host.fill("Outline of the agenda", "Monday: the laboratory. Tuesday: a closed case.").press("Save and continue")
    expect(task).to_contain_text("Places and periods")
    host.fill("How many guests can you take in total", "1").fill("How many working days", "2").fill(
        "How many guests may come", "1"
    )
    row = "Possible periods for a visit 1"
    host.enter_date("First day", season.day(45), row).enter_date("Last day", season.day(110), row)
    host.fill("Guests per week", "1", row).press("Save and continue")
    expect(task).to_contain_text("Guests you can take")
    row = "Working languages, each with the level that a guest needs 1"
    host.unfold("Choose areas of expertise")
    host.choose("Language", "English", row).choose("Level", "B2", row).tick("Analysis").press("Save and continue")
    expect(task).to_contain_text("Security and conflicts")
    host.press("Save and continue")
    expect(task).to_contain_text("Contact and costs")
    host.press("Save and continue")
    expect(task).to_contain_text("Check your answers")
    host.sees("What officers see before they apply").press("Submit placement").sees_status("Submitted")


def write_profile(mentor: Person, season: Season) -> None:
    """Write a profile as the mentor, and publish it."""
    mentor.go("/applications/mentors").press(f"Write your profile – {season.title}")  # noqa: RUF001 - as on the page
    mentor.choose("Your service", "Police").choose("Your rank group", "Supervisor")
    row = "Your areas of expertise 1"
    mentor.choose("Area", "Analysis", row).choose("Level", "Expert", row)
    mentor.fill("Years", "12", row)
    mentor.tick(TOPIC)
    row = "Languages in which you can mentor 1"
    mentor.choose("Language", "English", row).choose("Level", "C1", row)
    mentor.tick("1")
    row = "Periods when you are available 1"
    mentor.enter_date("First day", season.today, row).enter_date("Last day", season.day(220), row)
    mentor.press("Save and publish").sees("Published: mentees can be matched to you now.").sees_status("Published")


def read_figures(reader: Person, *pages: str) -> None:
    """Open a figure of the shown period, download all of them, and follow links of the page of figures.

    On a phone the first number stands on the first screen.
    """
    reader.page.set_viewport_size({"width": 360, "height": 740})
    reader.go("/reporting/")
    expect(reader.page.locator("figure svg:visible, tbody strong").first).to_be_in_viewport()
    reader.page.set_viewport_size(DESK)
    reader.go("/reporting/").follow("Exchange participations completed").sees("person-visits")
    assert reader.go("/reporting/").download("Download as CSV").count(b"TOPCOP-OP-02")
    for link in pages:
        reader.go("/reporting/").follow(link)
        expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
