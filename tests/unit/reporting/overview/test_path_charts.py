"""The charts of several figures draw only released figures, and their titles state the findings."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from services.reporting.disclosure.model import Hidden, Released, ReleasedCell
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import Note
from services.reporting.indicators.model.quality import FOLLOWED
from services.reporting.overview.views.charts import answering, delivery_path
from services.reporting.periods.model import periods

HIDDEN = ReleasedCell(None, hidden=Hidden.PROTECTED)


def released(indicator: str, total: ReleasedCell, *notes: Note) -> dict[str, Released]:
    """Return one figure of a half-year."""
    half, moment = periods.parse("2026-H1"), datetime(2026, 7, 1, tzinfo=UTC)
    return {indicator: Released(INDICATORS[indicator], half, moment, total, notes=notes)}


def share(part: int, whole: int) -> ReleasedCell:
    """Return a share with its numerator and denominator."""
    return ReleasedCell(Decimal(100 * part) / whole, Decimal(part), Decimal(whole))


def test_the_path_leaves_out_hidden_steps() -> None:
    """A step is a count or a share's numerator, and a hidden one is in neither the picture nor the table."""
    figures = {
        **released("TOPCOP-IN-01", ReleasedCell(Decimal(40))),
        **released("TOPCOP-PR-01", share(30, 38)),
        **released("TOPCOP-OP-02", ReleasedCell(Decimal(24))),
        **released("TOPCOP-OC-03", HIDDEN),
    }
    chart = delivery_path(figures)
    assert chart is not None
    assert chart.rows == [("Applied", "40"), ("Got a place", "30"), ("Completed a visit", "24")]
    assert chart.title == "From application to use on the job: 40 applied, 24 completed a visit"
    assert delivery_path(released("TOPCOP-IN-01", ReleasedCell(Decimal(40)))) is None
    assert delivery_path({**figures, **released("TOPCOP-IN-01", ReleasedCell(Decimal(0)))}) is None


def test_answers_are_beside_their_targets() -> None:
    """The evaluation is compared with 90 %, the follow-up with 85 %, and the title names the shortfalls."""
    chart = answering(released("TOPCOP-DQ-01", share(19, 20), Note(FOLLOWED, 8, 10)))
    assert chart is not None
    assert chart.title == "Response rate below the benchmark: Follow-up after six months"
    assert [row[1:] for row in chart.rows] == [("90\u00a0%", "95\u00a0%"), ("85\u00a0%", "80\u00a0%")]
    reached = answering(released("TOPCOP-DQ-01", share(19, 20)))
    assert reached is not None
    assert reached.title == "Response rates reach the benchmark"
    assert answering(released("TOPCOP-DQ-01", HIDDEN)) is None
    assert answering({}) is None
