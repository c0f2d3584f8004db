"""Tests of the addresses to which forms redirect: a parameter that says what was done begins with `done`."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.identity.confirmations import WORD

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[4]
_PARAMETER = re.compile(r"[?&](\w+)=?")
OTHERS = {
    "act": "which decision the result is of",
    "all": "ticks all cases of the list",
    "as": "the persona of a local run",
    "back": "the filters of the list to return to",
    "call": "the call that the page is about",
    "code": "the code of the sign-in provider",
    "draft": "the draft that a form begins",
    "error": "what the sign-in provider answers",
    "from": "the first day of the calendar",
    "iss": "the sign-in provider",
    "key": "the key of a link",
    "kind": "a filter",
    "lang": "the language",
    "next": "where to go after the sign-in",
    "organisation": "a filter",
    "other": "a filter",
    "over": "a filter",
    "page": "the page of the list",
    "period": "the period that the page is about",
    "person": "whose deputies",
    "q": "what is searched",
    "reach": "which events a webhook gets",
    "reference": "the application that was searched",
    "seen": "the stamp of an open page",
    "show": "which messages the list shows",
    "state": "a filter",
    "step": "which step of a form",
    "then": "which step of a form follows this one",
    "ticket": "a ticket of the portal",
    "topic": "the topic that the list is about",
    "v": "the version of a static file",
    "year": "a filter",
    "way": "a filter",
    "week": "a filter, or the week that was dragged to",
}
"""The parameters that choose what a page shows, without saying what happened."""


@cache
def _modules() -> dict[str, ast.Module]:
    """Return the modules with pages, and all shared ones, by path."""
    names = {path for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")}
    kept = sorted(
        str(path.relative_to(ROOT)) for path in names if "pages" in str(path) or path.is_relative_to(ROOT / "shared")
    )
    return {name: ast.parse((ROOT / name).read_text("utf-8")) for name in sorted(kept)}


def _redirects(tree: ast.Module) -> Iterator[str]:
    """Yield the parameters of the addresses that functions of pages redirect to."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        redirects = any(isinstance(call.func, ast.Name) and call.func.id == "see_other" for call in calls)
        returned = [
            node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None
        ]
        for node in (each for value in returned for each in ast.walk(value)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"^\S*[?&]\w", node.value):
                yield from _PARAMETER.findall(node.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from (word.arg for word in node.keywords if node.func.attr == "address" and word.arg)
        if redirects and any(isinstance(call.func, ast.Name) and call.func.id == "urlencode" for call in calls):
            for node in ast.walk(function):
                if isinstance(node, ast.Dict):
                    yield from (str(key.value) for key in node.keys if isinstance(key, ast.Constant))


def _reads(tree: ast.Module) -> Iterator[str]:
    """Yield the parameters that a module reads from the address by hand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            of, key = node.func.value, node.args[0] if node.args else None
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            of, key = node.comparators[0], node.left
        else:
            continue
        if isinstance(of, ast.Attribute) and of.attr == "query_params" and isinstance(key, ast.Constant):
            yield str(key.value)


def test_every_redirect_that_says_what_was_done_is_confirmed() -> None:
    """A redirect's parameter begins with `done`, so that it is signed, or is known to say nothing of the kind."""
    found = {(name, parameter) for name, tree in _modules().items() for parameter in _redirects(tree)}
    assert len({name for name, parameter in found if parameter.startswith(WORD)}) > 30
    assert sorted((name, each) for name, each in found if not each.startswith(WORD) and each not in OTHERS) == []


def test_pages_read_no_other_word_that_says_what_was_done() -> None:
    """A value that a page or template reads from the address is signed, or is known not to confirm anything."""
    read = {(name, parameter) for name, tree in _modules().items() for parameter in _reads(tree)}
    for path in sorted(ROOT.glob("s*/**/*.html")):
        text = path.read_text("utf-8")
        read |= {(path.name, each) for each in re.findall(r"query_params(?:\.get\(|\[)[\"'](\w+)", text)}
        read |= {(path.name, each) for each in re.findall(r"[\"'](\w+)[\"'] in request\.query_params", text)}
    assert len({name for name, parameter in read if parameter.startswith(WORD)}) > 30
    assert sorted((name, each) for name, each in read if not each.startswith(WORD) and each not in OTHERS) == []


@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        ('async def save():\n    return see_other(f"{at}?saved=1")', ["saved"]),
        ('async def save():\n    return at + "?moved=1&left=2"', ["moved", "left"]),
        ('async def save():\n    return see_other(filters.address(done="closed", sent="1"))', ["done", "sent"]),
        ('async def save():\n    kept = {"kept": 1}\n    return see_other(f"{at}?{urlencode(kept)}")', ["kept"]),
    ],
)
def test_a_redirect_past_the_signature_is_found(code: str, parameters: list[str]) -> None:
    """The parameters are found in literals, in what is put together, and in the filters of a list."""
    assert list(_redirects(ast.parse(code))) == parameters
