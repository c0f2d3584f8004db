"""Test that the documents on security are complete and name what exists."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from deploy.local.folder import ROOT
from deploy.local.settings import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

    from shared.settings import ServiceSettings

DOCUMENT = ROOT / "docs" / "security.md"
OPERATING = ROOT / "docs" / "operating.md"
THREATS = sorted((ROOT / "docs" / "threats").glob("*.md"))
REQUIREMENTS = {
    "V1": 27,
    "V2": 11,
    "V3": 19,
    "V4": 10,
    "V5": 9,
    "V6": 35,
    "V7": 18,
    "V8": 7,
    "V9": 7,
    "V10": 29,
    "V11": 14,
    "V12": 9,
    "V13": 13,
    "V14": 9,
    "V15": 13,
    "V16": 16,
    "V17": 7,
}
"""The number of requirements of levels 1 and 2 in each chapter of ASVS 5.0.0: 70 and 183."""
_ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([12]) \| ([^|]+) \| (met|n/a|open) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def functions(file: Path) -> frozenset[str]:
    """Return the names of a module's functions."""
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def missing_tests(text: str) -> list[str]:
    """Return the tests that a text names and that do not exist."""
    return [
        f"{path}::{name}"
        for path, name in _TEST.findall(text)
        if not name.startswith("test_") or not (ROOT / path).exists() or name not in functions(ROOT / path)
    ]


@pytest.mark.parametrize("document", [DOCUMENT, *THREATS], ids=lambda document: document.name)
def test_every_named_test_exists(document: Path) -> None:
    """A measure rests on a test that is there."""
    text = document.read_text("utf-8")
    assert len(_TEST.findall(text)) >= 10
    assert text.count("tests/") - text.count("`tests/unit/test_security_documents.py` checks") == len(
        _TEST.findall(text)
    ), "a test is named in another form than `tests/file.py::test_name`"
    assert missing_tests(text) == []


def test_every_requirement_is_listed_once() -> None:
    """Each chapter has as many rows as the standard has requirements, in order and without repetition."""
    rows = _ROW.findall(DOCUMENT.read_text("utf-8"))
    numbers = [tuple(map(int, row[:3])) for row in rows]
    assert numbers == sorted(set(numbers))
    assert Counter(f"V{number[0]}" for number in numbers) == REQUIREMENTS
    assert Counter(row[3] for row in rows) == {"1": 70, "2": 183}


def test_every_met_requirement_names_a_test_and_the_counts_are_right() -> None:
    """Nothing is called met without a test, and the summary adds up."""
    text = DOCUMENT.read_text("utf-8")
    rows = _ROW.findall(text)
    assert [".".join(row[:3]) for row in rows if row[5] == "met" and not _TEST.search(row[6])] == []
    counts = Counter(row[5] for row in rows)
    for status, name in (("met", "met"), ("n/a", "not applicable"), ("open", "open")):
        assert f"| {name} | {counts[status]} |" in text


def test_every_service_has_a_threat_model_with_all_six_kinds() -> None:
    """One page a service: assets, entry points, actors, threats by STRIDE, and what is accepted."""
    assert [file.stem for file in THREATS] == sorted(SERVICES)
    for file in THREATS:
        text = file.read_text("utf-8")
        for part in ("**Assets.**", "**Entry points.**", "**Actors.**", "**Accepted.**"):
            assert part in text, (file.name, part)
        kinds = set(re.findall(r"^\| ([A-Z][\w ]+?) \|", text, re.MULTILINE)) - {"STRIDE"}
        assert kinds == {
            "Spoofing",
            "Tampering",
            "Repudiation",
            "Information disclosure",
            "Denial of service",
            "Elevation of privilege",
        }, file.name


def settings_of(service: str) -> type[ServiceSettings]:
    """Return the settings class of a service."""
    found: type[ServiceSettings] = import_module(f"services.{service}.settings").Settings
    return found


def test_every_secret_setting_is_in_the_inventory() -> None:
    """Each setting that is a secret has a row with its algorithm and its use."""
    text = DOCUMENT.read_text("utf-8")
    secret = {
        f"TANDEM_{name.upper()}"
        for service in SERVICES
        for name, field in settings_of(service).model_fields.items()
        if SecretStr in {field.annotation, *getattr(field.annotation, "__args__", ())}
    }
    assert len(secret) > 8
    assert [name for name in sorted(secret) if f"`{name}`" not in text] == []


def test_every_address_setting_is_a_documented_connection() -> None:
    """Each setting that names another system is in the list of connections."""
    text = OPERATING.read_text("utf-8")
    addresses = {
        f"TANDEM_{name.upper()}"
        for service in SERVICES
        for name in settings_of(service).model_fields
        if name in {"kafka", "oidc_issuer", "oidc_discovery"} or re.search(r"_(url|host|endpoint|port|networks)$", name)
    }
    assert len(addresses) > 8
    assert [name for name in sorted(addresses) if f"`{name}`" not in text] == []


def test_every_record_of_access_is_in_the_inventory() -> None:
    """The tables that the list of logs names exist, and each that ends in `_log` is named."""
    text = OPERATING.read_text("utf-8")
    known = {
        name
        for schema in (ROOT / "tests" / "integration" / "schema").glob("*.txt")
        for name in re.findall(r"^table (\w+)", schema.read_text("utf-8"), re.MULTILINE)
    }
    records = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \((?:each service|\w+)\) \| database", text, re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", "\n".join(records)))
    assert listed >= {"access_log", "attempt", "journal", "free_text_log"}
    assert listed <= known
    assert {name for name in known if name.endswith("_log")} <= listed


_LIMIT = re.compile(r"(\d+)(?: \||:) `((?:services|shared)/[\w/]+\.py):(\w+)`")


def test_the_listed_limits_are_those_of_the_code() -> None:
    """Each limit in the list has the value of the constant that it names."""
    text = (ROOT / "docs" / "limits.md").read_text("utf-8")
    listed = _LIMIT.findall(text)
    assert len(listed) == text.count(".py:") > 30
    wrong = []
    for value, path, name in listed:
        for node in ast.parse((ROOT / path).read_text("utf-8")).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=found)], value=ast.Constant(value=int(real))) if found == name:
                    break
        else:
            real = None
        if real != int(value):
            wrong.append(f"{path}:{name} is {real}, not {value}")
    assert wrong == []
