"""The rules of calls: how an application is judged, and what may be written, published, revised and copied. Pure."""

from services.applications.calls.model.judging import (
    OUTSIDE_THE_CALL,
    Candidate,
    Finding,
    eligible,
    findings,
    judge,
    outside,
    overlap,
    rule_sentences,
)

__all__ = [
    "OUTSIDE_THE_CALL",
    "Candidate",
    "Finding",
    "eligible",
    "findings",
    "judge",
    "outside",
    "overlap",
    "rule_sentences",
]
