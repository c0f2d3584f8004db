"""Test that no code of ours runs text, builds what should be fixed, or uses what is broken."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FORBIDDEN = {
    "__import__",
    "eval",
    "exec",
    "hashlib.md5",
    "hashlib.sha1",
    "marshal.loads",
    "os.popen",
    "os.system",
    "pickle.load",
    "pickle.loads",
    "yaml.load",
}
"""Calls that run or trust what they are given."""
ALLOWED = {
    "services/matching/engine/options/refusals.py: random": "draws who refuses from a seed, so that it repeats",
    "services/notifications/webhooks/worker.py: random": "spreads the next attempts; nothing has to be unguessable",
    "shared/contracts/check.py: subprocess": "a tool for developers that calls git",
}
"""Imports of modules that need a reason."""
MODULES = {"marshal", "pickle", "random", "subprocess", "telnetlib", "xml.sax"}
FILES = [file for place in ("services", "shared") for file in sorted((ROOT / place).rglob("*.py"))]


def findings() -> Iterator[str]:
    """Return what is forbidden, or imported without a reason, by file."""
    for file in FILES:
        place = str(file.relative_to(ROOT))
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=called) if ast.unparse(called) in FORBIDDEN:
                    yield f"{place}: {ast.unparse(called)}"
                case ast.Call(keywords=keywords) if any(word.arg == "shell" for word in keywords):
                    yield f"{place}: shell"
                case ast.Call(func=called, args=[ast.JoinedStr() | ast.Name() as pattern, *_]) if ast.unparse(
                    called
                ) == "re.compile" and "request" in ast.unparse(pattern):
                    yield f"{place}: an expression from a request"
                case ast.Call(func=ast.Attribute(attr="from_string")):
                    yield f"{place}: a template from text"
                case ast.Import(names=names):
                    yield from (f"{place}: {name.name}" for name in names if name.name in MODULES)
                case ast.ImportFrom(module=str(module)) if module in MODULES:
                    yield f"{place}: {module}"


def test_no_code_runs_text_or_uses_broken_algorithms() -> None:
    """No text or stored object is run, no command is built, no random number is guessable, no hash is broken."""
    assert len(FILES) > 500
    assert set(findings()) == set(ALLOWED)


def test_our_script_makes_no_markup_from_text_and_stores_nothing() -> None:
    """The one script of ours writes texts as texts, runs none, and leaves nothing in the browser's storage."""
    script = (ROOT / "shared" / "web" / "static" / "tandem.js").read_text("utf-8")
    dangerous = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|(local|session)Storage|indexedDB"
    )
    assert re.findall(dangerous, script) == []
    assert len(script) > 1000
