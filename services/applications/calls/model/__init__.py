"""The rules of calls: how an application is judged, and what may be written, published, revised and copied. Pure."""

from services.applications.calls.model.judging import (
    Candidate,
    Finding,
    eligible,
    findings,
    judge,
    overlap,
    rule_sentences,
)

__all__ = ["Candidate", "Finding", "eligible", "findings", "judge", "overlap", "rule_sentences"]
