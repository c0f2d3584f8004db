"""Decide when a certificate of attendance is granted.

Only when guest evaluation, host evaluation (or its waiver) and report are in (domain.md, "Rules").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import Respondent
from shared.contracts.outcomes import CertificateGranted

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.reporting.cases.model import Case

EVALUATION, REPORT, WAIVER, FOLLOW_UP, TEST = "evaluation", "report", "waiver", "follow_up", "test"

In = tuple[str, Respondent]
"""A form that was received, and its respondent."""


NEEDED: tuple[In, ...] = ((EVALUATION, Respondent.GUEST), (EVALUATION, Respondent.HOST), (REPORT, Respondent.GUEST))
"""The forms that a certificate waits for; a waiver replaces the host's evaluation, a closed wave none of them."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The forms for which a certificate still waits."""

    guest_evaluation: bool
    host_evaluation: bool
    report: bool

    @property
    def nothing(self) -> bool:
        """Return whether it waits for nothing any more."""
        return not self.forms

    @property
    def forms(self) -> tuple[In, ...]:
        """The forms that it waits for, as in `NEEDED`."""
        waits = (self.guest_evaluation, self.host_evaluation, self.report)
        return tuple(form for form, is_missing in zip(NEEDED, waits, strict=True) if is_missing)


def missing(received: Collection[tuple[str, str]]) -> Missing:
    """Return what is still missing, given the (form, respondent) pairs that are in."""
    return Missing(
        guest_evaluation=(EVALUATION, Respondent.GUEST) not in received,
        host_evaluation=not {(EVALUATION, Respondent.HOST), (WAIVER, Respondent.HOST)} & set(received),
        report=(REPORT, Respondent.GUEST) not in received,
    )


def earned(case: Case, received: Collection[tuple[str, str]]) -> bool:
    """Return whether the certificate for a visit is to be granted now."""
    return earnable(case) and missing(received).nothing


def earnable(case: Case) -> bool:
    """Return whether there can be a certificate: for a visit that is over, counts and was attended."""
    return case.kind == "visit" and case.open and case.attended_days > 0


def granted(case: Case, number: str) -> CertificateGranted:
    """Return the grant under that number. The visit is over: it has its first and its last day."""
    assert case.start is not None
    assert case.ended_on is not None
    return CertificateGranted(
        application_id=case.application_id,
        visit_id=case.id,
        country=case.country,
        topic_code=case.topic,
        number=number,
        attended_days=case.attended_days,
        start=case.start,
        end=case.ended_on,
    )
