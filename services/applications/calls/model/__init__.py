"""The rules of calls, pure: how an application is judged, and what may be written, published, revised and copied."""

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
