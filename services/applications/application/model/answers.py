"""The answers of an application, and what of them leaves the portal.

`Answers` is the draft: everything may be missing. `Profile` (the contract's) is what a submitted application says to
the other services: no name, no contact, no free text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from services.applications.calls.model import Candidate
from services.applications.register.model import LatinName, Line, MailAddress, Name
from shared.contracts.applications import ApplicationProfile, ExpertiseHeld, LanguageHeld
from shared.contracts.base import Country, Language, TopicCode
from shared.contracts.calls import DatePeriod
from shared.contracts.codes import ApplicationMode, RankGroup, ServiceKind, Sex
from shared.ids import reaction_id

if TYPE_CHECKING:
    from shared.contracts.calls import CallTerms
    from shared.contracts.codes import ApplicationKind

PRIVACY_VERSION = "2026-1"
MOST_OBJECTIVES = 3


def _text(text: str) -> str:
    """Free text over several lines, without control characters."""
    kept = "".join(letter for letter in text.replace("\r\n", "\n") if letter == "\n" or letter.isprintable())
    return kept.strip()


Text = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_text)]


class Answers(BaseModel):
    """The answers given so far; lists keep the officer's order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: LatinName | None = None
    own_name: Name | None = None
    email: MailAddress | None = None
    language: Language = "en"
    service: ServiceKind | None = None
    organisation_id: UUID | None = None
    unit: Line = ""
    rank_group: RankGroup | None = None
    national_rank: Line = ""
    years_in_field: Annotated[int, Field(ge=0, le=60)] | None = None
    sex: Sex | None = None
    took_part_before: bool = False
    line_manager_name: Name | None = None
    line_manager_email: MailAddress | None = None
    expertise: Annotated[tuple[ExpertiseHeld, ...], Field(max_length=10)] = ()
    languages: Annotated[tuple[LanguageHeld, ...], Field(max_length=10)] = ()
    topics: Annotated[tuple[TopicCode, ...], Field(max_length=10)] = ()
    preferred_countries: Annotated[tuple[Country, ...], Field(max_length=10)] = ()
    periods: Annotated[tuple[DatePeriod, ...], Field(max_length=10)] = ()
    blackouts: Annotated[tuple[DatePeriod, ...], Field(max_length=10)] = ()
    objectives: Annotated[tuple[Text, ...], Field(max_length=MOST_OBJECTIVES)] = ()
    cascade_committed: bool | None = None
    cascade_plan: Text = ""
    conflicts: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    courses: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    questions: Annotated[dict[Line, StrictInt | Text], Field(max_length=20)] = {}
    privacy_version: str | None = None
    privacy_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """With whom an application is made; `counterpart` is the application, placement or mentor, once both agree."""

    mode: ApplicationMode = ApplicationMode.OPEN
    group_id: UUID | None = None
    counterpart: UUID | None = None


ALONE = Company()


def profile_of(
    answers: Answers,
    terms: CallTerms,
    *,
    call_id: UUID,
    reference: str,
    kind: ApplicationKind,
    country: str,
    first_time: bool,
    company: Company = ALONE,
) -> ApplicationProfile:
    """Return what leaves the portal of complete answers (`missing` finds none), without topics that the call lacks."""
    assert answers.organisation_id is not None
    assert answers.service is not None
    assert answers.rank_group is not None
    assert answers.years_in_field is not None
    return ApplicationProfile(
        call_id=call_id,
        reference=reference,
        kind=kind,
        mode=company.mode,
        group_id=company.group_id,
        prematched_with=company.counterpart,
        country=country,
        organisation_id=answers.organisation_id,
        service=answers.service,
        rank_group=answers.rank_group,
        years_in_field=answers.years_in_field,
        expertise=answers.expertise,
        languages=answers.languages,
        topics=tuple(topic for topic in answers.topics if topic in terms.topics),
        preferred_countries=answers.preferred_countries,
        periods=answers.periods,
        blackouts=answers.blackouts,
        first_time=first_time and not answers.took_part_before,
        conflicts=answers.conflicts,
        objectives=len(answers.objectives),
        cascade_committed=bool(answers.cascade_committed),
        courses=answers.courses,
    )


def candidate_of(answers: Answers, *, kind: ApplicationKind, country: str, partner_active: bool) -> Candidate:
    """Return what the call's rules look at, of answers that need not be complete."""
    return Candidate(
        kind=kind,
        country=country,
        partner_active=partner_active,
        years_in_field=answers.years_in_field,
        languages=answers.languages or None,
        cascade_committed=answers.cascade_committed,
        service=answers.service,
        rank_group=answers.rank_group,
        topics=answers.topics or None,
        periods=answers.periods or None,
        courses=answers.courses,
    )


def line_manager_id(application_id: UUID, answers: Answers) -> UUID | None:
    """Return the line manager's id, derived from application and address; None where none is named."""
    address = answers.line_manager_email
    return reaction_id(application_id, "line_manager", address) if address else None
