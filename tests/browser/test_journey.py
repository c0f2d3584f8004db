"""One application and one mentorship go from start to end by hand, in a browser, on a whole system."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from shared.ids import new_id
from shared.web import site
from tests.browser import steps
from tests.browser.keyboard import Typist
from tests.browser.people import PATIENCE, Person, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.conftest import Running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]
OFFICER, MENTEE, MENTOR, HOST = "Ani Petrosyan", "Nino Beridze", "Jonas Kazlauskas", "Claire Moreau"
ARMENIA, GEORGIA, FRANCE, LITHUANIA = "Tigran Hakobyan", "Giorgi Maisuradze", "Luc Bernard", "Rasa Petrauskaite"
INDICATOR = "TOPCOP-OP-02"
PROGRAMME, DONOR = "Marta Kovacs", "Henrik Lund"
BY_KEYBOARD = {HOST, MENTOR, PROGRAMME}
"""Those who have no mouse in the first test; officer and country have a test of their own."""


class Browsers:
    """All personas, each with a browser context that is opened when first needed.

    Those in `BY_KEYBOARD` have no mouse: for each stop of the Tab key it is checked that the focus shows.
    """

    def __init__(self, browser: Browser, running: Running) -> None:
        self._browser, self._origin = browser, running.origin
        self._people: dict[str, Person] = {}

    def __getitem__(self, name: str) -> Person:
        """Return the browser of a persona."""
        if name not in self._people:
            person = Typist if name in BY_KEYBOARD else Person
            self._people[name] = person(self._browser, self._origin, name)
        return self._people[name]

    def close(self) -> None:
        """Close all contexts; an error on any page fails the test."""
        errors = [error for person in self._people.values() for error in person.errors]
        for person in self._people.values():
            person.close()
        assert not errors, errors


class Board:
    """The board of the coordinators, opened once by the programme coordinator and never reloaded."""

    def __init__(self, browser: Browser, running: Running, call: str) -> None:
        self._person = Person(browser, running.origin, PROGRAMME)
        self.page: Page = self._person.page
        self._person.go(f"/matching/?call={call}")
        expect(self.page.locator("html")).to_have_attribute("data-live", "on", timeout=PATIENCE)
        self.page.evaluate("window.openedOnce = true")

    def shows(self, *texts: str | re.Pattern[str]) -> None:
        """Expect texts to appear without a reload."""
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text, timeout=PATIENCE)
        assert self.page.evaluate("window.openedOnce") is True, "the board was loaded again"


@pytest.fixture
def browsers(browser: Browser, running: Running) -> Iterator[Browsers]:
    """The personas of the run."""
    opened = Browsers(browser, running)
    yield opened
    opened.close()


def test_one_application_and_one_mentorship_by_hand(browsers: Browsers, browser: Browser, running: Running) -> None:
    """An application reaches the donor's figure and a mentorship a confirmed session, with the status shown to all."""
    season = steps.Season(f"Exchange {new_id().hex[-6:]}", running.today())
    call = steps.publish_call(browsers[PROGRAMME], season)
    board = Board(browser, running, call.rpartition("/")[2])
    before = figure(browsers[PROGRAMME])
    reference = apply(browsers, board, season, call)
    publish_placement(browsers, board, season)
    visit = match(browsers, board, call, reference)
    check_invitation(browsers[OFFICER].page, running.mail, reference)
    follow_mentorship(browsers, board, season, call)
    agree_agenda(browsers, visit)
    complete_visit(browsers, board, visit, reference)
    check_figure(browsers, before)


