"""Define the events on `exchange.access`: who may do what (compacted, whole state, key the sign-in subject)."""

from typing import ClassVar
from uuid import UUID

from shared.contracts import _examples as ex
from shared.contracts.base import Country, Day, Due, Event, Example, Part
from shared.contracts.codes import N_, Role


class AccessGrant(Part):
    """One role of a person for a time, in one country or organisation, or else in the whole programme.

    `since` and `until` are the first and the last day; `deputy_for` is the sign-in subject of the person represented.
    """

    role: Role
    country: Country | None = None
    organisation_id: UUID | None = None
    since: Day
    until: Day | None = None
    deputy_for: str | None = None


class AccessEvent(Event):
    """An event on `exchange.access`."""

    topic: ClassVar[str] = "exchange.access"


class AccessChanged(AccessEvent):
    """All that a person who signs in may do from now on.

    Proposed by the national coordinator, approved by the programme coordinator. No grants: no access any more.
    `confirmed_on` is the day of the yearly confirmation; `lapsed_on` is set in the event by which all grants end
    because nobody confirmed them. `recipient_id` is opaque, and only the portal knows whose it is: messages
    to the person are addressed to it. `contact_check` is set when the owner of the service address is asked to confirm
    it, `contact_check_until` is when the link for it ends; neither the address nor the link is in any event.
    """

    label: ClassVar[str] = N_("Access changed")

    grants: tuple[AccessGrant, ...]
    confirmed_on: Day | None = None
    lapsed_on: Day | None = None
    recipient_id: UUID | None = None
    country: Country | None = None
    contact_confirmed: bool | None = None
    contact_check: UUID | None = None
    contact_check_until: Due | None = None

    example: ClassVar[Example] = {
        "grants": [
            {
                "role": "host_contact",
                "country": "FR",
                "organisation_id": ex.HOST_ORGANISATION,
                "since": "2026-01-05",
                "until": None,
                "deputy_for": None,
            }
        ],
        "confirmed_on": "2026-01-05",
        "lapsed_on": None,
        "recipient_id": ex.PERSON,
        "country": "FR",
        "contact_confirmed": False,
        "contact_check": ex.EVENT,
        "contact_check_until": "2026-01-23T09:30:00Z",
    }
