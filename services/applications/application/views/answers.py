"""The answers of an application for reading: on the check page, to the officer and to coordinators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.application.model.answers import Answers
from services.applications.application.model.tasks import PRIVACY, task_title, tasks_for
from services.applications.application.store import applications
from services.applications.calls.model.questions import answer_text, in_reader_language
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.codes import (
    Expertise,
    LanguageLevel,
    Section,
    topic_label,
)
from shared.i18n import gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.views.standing import Case
    from services.applications.register.store.entries import Organisation


Row = dict[str, Any]
NONE = "–"  # noqa: RUF001 - what is meant: an en dash, as everywhere on the pages


def answer_sections(
    case: Case,
    organisations: Sequence[Organisation],
    *,
    change: Callable[[str], str] | None = None,
    names: bool = True,
    others: bool = False,
) -> list[tuple[str, str, list[Row]]]:
    """Return (task, title, rows) for each task; `change` gives the address at which a task is changed.

    Without `names` the contact details and the line manager are left out. `others`: for readers other than the officer.
    """
    answers = case.application.answers
    organisation_names = {str(organisation.id): organisation.name for organisation in organisations}
    found = []
    for code in tasks_for(case.terms):
        if not names and code in {Section.CONTACT, Section.LINE_MANAGER}:
            continue
        rows = [
            {"key": key, "value": value or gettext("Not answered")}
            for key, value in _rows(code, answers, case, organisation_names)
        ]
        if code == Section.SERVICE and not others:
            sex = answers.sex
            said_sex = gettext("I would rather not say") if sex is None else labels.label(sex)
            rows.append({"key": gettext("Sex"), "value": said_sex})
        if change is not None and rows:
            rows[0]["change"] = change(code)
        named_by_contract = others and code in set(Section)
        found.append(
            (code, labels.label(Section(code)) if named_by_contract else task_title(code, case.application.for_), rows)
        )
    return found


async def answer_changes(session: AsyncSession, case: Case) -> list[dict[str, Any]]:
    """Return the changes after submission, the newest first: when, and of each answer the old and the new value."""
    found = await applications.changes(session, case.application.id)
    whole = case.application.answers_json
    read = [
        (change, Answers.model_validate(whole | change.before), Answers.model_validate(whole | change.after))
        for change in found
    ]
    organisation_names = {
        str(organisation.id): organisation.name
        for organisation in await organisations_of(session, *(answers for _, *both in read for answers in both))
    }
    titles = {code: task_title(code, case.application.for_) for code in tasks_for(case.terms)}
    return [
        {
            "when": change.at,
            "rows": [
                (f"{titles.get(task, task)}: {key}", old.get(key) or NONE, new.get(key) or NONE)
                for task in change.tasks
                for old, new in [
                    (dict(_rows(task, was, case, organisation_names)), dict(_rows(task, now, case, organisation_names)))
                ]
                for key in dict.fromkeys([*old, *new])
                if old.get(key) != new.get(key)
            ],
        }
        for change, was, now in read
    ]


async def organisations_of(session: AsyncSession, *answers: Answers) -> list[Organisation]:
    """Return the organisations that answers name: the officer's own, and those with a conflict of interest."""
    named = {one for of in answers for one in (of.organisation_id, *of.conflicts) if one is not None}
    return await entries.organisations(session, ids=named)


