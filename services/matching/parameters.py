"""The parameters that several routes of matching share; every service has such a module."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import FormData

from services.matching.settings import Settings
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.runtime.service import bus_of, service_of

BusDep = Annotated[Bus, Depends(bus_of)]


def receipt_effort(request: Request) -> int:
    """Return how many changed runs a receipt may take to find the smallest changes."""
    settings = service_of(request).settings
    return settings.receipt_effort if isinstance(settings, Settings) else 0


def pairs_of(form: FormData, left: Collection[UUID] = ()) -> tuple[dict[UUID, UUID], dict[UUID, str]]:
    """Return the places and the versions of the pairs that a form names, by application, without those that are `left`.

    A pair is written `application/place/version`. Raises `Refused` (422) for anything else.
    """
    places: dict[UUID, UUID] = {}
    versions: dict[UUID, str] = {}
    for value in form.getlist("pair"):
        application, place, version, *_ = [*str(value).split("/", 2), "", ""]
        application_id, place_id = read_id(application), read_id(place)
        if application_id is None or place_id is None:
            raise Refused(gettext("This is not a pair."), 422)
        if application_id not in left:
            places[application_id], versions[application_id] = place_id, version
    return places, versions
