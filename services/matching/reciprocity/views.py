"""Read the part of the reciprocity ledger that concerns a reader."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from services.matching.facts import views as facts
from services.matching.reciprocity import model, store
from services.matching.reciprocity.model import Balance
from shared.bus import Bus
from shared.contracts.base import Country
from shared.identity.scope import Reach
from shared.web.read_models import ReadModel


class Days(ReadModel):
    """Days sent and hosted; a negative `net` is owed. Those `to_come` are of planned visits."""

    days_sent: int
    days_hosted: int
    net: Annotated[int, Field(description="Days hosted less days sent.")]
    days_sent_to_come: int
    days_hosted_to_come: int
    net_to_come: Annotated[int, Field(description="The same once the planned visits have taken place.")]

    @classmethod
    def of(cls, balance: Balance, **of: object) -> Self:
        """Return a balance, with whose it is."""
        values = {
            "days_sent": balance.sent,
            "days_hosted": balance.hosted,
            "net": balance.net,
            "days_sent_to_come": balance.sent_to_come,
            "days_hosted_to_come": balance.hosted_to_come,
            "net_to_come": balance.net_to_come,
        }
        return cls.model_validate(of | values)


class CountryDays(Days):
    """The days of a country."""

    country: Country


class PairDays(Days):
    """The days of a country with another one."""

    country: Country
    with_country: Country


class AgencyDays(Days):
    """The days of an agency; its name is null if it is not in the register."""

    country: Country
    organisation_id: UUID
    name: str | None


class OwedPoints(ReadModel):
    """The points that guests of a country gain at hosts of another, which owes it days."""

    country: Country
    host_country: Country
    points: int


class Ledger(ReadModel):
    """The part of the ledger that concerns the reader's countries or organisations."""

    countries: tuple[CountryDays, ...]
    pairs: tuple[PairDays, ...]
    agencies: tuple[AgencyDays, ...]
    points: tuple[OwedPoints, ...]


async def ledger(bus: Bus, within: Reach) -> Ledger:
    """Return the ledger within reach.

    Countries and agencies are the reader's own, since of others only a part is visible here.
    """
    async with bus.read() as session:
        flows = await store.flows(session, within)
        ids = {UUID(agency) for flow in flows for agency in (flow.agency, flow.host_agency)}
        names = await facts.organisation_names(session, ids)
    days: dict[tuple[str, str], int] = {}
    for flow in flows:
        pair = flow.country, flow.host_country
        days[pair] = days.get(pair, 0) + flow.days
    return Ledger(
        countries=tuple(
            CountryDays.of(balance, country=country)
            for country, balance in model.by_country(flows).items()
            if within.everything or country in within.countries
        ),
        pairs=tuple(
            PairDays.of(balance, country=first, with_country=second)
            for (first, second), balance in model.between(flows).items()
        ),
        agencies=tuple(
            AgencyDays.of(balance, country=country, organisation_id=agency, name=names.get(UUID(agency)))
            for (country, agency), balance in model.by_agency(flows).items()
            if within.everything or country in within.countries or agency in within.organisations
        ),
        points=tuple(
            OwedPoints(country=home, host_country=host, points=points)
            for (home, host), points in model.points(days).items()
        ),
    )
