"""The files of published periods for programs: which there are, each at its addresses, and the signed manifest."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.feeds.actions import files
from services.reporting.feeds.actions.publications import LATEST
from services.reporting.feeds.pages.files import file_answer
from services.reporting.feeds.store import publications
from services.reporting.guards import Puller, Reader
from services.reporting.overview.pages.figures import load
from services.reporting.targets import store as targets_store
from shared.bus import Bus
from shared.contracts.codes import PeriodState
from shared.runtime.service import bus_of

router = APIRouter(prefix="/reporting/api/feeds", tags=["figures"])
Store = Annotated[Bus, Depends(bus_of)]


@router.get("/{period}")
async def feeds(_: Reader, bus: Store, period: str) -> dict[str, Any]:
    """What was published of a period, each statement with its files, and what would keep it from being published."""
    where, released = await load(bus, period)
    async with bus.read() as session:
        manifest = await publications.manifest(session)
        written = await targets_store.everything(session)
    published = where.state is PeriodState.PUBLISHED
    return {
        "period": where.period.label,
        "state": where.state.value,
        "statement": where.statement,
        "publications": [each for each in manifest.publications if each["period"] == where.period.label]
        if manifest
        else [],
        "findings": [] if published else files.findings(released, where, bus.settings, written),
    }


async def standing_file(request: Request, puller: Puller, bus: Store, period: str, name: str) -> Response:
    """A file of a published period as it stands; the period `latest` is the one that ends last. With ETag."""
    return await file_answer(request, bus, puller, period, LATEST, name)


async def one_file(request: Request, puller: Puller, bus: Store, period: str, statement: str, name: str) -> Response:
    """A file of one statement of a period, or of the `latest`: the same bytes for ever. With ETag."""
    return await file_answer(request, bus, puller, period, statement, name)


for _path, _endpoint in (("/{period}/{name}", standing_file), ("/{period}/{statement}/{name}", one_file)):
    router.add_api_route(_path, _endpoint, methods=["GET"])
    router.add_api_route(_path, _endpoint, methods=["HEAD"], include_in_schema=False)