def apply(browsers: Browsers, board: Board, season: steps.Season, call: str) -> str:
    """Save a draft, find it again, have it refused, submit it, return it once, endorse it; return the reference."""
    officer, country = browsers[OFFICER], browsers[ARMENIA]
    officer.go("/applications/").follow(season.title).press("Apply for a study visit")
    officer.sees_status("Draft", holder="You", follows="You check it and submit it.")
    officer.follow("Topics and countries").choose("Topic", steps.TOPIC, steps.WISH).press("Save and come back later")
    officer.go("/applications/").follow("Continue application").sees("parts are not complete yet.")
    officer.press("Check your answers and send").sees("Some answers are still missing")
    expect(officer.page.get_by_role("button", name="Send application")).to_have_count(0)
    officer.follow("All parts of your application")
    steps.answer_tasks(officer, season, own="Armenian", level="B1")
    reference = steps.submit(officer)
    officer.sees_status("Submitted", holder="National coordinator of Armenia", follows="The coordinator endorses it")
    board.shows(f"{reference}: Application submitted")

    country.go(f"/applications/cases?q={reference}").follow(reference).sees(OFFICER)
    country.press("Return for information")
    country.fill("Languages", "At which level did you pass in spring?").press("Return for information")
    country.sees_status("Returned for information")
    board.shows(f"{reference}: Application returned with a question")
    officer.go("/applications/").follow("Answer questions")
    officer.sees_status("Returned for information", holder="You", follows="You answer and submit it again.")
    officer.sees("At which level did you pass in spring?").follow("Languages you speak")
    second = steps.LANGUAGES.replace("1", "2")
    officer.choose("Level", "B2", second).press("Save and continue").sees("All parts are complete.")
    officer.press("Check your answers and send").sees("English B2").press("Send application again").sees_status(
        "Submitted"
    )
    board.shows(f"{reference}: Application submitted again")

    country.page.reload()
    country.press("Endorse").press("Endorse").sees_status("Endorsed")
    board.shows(f"{reference}: Application endorsed")
    officer.page.reload()
    officer.sees_status(
        "Endorsed", holder="Programme coordinator", follows="The coordinator checks it against the call's rules."
    )
    return reference


def publish_placement(browsers: Browsers, board: Board, season: steps.Season) -> None:
    """Write a placement, endorse it as the host country, and publish it."""
    host, country = browsers[HOST], browsers[FRANCE]
    steps.offer_placement(host, season)
    board.shows("Placement submitted")
    country.go("/applications/offers?state=submitted").follow(re.compile(r"^FR-")).press("Endorse").sees_status(
        "Endorsed"
    )
    host.sees_status("Endorsed", follows="You publish it.").press("Publish").sees_status("Published")
    board.shows("Placement endorsed", "Placement published")


def confirm_and_commit(browsers: Browsers, board: Board, call: str, reference: str) -> None:
    """Confirm eligibility, check the provisional match and its receipt on the board, and commit the cohort."""
    programme, call_id = browsers[PROGRAMME], call.rpartition("/")[2]
    programme.go("/applications/eligibility").waits_for(reference).sees("Eligible")
    programme.press("Confirm selected results").sees(reference, "It is eligible, and joins the matching.")
    programme.press("Confirm eligibility: 1 application").sees("Decision saved for 1 application.")
    board.shows(f"{reference}: Application found eligible")
    provisional = board.page.get_by_role("region", name="Provisional matches, highest score first")
    expect(provisional).to_contain_text(reference, timeout=PATIENCE)
    programme.go(f"/matching/?call={call_id}").follow(f"Why {reference}")
    programme.sees_status("Provisional").sees(
        "Points", "Total", "This would be the result if a cohort were committed now."
    )
    programme.go(f"/matching/?call={call_id}").press("Commit cohort").sees(reference).press("Continue")
    programme.sees("Propose this 1 match?", reference).press("Commit cohort").sees("1 match is proposed.")
    board.shows(f"{reference}: Match proposed")


def clear_and_accept(
    browsers: Browsers, board: Board, reference: str, countries: tuple[str, str], sides: tuple[str, str]
) -> None:
    """Clear the match as home and host country; accept it on both sides, until it is confirmed."""
    for name in countries:
        country = browsers[name].go("/applications/matches?state=waits").waits_for(reference)
        country.follow(reference).press("Clear match").sees_saved("Match cleared.")
    board.shows(f"{reference}: Match cleared by both countries", f"{reference}: Match offered")
    for name in sides:
        side = browsers[name].go("/applications/matches").waits_for(reference).follow(reference)
        side.sees_status("Offer sent", follows="accept")
        side.tick("Yes, I accept").press("Send your answer")
    board.shows(f"{reference}: Match confirmed")


def match(browsers: Browsers, board: Board, call: str, reference: str) -> str:
    """Go from eligible to a scheduled visit; return the address of the visit."""
    officer = browsers[OFFICER]
    confirm_and_commit(browsers, board, call, reference)
    officer.go("/applications/").follow(reference)
    officer.sees_status("Matched", holder="National coordinator of Armenia", follows="The home country clears it")
    clear_and_accept(browsers, board, reference, (ARMENIA, FRANCE), (OFFICER, HOST))
    return read_visit(officer, board, reference)


