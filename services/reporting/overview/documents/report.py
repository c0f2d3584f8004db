"""Typeset the report on a period as PDF: Typst fills the template beside this module with data.

The same data gives the same bytes: nothing of the machine or the moment goes in, so that two copies can be compared.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from datetime import datetime

_HERE = Path(__file__).parent
_FONTS = _HERE.parents[3] / "shared" / "web" / "static" / "vendor" / "documents"
"""Noto in TrueType, copied at set-up (`shared/web/vendor.toml`); the machine's own fonts are never used."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension: its number, of how many, and the digest of the events behind it."""

    name: str
    value: str
    fraction: str
    digest: str


@dataclass(frozen=True, slots=True)
class Part:
    """The numbers of a figure by one dimension."""

    dimension: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its number, what it counts, from what it was computed, and its parts."""

    title: str
    value: str
    fraction: str
    why: str
    counts: str
    notes: list[str]
    provenance: str
    address: str
    parts: list[Part]
    withheld: list[str]


@dataclass(frozen=True, slots=True)
class Level:
    """The figures of one level of results."""

    title: str
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: its finding, the SVG that pages draw on a phone, and what it counts."""

    title: str
    svg: str
    definition: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: names of its columns, and rows of as many texts; the first one is a name, the others numbers."""

    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Findings:
    """The page of findings: sentences, and the charts that carry them."""

    title: str
    sentences: list[str]
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Section:
    """A section between the findings and the annex."""

    title: str
    sentences: list[str]
    tables: list[Table]
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Words:
    """The fixed words of the report."""

    all: str
    figure: str
    of: str
    digest: str
    annex: str


@dataclass(frozen=True, slots=True)
class Report:
    """The content of `report.typ`, with all texts in the reader's language."""

    language: str
    title: str
    programme: str
    span: str
    headline: str
    state: str
    watermark: str
    footer: str
    digest: str
    reading: list[str]
    words: Words
    findings: Findings
    sections: list[Section]
    levels: list[Level]


async def pdf(report: Report, *, at: datetime) -> bytes:
    """Return the report on a period as PDF, tagged for screen readers (PDF/UA-1), with `at` as its date.

    Typst runs in a thread.
    """
    return await asyncio.to_thread(pdf_here, report, at)


def pdf_here(report: Report, at: datetime) -> bytes:
    """Return the same PDF; for a thread without an event loop."""
    made = typst.compile(
        str(_HERE / "report.typ"),
        root=str(_HERE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(asdict(report), ensure_ascii=False)},
        timestamp=int(at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made
