"""The sections of a call as forms, and the way from their fields to the entry and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from services.applications.calls.forms.fields import (
    DatesForm,
    PurposeForm,
    QuotasForm,
    RulesForm,
    TextsForm,
    WhoForm,
    rows_of,
    timers_form,
    topics_field,
    topics_form,
    weights_form,
)
from services.applications.calls.model.entry import TIMERS, TITLES, last_day
from shared.contracts.codes import Criterion
from shared.i18n import N_, gettext
from shared.time.workdays import ZONE
from shared.web.forms import Between, Needed, NumberField

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.applications.calls.model.entry import CallEntry
    from shared.web.forms import Form

_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its form, and the way from the entry to the fields and back."""

    code: str
    form: Callable[[], type[Form]]
    fields: Callable[[CallEntry], dict[str, Any]]
    written: Callable[[Form], dict[str, Any]]

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return gettext(TITLES[self.code])


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def end_of(day: date | None) -> str | None:
    """Return the last moment of a day at the programme's seat, as the contract writes it."""
    return None if day is None else datetime.combine(day, _END_OF_DAY, ZONE).astimezone(UTC).isoformat()


def _purpose_fields(entry: CallEntry) -> dict[str, Any]:
    return {"kinds": [str(kind) for kind in entry.kinds], "fund_id": str(entry.fund_id or "")}


def _texts_fields(entry: CallEntry) -> dict[str, Any]:
    return {"texts": [text.model_dump() for text in entry.texts] or [{"language": "en"}]}


def _texts_written(form: Form) -> dict[str, Any]:
    rows = [row | {"summary": row["summary"] or ""} for row in rows_of(form, "texts")]
    return {"texts": [row for row in rows if row["language"] and row["title"]]}


def _topics_fields(entry: CallEntry) -> dict[str, Any]:
    return {
        "scheme": entry.scheme,
        "needs": [str(need) for need in entry.needs],
        topics_field(entry.scheme): list(entry.topics),
    }


def _topics_written(form: Form) -> dict[str, Any]:
    scheme = form["scheme"].data or ""
    name = topics_field(scheme)
    topics = form[name].data if name in form else []
    needs = {"needs": form["needs"].data or []} if "needs" in form else {}
    return {"scheme": scheme, "topics": topics or [], **needs}


def _dates_fields(entry: CallEntry) -> dict[str, Any]:
    return {
        "opens": entry.opens,
        "deadline": last_day(entry),
        "closes": entry.closes,
        "visit_periods": [period.model_dump() for period in entry.visit_periods],
        "closed_days": [day.model_dump() for day in entry.closed_days],
        "minimum_days": entry.minimum_days,
        "maximum_days": entry.maximum_days,
    }


def _dates_written(form: Form) -> dict[str, Any]:
    return {
        "opens": _day(form["opens"].data),
        "deadline": end_of(form["deadline"].data),
        "closes": _day(form["closes"].data),
        "visit_periods": [
            {"start": _day(row["start"]), "end": _day(row["end"])}
            for row in rows_of(form, "visit_periods")
            if row["start"] and row["end"]
        ],
        "closed_days": [
            {"country": row["country"], "day": _day(row["day"])}
            for row in rows_of(form, "closed_days")
            if row["country"] and row["day"]
        ],
        "minimum_days": form["minimum_days"].data,
        "maximum_days": form["maximum_days"].data,
    }


def _who_fields(entry: CallEntry) -> dict[str, Any]:
    rules = entry.rules
    return {
        "countries": list(rules.countries),
        "services": [str(service) for service in rules.services],
        "rank_groups": [str(group) for group in rules.rank_groups],
        "courses": "\n".join(rules.courses),
    }


def _who_written(form: Form) -> dict[str, Any]:
    return {name: form[name].data or [] for name in ("countries", "services", "rank_groups")} | {
        "courses": _lines(form["courses"].data)
    }


_RULES = ("minimum_years", "languages", "minimum_level", "cascade_commitment", "first_time_first")


def _rules_fields(entry: CallEntry) -> dict[str, Any]:
    found = {name: getattr(entry.rules, name) for name in _RULES}
    return found | {"languages": list(entry.rules.languages), "minimum_level": entry.rules.minimum_level.value}


def _rules_written(form: Form) -> dict[str, Any]:
    return {name: form[name].data for name in _RULES} | {"languages": form["languages"].data or []}


_OF_OFFERS = ("share_of_offer", "group_size", "reserves")


def _quotas_fields(entry: CallEntry) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(entry, name) for name in _OF_OFFERS}
    return found | {"quotas": [quota.model_dump() for quota in entry.quotas]}


def _quotas_written(form: Form) -> dict[str, Any]:
    rows = [row | {"floor": row["floor"] or 0} for row in rows_of(form, "quotas") if row["country"]]
    return {name: form[name].data for name in _OF_OFFERS} | {"quotas": rows}


def _weights_fields(entry: CallEntry) -> dict[str, Any]:
    weights = {weight.criterion: {"applicant": weight.applicant, "host": weight.host} for weight in entry.weights}
    return {"objective": entry.objective.value} | {str(code): weights[code] for code in weights}


def _weights_written(form: Form) -> dict[str, Any]:
    weights = []
    for criterion in Criterion:
        row = form[str(criterion)].data
        if row["applicant"] is not None or row["host"] is not None:
            counts = {name: row[name] or 0 for name in ("applicant", "host")}
            weights.append({"criterion": criterion.value, **counts})
    return {"objective": form["objective"].data, "weights": weights}


def _timers(section: str, *more: str) -> tuple[Callable[[CallEntry], dict[str, Any]], Callable[[Form], dict[str, Any]]]:
    def fields(entry: CallEntry) -> dict[str, Any]:
        found = {name: getattr(entry.timers, name) for name in TIMERS[section]}
        return found | {name: getattr(entry, name) for name in more}

    def written(form: Form) -> dict[str, Any]:
        return {name: form[name].data for name in (*TIMERS[section], *more)}

    return fields, written


def _same(form: type[Form]) -> Callable[[], type[Form]]:
    return lambda: form


_AFTER = {
    "sessions_to_complete": NumberField(
        N_("Confirmed sessions that complete a mentorship"), [Needed(N_("Enter a number")), Between(1, 50)]
    ),
    "evaluation_form": NumberField(
        N_("Version of the evaluation form"), [Needed(N_("Enter a number")), Between(1, 1000)]
    ),
}
_ALL = (
    Section(
        "purpose",
        _same(PurposeForm),
        _purpose_fields,
        lambda form: {"kinds": form["kinds"].data or [], "fund_id": form["fund_id"].data or None},
    ),
    Section("texts", _same(TextsForm), _texts_fields, _texts_written),
    Section("topics", topics_form, _topics_fields, _topics_written),
    Section("dates", _same(DatesForm), _dates_fields, _dates_written),
    Section("who", _same(WhoForm), _who_fields, _who_written),
    Section("rules", _same(RulesForm), _rules_fields, _rules_written),
    Section("quotas", _same(QuotasForm), _quotas_fields, _quotas_written),
    Section("weights", weights_form, _weights_fields, _weights_written),
    Section("timers", lambda: timers_form("timers", {}), *_timers("timers")),
    Section("after", lambda: timers_form("after", _AFTER), *_timers("after", *_AFTER)),
)
SECTION_FORMS: dict[str, Section] = {one.code: one for one in _ALL}
"""The sections that are one form, by code; `questions` has a page a question (`questions.py`)."""
