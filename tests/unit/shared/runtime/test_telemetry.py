"""Test that a log says what happened and nothing about the people concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from shared.runtime import telemetry
from shared.settings import ServiceSettings
from tests.support import settings_for

if TYPE_CHECKING:
    import pytest


def test_a_traceback_holds_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """An error's traceback names places in the code; the values that were at hand there are not written."""
    before = structlog.get_config()
    provider = telemetry.configure("test", ServiceSettings(**settings_for("postgresql://nowhere/none")))
    try:
        name = "Ana Example"
        try:
            _fails(name)
        except ArithmeticError:
            structlog.get_logger().exception("it failed")
    finally:
        structlog.configure(**before)
        if provider is not None:
            provider.shutdown()
    said = capsys.readouterr().out
    assert "_fails" in said
    assert "Ana Example" not in said


def _fails(name: str) -> None:
    raise ArithmeticError(str(len(name)))
