"""The API of the portal answers as its OpenAPI document says, to every role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from tests.api_trial import try_all

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.integration.applications.abroad import Abroad

PEOPLE = {
    Role.OFFICER: "ani",
    Role.MENTOR: "jonas",
    Role.NATIONAL_COORDINATOR: "tigran",
    Role.HOST_CONTACT: "claire",
    Role.PROGRAMME_COORDINATOR: "programme",
}


async def test_every_operation_answers_as_described(portal: FastAPI, abroad: Abroad) -> None:
    """Examples, valid and invalid requests of every role, also about a visit that exists, get described answers."""
    found = await try_all(portal, "applications", PEOPLE, await known_things(abroad), coverage=False)
    assert found == [], "\n".join(found)


async def known_things(abroad: Abroad) -> dict[str, str]:
    """Return ids of things that exist, with a scheduled visit, by the name of the parameter that takes them."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    pairing = abroad.pairings[match_id]
    return {
        "match_id": str(match_id),
        "visit_id": str(visit_id),
        "application_id": str(pairing["application_id"]),
        "offer_id": str(pairing["offer_id"]),
        "call_id": abroad.of.call["id"],
        "organisation_id": abroad.of.organisations["AM"],
        "country": "AM",
    }
