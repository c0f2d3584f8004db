"""Write the report on a period: its released numbers with their proofs; sign the one of a published statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import released_digest
from services.reporting.feeds.signing import report_signer
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.overview.documents import report as document
from services.reporting.overview.documents.findings import findings
from services.reporting.statements.model import address_of
from shared.contracts.codes import PeriodState
from shared.documents.signing import sign_here
from shared.i18n import SOURCE, gettext, language, ngettext, speaking
from shared.time.dates import moment, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.reporting.disclosure.model import Released, ReleasedCell
    from services.reporting.overview.documents.background import Background
    from services.reporting.periods.model.approval import Approval
    from services.reporting.settings import Settings

DIGEST = 12
"""The characters of a digest that are printed: enough to tell two apart, short enough to compare by eye."""


def kept_report(approval: Approval, released: Sequence[Released], settings: Settings, background: Background) -> bytes:
    """Return the report on a statement that is being published, in English and signed; for a thread.

    Without a signing key it is not signed.
    """
    at = max(each.cut_off for each in released)
    with speaking(SOURCE):
        content = document.pdf_here(report_content(approval, released, settings, at, background), at)
    signer = report_signer(settings)
    return content if signer is None else sign_here(content, signer)


def report_content(
    approval: Approval,
    released: Sequence[Released],
    settings: Settings,
    facts_up_to: datetime,
    background: Background,
) -> document.Report:
    """Return the report in the reader's language, with the released numbers; facts up to that moment count.

    `released` are all figures of the period; the annex has those that were agreed with the donor.
    """
    cut_off = moment(facts_up_to)
    first, sections = findings(approval, released, background, settings)
    title = gettext("Figures of the programme, %(period)s") % {"period": approval.period.label}
    published = approval.state is PeriodState.PUBLISHED
    sentence = (
        gettext("Published. Facts up to %(moment)s.")
        if published
        else gettext("Draft for review, not published: do not pass it on. Facts up to %(moment)s.")
    )
    state = sentence % {"moment": cut_off}
    if approval.statement > 1:
        state += " " + gettext("Restated. This is statement %(number)s.") % {"number": approval.statement}
    return document.Report(
        language=language(),
        title=title,
        programme=settings.programme_title,
        span=span(approval.period.start, approval.period.end),
        headline=disclosure_views.headline({each.definition.id: each for each in released}),
        state=state,
        watermark="" if published else gettext("Draft"),
        footer=f"{title}. {_short_state(approval)}",
        digest=_digest(approval, released) if approval.fixed else "",
        reading=[
            gettext(
                "Under each number you find the version of its definition and the events that it was computed from. The"
                " start of their digest (SHA-256 over their sorted ids) and the address of their list follow."
            ),
            gettext(
                "Numbers about few people are not shown, and neither are numbers that would reveal them. A number that"
                " is not shown is never written as zero."
            ),
        ],
        words=document.Words(
            all=gettext("Digest of all figures of this period"),
            figure=gettext("Figure"),
            of=gettext("Of how many"),
            digest=gettext("Digest"),
            annex=gettext("Annex: each figure with its proof"),
        ),
        findings=first,
        sections=sections,
        levels=[
            document.Level(gettext(name), [_figure(each, approval, settings) for each in figures])
            for level, name in disclosure_views.LEVELS.items()
            if (figures := [each for each in agreed(released) if each.definition.level == level])
        ],
    )


def _short_state(approval: Approval) -> str:
    """Return how far the figures are approved, in so few words that they fit on a line of each page."""
    if approval.state is not PeriodState.PUBLISHED:
        return gettext("Draft for review, not published: do not pass it on.")
    return gettext("Published, statement %(number)s.") % {"number": approval.statement}


def _digest(approval: Approval, released: Sequence[Released]) -> str:
    """Return the digest of all figures: of a published statement as they are shown, of a draft as they are."""
    published = approval.state is PeriodState.PUBLISHED
    return released_digest(released) if published else approval.figures_digest or ""


def _figure(figure: Released, approval: Approval, settings: Settings) -> document.Figure:
    definition, total = figure.definition, figure.total
    counts = gettext(definition.numerator)
    if definition.denominator:
        counts += f" {gettext('Out of:')} {gettext(definition.denominator)}"
    proof = [
        gettext("%(id)s, definition version %(version)s") % {"id": definition.id, "version": definition.version},
        gettext("facts up to %(moment)s") % {"moment": moment(figure.cut_off)},
    ]
    if total.digest:
        if total.events is not None:
            proof.append(ngettext("%(num)d event", "%(num)d events", total.events) % {"num": total.events})
        proof.append(gettext("digest %(digest)s") % {"digest": total.digest[:DIGEST]})
    label, indicator = approval.period.label, definition.id
    if approval.state is PeriodState.PUBLISHED:
        address = address_of(label, approval.statement, f"indicators/{indicator}/events")
    else:
        address = f"/reporting/indicators/{indicator}/events?period={label}"
    return document.Figure(
        title=gettext(definition.title),
        value=disclosure_views.value(total, definition),
        fraction=disclosure_views.fraction(total),
        why=disclosure_views.why_hidden(total, definition),
        counts=counts,
        notes=[
            *_waiting(figure),
            *(
                gettext("Also: %(part)s of %(whole)s") % {"part": note.numerator, "whole": note.denominator}
                + f" {gettext(note.text)}."
                for note in figure.notes
            ),
        ],
        provenance=" · ".join(proof),
        address=f"{settings.origin}{address}",
        parts=[
            document.Part(
                disclosure_views.dimension(name),
                [_row(disclosure_views.value_of(name, code), cell, figure) for code, cell in cells.items()],
            )
            for name, cells in figure.breakdowns.items()
            if cells
        ],
        withheld=[
            gettext("%(dimension)s: not shown, because its parts are based on few people.")
            % {"dimension": disclosure_views.dimension(name)}
            for name in figure.withheld
        ],
    )


def _waiting(figure: Released) -> list[str]:
    """Return the sentence about a correction that waits, if one does."""
    sentence = gettext(
        "A correction is waiting because it would reveal few people. We publish it together with others. Until then,"
        " the figure stays as it was shown."
    )
    return [sentence] if figure.waits else []


def _row(name: str, cell: ReleasedCell, figure: Released) -> document.Row:
    return document.Row(
        name=name,
        value=disclosure_views.value(cell, figure.definition),
        fraction=disclosure_views.fraction(cell),
        digest=cell.digest[:DIGEST] if cell.digest else "",
    )
