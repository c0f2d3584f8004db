"""Test that a form which rests on an older version can show whatever has changed in its record."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import class_mapper
from sqlalchemy.sql import visitors

from deploy.local.settings import SERVICES
from shared.identity.record_facts import ColumnFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.bus.db.records import Record
    from shared.identity.record_facts import RecordFacts
    from shared.identity.versions import Records

ITS_PAGE_COMPARES = {"chooser", "draft"}
"""Kinds whose pages show what was written beside what is saved, field by field."""
WHO = {
    "actor",
    "author",
    "party",
    "reporter",
    "subject",
    "recipient",
    "asked_by",
    "cancelled_by",
    "changed_by",
    "closed_by",
    "committed_by",
    "created_by",
    "decided_by",
    "ended_by",
    "issued_by",
    "approved_by",
    "chosen_by",
    "paused_by",
    "proposed_by",
    "published_by",
    "reopened_by",
    "resumed_by",
    "retired_by",
    "revoked_by",
    "settled_by",
    "withdrawn_by",
}
"""Columns with a person: a sentence says who changed the record last."""
FIXED = {
    "agreement": "terms document at",
    "certificate": "attended_days start end visit_id",
    "certificate_issue": "own_name facts at",
    "cohort_job": "chosen effort reserves choices option",
    "companion": "mode kind written organisation_id",
    "incident": "reference country happened_on text reported_at visit_id mentorship_id",
    "match": "kind country host_country proposed_at pairing offer_id mentor_id",
    "mentorship": "country mentor_country plan",
    "message": "rule about at reference country audience_key audience case facts application_id",
    "move_request": "periods reason text asked_in after_move",
    "need": "country scheme",
    "notification": "added_at at language",
    "partner_case": "kind reference side stage other application_id match_id",
    "partner_decision": "country digest preview choices",
    "pause": "reason text",
    "preparation_rule": "call_id",
    "proposal": "kind about country change before base_version organisation_id",
    "pull_token": "digest issued_at",
    "question": "kind",
    "restatement": "statement cut_off figures counted",
    "run": "kind cohort event",
    "statement": "reason text last_day",
    "knowledge_test": "topic at call_id",
    "unreachable_recipient": "country",
    "visit": "guest country host_country topic replaces details offer_id mentorship_id",
    "webhook_delivery": "about at position test",
    "webhook_endpoint": "reach created_at",
    "webhook_secret": "sealed",
    "what_if": "basis own other revision",
}
"""Columns that are written once, by table. An id that no row may lack is one without being listed."""
ALONGSIDE = {
    "agenda": ("at", "the text"),
    "attendance": ("at corrected_from", "the days"),
    "clearance": ("reason text host_due", "the decision with its moment"),
    "cohort_job": ("runs refusal moved problem", "the state"),
    "companion": ("named_id", "the moment of the answer"),
    "goal": ("number follows at text target reason", "the moment of the last change, or the goal itself"),
    "goal_note": ("text percent", "the moment of the last note"),
    "incident": ("readers", "the category"),
    "incident_note": ("text", "the moment of the last note"),
    "match": ("reason cancelled_in", "the state"),
    "meeting": ("version begins_at minutes on_site", "the moment of the last change, or the meeting itself"),
    "mentorship": ("reason", "the state"),
    "message": ("generation", "the moment in which it was queued"),
    "notification": (
        "state attempts open_attempts cause generation mail_id status",
        "the attempts, what was sent, and the reports",
    ),
    "need_import": ("cells result", "the state"),
    "option_set": ("version outcome problem", "the state"),
    "organisation": ("version", "the entry"),
    "pair_visit": ("guest days periods note answer at", "the moment of the last change, or the request itself"),
    "partner_case": ("choice state ends_on fund_id", "the moment of the last change"),
    "period": ("figures_digest", "the cut-off"),
    "person": ("version lapsed_grants", "the entry, and the day on which the access ended"),
    "question": ("newest", "the version"),
    "session": (
        "version held_on minutes on_site note next_on dispute at",
        "the moment of the last change, or the session itself",
    ),
    "sheet": ("details", "the moment in which it was saved"),
    "unreachable_recipient": ("status", "the moment of the last failure"),
    "visit": (
        "days attended whole reason cause drop_cause agenda_due early proposal",
        "the state, the dates, the days",
    ),
    "webhook_delivery": ("tried milliseconds", "the attempts"),
    "what_if": ("version outcome problem", "the state"),
}
"""Columns that change only together with something that is compared, by table."""


def _columns_in(expression: Any) -> Iterator[tuple[str, str]]:
    """Yield the columns of tables that an expression reads, each with its table."""
    element = expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
    for part in visitors.iterate(element):
        for base in getattr(part, "base_columns", ()):
            if isinstance(base, sa.Column):
                yield base.table.name, base.name


def _tables(record: Record) -> Iterator[tuple[sa.Table, set[str]]]:
    """Yield the tables of a record, each with the columns that name its rows or are in no version."""
    keys = {record.key} if isinstance(record.key, str) else set(record.key)
    yield _table(record.table), keys | set(record.leaving_out)
    for part in record.parts:
        table = _table(part.table)
        yield table, {part.column, *(key.name for key in table.primary_key)}


def _table(mapped: type) -> sa.Table:
    table = class_mapper(mapped).local_table
    assert isinstance(table, sa.Table)
    return table


def _not_compared(record: Record, facts: RecordFacts) -> set[tuple[str, str]]:
    """Return the columns of a version that no fact of the record reads."""
    assert isinstance(facts.read, ColumnFacts)
    expressions = [*(each.column for each in facts.read.shown), record.state, record.changed]
    read = {found for each in expressions if each is not None for found in _columns_in(each)}
    return {
        (table.name, column.name)
        for table, left_out in _tables(record)
        for column in table.columns
        if column.name not in left_out | WHO
        and (column.nullable or not column.name.endswith("id"))
        and (table.name, column.name) not in read
    }


def _records() -> Iterator[tuple[str, str, Record, RecordFacts | None]]:
    for service in SERVICES:
        records: Records = import_module(f"services.{service}.records").RECORDS
        for parameter, record in records.by_parameter.items():
            kind = parameter.removesuffix("_id")
            if not record.column and kind not in ITS_PAGE_COMPARES:
                yield service, kind, record, records.facts.get(kind)


@pytest.mark.parametrize(("service", "kind", "record", "facts"), list(_records()), ids=lambda each: str(each)[:20])
def test_a_column_of_a_version_is_compared(service: str, kind: str, record: Record, facts: RecordFacts | None) -> None:
    """Each column that makes a form stale is a fact of its record, or changes only with one."""
    assert facts is not None, f"{service} has no facts of {kind}"
    if not isinstance(facts.read, ColumnFacts):
        return
    reasons = {
        (table, column)
        for table, columns in [*FIXED.items(), *((name, words) for name, (words, _) in ALONGSIDE.items())]
        for column in columns.split()
    }
    assert sorted(_not_compared(record, facts) - reasons) == []


def test_each_exception_is_needed() -> None:
    """No column stands in a list although it is compared, or does not exist."""
    open_ = set()
    for _, _, record, facts in _records():
        if facts is not None and isinstance(facts.read, ColumnFacts):
            open_ |= _not_compared(record, facts)
    listed = [*FIXED.items(), *((name, words) for name, (words, _) in ALONGSIDE.items())]
    assert [
        (table, column) for table, words in listed for column in words.split() if (table, column) not in open_
    ] == []
