"""The report begins with findings, targets, trends, changes and needs, from released figures, and draws charts."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pypdf import PdfReader

from services.reporting.disclosure.model import Hidden, Released, ReleasedCell
from services.reporting.feeds.formats.result_chain import RESULT_CHAIN
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.indicators.model.demand import UNMET, Gap
from services.reporting.indicators.model.figure import Measure, joined
from services.reporting.indicators.model.reciprocity import HOSTED, SENT
from services.reporting.needs.model import Need
from services.reporting.overview.documents import report as document
from services.reporting.overview.documents.background import Background
from services.reporting.overview.documents.content import report_content
from services.reporting.periods.model.approval import Approval
from services.reporting.periods.model.periods import parse
from services.reporting.targets.model import TargetKind
from shared.contracts.codes import PeriodState
from tests.unit.reporting.feeds.test_iati_rules import settings
from tests.unit.reporting.overview.test_charts import target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.reporting.overview.documents.report import Section

AT = datetime(2026, 7, 14, tzinfo=UTC)
COUNTRIES = ("AM", "AZ", "GE", "MD", "UA")
TOPICS = ("TRAFFICKING", "CYBER", "DRUGS", "MIGRANT_SMUGGLING", "FIREARMS")


def cell(value: int | None, *, share: bool = False) -> ReleasedCell:
    """Return a number as it was released; a share of eighty; None: hidden."""
    if value is None:
        return ReleasedCell(None, hidden=Hidden.PROTECTED)
    if share:
        return ReleasedCell(Decimal(100 * value) / 80, Decimal(value), Decimal(80), None, "cd" * 32)
    return ReleasedCell(Decimal(value), Decimal(value), None, value, "ab" * 32)


def figures(label: str, size: int) -> list[Released]:
    """Return all figures of a period of a programme of about that size, one of them hidden."""
    made = []
    for place, (indicator, definition) in enumerate(COUNTED.items()):
        share = definition.measure is Measure.SHARE
        total = 40 + (7 * place + size) % 35 if share else size + (11 * place) % 60
        parts: dict[str, Mapping[str, ReleasedCell]] = {}
        for dimension, values in (("country-of-service", COUNTRIES), ("host-country", ("FR", "IT", "PL", "RO"))):
            if dimension in definition.dimensions:
                numbers = [size // 8 + 6 * (n + place % 3) for n in range(len(values))]
                parts[dimension] = {
                    value: cell(None if (value, label) == ("AZ", "2025-H2") else n, share=share)
                    for value, n in zip(values, numbers, strict=True)
                }
        if indicator in {SENT, HOSTED}:
            total *= 5
        if indicator == UNMET:
            parts["country-and-gap"] = {
                joined((country, gap)): cell(5 + n + m)
                for n, country in enumerate(COUNTRIES)
                for m, gap in enumerate(list(Gap)[:3])
            }
        whole = cell(None) if indicator == "TOPCOP-OP-06" else cell(total, share=share)
        made.append(Released(definition, parse(label), AT, whole, parts))
    return made


def background() -> Background:
    """Return earlier periods, targets and needs."""
    targets = [
        target("TOPCOP-IN-01", "2026-06-30", "260"),
        target("TOPCOP-OP-02", "2026-06-30", "300"),
        target("TOPCOP-OC-01", "2026-06-30", "85"),
        target("TOPCOP-OP-08", "2026-12-31", "400"),
        replace(target("TOPCOP-OP-02", "2024-12-31", "0"), kind=TargetKind.BASELINE),
    ]
    needs = [
        Need(country, topic, None, 1, 10 + n, date(2026, 1, 1), date(2026, 12, 31))
        for n, (country, topic) in enumerate(zip(COUNTRIES, TOPICS, strict=True))
    ]
    history = [each for label, size in (("2025-H1", 60), ("2025-H2", 85)) for each in figures(label, size)]
    return Background(history, targets, needs)


def content(changes: Background, statement: int = 1, *, released: list[Released] | None = None) -> document.Report:
    """Return the report on the first half of 2026."""
    approval = Approval(parse("2026-H1"), PeriodState.PUBLISHED, cut_off=AT, frozen_at=AT, statement=statement)
    return report_content(approval, released or figures("2026-H1", 112), settings(), AT, changes)


def section(of: document.Report, title: str) -> Section:
    """Return a section by its title."""
    return next(each for each in of.sections if each.title == title)


def test_the_report_begins_with_findings_and_their_charts() -> None:
    """At most four charts carry the findings, each with a title that states one of the sentences."""
    found = content(background()).findings
    assert 3 <= len(found.pictures) <= 4
    assert found.sentences[1:] == [f"{each.title}." for each in found.pictures]
    assert all("<svg" in each.svg for each in found.pictures)


def test_targets_stand_beside_what_was_reached_since_the_baseline() -> None:
    """The next target has the sum from the baseline, its part of the target, and the period's own value."""
    (table,) = section(content(background()), "Targets and what was reached").tables
    visits = next(row for row in table.rows if row[0].startswith("Exchange participations"))
    own = [each.total.value for each in figures("2026-H1", 112) if each.definition.id == "TOPCOP-OP-02"]
    total = sum(
        each.total.value or 0
        for size, label in ((60, "2025-H1"), (85, "2025-H2"), (112, "2026-H1"))
        for each in figures(label, size)
        if each.definition.id == "TOPCOP-OP-02"
    )
    assert visits[1:4] == ["0", "300", "30 June 2026"]
    assert visits[4:] == [str(total), f"{100 * total / 300:.0f}\u00a0%", str(own[0])]


