"""Define the events on `exchange.calls`: what a call asks and allows (compacted, whole state, key the call)."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import (
    Count,
    Country,
    DatePeriod,
    Day,
    Event,
    Example,
    Instant,
    Language,
    Part,
    Reference,
    Scheme,
    TopicCode,
)
from shared.contracts.codes import (
    N_,
    ApplicationKind,
    Criterion,
    LanguageLevel,
    Objective,
    QuestionKind,
    RankGroup,
    ServiceKind,
    TieBreak,
    Wishes,
)

RULES_VERSION = 1
"""The newest schema of the rules that this code can judge by; a field added with a default does not change it."""

Days = Annotated[int, Field(ge=0, le=400)]


class CallText(Part):
    """A call's published text in one language."""

    language: Language
    title: Annotated[str, Field(min_length=1, max_length=200)]
    summary: Annotated[str, Field(max_length=5000)] = ""


class EligibilityRules(Part):
    """The rules that an application to this call must meet; an empty list means no limit.

    `minimum_level` is required in at least one of `languages` other than the native one.
    """

    schema_version: int = 1
    minimum_years: Annotated[int, Field(ge=0, le=40)] = 3
    languages: tuple[Language, ...] = ()
    minimum_level: LanguageLevel = LanguageLevel.B1
    first_time_first: bool = True
    cascade_commitment: bool = True
    countries: tuple[Country, ...] = ()
    services: tuple[ServiceKind, ...] = ()
    rank_groups: tuple[RankGroup, ...] = ()
    courses: tuple[str, ...] = ()


class CountryQuota(Part):
    """The least and the greatest number of a country's officers to place; no ceiling means no limit."""

    country: Country
    floor: Count = 0
    ceiling: Count | None = None


class CriterionWeight(Part):
    """The weight of a criterion: on the applicant's side, and on the host's or mentor's side."""

    criterion: Criterion
    applicant: Annotated[int, Field(ge=0, le=1000)]
    host: Annotated[int, Field(ge=0, le=1000)]


class Timers(Part):
    """The lengths of deadlines; `_wd` counts working days of the country concerned."""

    endorse_wd: Days = 10
    information_wd: Days = 10
    information_reminder_wd: Days = 5
    eligibility_wd: Days = 5
    appeal_wd: Days = 10
    appeal_decision_wd: Days = 15
    offer_endorse_wd: Days = 10
    deputy_wd: Days = 5
    availability_after_days: Days = 60
    availability_answer_wd: Days = 10
    clearance_wd: Days = 10
    answer_wd: Days = 10
    answer_grace_seconds: Annotated[int, Field(ge=0, le=3600)] = 120
    notice_weeks: Annotated[int, Field(ge=0, le=52)] = 6
    agenda_weeks: Annotated[int, Field(ge=0, le=52)] = 2
    preparation_weeks: Annotated[int, Field(ge=0, le=52)] = 3
    agreement_wd: Days = 10
    attendance_days: Days = 3
    evaluation_days: Days = 7
    report_days: Days = 30
    follow_up_months: Annotated[int, Field(ge=0, le=24)] = 6
    follow_up_window_days: Days = 30
    cascade_months: Annotated[int, Field(ge=0, le=36)] = 12


class QuestionText(Part):
    """A question in one language; for a choice, `choices` names each answer, in the order of the question's codes."""

    language: Language
    question: Annotated[str, Field(min_length=1, max_length=300)]
    hint: Annotated[str, Field(max_length=500)] = ""
    choices: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()


class CallQuestion(Part):
    """A question that the call asks in addition to those of every application.

    The answers are personal: they stay in the portal and are in no event. `minimum` and `maximum` bound a number,
    `longest` is how many characters a text may have; `choices` are codes, which the texts name.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: QuestionKind
    required: bool = True
    texts: tuple[QuestionText, ...]
    longest: Annotated[int, Field(ge=1, le=1000)] = 1000
    minimum: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None = None
    maximum: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None = None
    choices: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], ...] = ()


class ClosedDay(Part):
    """A day without travel or visits in a country, although it is no public holiday of its law.

    Ukraine's law suspends its holidays under martial law: a programme whose partners keep them states them here.
    """

    country: Country
    day: Day


class CallTerms(Part):
    """A call as it is now, whole.

    `deadline` is the last moment to apply, by the server's clock; `visit_periods` are the periods of visits;
    `closed_days` are days without visits besides the public holidays of host and home; `share_of_offer` is the part of
    an offer, in per cent, that may go to one country (at least one place; groups are exempt); `reserves` is how many
    more for each place are cleared beforehand where a cohort is committed with reserves; `wishes` says how the order in
    which an applicant puts placements or mentors counts, `ties` what decides among people with equal points.
    """

    reference: Reference
    revision: Annotated[int, Field(ge=1)]
    kinds: tuple[ApplicationKind, ...]
    texts: tuple[CallText, ...]
    scheme: Scheme
    topics: tuple[TopicCode, ...]
    opens: Day
    deadline: Instant
    closes: Day
    visit_periods: tuple[DatePeriod, ...]
    rules: EligibilityRules = EligibilityRules()
    quotas: tuple[CountryQuota, ...] = ()
    share_of_offer: Annotated[int, Field(ge=1, le=100)] = 40
    objective: Objective = Objective.STABLE
    wishes: Wishes = Wishes.SCORES
    ties: TieBreak = TieBreak.LOTS
    weights: tuple[CriterionWeight, ...] = ()
    needs: tuple[UUID, ...] = ()
    fund_id: UUID
    minimum_days: Annotated[int, Field(ge=1, le=5)] = 2
    maximum_days: Annotated[int, Field(ge=1, le=5)] = 5
    group_size: Annotated[int, Field(ge=1, le=5)] = 5
    reserves: Annotated[int, Field(ge=0, le=5)] = 1
    sessions_to_complete: Annotated[int, Field(ge=1, le=50)] = 3
    evaluation_form: Annotated[int, Field(ge=1, description="Version of the evaluation form")] = 1
    timers: Timers = Timers()
    questions: tuple[CallQuestion, ...] = ()
    closed_days: tuple[ClosedDay, ...] = ()


class CallEvent(Event):
    """An event on `exchange.calls`."""

    topic: ClassVar[str] = "exchange.calls"

    terms: CallTerms

    example: ClassVar[Example] = {"terms": ex.CALL_TERMS}


class CallPublished(CallEvent):
    """A programme coordinator publishes a call: from `opens` on officers may apply."""

    label: ClassVar[str] = N_("Call published")


class CallRevised(CallEvent):
    """A programme coordinator changes a published call.

    `touches` are the submitted applications that the revision concerns: none, unless in the applicants' favour.
    """

    label: ClassVar[str] = N_("Call revised")

    touches: tuple[UUID, ...] = ()

    example: ClassVar[Example] = {"terms": {**ex.CALL_TERMS, "revision": 2}, "touches": []}


class CallClosed(CallEvent):
    """A programme coordinator closes a call after the last cohort: open applications become `unplaced_at_close`."""

    label: ClassVar[str] = N_("Call closed")
