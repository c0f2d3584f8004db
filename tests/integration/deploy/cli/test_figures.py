"""Test that a published figure that does not follow from the journals is found, from an export alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import typer

from deploy.cli.export import export
from deploy.cli.export_files import Exported
from deploy.cli.figures import recount_export, verify
from services.reporting.approval.model import event_key, events_of_figure
from services.reporting.disclosure.model import release
from services.reporting.facts.model.book import Book
from services.reporting.facts.store import fact_of
from services.reporting.figures.actions.counting import types_of
from services.reporting.figures.model.sketch import Sketch
from services.reporting.groupings.model import Levels
from services.reporting.indicators.model.catalogue import COUNTED, figures
from services.reporting.periods.model.approval import Approval
from services.reporting.periods.model.periods import parse
from shared.bus.db.erasure import ErasureKeys
from shared.bus.log.envelope import Envelope
from shared.contracts import TOPICS
from shared.contracts.codes import PeriodState
from shared.contracts.figures import FigurePublished
from shared.contracts.periods import (
    GROUPINGS_KEY,
    CountedEvents,
    GroupingsChosen,
    PeriodFrozen,
    PeriodPublished,
    PeriodSubmitted,
)
from shared.time import clock
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from deploy.cli.system import System
    from services.reporting.facts.model.facts import Fact


async def _programme(system: System) -> Book:
    """Twelve participations in the journals of their owners; gives the facts as reporting has them."""
    facts = []
    numbers: dict[tuple[str, str], int] = {}
    world_facts = world(12)
    for owner in sorted({TOPICS[each.event.topic].owner for each in world_facts}):
        bus = system.bus(owner)
        async with bus.transaction("system:tests") as tx:
            for each in world_facts:
                if TOPICS[each.event.topic].owner != owner:
                    continue
                ident = await tx.record(each.event, each.subject, correlation=each.story)
                key = each.event.topic, str(each.subject)
                numbers[key] = numbers.get(key, 0) + 1
                facts.append(
                    fact_of(
                        Envelope(
                            ident, each.event.type, "", str(each.subject), each.event.topic, clock.now(),
                            numbers[key], "", None, None, each.event,
                        )
                    )
                )  # fmt: skip
        await bus.close()
    return Book(facts, clock.now())


async def _publish(system: System, book: Book, **wrong: str) -> None:
    """Publish all figures of a year; `wrong` gives indicators another value than the events do."""
    bus = system.bus("reporting")
    async with bus.transaction("evaluator") as tx:
        for figure in figures(book, parse("2026")):
            for event in events_of_figure(release([figure])[0]):
                value = wrong.get(event_key(event).replace("-", "_").replace("/", "_"), event.value)
                await tx.record(FigurePublished(figure=event.model_copy(update={"value": value})), event_key(event))
    await bus.close()


async def test_figures_that_follow_from_the_journals_hold(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every total and every part that was published is the same when it is computed from an export of journals."""
    await _publish(system, await _programme(system))
    await export(system, tmp_path / "export")
    wrong, checked, _ = recount_export(tmp_path / "export", ErasureKeys(""))
    assert wrong == []
    assert [each for each in checked if each.differences] == []
    names = {each.name for each in checked}
    assert {"TOPCOP-OP-02/2026", "TOPCOP-OP-02/2026/host-country=FR"} <= names
    assert {name.split("/")[0] for name in names} == COUNTED.keys()
    verify(tmp_path / "export", every=True)
    assert "TOPCOP-OP-02/2026: holds" in capsys.readouterr().out


async def test_grouped_figures_are_computed_by_the_chosen_groupings(system: System, tmp_path: Path) -> None:
    """Parts by region hold, because the journal says which groupings were chosen last."""
    book, levels = await _programme(system), Levels({"host-country": "region"})
    bus = system.bus("reporting")
    async with bus.transaction("coordinator") as tx:
        for chosen in (Levels({"host-country": "side"}), levels):
            await tx.record(GroupingsChosen(levels=chosen.as_chosen()), GROUPINGS_KEY)
    await bus.close()
    await _publish(system, Book(book.everything(), book.cut_off, levels=levels))
    await export(system, tmp_path / "export")
    wrong, checked, _ = recount_export(tmp_path / "export", ErasureKeys(""))
    assert wrong == []
    assert [each for each in checked if each.differences] == []
    hosts = {each.name for each in checked if each.name.startswith("TOPCOP-OP-02/2026/host-country")}
    assert hosts == {f"TOPCOP-OP-02/2026/host-country=eu_{each}" for each in ("east", "west")}


