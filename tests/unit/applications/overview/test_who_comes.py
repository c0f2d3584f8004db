"""The first page names the country of a guest or mentee to those who receive them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.applications.overview.views.participation import who_comes
from shared.contracts.codes import Party

GUEST, HOST, MENTEE, MENTOR = Party.GUEST, Party.HOST, Party.MENTEE, Party.MENTOR
HOME_COORDINATOR, HOST_COORDINATOR, PROGRAMME = Party.HOME_COORDINATOR, Party.HOST_COORDINATOR, Party.PROGRAMME


def view(applicant: Party, reader: set[Party], travels: Party | None) -> Any:
    """Return the part of a match view that is read: an applicant from Georgia, a host or mentor from France."""
    return SimpleNamespace(
        case=SimpleNamespace(applicant=applicant, parties=frozenset(reader)),
        match=SimpleNamespace(country="GE", host_country="FR"),
        visit=None if travels is None else SimpleNamespace(guest=travels.value),
    )


@pytest.mark.parametrize(
    ("applicant", "travels", "reader", "text"),
    [
        (GUEST, GUEST, {HOST}, "Guest from Georgia"),
        (GUEST, None, {HOST_COORDINATOR}, "Guest from Georgia"),
        (GUEST, GUEST, {GUEST}, ""),
        (GUEST, GUEST, {HOME_COORDINATOR}, ""),
        (GUEST, GUEST, {HOME_COORDINATOR, HOST_COORDINATOR}, "Guest from Georgia"),
        (GUEST, None, {PROGRAMME}, "Guest from Georgia"),
        (MENTEE, None, {MENTOR}, "Mentee from Georgia"),
        (MENTEE, None, {MENTEE}, ""),
        (MENTEE, MENTEE, {MENTOR}, "Mentee from Georgia"),
        (MENTEE, MENTOR, {MENTEE}, "Guest from France"),
        (MENTEE, MENTOR, {HOME_COORDINATOR}, "Guest from France"),
        (MENTEE, MENTOR, {MENTOR}, ""),
        (MENTEE, MENTOR, {HOST_COORDINATOR}, ""),
    ],
)
def test_the_receiving_side_reads_the_country_of_the_guest(
    applicant: Party, travels: Party | None, reader: set[Party], text: str
) -> None:
    """Guest, mentee and their own country read nothing of it; a mentor who travels is the guest of the mentee."""
    assert who_comes(view(applicant, reader, travels)) == text
