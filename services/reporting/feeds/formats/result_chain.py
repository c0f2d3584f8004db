"""Say for each level of results what the programme wants to reach, and what has to be so for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.reporting.indicators.model.figure import Definition


@dataclass(frozen=True, slots=True)
class ResultLevel:
    """A level of the result chain: its name in a logframe, its IATI result type, its statement and assumptions."""

    name: str
    iati_type: str
    title: str
    statement: str
    assumptions: str


RESULT_CHAIN = {
    "input": ResultLevel(
        "Input",
        "9",
        "What was asked for and offered",
        "Officers apply for exchange visits and mentoring, and law enforcement services offer places for them.",
        "Services let their officers apply and be away. Host services have room and time for guests.",
    ),
    "process": ResultLevel(
        "Process",
        "9",
        "How the programme works",
        "The programme decides quickly, fills the places that are offered, and few visits are cancelled.",
        "National coordinators review in time. Both countries give clearance.",
    ),
    "output": ResultLevel(
        "Output",
        "1",
        "What the programme delivered",
        "Officers complete exchange visits and mentoring with services of other countries.",
        "Travel between the countries is possible and safe. Hosts and mentors keep to the agreed dates.",
    ),
    "outcome": ResultLevel(
        "Outcome",
        "2",
        "Result",
        "Officers use what they learned in their work, and pass it on to their colleagues.",
        "Officers stay in posts where they can use it. Their line managers support them.",
    ),
    "quality": ResultLevel(
        "Data quality",
        "9",
        "How complete the figures are",
        "The figures are complete enough to decide by them.",
        "Participants, hosts and line managers answer when they are asked.",
    ),
}
"""The levels by their code, in the order of the result chain."""


def verified_by(definition: Definition) -> str:
    """Return the means by which an indicator's figures can be verified."""
    return (
        f"Journals of the programme, events {', '.join(definition.sources)}. The command “tandem figures verify”"
        " computes the figure again from an export of the journals."
    )
