"""The files of published periods for programs, and the figures of a period as CSV and IATI."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure.actions import agreed_figures, readable_period, released_besides
from services.reporting.feeds import views
from services.reporting.feeds.actions import files
from services.reporting.feeds.actions.files import MEDIA_TYPES
from services.reporting.feeds.actions.publications import LATEST
from services.reporting.feeds.guards import CONSUMER, Puller
from services.reporting.feeds.responses import csv_response, file_response, iati_response
from services.reporting.feeds.views import PeriodFeeds
from services.reporting.guards import ApiReader, may_steer
from services.reporting.parameters import (
    CSV,
    NOT_PUBLISHED,
    BusDep,
    PeriodPath,
    PeriodQuery,
    SettingsDep,
    StatementQuery,
)
from shared.contracts.codes import PeriodState
from shared.web.openapi import described_headers, file_answers

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/figures.csv", response_class=Response, responses={**CSV, **NOT_PUBLISHED})
async def as_csv(
    principal: ApiReader, bus: BusDep, period: PeriodQuery = None, statement: StatementQuery = None
) -> Response:
    """Return the figures of a period as CSV, now or in one of its statements."""
    return await csv_response(bus, period, statement, steers=may_steer(principal))


@router.get("/iati.xml", response_class=Response, responses={**file_answers("application/xml"), **NOT_PUBLISHED})
async def as_iati(
    _: ApiReader,
    bus: BusDep,
    settings: SettingsDep,
    period: PeriodQuery = None,
    statement: StatementQuery = None,
) -> Response:
    """Return the figures of a published period, or of one of its statements, as an IATI 2.03 activity file."""
    return await iati_response(bus, settings, period, statement)


@router.get("/feeds/{period}", responses=NOT_PUBLISHED)
async def feeds(principal: ApiReader, bus: BusDep, period: PeriodPath) -> PeriodFeeds:
    """Return what was published of a period, each statement with its files, and what keeps it from being published."""
    steers = may_steer(principal)
    async with bus.read() as session:
        approval, _ = await readable_period(session, period, steers=steers)
        found = await views.published(session, approval)
        others = await released_besides(session, approval.period.label)
    findings = []
    if steers and approval.state is not PeriodState.PUBLISHED:
        _, figures = await agreed_figures(bus, period, steers=steers)
        findings = files.findings(figures, approval, bus.settings, found.targets, others)
    return views.period_feeds(approval, found, findings)


async def standing_file(request: Request, puller: Puller, bus: BusDep, period: str, name: str) -> Response:
    """Return a file of a period's present statement; `latest` is the published period that ends last. With ETag.

    The `latest` IATI activity file is the one that was published last: it has all published periods.
    """
    return await file_response(request, bus, puller, period, LATEST, name)


async def one_file(request: Request, puller: Puller, bus: BusDep, period: str, statement: str, name: str) -> Response:
    """Return a file of one statement of a period, or of the `latest`: the same bytes for ever. With ETag."""
    return await file_response(request, bus, puller, period, statement, name)


_KEPT = ("Cache-Control", "Content-Location", "ETag", "Last-Modified", "Link")
"""The headers of a file, and of the answer that it has not changed."""
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the file that the client has.",
    "schema": {"type": "string"},
}

for _path, _id, _endpoint in (
    ("/feeds/{period:published}/{name}", "get_feed_file", standing_file),
    ("/feeds/{period:published}/{statement}/{name}", "get_feed_statement_file", one_file),
):
    router.add_api_route(
        _path,
        _endpoint,
        operation_id=_id,
        methods=["GET"],
        response_class=Response,
        responses={
            **file_answers(*MEDIA_TYPES, headers=(*_KEPT, "Repr-Digest")),
            304: {"description": "The file that `If-None-Match` names.", "headers": described_headers(*_KEPT)},
            409: {},
        },
        openapi_extra={"security": [{CONSUMER: []}], "parameters": [_IF_NONE_MATCH]},
    )
    router.add_api_route(_path, _endpoint, methods=["HEAD"], include_in_schema=False)
