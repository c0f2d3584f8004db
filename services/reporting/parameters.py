"""The parameters that several routes of the service share."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import JsonValue

from services.reporting.figures.actions.running_counts import RunningCounts
from services.reporting.settings import Settings
from services.reporting.statements.model import address_of
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import gettext
from shared.runtime.service import Service, bus_of, service_of
from shared.web.openapi import file_answers

BusDep = Annotated[Bus, Depends(bus_of)]


async def _service(request: Request) -> Service:
    return service_of(request)


ServiceDep = Annotated[Service, Depends(_service)]
PeriodQuery = Annotated[
    str | None,
    Query(
        description="`2026`, `2026-H1` or `2026-Q3`; none: the published period that ended last. Programme coordinators"
        " and evaluators also read periods that are not published, and `programme`; none: this year.",
        examples=["2026-H1"],
    ),
]
StatementQuery = Annotated[
    str | None,
    Query(description="The number of one of its statements; none: the present one.", examples=["1"], max_length=20),
]
PeriodPath = Annotated[str, Path(description="Its label: `2026`, `2026-H1` or `2026-Q3`.", examples=["2026-H1"])]
RequiredPeriod = Annotated[str, Query(description="`2026`, `2026-H1` or `2026-Q3`.", examples=["2026-H1"])]
CSV = file_answers("text/csv")
"""The answer of an operation that gives a CSV file, for its description."""
NOT_PUBLISHED: dict[int | str, dict[str, JsonValue]] = {404: {}, 409: {}}
"""The refusals of an operation that gives readers published periods only: a period may be unknown, or not published."""
SUBMITTED_BEFORE = "The same was submitted before, and nothing was changed."
"""The description of the answer (200) of an operation that submits a form once (201)."""
IndicatorPath = Annotated[str, Path(description="Its id, as agreed with the donor.", examples=["TOPCOP-OP-02"])]


def settings_of(request: Request) -> Settings:
    """Return the settings of the service that answers the request."""
    settings = service_of(request).settings
    assert isinstance(settings, Settings)
    return settings


async def _settings(request: Request) -> Settings:
    return settings_of(request)


SettingsDep = Annotated[Settings, Depends(_settings)]


async def running_counts(request: Request) -> RunningCounts:
    """Return the counts of whole periods that run in this instance."""
    found: RunningCounts = request.app.state.running_counts
    return found


RunningCountsDep = Annotated[RunningCounts, Depends(running_counts)]


_Unlisted = Annotated[str | None, Query(include_in_schema=False)]


async def present_only(statement: _Unlisted = None, period: _Unlisted = None) -> None:
    """Refuse (404) an address that names a statement, on a page that shows the present one only."""
    if statement is not None:
        sentence = gettext("This address has no statements of its own. Open the statement's page: %(address)s")
        raise Refused(sentence % {"address": address_of(period, statement)}, 404)


PRESENT_ONLY = Depends(present_only)
