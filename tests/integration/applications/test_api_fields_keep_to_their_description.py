"""The API of the portal answers as its OpenAPI document says, whatever a single field or header holds.

A file of its own, so that it runs beside the trial by each role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api_trial import try_all
from tests.integration.applications.test_api_keeps_to_its_description import PEOPLE, known_things

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.integration.applications.abroad import Abroad


async def test_every_field_is_answered_as_described(portal: FastAPI, abroad: Abroad) -> None:
    """Each kind of valid and invalid value of each field, other methods and missing headers get described answers."""
    found = await try_all(portal, "applications", PEOPLE, await known_things(abroad), each_role=False)
    assert found == [], "\n".join(found)