def _rows(code: str, answers: Answers, case: Case, organisations: dict[str, str]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]]
    match code:
        case Section.CONTACT | Section.LINE_MANAGER:
            rows = _people(code, answers)
        case Section.SERVICE:
            rows = _service(answers, organisations)
        case Section.EXPERTISE:
            rows = [
                (
                    gettext("Expertise"),
                    "; ".join(_skill(area.area, area.level, area.years) for area in answers.expertise),
                )
            ]
        case Section.LANGUAGES:
            spoken = [
                f"{labels.tongue(language.language)} {labels.label(LanguageLevel(language.level))}"
                for language in answers.languages
            ]
            rows = [(gettext("Languages"), "; ".join(spoken))]
        case "background":
            named = [
                organisations.get(str(organisation_id), gettext("No longer in the register"))
                for organisation_id in answers.conflicts
            ]
            rows = [
                (gettext("Finished courses"), "; ".join(answers.courses) or NONE),
                (gettext("Conflicts of interest"), "; ".join(named) or NONE),
            ]
        case Section.TOPICS:
            topics = [gettext(topic_label(case.terms.scheme, topic)) for topic in answers.topics]
            countries = ", ".join(labels.country(country) for country in answers.preferred_countries)
            rows = [
                (gettext("Topics, in order"), "; ".join(topics)),
                (gettext("Countries, in order"), countries or NONE),
            ]
        case Section.PERIODS:
            rows = [
                (gettext("Has time"), "; ".join(dates.span(period.start, period.end) for period in answers.periods)),
                (
                    gettext("Has no time"),
                    "; ".join(dates.span(blackout.start, blackout.end) for blackout in answers.blackouts) or NONE,
                ),
            ]
        case Section.OBJECTIVES:
            committed = {None: "", True: gettext("Yes"), False: gettext("No")}[answers.cascade_committed]
            numbered = [
                (gettext("Objective %(n)d") % {"n": n}, text) for n, text in enumerate(answers.objectives, start=1)
            ]
            rows = [
                *(numbered or [(gettext("Objectives"), "")]),
                (gettext("Passes it on at home"), committed),
                (gettext("How"), answers.cascade_plan or NONE),
            ]
        case Section.QUESTIONS:
            rows = [
                (in_reader_language(question).question, answer_text(question, answers.questions.get(question.code)))
                for question in case.terms.questions
            ]
        case _:
            assert code == PRIVACY
            read = "" if answers.privacy_at is None else dates.moment(answers.privacy_at)
            rows = [(gettext("Privacy notice read"), read)]
    return rows


def _people(code: str, answers: Answers) -> list[tuple[str, str]]:
    if code == Section.LINE_MANAGER:
        return [
            (gettext("Name"), answers.line_manager_name or ""),
            (gettext("Service e-mail"), answers.line_manager_email or ""),
        ]
    return [
        (gettext("Name"), answers.name or ""),
        (gettext("Name in the own script"), answers.own_name or NONE),
        (gettext("Service e-mail"), answers.email or ""),
        (gettext("Language of messages"), labels.tongue(answers.language)),
    ]


def _service(answers: Answers, organisations: dict[str, str]) -> list[tuple[str, str]]:
    years = answers.years_in_field
    return [
        (gettext("Agency"), organisations.get(str(answers.organisation_id), "")),
        (gettext("Unit"), answers.unit or NONE),
        (gettext("Service"), "" if answers.service is None else labels.label(answers.service)),
        (
            gettext("Rank"),
            ", ".join(filter(None, [answers.rank_group and labels.label(answers.rank_group), answers.national_rank])),
        ),
        (
            gettext("Years in the field"),
            "" if years is None else ngettext("%(years)d year", "%(years)d years", years) % {"years": years},
        ),
        (gettext("Took part before"), gettext("Yes") if answers.took_part_before else gettext("No")),
    ]


def _skill(area: Expertise, level: int, years: int) -> str:
    named = [gettext("basic"), gettext("advanced"), gettext("expert")][level - 1]
    experience = ngettext("%(years)d year", "%(years)d years", years) % {"years": years}
    return f"{labels.label(area)} ({named}, {experience})"


def answers_from_register(person: entries.Person) -> Answers:
    """Return the answers that the register already knows."""
    return Answers.model_validate(
        {
            "name": person.name,
            "own_name": person.own_name or None,
            "email": person.email,
            "language": person.language,
            "service": person.service,
            "organisation_id": person.organisation_id,
            "unit": person.unit,
            "rank_group": person.rank_group,
            "national_rank": person.national_rank,
            "years_in_field": person.years_in_field,
            "sex": person.sex,
        }
    )
