"""Define the days that each country's officers spent abroad, beside the days that each host gave (TOPCOP-OP-03)."""

from __future__ import annotations

from services.reporting.indicators.model import output
from services.reporting.indicators.model.figure import Definition, Measure
from shared.i18n import N_

HOSTED = "TOPCOP-OP-03"
SENT = "TANDEM-RC-01"

DEFINITIONS = (
    Definition(
        id=SENT,
        level="demand",
        title=N_("Person-days that officers spent abroad"),
        measure=Measure.SUM,
        numerator=N_(
            "Days attended in visits that ended in the period, by the officers' country; those that ended early count "
            "with their days."
        ),
        sources=("VisitEnded", "VisitCompleted", "VisitVoided", "ApplicationVoided"),
        units=output.days,
        dimensions=("country-of-service",),
        additive=True,
        unit_of=N_("person-days"),
    ),
)
