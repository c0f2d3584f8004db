"""Page of the printable report on a period: the kept one once it is published, before that a draft for who steers."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.disclosure.actions import released_besides, released_figures
from services.reporting.guards import Reader, may_steer
from services.reporting.overview.actions import report_background
from services.reporting.overview.documents import report as document
from services.reporting.overview.documents.content import report_content
from services.reporting.parameters import BusDep, SettingsDep, StatementQuery
from services.reporting.statements.model import address_of
from shared.contracts.codes import PeriodState
from shared.errors import Refused
from shared.i18n import gettext
from shared.web.render import moved_to

router = APIRouter(include_in_schema=False)


@router.get("/reporting/report.pdf")
async def report(
    principal: Reader,
    bus: BusDep,
    settings: SettingsDep,
    period: str | None = None,
    statement: StatementQuery = None,
) -> Response:
    """Lead to the report that was kept when the period was published; before, give a draft to those who steer."""
    if statement is not None:
        return moved_to(address_of(period, statement, "report.pdf"))
    approval, released = await released_figures(bus, period, steers=may_steer(principal))
    label = approval.period.label
    if approval.period.kind is None:
        raise Refused(gettext("The programme as a whole has no report. Choose a half-year, a quarter or a year."), 404)
    if approval.state is PeriodState.PUBLISHED:
        return moved_to(address_of(label, approval.statement, "report.pdf"))
    cut_off = approval.cut_off if approval.fixed and approval.cut_off else min(each.cut_off for each in released)
    async with bus.read() as session:
        history = await released_besides(session, label)
        background = await report_background(session, approval, history)
    content = await document.pdf(report_content(approval, released, settings, cut_off, background), at=cut_off)
    headers = {"Content-Disposition": f'inline; filename="tandem-report-{label}-draft.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
