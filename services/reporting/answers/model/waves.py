"""Name the forms that are asked for, and describe each answer that is waited for, came, or is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.codes import Respondent
from shared.i18n import N_

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

MISSING = ("due", "late", "begun")
"""The states of an answer that is still waited for."""
STATES = (*MISSING, "submitted", "waived", "closed")

FORMS: dict[str, tuple[str, str, str]] = {
    "guest": ("evaluation", Respondent.GUEST, N_("Evaluation by the guest")),
    "host": ("evaluation", Respondent.HOST, N_("Evaluation by the host")),
    "mentee": ("evaluation", Respondent.MENTEE, N_("Evaluation by the mentee")),
    "mentor": ("evaluation", Respondent.MENTOR, N_("Evaluation by the mentor")),
    "report": ("report", Respondent.GUEST, N_("Report on the visit")),
    "follow-up": ("follow_up", Respondent.GUEST, N_("Follow-up by the guest")),
    "follow-up-mentee": ("follow_up", Respondent.MENTEE, N_("Follow-up by the mentee")),
    "follow-up-manager": ("follow_up", Respondent.LINE_MANAGER, N_("Follow-up by the line manager")),
    "coordinator": ("evaluation", Respondent.NATIONAL_COORDINATOR, N_("Results, by the coordinator")),
}
"""The name of a form in an address -> form and respondent, and its label."""
BENCHMARKS = {"guest": 90, "mentee": 90, "follow-up": 85, "follow-up-mentee": 85}
"""The usual response rates in per cent: CEPOL's exchange programme after its evaluation moved online (2011)."""
_NAMES = {(form, str(respondent)): name for form, respondent, name in FORMS.values()}
_CODES = {(form, str(respondent)): code for code, (form, respondent, _) in FORMS.items()}


def name_of(form: str, respondent: str) -> str:
    """Return the name of a form of that respondent, to be translated."""
    return _NAMES.get((form, respondent), form)


def code_of(form: str, respondent: str) -> str:
    """Return the name of a form of that respondent in an address; empty if it has none."""
    return _CODES.get((form, respondent), "")


@dataclass(frozen=True, slots=True)
class AnswerFilter:
    """The filters of a list of answers: due from `since` to `until`; empty texts and None narrow nothing."""

    since: date
    until: date
    form: str = ""
    respondent: str = ""
    call_id: UUID | None = None
    country: str = ""
    states: tuple[str, ...] = STATES


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that is asked for. `state` is one of `STATES`; `late`: it came after its day."""

    case_id: UUID
    application_id: UUID
    call_id: UUID
    kind: str
    country: str
    topic: str
    ended_on: date
    form: str
    respondent: str
    due: date
    late: bool
    state: str
    reminded_at: datetime | None
    times: int


@dataclass(frozen=True, slots=True)
class Reopened:
    """An answer that is taken again; `over`: nobody waits for it, since it came, was waived or voided."""

    case_id: UUID
    form: str
    respondent: str
    due: date
    application_id: UUID
    kind: str
    country: str
    topic: str
    ended_on: date
    over: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """The response to one form: the number due by today, received, and late of these; and the number in each state."""

    form: str
    respondent: str
    due: int
    answered: int
    late: int
    states: dict[str, int]
