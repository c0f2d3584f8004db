"""The answers of an application, each declared once: what of them leaves the portal, and the pages that ask for them.

`Answers` is the draft: everything may be missing. It is the table of the form's fields, in the order of the pages
(`services/applications/fields.py`). `ApplicationProfile` (the contract's) is what a submitted application says to the
other services: no name, no contact, no free text.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StrictInt, StringConstraints

from services.applications import fields
from services.applications.calls.model import OUTSIDE_THE_CALL, Candidate, outside
from services.applications.calls.model.questions import unanswered
from services.applications.fields import (
    Control,
    FieldSpec,
    Reading,
    as_written,
    countries_in_words,
    from_register,
    language_in_words,
    of_the_call,
    published,
    topics_in_words,
    years_in_words,
)
from services.applications.register.model import LatinName, Line, MailAddress, Name
from services.applications.stored_entries import Check, StoredEntry, doubled
from shared import privacy_notice
from shared.contracts.applications import ApplicationProfile, ExpertiseHeld, LanguageHeld
from shared.contracts.base import Country, DatePeriod, Instant, Language, TopicCode
from shared.contracts.codes import (
    MOST_WISHES,
    ApplicationKind,
    ApplicationMode,
    EligibilityRule,
    RankGroup,
    Section,
    ServiceKind,
    Sex,
    Wishes,
)
from shared.i18n import N_, gettext
from shared.ids import reaction_id
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.contracts.calls import CallTerms

MOST_OBJECTIVES = 3
PRIVACY = "privacy"
WISHES = "wishes"
"""Placements or mentors in order: a page that may be left empty, of calls in which the order counts."""
BACKGROUND = "background"
"""Finished courses and conflicts of interest: a page that may be left empty, and no section of the contract's."""


def several_lines(text: str) -> str:
    """Free text over several lines, without control characters."""
    cleaned = "".join(letter for letter in text.replace("\r\n", "\n") if letter == "\n" or letter.isprintable())
    return cleaned.strip()


Text = Annotated[str, StringConstraints(max_length=1000), AfterValidator(several_lines)]


def _organisations(value: tuple[UUID, ...], reading: Reading) -> str:
    """Return organisations by name."""
    return "; ".join(reading.names.get(id_, gettext("No longer in the register")) for id_ in value)


def _wishes(value: tuple[UUID, ...], reading: Reading) -> str:
    """Return placements or mentors by name, with their number in the order."""
    names = (reading.names.get(id_, gettext("No longer published")) for id_ in value)
    return "; ".join(f"{number}. {name}" for number, name in enumerate(names, start=1))


def _moment(value: datetime, _: Reading) -> str:
    """Return a moment in words."""
    return dates.moment(value)


def _language_twice(languages: tuple[LanguageHeld, ...], _: object) -> bool:
    return doubled([level.language for level in languages], _)