def read_visit(officer: Person, board: Board, reference: str) -> str:
    """Read the dates as the officer, and the reasons for this place; return the address of the visit."""
    board.shows(f"{reference}: Visit dates set")
    officer.go("/applications/").follow(reference).sees_status("Visit planned", holder="You · Host")
    officer.follow("View match explanation").sees("Why you were matched", "Total")
    officer.go("/applications/matches").follow(reference).sees_status("Confirmed").follow("Go to the visit")
    officer.sees_status("Visit planned", follows="You agree on the agenda").sees("Lyon branch")
    return officer.page.url.removeprefix(officer.origin)


def check_invitation(page: Page, mail: str, reference: str) -> None:
    """Find the officer's mail in the mail catcher, with the dates and an invitation for a calendar.

    It comes at once, with what waited for the end of the hour. The list of emails does not load itself again.
    """
    page.goto(mail)
    until(page, page.locator("main"), "Your visit dates are set")
    page.get_by_role("link", name=re.compile(rf"\[{reference}\] .*Your visit dates are set")).click()
    expect(page.locator("main")).to_contain_text("Your visit dates are set")
    expect(page.locator("main")).to_contain_text("text/calendar")
    page.get_by_role("link", name=re.compile(r"\.ics$")).first.scroll_into_view_if_needed()


def follow_mentorship(browsers: Browsers, board: Board, season: steps.Season, call: str) -> None:
    """Publish a mentor, match a mentee, sign on both sides, log a session and confirm it."""
    mentor, mentee, country = browsers[MENTOR], browsers[MENTEE], browsers[GEORGIA]
    steps.write_profile(mentor, season)
    board.shows("Mentor's profile published")
    mentee.go("/applications/").follow(season.title).press("Apply for a mentor")
    steps.answer_tasks(mentee, season, own="Georgian", level="C1", when=steps.MEETINGS)
    reference = steps.submit(mentee)
    country.go(f"/applications/cases?q={reference}").waits_for(reference).follow(reference)
    country.press("Endorse").press("Endorse").sees_status("Endorsed")
    confirm_and_commit(browsers, board, call, reference)
    clear_and_accept(browsers, board, reference, (GEORGIA, LITHUANIA), (MENTEE, MENTOR))
    board.shows(f"{reference}: Mentorship opened")
    for side in (mentee, mentor):
        side.go("/applications/mentorships").waits_for(reference).follow(re.compile(reference))
        side.follow("View the agreement and its versions").press("Sign the agreement")
        side.sees_saved("You signed the agreement.")
    mentee.go("/applications/mentorships").follow(reference).sees_status(
        "In progress", follows="Mentee and mentor meet, and log each session."
    )
    mentor.go("/applications/mentorships").follow(reference).sees_status("In progress")
    mentor.enter_date("When did you meet?", season.today).fill("How many minutes did it last", "60")
    mentor.press("Log the session").sees_saved("The session is logged.")
    mentee.page.reload()
    mentee.press("Confirm this session").sees_saved("The session is confirmed.")
    board.shows(f"{reference}: Session confirmed")


def agree_agenda(browsers: Browsers, path: str) -> None:
    """Agree to the agenda on both sides, then move the clock to a time after the visit."""
    officer, host, programme = browsers[OFFICER], browsers[HOST], browsers[PROGRAMME]
    for side in (host, officer):
        side.go(path).press("Agree to agenda").sees_saved("You agreed to the agenda.")
    officer.sees_status("Visit planned")
    programme.go("/applications/clock").fill("Days to move the clock forward", "125").press("Move the clock")
    programme.sees("The clock was moved.")


def complete_visit(browsers: Browsers, board: Board, path: str, reference: str) -> None:
    """Record attendance, evaluate on both sides, report as the guest, and find the certificate."""
    officer, host = browsers[OFFICER], browsers[HOST]
    host.go(path).sees("Was the guest there?")
    host.choose_everywhere("Was there").press("Record attendance").sees_saved("Attendance is recorded.")
    waits = "The guest evaluates the visit. The guest writes the report. You evaluate it."
    host.sees_status("Completed", holder="You and the guest", follows=waits)
    board.shows(f"{reference}: Visit began", f"{reference}: Visit completed")
    waits = "You evaluate it. You write the report. The host evaluates the visit."
    officer.go("/applications/").follow(reference).sees_status("Completed", holder="You and the host", follows=waits)
    for side in (officer, host):
        evaluate(side, path)
    officer.go(path).follow("Write your report")
    officer.fill("What did you do and see", "The laboratory and a closed case.").fill("What did you learn", "A method.")
    officer.fill("How will you use it", "A training day in spring.").press("Send answers")
    officer.sees("Your report has arrived")
    officer.go("/applications/").follow(reference).waits_for("Certificate")


