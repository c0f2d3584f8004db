"""The form of each section of a call, made from the table of its fields, and its choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.calls.model.entry import FIELDS, SECTIONS, CallEntry, need_open
from services.applications.calls.model.field_sentences import need_sentence
from services.applications.calls.model.rule_fields import RULE_FIELDS, TIMER_FIELDS
from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from services.applications.field_forms import FormRow, RowKind, Rows, form_field
from services.applications.fields import bounds_of
from services.applications.forms import iso_date
from shared import i18n
from shared.contracts import labels
from shared.contracts.calls import EligibilityRules, Timers
from shared.contracts.codes import COUNTRIES, PARTNERS, PRIORITIES, Criterion
from shared.i18n import N_, gettext
from shared.time import dates
from shared.web.forms import (
    Between,
    CheckboxesField,
    DateField,
    FieldList,
    Form,
    FormField,
    Longest,
    NotOptional,
    NumberField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from services.applications.calls.model.facts import Facts

Choices = list[tuple[str, str]]


class TextRow(Row):
    """The call in one language."""

    language = SelectField(
        N_("Language"),
        [NotOptional()],
        choices=[(code, i18n.own_name(code)) for code in WRITTEN],
        blank=N_("Choose one"),
    )
    title = StringField(N_("Title"), [NotOptional(), Longest(200)])
    summary = TextAreaField(N_("What the call is about"), [Longest(5000)])


class PeriodRow(Row):
    """A period in which visits may take place."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])


class ClosedDayRow(Row):
    """A day without visits in a country."""

    country = SelectField(N_("Country"), [NotOptional()])
    day = DateField(N_("Day"), [NotOptional()])


class QuotaRow(Row):
    """A country's quota."""

    country = SelectField(N_("Country"), [NotOptional()])
    floor = NumberField(N_("At least"), [NotOptional(), Between(0, 10_000)])
    ceiling = NumberField(N_("At most"), [Between(0, 10_000)], description=N_("Leave empty for no limit"))


class WeightRow(Row):
    """The weights of one criterion, for the applicant and for the host or mentor."""

    applicant = NumberField(N_("For the applicant"), [NotOptional(), Between(0, 1000)])
    host = NumberField(N_("For the host or mentor"), [NotOptional(), Between(0, 1000)])


def _written(value: Any) -> FormRow:
    return dict(value.model_dump())


def _text(row: FormRow) -> FormRow | None:
    return {**row, "summary": row["summary"] or ""} if row["language"] and row["title"] else None


def _period(row: FormRow) -> FormRow | None:
    return {"start": iso_date(row["start"]), "end": iso_date(row["end"])} if row["start"] and row["end"] else None


def _closed_day(row: FormRow) -> FormRow | None:
    return {"country": row["country"], "day": iso_date(row["day"])} if row["country"] and row["day"] else None


def _quota(row: FormRow) -> FormRow | None:
    return {**row, "floor": row["floor"] or 0} if row["country"] else None


ROWS: Rows = {
    "texts": RowKind(TextRow, _written, _text, most=len(WRITTEN), least=1),
    "visit_periods": RowKind(PeriodRow, _written, _period, most=12, least=1),
    "closed_days": RowKind(ClosedDayRow, _written, _closed_day, most=60),
    "quotas": RowKind(QuotaRow, _written, _quota, most=60),
}


def section_form(code: str) -> type[Form]:
    """Return the form of a section.

    There is a list of topics for each scheme, all of them shown, since the page works without JavaScript; the chosen
    scheme's counts. There is a row for each criterion that has weights.
    """
    fields: dict[str, Any] = {}
    for name in SECTIONS[code]:
        if name == "topics":
            fields |= {topics_field(scheme): CheckboxesField(scheme) for scheme in sorted(PRIORITIES, reverse=True)}
        elif name == "weights":
            fields |= {str(criterion): FormField(WeightRow, label=criterion.label) for criterion in Criterion}
        else:
            fields[name] = form_field(FIELDS[name], ROWS.get(name), bounds=bounds_of(_class_of(name), name))
    return type(f"{code.title()}Form", (Form,), fields)


