"""Describe the columns of a CSV file in a JSON file beside it (CSV on the Web).

After W3C, Model for Tabular Data and Metadata on the Web, and Metadata Vocabulary for Tabular Data (2015).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from services.reporting.disclosure.views import groups_in
from services.reporting.feeds.formats.table import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from services.reporting.disclosure.model import Released
    from services.reporting.periods.model.approval import Approval

_DESCRIBED = {
    "indicator": ("string", "Id of the indicator, as agreed with the donor"),
    "definition_version": ("integer", "Version of the definition that it was counted under"),
    "title": ("string", "What the indicator is called"),
    "period": ("string", "Label of the period"),
    "statement": ("integer", "Number of the statement of the period"),
    "start": ("date", "First day of the period"),
    "end": ("date", "Last day of the period"),
    "status": ("string", "How far the period is approved"),
    "dimension": ("string", "What the number is a part by; empty for the total"),
    "dimension_value": (
        "string",
        "Which part it is; unsaid: it was not given; rolled_up: all parts that are not shown, together",
    ),
    "value": ("decimal", "The number; empty where none is shown"),
    "numerator": ("decimal", "What was counted"),
    "denominator": ("decimal", "Of how many, for a share"),
    "hidden": ("string", "Why no number is shown"),
    "events": ("integer", "How many events prove it"),
    "events_digest": ("string", "SHA-256 over the sorted ids of those events, each on a line"),
    "cut_off": ("datetime", "Facts told after this moment are left out"),
    "waits": ("boolean", "Of a total: whether a correction waits until it can be published; then the number is older"),
    "notes": ("string", "Of a total: further numbers beside it, such as 3 of 12 evaluated later than 7 days"),
}
_ALWAYS = frozenset(COLUMNS[:8]) | {"cut_off"}


def metadata(approval: Approval, *, table: str, released: Iterable[Released] = ()) -> bytes:
    """Return the description of the file `table` (its address, relative to the description's own), UTF-8 JSON.

    It says which values each group holds that the figures are broken down by.
    """
    title = f"Figures of the exchange and mentoring programme, {approval.period.label}"
    described = {name: _DESCRIBED[name] for name in COLUMNS}
    if groups := groups_in(released):
        datatype, words = described["dimension_value"]
        described["dimension_value"] = (datatype, f"{words}. Groups: {'; '.join(groups)}")
    return csvw_description(title, described, table=table, always=_ALWAYS)


def csvw_description(
    title: str, columns: Mapping[str, tuple[str, str]], *, table: str, always: Collection[str]
) -> bytes:
    """Return the description of a CSV file: each column's type and meaning; those of `always` are never empty."""
    described_columns: list[dict[str, Any]] = [
        {
            "name": name,
            "titles": name,
            "dc:description": words,
            "datatype": datatype,
            "required": name in always,
        }
        for name, (datatype, words) in columns.items()
    ]
    whole = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": table,
        "dc:title": title,
        "dialect": {"header": True, "encoding": "utf-8", "delimiter": ","},
        "tableSchema": {"columns": described_columns},
    }
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode()
