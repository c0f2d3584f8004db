"""The people of the tests of reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


@pytest.fixture
async def many(programme: Programme) -> Programme:
    """Enter two more officers of Armenia, a deputy, and an EU agency with an officer and a clearance officer."""
    agency = {"name": "Europol", "kind": "eu_agency", "country": "EU", "city": "The Hague"}
    other = {"name": "Frontex", "kind": "eu_agency", "country": "EU", "city": "Warsaw"}
    made = await programme.post("programme", "/organisations", {"organisations": [agency, other]}, 201)
    programme.organisations |= {"EU": made["ids"][0], "EU2": made["ids"][1]}
    known: dict[str, Any] = {"service": "police", "rank_group": "supervisor", "years_in_field": 8}
    deputy = programme.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "tigran"
    people = [
        programme.person("davit", "Davit Sahakyan", "AM", "officer", **known),
        programme.person("mariam", "Mariam Avagyan", "AM", "officer", **known),
        programme.person("elsa", "Elsa Lind", "EU", "officer", **known),
        programme.person("eva", "Eva Borg", "EU", "clearance_officer", organisation_id=made["ids"][0]),
        programme.person("pieter", "Pieter Smit", "EU", "clearance_officer", organisation_id=made["ids"][1]),
        deputy,
    ]
    await programme.post("programme", "/people", {"people": people}, 201)
    return programme