def _class_of(name: str) -> type[BaseModel]:
    return EligibilityRules if name in RULE_FIELDS else Timers if name in TIMER_FIELDS else CallEntry


def topics_field(scheme: str) -> str:
    """Return the name of the field of a scheme's topics."""
    return "topics_" + scheme.replace("-", "_")


def rows_of(form: Form, name: str) -> list[dict[str, Any]]:
    """Return what the rows of a form say; none where the form does not ask for them."""
    if name not in form:
        return []
    field = form[name]
    assert isinstance(field, FieldList)
    return [entry.data for entry in field]


def _choose(form: Form, name: str, choices: Choices) -> None:
    if name in form:
        field: Any = form[name]
        field.choices = choices


def _choose_in_rows(form: Form, name: str, choices: Choices) -> None:
    if name in form:
        field: Any = form[name]
        for row in field:
            row.form.country.choices = [("", gettext("Choose one")), *choices]


def prepare(form: Form, facts: Facts, entry: CallEntry) -> None:
    """Give a form the choices that depend on the register."""
    paying = [(str(id_), fund.name) for id_, fund in facts.funds.items() if fund.active or id_ == entry.fund_id]
    _choose(form, "fund_id", [("", gettext("Choose one")), *paying])
    if "scheme" in form:
        _prepare_topics(form, facts, entry)
    others = sorted(set(entry.rules.countries) - set(PARTNERS))
    _choose(form, "countries", labels.countries((*PARTNERS, *others)))
    _choose(form, "languages", labels.tongues())
    _choose_in_rows(form, "closed_days", labels.countries())
    usual = set(entry.rules.countries) or set(PARTNERS)
    chosen_too = {quota.country for quota in entry.quotas}
    _choose_in_rows(form, "quotas", labels.countries((usual | chosen_too) & set(COUNTRIES)))


def _prepare_topics(form: Form, facts: Facts, entry: CallEntry) -> None:
    schemes = []
    for scheme, topics in sorted(PRIORITIES.items(), reverse=True):
        first, last = min(topic.since for topic in topics.values()), max(topic.until for topic in topics.values())
        values = {"scheme": scheme.upper(), "since": dates.day(first), "until": dates.day(last)}
        schemes.append((scheme, gettext("%(scheme)s (valid from %(since)s to %(until)s)") % values))
        form[topics_field(scheme)].label.text = gettext("Topics of %(scheme)s") % {"scheme": scheme.upper()}
        _choose(form, topics_field(scheme), [(code, gettext(topic.label)) for code, topic in topics.items()])
    _choose(form, "scheme", schemes)
    open_ = [(str(id_), need_sentence(need)) for id_, need in facts.needs.items() if need_open(need, entry)]
    _choose(form, "needs", open_)
    if not open_ and "needs" in form:
        del form["needs"]


def check_rows(form: Form) -> None:
    """Put an error at rows that are only half filled in (`validate` sees single fields only)."""
    if any(bool(row["language"]) != bool(row["title"]) for row in rows_of(form, "texts")):
        form.refuse("texts", gettext("Each language needs a title, and each title needs a language"))
    if any(bool(row["start"]) != bool(row["end"]) for row in rows_of(form, "visit_periods")):
        form.refuse("visit_periods", gettext("Each period needs a first and a last day"))
    if any(bool(row["country"]) != bool(row["day"]) for row in rows_of(form, "closed_days")):
        form.refuse("closed_days", gettext("Each closed day needs a country and a date"))
    if any(not row["country"] and (row["floor"], row["ceiling"]) != (None, None) for row in rows_of(form, "quotas")):
        form.refuse("quotas", gettext("Choose the country of each quota"))


def field_of(form: Form, name: str) -> str:
    """Return the field at which a problem of the model belongs.

    `rules.languages` belongs at `languages`, `topics` at its scheme's.
    """
    last = name.split(".")[1] if name.startswith(("rules.", "timers.")) else name.split(".", maxsplit=1)[0]
    if last == "topics" and "scheme" in form:
        return topics_field(str(form["scheme"].data))
    return last
