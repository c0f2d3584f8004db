"""A refusal of an older version says what the record is now: each record knows that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from shared.bus.db.outdated import Outdated
from shared.bus.db.records import Record


class Thing:
    """A table."""


def test_a_record_knows_its_state_or_its_last_change() -> None:
    """A record that could not say what it is now is refused when it is declared."""
    for known in ({}, {"state": sa.literal("open")}, {"state_word": str}):
        with pytest.raises(TypeError, match="Thing needs a state"):
            Record(Thing, **known)
    Record(Thing, changed=sa.func.now())
    Record(Thing, state=sa.literal("open"), state_word=str)


def test_a_record_makes_its_queries_once() -> None:
    """All requests share them, since making them costs more than asking; a section has a digest of its own."""
    things = type("Things", (), {"__table__": sa.Table("thing", sa.MetaData(), sa.Column("id", sa.Text))})
    record = Record(things, changed=sa.func.now())
    first, second = (record.digest() for _ in "ab")
    assert first is second
    assert record.lock is record.lock
    document = sa.Table("page", sa.MetaData(), sa.Column("id", sa.Text), sa.Column("answers", sa.JSON))
    keys = {"purpose": ("a",), "plan": ("b", "c")}
    pages = Record(type("Pages", (), {"__table__": document}), column="answers", keys=keys.get, changed=sa.func.now())
    purpose, plan, again, none, unknown = (
        pages.digest(section) for section in ("purpose", "plan", "purpose", "none", "no such")
    )
    assert purpose is again
    assert purpose is not plan
    assert none is unknown


def test_a_refusal_says_what_the_record_is_now() -> None:
    """The sentence names the state, or what else has changed, and the moment of the last change, as far as known."""
    moment = datetime(2026, 1, 16, 9, 30, tzinfo=UTC)
    begins = "Nothing was saved. The record has changed since you read it."
    assert Outdated("a").detail == begins
    assert Outdated("a", state="Open").detail == f"{begins} It is now “Open”."
    assert Outdated("a", changed=moment).detail == f"{begins} It was last changed on 16 January 2026, 10:30 CET."
    both = Outdated("a", state="Open", changed=moment)
    assert both.detail_of(["Status", "Due date"]) == both.detail
    assert both.detail_of(["Due date"]) == (
        f"{begins} What has changed: Due date. It was last changed on 16 January 2026, 10:30 CET."
    )
    assert both.detail_of(()) == Outdated("a", changed=moment).detail
    several = Outdated(places={"/people/0/version": "a"}, sentences={"/people/0/version": "It is now “Open”."})
    assert several.detail_at("/people/0/version") == f"{begins} It is now “Open”."