class Answers(StoredEntry):
    """The answers of an application given so far; lists keep the officer's order."""

    name: Annotated[
        LatinName | None,
        FieldSpec(
            Section.CONTACT,
            N_("Your name"),
            title=N_("Name"),
            hint=N_("In Latin letters, as in your passport"),
            remedy=N_("Enter your name"),
            registered=True,
            autocomplete="name",
        ),
    ] = None
    own_name: Annotated[
        Name | None,
        FieldSpec(
            Section.CONTACT,
            N_("Your name in your own script"),
            title=N_("Name in own script"),
            registered=True,
        ),
    ] = None
    email: Annotated[
        MailAddress | None,
        FieldSpec(
            Section.CONTACT,
            N_("Service email"),
            Control.EMAIL,
            remedy=N_("Enter your service email"),
            registered=True,
            autocomplete="email",
        ),
    ] = None
    language: Annotated[
        Language | None,
        FieldSpec(
            Section.CONTACT,
            N_("Language of our messages to you"),
            Control.SELECT,
            title=N_("Language of messages"),
            remedy=N_("Choose the language of our messages to you"),
            words=language_in_words,
            registered=True,
            autocomplete="language",
        ),
    ] = None
    organisation_id: Annotated[
        UUID | None,
        FieldSpec(
            Section.SERVICE,
            N_("Your agency"),
            Control.SELECT,
            title=N_("Agency"),
            remedy=N_("Choose your agency"),
            published=as_written,
            rules=(EligibilityRule.COUNTRY, EligibilityRule.PARTNER_ACTIVE),
            registered=True,
            autocomplete="organization",
        ),
    ] = None
    unit: Annotated[Line, FieldSpec(Section.SERVICE, N_("Unit"), registered=True)] = ""
    service: Annotated[
        ServiceKind | None,
        FieldSpec(
            Section.SERVICE,
            N_("Your service"),
            Control.SELECT,
            title=N_("Service"),
            choices=ServiceKind,
            blank=N_("Choose one"),
            remedy=N_("Choose your service"),
            published=as_written,
            rules=(EligibilityRule.SERVICE,),
            registered=True,
        ),
    ] = None
    rank_group: Annotated[
        RankGroup | None,
        FieldSpec(
            Section.SERVICE,
            N_("Your rank group"),
            Control.SELECT,
            title=N_("Rank"),
            choices=RankGroup,
            blank=N_("Choose one"),
            remedy=N_("Choose your rank group"),
            published=as_written,
            rules=(EligibilityRule.RANK_GROUP,),
            registered=True,
        ),
    ] = None
    national_rank: Annotated[
        Line,
        FieldSpec(
            Section.SERVICE,
            N_("Your rank in your country"),
            shown=False,
            registered=True,
            autocomplete="organization-title",
        ),
    ] = ""
    years_in_field: Annotated[
        Annotated[int, Field(ge=0, le=60)] | None,
        FieldSpec(
            Section.SERVICE,
            N_("Years in the field"),
            Control.NUMBER,
            remedy=N_("Enter your years in the field"),
            words=years_in_words,
            published=as_written,
            rules=(EligibilityRule.YEARS_IN_FIELD,),
            registered=True,
        ),
    ] = None
    sex: Annotated[
        Sex | None,
        FieldSpec(
            Section.SERVICE,
            N_("Sex"),
            Control.SELECT,
            hint=N_("Only for figures that donors ask for. It does not affect your application."),
            choices=Sex,
            blank=N_("Prefer not to say"),
            shown=False,
            registered=True,
            autocomplete="sex",
        ),
    ] = None
    took_part_before: Annotated[
        bool,
        FieldSpec(
            Section.SERVICE,
            N_("I have taken part in an exchange before"),
            Control.CHECKBOX,
            title=N_("Took part before"),
        ),
    ] = False
    line_manager_name: Annotated[
        Name | None,
        FieldSpec(Section.LINE_MANAGER, N_("Name"), remedy=N_("Enter your line manager's name")),
    ] = None
    line_manager_email: Annotated[
        MailAddress | None,
        FieldSpec(
            Section.LINE_MANAGER,
            N_("Service email"),
            Control.EMAIL,
            hint=N_("Your line manager gets an email now, and another six months after your visit or mentorship."),
            remedy=N_("Enter your line manager's service email"),
        ),
    ] = None
    expertise: Annotated[
        tuple[ExpertiseHeld, ...],
        Field(max_length=10),
        FieldSpec(
            Section.EXPERTISE,
            N_("Expertise"),
            Control.ROWS,
            remedy=N_("Add at least one area of expertise"),
            published=as_written,
        ),
    ] = ()
    languages: Annotated[
        tuple[LanguageHeld, ...],
        Field(max_length=10),
        FieldSpec(
            Section.LANGUAGES,
            N_("Languages"),
            Control.ROWS,
            remedy=N_("Add at least one language"),
            published=as_written,
            rules=(EligibilityRule.LANGUAGE,),
        ),
    ] = ()
    courses: Annotated[
        tuple[Line, ...],
        Field(max_length=20),
        FieldSpec(
            BACKGROUND,
            N_("Finished courses"),
            Control.ROWS,
            published=as_written,
            rules=(EligibilityRule.COURSE,),
        ),
    ] = ()
    conflicts: Annotated[
        tuple[UUID, ...],
        Field(max_length=20),
        FieldSpec(
            BACKGROUND,
            N_("Conflicts of interest"),
            Control.ROWS,
            words=_organisations,
            published=as_written,
        ),
    ] = ()
    topics: Annotated[
        tuple[TopicCode, ...],
        Field(max_length=10),
        FieldSpec(
            Section.TOPICS,
            N_("Topics, in order"),
            Control.ROWS,
            remedy=N_("Choose at least one topic of the call"),
            complete=lambda answers, terms: bool(set(answers.topics) & set(terms.topics)),
            words=topics_in_words,
            published=of_the_call,
            rules=(EligibilityRule.TOPICS,),
        ),
    ] = ()
    preferred_countries: Annotated[
        tuple[Country, ...],
        Field(max_length=10),
        FieldSpec(
            Section.TOPICS,
            N_("Countries, in order"),
            Control.ROWS,
            words=countries_in_words,
            published=as_written,
        ),
    ] = ()
    periods: Annotated[
        tuple[DatePeriod, ...],
        Field(max_length=10),
        FieldSpec(
            Section.PERIODS,
            N_("Available"),
            Control.ROWS,
            remedy=N_("Add at least one period when you are available"),
            published=as_written,
            rules=(EligibilityRule.PERIODS,),
        ),
    ] = ()
    blackouts: Annotated[
        tuple[DatePeriod, ...],
        Field(max_length=10),
        FieldSpec(Section.PERIODS, N_("Not available"), Control.ROWS, published=as_written),
    ] = ()
    wishes: Annotated[
        tuple[UUID, ...],
        Field(max_length=MOST_WISHES),
        FieldSpec(
            WISHES,
            N_("Placements or mentors, in order"),
            Control.ROWS,
            words=_wishes,
            published=lambda wishes, terms: () if terms.wishes is Wishes.SCORES else wishes,
        ),
    ] = ()
    objectives: Annotated[
        tuple[Text, ...],
        Field(max_length=MOST_OBJECTIVES),
        FieldSpec(
            Section.OBJECTIVES,
            N_("Objectives"),
            Control.ROWS,
            remedy=N_("Enter at least one objective"),
            published=lambda objectives, _: len(objectives),
        ),
    ] = ()
    cascade_committed: Annotated[
        bool | None,
        FieldSpec(
            Section.OBJECTIVES,
            N_("Will you pass on what you learn to colleagues at home?"),
            Control.YES_NO,
            title=N_("Passes on knowledge at home"),
            remedy=N_("Say whether you will pass on what you learn"),
            published=lambda committed, _: bool(committed),
            rules=(EligibilityRule.CASCADE,),
        ),
    ] = None
    cascade_plan: Annotated[
        Text,
        FieldSpec(
            Section.OBJECTIVES,
            N_("How will you pass it on?"),
            Control.LONG_TEXT,
            title=N_("How knowledge is passed on"),
            hint=N_("For example a training day for your unit"),
            remedy=N_("Write how you will pass it on"),
            complete=lambda answers, _: bool(answers.cascade_plan) or not answers.cascade_committed,
            most=1000,
        ),
    ] = ""
    questions: Annotated[
        dict[Line, StrictInt | Text],
        Field(max_length=20),
        FieldSpec(Section.QUESTIONS, N_("Questions of this call"), Control.OWN, hint=N_("Answers by code")),
    ] = Field(default_factory=dict)
    privacy_version: Annotated[
        str | None,
        FieldSpec(PRIVACY, N_("Version of the privacy notice that was read"), Control.OWN, shown=False),
    ] = None
    privacy_at: Annotated[
        Instant | None,
        Field(json_schema_extra={"readOnly": True}),
        FieldSpec(
            PRIVACY,
            N_("Privacy notice read"),
            Control.OWN,
            hint=N_("Set by the portal"),
            remedy=N_("Confirm that you have read the privacy notice"),
            complete=lambda answers, _: answers.privacy_version == privacy_notice.VERSION,
            words=_moment,
        ),
    ] = None

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("languages",), N_("Enter each language once"), _language_twice),
        Check(("topics",), N_("Choose each topic once"), doubled),
        Check(("preferred_countries",), N_("Choose each country once"), doubled),
        Check(("wishes",), N_("Choose each placement or mentor once"), doubled),
        Check(("periods",), OUTSIDE_THE_CALL, outside),
        Check(("blackouts",), OUTSIDE_THE_CALL, outside),
    )


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
    return published(
        ApplicationProfile,
        answers,
        terms,
        call_id=call_id,
        reference=reference,
        kind=kind,
        mode=company.mode,
        group_id=company.group_id,
        prematched_with=company.counterpart,
        country=country,
        first_time=first_time and not answers.took_part_before,
    )


