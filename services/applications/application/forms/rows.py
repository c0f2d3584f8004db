"""The rows in which an application asks for several answers to one field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.application.model.answers import MOST_OBJECTIVES
from services.applications.field_forms import RowKind, Rows
from services.applications.forms import NotOptional
from shared.contracts.codes import Expertise, LanguageLevel
from shared.i18n import N_
from shared.web.forms import Between, DateField, Longest, NumberField, Row, SelectField, StringField, TextAreaField

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel


class ExpertiseRow(Row):
    """One area of expertise."""

    area = SelectField(N_("Area"), [NotOptional()], choices=Expertise, blank=N_("Choose"))
    level = SelectField(N_("Level"), choices=[("1", N_("1: basic")), ("2", N_("2: advanced")), ("3", N_("3: expert"))])
    years = NumberField(N_("Years"), [NotOptional(), Between(0, 60)])


class LanguageRow(Row):
    """One language."""

    language = SelectField(N_("Language"), [NotOptional()])
    level = SelectField(N_("Level"), [NotOptional()], choices=LanguageLevel, blank=N_("Choose"))


class CourseRow(Row):
    """One finished course."""

    course = StringField(N_("Name of the course"), [NotOptional(), Longest(200)])


class ConflictRow(Row):
    """One organisation with which there is a conflict of interest."""

    organisation = SelectField(N_("Organisation"), [NotOptional()])


class TopicRow(Row):
    """One topic."""

    topic = SelectField(N_("Topic"), [NotOptional()])


class CountryRow(Row):
    """One country."""

    country = SelectField(N_("Country"), [NotOptional()])


class PeriodRow(Row):
    """From the first to the last day."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])


class ObjectiveRow(Row):
    """One objective."""

    text = TextAreaField(N_("Objective"), [NotOptional(), Longest(1000)])


def _parts(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json")


def _dates(value: BaseModel) -> dict[str, Any]:
    return value.model_dump()


def _area(row: Mapping[str, Any]) -> dict[str, Any] | None:
    return {**row, "years": row["years"] or 0} if row["area"] else None


def _language(row: Mapping[str, Any]) -> dict[str, Any] | None:
    return dict(row) if row["language"] and row["level"] else None


def _period(row: Mapping[str, Any]) -> dict[str, str] | None:
    start, end = row["start"], row["end"]
    return None if start is None or end is None else {"start": start.isoformat(), "end": end.isoformat()}


def _one(part: str) -> tuple[Callable[[Any], dict[str, str]], Callable[[Mapping[str, Any]], str | None]]:
    """Return how a value becomes a row with a single field, and is read from it."""
    return lambda value: {part: str(value)}, lambda row: str(row[part] or "").strip() or None


EXPERTISE: Rows = {"expertise": RowKind(ExpertiseRow, _parts, _area, least=1)}
LANGUAGES: Rows = {"languages": RowKind(LanguageRow, _parts, _language, least=1)}
BACKGROUND: Rows = {
    "courses": RowKind(CourseRow, *_one("course")),
    "conflicts": RowKind(ConflictRow, *_one("organisation"), most=20),
}
TOPICS: Rows = {
    "topics": RowKind(TopicRow, *_one("topic"), least=1),
    "preferred_countries": RowKind(CountryRow, *_one("country")),
}
PERIODS: Rows = {
    "periods": RowKind(PeriodRow, _dates, _period, least=1),
    "blackouts": RowKind(PeriodRow, _dates, _period),
}
OBJECTIVES: Rows = {"objectives": RowKind(ObjectiveRow, *_one("text"), most=MOST_OBJECTIVES, least=1)}