def test_due_targets_that_are_missed_or_hidden_are_named() -> None:
    """Targets that were due and not reached, or not shown, stand in a sentence, and the next ones in a table."""
    more = [
        *background().targets,
        target("TOPCOP-OP-06", "2026-06-30", "40"),
        target("TOPCOP-OC-03", "2026-06-30", "99"),
        target("TOPCOP-OC-04", "2026-06-30", "50"),
        target("TOPCOP-OC-03", "2026-12-31", "100"),
    ]
    empty = ReleasedCell(None, hidden=Hidden.NO_DATA)
    of_period = [
        replace(each, total=empty) if each.definition.id == "TOPCOP-OC-04" else each for each in figures("2026-H1", 112)
    ]
    made = content(replace(background(), targets=more), released=of_period)
    found = section(made, "Targets and what was reached")
    assert any(
        each.startswith("Due and not reached:") and "Participants reporting use" in each for each in found.sentences
    )
    assert any("not shown: Share of women among officials" in each for each in found.sentences)
    assert any(each.startswith("Due, without data yet: Same confirmed") for each in found.sentences)
    table = found.tables[1]
    assert table.columns == ["Indicator", "Next target", "Due", "Reached so far"]
    assert [row[1:3] for row in table.rows] == [["100\u00a0%", "31 December 2026"]]


def test_a_figure_that_one_period_shows_has_no_trend() -> None:
    """The share of women is hidden in each period, and decisions are shown in one: neither is drawn."""
    hidden = [
        replace(each, total=cell(None)) if each.definition.id == "TOPCOP-PR-01" else each
        for each in background().history
    ]
    trends = section(content(replace(background(), history=hidden)), "Trends over all periods")
    titles = " ".join(each.title for each in trends.pictures)
    assert "Applications received" in titles
    assert "Share of women" not in titles
    assert "decided positively" not in titles


def test_without_needs_and_applications_there_is_no_table_of_zeros() -> None:
    """A period in which nothing was needed or asked for says so in a sentence."""
    none = [
        replace(each, total=cell(0)) if each.definition.id == "TOPCOP-IN-01" else each
        for each in figures("2026-H1", 112)
    ]
    approval = Approval(parse("2026-H1"), PeriodState.PUBLISHED, cut_off=AT, frozen_at=AT)
    report = report_content(approval, none, settings(), AT, replace(background(), needs=[]))
    needs = section(report, "Needs and unmet demand")
    assert (needs.sentences, needs.tables) == (["Nothing is needed and nothing was asked for in this period."], [])


def test_trends_need_a_second_period() -> None:
    """Charts over all periods are drawn from the second one on, with hidden numbers as bands."""
    trends = section(content(background()), "Trends over all periods")
    assert "from 2025-H1 to 2026-H1" in trends.sentences[0]
    assert len(trends.pictures) >= 15
    assert any("it would reveal few people" in each.definition for each in trends.pictures)
    first = section(content(Background()), "Trends over all periods")
    assert first.pictures == []
    assert "no trend yet" in first.sentences[0]


def test_a_restated_period_says_what_changed_and_why() -> None:
    """Each total that differs stands with its value before and now, and the reason in words."""
    before = [
        replace(each, total=cell(100)) if each.definition.id == "TOPCOP-IN-01" else each
        for each in figures("2026-H1", 112)
    ]
    changes = section(
        content(replace(background(), before=before, reason="late_facts"), 2), "Changes since the last statement"
    )
    assert "Reason: Facts arrived after the freeze." in changes.sentences
    assert changes.tables[0].rows == [["Applications received", "100", "112"]]
    first = section(content(background()), "Changes since the last statement")
    assert "first published statement" in first.sentences[0]


def test_needs_stand_beside_demand() -> None:
    """Topics that are needed are listed with applications and what became of them, and the total at the end."""
    needs = section(content(background()), "Needs and unmet demand")
    assert needs.tables[0].rows[-1][0] == "Total"
    assert [row[1] for row in needs.tables[0].rows] == ["14", "13", "12", "11", "10", "60"]


def test_the_pdf_has_all_sections_and_is_tagged() -> None:
    """The charts are typeset with the text, each with its title for screen readers, in a PDF that is accessible."""
    made = content(background())
    pdf = document.pdf_here(made, AT)
    assert pdf == document.pdf_here(made, AT)
    read = PdfReader(io.BytesIO(pdf))
    text = " ".join(" ".join(page.extract_text() for page in read.pages).split())
    assert "/StructTreeRoot" in read.root_object
    places = [text.index(each.title) for each in made.sections]
    assert places == sorted(places)
    assert text.index("Annex: each figure with its proof") > places[-1]
    assert "Findings" in read.pages[0].extract_text()
    second = " ".join(read.pages[1].extract_text().split())
    assert second.startswith("Targets and what was reached"), "the findings and their four charts are one page"


def test_the_report_names_the_logframes_assumptions_and_what_it_leaves_out() -> None:
    """Each level of results has its assumption, and the limits name costs, which no figure counts."""
    made = content(background())
    sentences = section(made, "Expected results and assumptions").sentences
    for level in RESULT_CHAIN.values():
        assert f"{level.name}: {level.statement} Assumptions: {level.assumptions}" in sentences
    assert any("Costs of single visits" in each for each in section(made, "Method and limits").sentences)
