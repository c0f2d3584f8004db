"""Define the type in which the history of the register compares entries."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

State = Mapping[str, JsonValue]
"""The fields of an entry as JSON, of whatever sort it is: entries of older rules must be comparable, too."""
