"""Define the events on `exchange.registry`: organisations, partners, funds, exclusions and training needs.

Compacted, the whole state in each event. The key is the organisation's, fund's, exclusion's, need's or proposal's id; a
partner's is its country code.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, Day, EmailDomain, Event, Example, Scheme, TopicCode
from shared.contracts.codes import N_, Expertise, OrganisationKind, PartnerStatus, ProposalKind, ProposalState


class RegistryEvent(Event):
    """An event on `exchange.registry`."""

    topic: ClassVar[str] = "exchange.registry"


class OrganisationChanged(RegistryEvent):
    """An organisation as it is now. Proposed by the national coordinator, approved by the programme coordinator.

    An EU agency has the country `EU`. An organisation that is not active takes part in nothing new.
    `domains` are the domains of its people's service addresses: whole domains, never an address.
    """

    label: ClassVar[str] = N_("Organisation changed")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: OrganisationKind
    country: Country
    city: Annotated[str, Field(max_length=100)] = ""
    active: bool = True
    domains: tuple[EmailDomain, ...] = ()

    example: ClassVar[Example] = {
        "name": "Anti-cybercrime office, Lyon branch",
        "kind": "agency",
        "country": "FR",
        "city": "Lyon",
        "active": True,
        "domains": ["police.example"],
    }


class PartnerStatusChanged(RegistryEvent):
    """The status of a partner country from a date on. By the programme coordinator; key the country."""

    label: ClassVar[str] = N_("Status of the partner country changed")

    country: Country
    status: PartnerStatus
    since: Day

    example: ClassVar[Example] = {"country": "BY", "status": "suspended", "since": "2026-02-01"}


class FundChanged(RegistryEvent):
    """A fund as it is now: who pays, from when, until when. By the programme coordinator."""

    label: ClassVar[str] = N_("Fund changed")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    payer: Annotated[str, Field(max_length=200, description="The organisation that pays")]
    since: Day
    until: Day | None = None
    active: bool = True

    example: ClassVar[Example] = {
        "name": "TOPCOP II",
        "payer": "European Commission, DG NEAR",
        "since": "2025-01-01",
        "until": "2028-12-31",
        "active": True,
    }


class ExclusionChanged(RegistryEvent):
    """A pair of countries or of agencies that is never matched, in both directions, for a time. By the programme.

    Exactly one pair is given. A confidential exclusion shows as "not available" everywhere.
    """

    label: ClassVar[str] = N_("Exclusion changed")

    countries: Annotated[tuple[Country, ...], Field(min_length=2, max_length=2)] | None = None
    organisations: Annotated[tuple[UUID, ...], Field(min_length=2, max_length=2)] | None = None
    since: Day
    until: Day | None = None
    confidential: bool = False

    example: ClassVar[Example] = {
        "countries": ["AM", "AZ"],
        "organisations": None,
        "since": "2025-01-01",
        "until": None,
        "confidential": True,
    }


class NeedChanged(RegistryEvent):
    """A training need of the OTNA as it is now. By the national coordinator or an import; calls cite it."""

    label: ClassVar[str] = N_("Training need changed")

    country: Country
    scheme: Scheme
    topic_code: TopicCode
    area: Expertise | None = None
    level: Annotated[int, Field(ge=1, le=3, description="Level asked for: 1 basic, 2 advanced, 3 expert")]
    quantity: Annotated[Count, Field(description="People to be trained")]
    since: Day
    until: Day
    withdrawn: bool = False

    example: ClassVar[Example] = {
        "country": "MD",
        "scheme": "empact-2026",
        "topic_code": "online_crime",
        "area": "analysis",
        "level": 2,
        "quantity": 12,
        "since": "2026-01-01",
        "until": "2027-12-31",
        "withdrawn": False,
    }


class ProposalChanged(RegistryEvent):
    """The state of a proposal for the register, by a country or an EU agency; its content stays in the portal.

    `proposer_id` is the opaque id of the person who proposed it, as in AccessChanged: that person gets the decision.
    """

    label: ClassVar[str] = N_("Proposal for the register changed")

    kind: ProposalKind
    state: ProposalState
    country: Country | None = None
    organisation_id: UUID | None = None
    proposer_id: UUID | None = None

    example: ClassVar[Example] = {
        "kind": "person_new",
        "state": "waits",
        "country": "MD",
        "organisation_id": None,
        "proposer_id": ex.PERSON,
    }