def answers_from_register(person: object) -> Answers:
    """Return the answers that the register already knows of a person."""
    return from_register(Answers, person)


_JUDGED = tuple(field.name for field in dataclasses.fields(Candidate) if field.name in Answers.model_fields)


def candidate_of(answers: Answers, *, kind: ApplicationKind, country: str, partner_active: bool) -> Candidate:
    """Return what the call's rules look at, of answers that need not be complete."""
    judged: dict[str, Any] = {name: getattr(answers, name) for name in _JUDGED}
    answered = {name: value for name, value in judged.items() if value != ()}
    return Candidate(kind=kind, country=country, partner_active=partner_active, **answered)


def line_manager_id(application_id: UUID, answers: Answers) -> UUID | None:
    """Return the line manager's id, derived from application and address; None where none is named."""
    address = answers.line_manager_email
    return reaction_id(application_id, "line_manager", address) if address else None


FIELDS: dict[str, tuple[str, ...]] = fields.sections_of(Answers)
"""The answers of each page, in the order of the pages; `objectives` asks for the cascade plan too.

A call that asks nothing of its own has no page `questions`, one in which no order counts no page `wishes`.
"""
TASKS: tuple[str, ...] = tuple(FIELDS)


TITLES: dict[str, str] = {
    Section.CONTACT: N_("Your contact details"),
    Section.SERVICE: N_("Your service and rank"),
    Section.LINE_MANAGER: N_("Your line manager"),
    Section.EXPERTISE: N_("Your expertise"),
    Section.LANGUAGES: N_("Languages you speak"),
    BACKGROUND: N_("Courses and conflicts of interest"),
    Section.TOPICS: N_("Topics and countries"),
    Section.PERIODS: N_("When you can travel"),
    WISHES: N_("Placements you would like"),
    Section.OBJECTIVES: N_("Objectives and passing on knowledge"),
    Section.QUESTIONS: N_("Questions of this call"),
    PRIVACY: N_("Privacy notice"),
}
_MENTORING_TITLES: dict[str, str] = {
    Section.PERIODS: N_("When you are available"),
    WISHES: N_("Mentors you would like"),
}