async def test_a_figure_that_does_not_follow_is_named(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A published value that the events do not give is named with both, and the command ends with 1."""
    await _publish(system, await _programme(system), TOPCOP_OP_02_2026="13")
    await export(system, tmp_path / "export")
    with pytest.raises(typer.Exit) as ended:
        verify(tmp_path / "export", every=False)
    assert ended.value.exit_code == 1
    output = capsys.readouterr().out
    assert "TOPCOP-OP-02/2026: value: published 13, computed 12" in output
    assert "Different: 1." in output


async def test_a_tampered_export_is_found(system: System, tmp_path: Path) -> None:
    """A visit removed from the export is reported with the broken chain and each figure that no longer follows."""
    await _publish(system, await _programme(system))
    await export(system, tmp_path / "export")
    file = tmp_path / "export" / "matching.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    gone = next(line for line in lines if line["type"] == "VisitCompleted")
    file.write_text("".join(json.dumps(line) + "\n" for line in lines if line is not gone), "utf-8")
    wrong, checked, _ = recount_export(tmp_path / "export", ErasureKeys(""))
    assert wrong == Exported.read(tmp_path / "export", ErasureKeys("")).faults != []
    broken = {each.name: each.differences for each in checked if each.differences}
    assert broken["TOPCOP-OP-02/2026"][0] == "value: published 12, computed 11"
    assert "TOPCOP-IN-01/2026" not in broken


async def _short_of_one(system: System) -> Fact:
    """Publish a year whose figures were counted before one event had been read; gives that event."""
    book = await _programme(system)
    facts = list(book.everything())
    late = next(fact for fact in facts if fact.type == "VisitCompleted")
    await _state(system, Book([fact for fact in facts if fact is not late], book.cut_off))
    return late


async def _state(system: System, book: Book) -> None:
    """Submit and publish a year whose figures were counted from the facts of a book."""
    read = list(book.everything())
    types = types_of(COUNTED.values())
    ids = [fact.id for fact in read if fact.type in types]
    counted = CountedEvents(cut_off=book.cut_off, types=types, events=len(ids), sketch=Sketch.of(ids).text())
    where = Approval(parse("2026"), PeriodState.SUBMITTED, "evaluator", book.cut_off)
    bus = system.bus("reporting")
    async with bus.transaction("evaluator") as tx:
        await tx.record(PeriodSubmitted(period=where.as_reporting_period(), counted=counted), "2026")
    await bus.close()
    await _publish(system, book)


async def _freeze_quarter(system: System) -> datetime:
    """Freeze and publish the first quarter in reporting's own journal; gives the moment after it."""
    bus = system.bus("reporting")
    async with bus.transaction("evaluator") as tx:
        where = Approval(parse("2026-Q1"), PeriodState.FROZEN, "evaluator", clock.now(), frozen_at=clock.now())
        await tx.record(PeriodFrozen(period=where.as_reporting_period()), "2026-Q1")
        published = replace(where, state=PeriodState.PUBLISHED)
        await tx.record(PeriodPublished(period=published.as_reporting_period()), "2026-Q1")
    await bus.close()
    return clock.now()


async def test_own_events_on_their_way_are_not_blamed(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The freeze and the publication of another period that reporting had not read back yet are no finding."""
    book = await _programme(system)
    cut_off = await _freeze_quarter(system)
    await _state(system, Book(book.everything(), cut_off))
    await export(system, tmp_path / "export")
    wrong, checked, statements = recount_export(tmp_path / "export", ErasureKeys(""))
    assert (wrong, statements) == ([], [])
    assert [each for each in checked if each.differences] == []
    verify(tmp_path / "export", every=False)
    assert "had not been read" not in capsys.readouterr().out


async def test_a_late_freeze_that_moves_a_number_is_named(system: System, tmp_path: Path) -> None:
    """If something had happened after a freeze that was on its way, a restatement would count it: both are named."""
    book = await _programme(system)
    await _freeze_quarter(system)
    bus = system.bus("matching")
    late = next(each for each in world(13, running=0) if each.event.type == "VisitCompleted")
    async with bus.transaction("system:tests") as tx:
        await tx.record(late.event, uuid4(), correlation=late.story)
    await bus.close()
    await _state(system, Book(book.everything(), clock.now()))
    await export(system, tmp_path / "export")
    _, _, (stated,) = recount_export(tmp_path / "export", ErasureKeys(""))
    assert (len(stated.missed), stated.idle) == (3, frozenset())


async def test_an_event_that_was_on_its_way_breaks_no_figure(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event from before the cut-off that was read after it is named, and the figures hold without it."""
    late = await _short_of_one(system)
    await export(system, tmp_path / "export")
    wrong, checked, statements = recount_export(tmp_path / "export", ErasureKeys(""))
    assert wrong == []
    assert [each for each in checked if each.differences] == []
    assert [each.late for each in statements] == [frozenset({late.id})]
    verify(tmp_path / "export", every=False)
    said = capsys.readouterr().out
    assert "1 events had happened and had not been read: they are left out" in said
    assert str(late.id) in said


async def test_an_event_that_was_counted_and_is_gone_is_named(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event removed from the export is named as one that the figures had, beside the late one."""
    late = await _short_of_one(system)
    await export(system, tmp_path / "export")
    file = tmp_path / "export" / "matching.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    gone = next(line for line in lines if line["type"] == "VisitCompleted" and line["id"] != str(late.id))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines if line is not gone), "utf-8")
    with pytest.raises(typer.Exit):
        verify(tmp_path / "export", every=False)
    assert f"1 events were counted and are not in the export: {gone['id']}" in capsys.readouterr().out
