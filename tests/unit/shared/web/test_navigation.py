"""Test that the navigation shows each reader their pages, each once and in one order, and marks the present page."""

from __future__ import annotations

from datetime import date

import pytest

from shared.contracts.codes import Role
from shared.identity import Grant, Principal
from shared.web.navigation import SECTIONS, Entry, navigation

ORDER = [place.href for section in SECTIONS for place in section.places]


def reader(*roles: Role) -> Principal:
    """Return somebody with these roles."""
    return Principal("somebody", grants=tuple(Grant(role, since=date(2025, 1, 1)) for role in roles))


def pages(entries: list[Entry]) -> list[Entry]:
    """Return the links to pages: those of a section in place of the section."""
    return [page for entry in entries for page in entry.entries or (entry,)]


@pytest.mark.parametrize("role", list(Role))
def test_each_page_has_one_place_in_one_order(role: Role) -> None:
    """Every reader sees a page once and in the same order, in every service."""
    shown = [page.href for page in pages(navigation(reader(role), "/applications/"))]
    places = [ORDER.index(href) for href in shown]
    assert places == sorted(set(places))
    assert shown == [page.href for page in pages(navigation(reader(role), "/matching/"))]
    assert {"/applications/", "/applications/inbox"} <= set(shown)


@pytest.mark.parametrize(
    ("path", "section", "page"),
    [
        ("/applications/", "To do", "To do"),
        ("/applications/cases", "Applications", "Applications"),
        ("/applications/cases/0197/endorse", "Applications", "Applications"),
        ("/applications/eligibility", "Applications", "Eligibility"),
        ("/applications/register/people", "Register", "Register"),
        ("/matching/what-ifs", "Matching", "Board"),
        ("/notifications/due", "Messages", "Sent messages"),
        ("/reporting/indicators/TOPCOP-OP-02", "Figures", "Figures"),
        ("/applications/account", "", ""),
    ],
)
def test_the_present_page_is_marked(path: str, section: str, page: str) -> None:
    """One section and one page in it are marked in every service; the page itself is `page`, one below it `true`."""
    entries = navigation(reader(Role.PROGRAMME_COORDINATOR), path)
    assert [entry.name for entry in entries if entry.current] == [section] * bool(section)
    [*marked] = [each for each in pages(entries) if each.current]
    assert [each.name for each in marked] == [page] * bool(page)
    assert all((each.current == "page") == (each.href == path) for each in marked)


def test_a_section_with_one_page_is_that_page() -> None:
    """An officer finds the calls directly, and no section that holds nothing else."""
    shown = navigation(reader(Role.OFFICER), "/applications/calls")
    assert ("Calls", "/applications/calls", "page", ()) in [
        (entry.name, entry.href, entry.current, entry.entries) for entry in shown
    ]
    assert navigation(None, "/") == []