def task_title(task: str, kind: ApplicationKind | None = None) -> str:
    """Return the title of a page in the reader's language, as an application of that kind shows it."""
    special = _MENTORING_TITLES if kind is ApplicationKind.MENTEE else {}
    return gettext(special.get(task, TITLES[task]))


def application_address(application_id: UUID, rest: str = "") -> str:
    """Return the address of the officer's own application, or of a page of it."""
    return f"/applications/mine/{application_id}" + (f"/{rest}" if rest else "")


def tasks_for(terms: CallTerms) -> list[str]:
    """Return the pages of an application to this call: none for questions or an order that it does not ask for."""
    absent = {Section.QUESTIONS: not terms.questions, WISHES: terms.wishes is Wishes.SCORES}
    return [task for task in TASKS if not absent.get(task)]


def missing(answers: Answers, terms: CallTerms) -> dict[str, list[str]]:
    """Return what is still to be answered, by task, as sentences; a task without an entry is complete."""
    by_field = fields.missing(answers, terms)
    found = {task: [by_field[name] for name in names if name in by_field] for task, names in FIELDS.items()}
    refused = [text for name, text in by_field.items() if name.startswith("questions")]
    found[Section.QUESTIONS] = refused or [gettext(text) for text in unanswered(terms, answers.questions)]
    return {task: texts for task, texts in found.items() if texts}


def changed_tasks(before: Answers, after: Answers) -> list[str]:
    """Return the tasks whose answers differ, in the order of the pages."""
    names = set(fields.differing(before, after))
    return [task for task, of_task in FIELDS.items() if names & set(of_task)]


def rules_of(task: str) -> frozenset[str]:
    """Return the call's rules that look at the answers of a page."""
    specs = fields.fields_of(Answers)
    return frozenset(rule for name in FIELDS[task] for rule in specs[name].rules)


def sections_of(tasks: Sequence[str]) -> tuple[Section, ...]:
    """Return tasks as the sections that an event names, each once.

    An order of placements belongs to the topics, others without a section to the service.
    """
    named = {str(section): section for section in Section} | {WISHES: Section.TOPICS}
    return tuple(dict.fromkeys(named.get(task, Section.SERVICE) for task in tasks))


# The step's reason where it is another company that makes it another application.
WITH_WHOM = "with_whom"