def evaluate(side: Person, path: str) -> None:
    """Answer each closed question of an evaluation with a four."""
    side.go(path).waits_for("Evaluate the visit").follow("Evaluate the visit")
    side.choose_everywhere("4").fill("What went well?", "The laboratory.").press("Send answers")
    side.sees("Your evaluation has arrived", "4 of 5")


def figure(programme: Person) -> int:
    """Return the visits completed in the whole programme, as who steers reads them; 0 before the first event."""
    programme.go("/reporting/?period=programme")
    text = row_of(programme.page).inner_text()
    return 0 if text.startswith("no data yet") else int(text)


def row_of(page: Page) -> Locator:
    """Return the cell with the figure of the indicator."""
    return page.get_by_role("row").filter(has_text=INDICATOR).get_by_role("cell").first


def check_figure(browsers: Browsers, before: int) -> None:
    """Check that the figure changed, that its events can be read, that CSV has it, and that the donor waits for it."""
    donor, programme = browsers[DONOR], browsers[PROGRAMME]
    programme.go("/reporting/?period=programme")
    until(programme.page, row_of(programme.page), str(before + 1))
    programme.follow("Exchange participations completed").sees(f"(person-visits): {before + 1}", "VisitCompleted")
    programme.follow("see events")
    programme.sees(f"This figure is based on {before + 1} event{'s' if before else ''}", "Visit completed")
    programme.go("/reporting/?period=programme")
    table = list(csv.DictReader(programme.download("Download as CSV").decode("utf-8-sig").splitlines()))
    row = next(row for row in table if row["indicator"] == INDICATOR and not row["dimension"])
    assert (row["value"], row["events"]) == (str(before + 1),) * 2
    donor.go("/reporting/").sees("No period is published yet")


def test_board_and_application_work_without_javascript(browser: Browser, running: Running) -> None:
    """Without scripts the board has a link to refresh, and an officer's pages save, add rows and refuse errors."""
    programme = Person(browser, running.origin, PROGRAMME, javascript=False)
    season = steps.Season(f"Plain {new_id().hex[-6:]}", running.today())
    call = steps.publish_call(programme, season).rpartition("/")[2]
    programme.go(f"/matching/?call={call}").follow("Refresh").sees("Applications by status", season.title)
    assert programme.page.url.endswith(f"/matching/?call={call}")
    officer = Person(browser, running.origin, OFFICER, javascript=False)
    officer.go(f"/applications/calls/{call}").press("Apply for a study visit").sees_status("Draft", holder="You")
    officer.follow("Languages you speak").press("Save and continue").sees("Add at least one language with its level")
    officer.choose("Language", "Armenian", steps.LANGUAGES).choose("Level", "Native", steps.LANGUAGES)
    officer.press("Add a language")
    second = officer.page.get_by_role("group", name=steps.LANGUAGES.replace("1", "2"))
    expect(second).to_be_visible()
    officer.press("Save and come back later").sees_status("Draft").follow("Languages you speak")
    expect(officer.page.get_by_role("group", name=steps.LANGUAGES).get_by_label("Level")).to_have_value("NS")
    officer.go(f"/applications/calls/{call}").press("Apply for a study visit")
    officer.follow("Delete draft").press("Yes, delete draft").sees("Draft deleted.")
    programme.close()
    officer.close()


def test_an_officer_applies_and_a_coordinator_endorses_by_keyboard(browser: Browser, running: Running) -> None:
    """Both do their whole task without a mouse, and each stop of the Tab key on the way shows the focus."""
    programme = Person(browser, running.origin, PROGRAMME)
    season = steps.Season(f"Keys {new_id().hex[-6:]}", running.today())
    call = steps.publish_call(programme, season).rpartition("/")[2]
    officer = Typist(browser, running.origin, OFFICER)
    officer.go(f"/applications/calls/{call}").press("Apply for a study visit").sees_status("Draft", holder="You")
    steps.answer_tasks(officer, season, own="Armenian", level="B2")
    reference = steps.submit(officer)
    country = Typist(browser, running.origin, ARMENIA)
    country.go(f"/applications/cases?q={reference}").waits_for(reference).follow(reference)
    country.press("Endorse").press("Endorse").sees_status("Endorsed")
    for person in (programme, officer, country):
        person.close()
        assert person.errors == []
