"""Each record that people change is one of which a refusal of an older version can say what it is now."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from deploy.cli.system import SERVICES

if TYPE_CHECKING:
    from shared.bus.db.records import Record
    from shared.identity.versions import Records


def _records(service: str) -> Records:
    records: Records = importlib.import_module(f"services.{service}.records").RECORDS
    return records


@pytest.mark.parametrize(
    ("service", "name", "record"),
    [(service, name, record) for service in SERVICES for name, record in _records(service).by_parameter.items()],
)
def test_a_record_knows_its_state_or_its_last_change(service: str, name: str, record: Record) -> None:
    """A record has a state with a word for it, or the moment of its last change."""
    assert (record.state is None) is (record.state_word is None), f"{service}: {name}"
    assert record.state is not None or record.changed is not None, f"{service}: {name}"
