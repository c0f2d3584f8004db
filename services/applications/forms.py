"""Fields, rows and error handling that the forms of several rooms share."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shared.bus.db.outdated import Outdated
from shared.contracts.base import DatePeriod
from shared.contracts.codes import (
    LANGUAGES,
    Expertise,
    LanguageLevel,
    StatedReason,
    topic_label,
)
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import versions
from shared.identity.csrf import FIELD
from shared.web import form_pages
from shared.web.form_versions import show_both
from shared.web.forms import (
    DateField,
    Form,
    Longest,
    Needed,
    NotOptional,
    NumberField,
    Row,
    SelectField,
    TextAreaField,
    options,
)
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from shared.contracts.calls import CallTerms

CONTROL_FIELDS = frozenset({FIELD, versions.FIELD, form_pages.FIELD, "told", "back", "row"})
"""The names that the page of a revision sends beside the fields of the form."""


async def submit_form(form: Form, act: Callable[[], Awaitable[object]], field: str = "") -> int:
    """Do what a valid form asks for; return 0, or the status with which the form is shown again.

    A refusal is put at its fields, as `refuse` does. Raises it where no change of the form can help.
    """
    if not form.validate():
        return 422
    try:
        await act()
    except Refused as refused:
        refuse(form, refused, field)
        return refused.status_code
    return 0


async def submit_or_compare(
    request: Request,
    form: Form,
    act: Callable[[], Awaitable[object]],
    field: str = "",
    *,
    saved: Callable[[], Awaitable[Form]] | None = None,
) -> int:
    """Do what a valid form asks for, as `submit_form` does; show it beside what is `saved` now if it is outdated.

    Without `saved` the page itself shows that.
    """
    try:
        return await submit_form(form, act, field)
    except Outdated as outdated:
        show_both(request, outdated, form, None if saved is None else await saved())
        return outdated.status_code


def refuse(form: Form, refused: Refused, field: str = "") -> None:
    """Put a refusal at the fields that it names (`periods.0.end` at the rows), else at `field`, else at the form.

    Raises it where no change of the form can help: the thing is not there, or not the reader's.
    """
    form.take(refused, field, statuses=(409, 422))


_LANGUAGES = [(code, name) for code, name in sorted(LANGUAGES.items(), key=lambda language: language[1])]


class LanguageRow(Row):
    """A language and a level."""

    language = SelectField(N_("Language"), [NotOptional()], choices=_LANGUAGES, blank=N_("Choose one"), default="")
    level = SelectField(N_("Level"), [NotOptional()], choices=LanguageLevel, blank=N_("Choose one"), default="")


class SpanRow(Row):
    """A first and a last day."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])


class ExpertiseRow(Row):
    """An area with level and years."""

    area = SelectField(N_("Area"), [NotOptional()], choices=Expertise, blank=N_("Choose one"), default="")
    level = SelectField(
        N_("Level"),
        [NotOptional()],
        choices=[("1", N_("Basic")), ("2", N_("Advanced")), ("3", N_("Expert"))],
        blank=N_("Choose one"),
        default="",
    )
    years = NumberField(N_("Years"))


def topics_of(call: CallTerms) -> Any:
    """Return the call's topics as choices."""
    return options([(code, topic_label(call.scheme, code)) for code in call.topics])


def rows(parts: Any) -> list[dict[str, Any]]:
    """Return parts of the model as rows of a form; one empty row where there are none."""
    found = []
    for part in parts:
        row = part.model_dump()
        found.append(row | ({"level": str(row["level"])} if isinstance(row.get("level"), int) else {}))
    return found or [{}]


def iso_date(value: Any) -> Any:
    """Return a date as the model reads it; what is no date stays as it was typed."""
    return value.isoformat() if isinstance(value, date) else value


def period_error(start: date, end: date) -> str | None:
    """Return why two days are the ends of no period, as a sentence; None where they are."""
    try:
        DatePeriod(start=start, end=end)
    except ValidationError as error:
        return sentence_of(error.errors()[0])
    return None


class ReasonForm(Form):
    """The reason for a refusal, a cancellation or a withdrawal."""

    reason = SelectField(N_("Why?"), [Needed(N_("Choose a reason"))], choices=StatedReason, blank=N_("Choose a reason"))
    text = TextAreaField(
        N_("More details"), [Longest(1000)], description=N_("Stays in Tandem. Reports and emails show only the reason")
    )


class MaybeReasonForm(Form):
    """An optional reason."""

    reason = SelectField(N_("Why?"), choices=StatedReason, blank=N_("Not known"), default="")
    text = TextAreaField(
        N_("More details"), [Longest(1000)], description=N_("Stays in Tandem. Reports and emails do not show it")
    )
