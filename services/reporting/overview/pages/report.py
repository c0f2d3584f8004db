"""Page of the printable report on a period: what it says of each number, and who may have it when."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import agreed_figures
from services.reporting.disclosure.model import Released, ReleasedCell
from services.reporting.guards import Reader, may_steer
from services.reporting.overview.documents import report as document
from services.reporting.parameters import BusDep, SettingsDep
from services.reporting.periods.model.approval import Approval
from services.reporting.settings import Settings
from shared.contracts.codes import PeriodState
from shared.errors import Refused
from shared.i18n import gettext, language, ngettext
from shared.time.dates import moment, span

router = APIRouter(include_in_schema=False)
DIGEST = 12
"""The characters of a digest that are printed: enough to tell two apart, short enough to compare by eye."""


@router.get("/reporting/report.pdf")
async def report(
    principal: Reader,
    bus: BusDep,
    settings: SettingsDep,
    period: str | None = None,
) -> Response:
    """Download the report on a period as PDF; before publication only as a draft for those who steer."""
    approval, released = await agreed_figures(bus, period, steers=may_steer(principal))
    if approval.period.kind is None:
        raise Refused(gettext("The programme as a whole has no report: choose a half-year, a quarter or a year."), 404)
    published = approval.state is PeriodState.PUBLISHED
    cut_off = approval.cut_off if approval.fixed and approval.cut_off else min(each.cut_off for each in released)
    content = await document.pdf(_report(approval, released, settings, moment(cut_off)), at=cut_off)
    name = f"tandem-report-{approval.period.label}{'' if published else '-draft'}.pdf"
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


def _report(approval: Approval, released: list[Released], settings: Settings, cut_off: str) -> document.Report:
    """Return the report in the reader's language, with the released numbers.

    `cut_off` is the moment up to which facts count, in words.
    """
    title = gettext("Figures of the programme, %(period)s") % {"period": approval.period.label}
    published = approval.state is PeriodState.PUBLISHED
    sentence = (
        gettext("Published. Facts up to %(moment)s.")
        if published
        else gettext("Draft for review, not published: do not pass it on. Facts up to %(moment)s.")
    )
    state = sentence % {"moment": cut_off}
    if approval.statement > 1:
        state += " " + gettext("Stated again: this is statement %(number)s.") % {"number": approval.statement}
    return document.Report(
        language=language(),
        title=title,
        programme=settings.programme_title,
        span=span(approval.period.start, approval.period.end),
        headline=disclosure_views.headline({each.definition.id: each for each in released}),
        state=state,
        watermark="" if published else gettext("Draft"),
        footer=f"{title}. {state}",
        digest=(approval.figures_digest or "") if approval.fixed and approval.statement == 1 else "",
        reading=[
            gettext(
                "Under each number stand the version of its definition, the events it was computed from, the start of"
                " their digest (SHA-256 over their sorted ids), and the address where they are listed."
            ),
            gettext(
                "What few people stand behind is not shown, and neither is what would give it away. What is not shown"
                " is never written as zero."
            ),
        ],
        words=document.Words(
            all=gettext("Digest of all figures of this period"),
            figure=gettext("Figure"),
            of=gettext("Of how many"),
            digest=gettext("Digest"),
        ),
        levels=[
            document.Level(gettext(name), [_figure(each, approval, settings, cut_off) for each in figures])
            for level, name in disclosure_views.LEVELS.items()
            if (figures := [each for each in released if each.definition.level == level])
        ],
    )


def _figure(figure: Released, approval: Approval, settings: Settings, cut_off: str) -> document.Figure:
    definition, total = figure.definition, figure.total
    counts = gettext(definition.numerator)
    if definition.denominator:
        counts += f" {gettext('Of:')} {gettext(definition.denominator)}"
    proof = [
        gettext("%(id)s, definition version %(version)s") % {"id": definition.id, "version": definition.version},
        gettext("facts up to %(moment)s") % {"moment": cut_off},
    ]
    if total.digest:
        if total.events is not None:
            proof.append(ngettext("%(num)d event", "%(num)d events", total.events) % {"num": total.events})
        proof.append(gettext("digest %(digest)s") % {"digest": total.digest[:DIGEST]})
    return document.Figure(
        title=gettext(definition.title),
        value=disclosure_views.value(total, definition),
        fraction=disclosure_views.fraction(total),
        why=disclosure_views.why_hidden(total, definition),
        counts=counts,
        notes=[
            gettext("Beside it: %(part)s of %(whole)s") % {"part": note.numerator, "whole": note.denominator}
            + f" {gettext(note.text)}."
            for note in figure.notes
        ],
        provenance=" · ".join(proof),
        address=f"{settings.origin}/reporting/indicators/{definition.id}/events?period={approval.period.label}",
        parts=[
            document.Part(
                disclosure_views.dimension(name),
                [_row(disclosure_views.value_of(name, code), cell, figure) for code, cell in cells.items()],
            )
            for name, cells in figure.breakdowns.items()
            if cells
        ],
        withheld=[
            gettext("%(dimension)s: not shown, since few people stand behind its parts.")
            % {"dimension": disclosure_views.dimension(name)}
            for name in figure.withheld
        ],
    )


def _row(name: str, cell: ReleasedCell, figure: Released) -> document.Row:
    return document.Row(
        name=name,
        value=disclosure_views.value(cell, figure.definition),
        fraction=disclosure_views.fraction(cell),
        digest=cell.digest[:DIGEST] if cell.digest else "",
    )
