"""Check that the documents are true: links, named files, functions and commands exist, and events are listed."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
import typer
from prometheus_client import generate_latest

from deploy.cli.main import app
from deploy.compose import secrets
from deploy.local.folder import ROOT
from shared.contracts import EVENTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_OURS = {".venv", "node_modules", "build", ".git", ".data"}
DOCUMENTS = sorted(
    file.relative_to(ROOT)
    for file in ROOT.rglob("*.md")
    if not (NOT_OURS | {"vendor"}).intersection(file.relative_to(ROOT).parts)
)

GUIDE = "docs/architecture.md"
GUIDES = [
    file
    for file in DOCUMENTS
    if str(file) in {"README.md", "CONTRIBUTING.md", GUIDE}
    or file.is_relative_to("docs/recipes")
    or file.is_relative_to("docs/roles")
]
"""The documents in which every file, function and command that stands in code marks must exist."""

METRICS = (
    "shared.bus.metrics",
    "shared.web.admission",
    "services.matching.metrics",
    "services.notifications.webhooks.metrics",
)
"""The modules that define what `/metrics` answers with."""


def _anchors(text: str) -> set[str]:
    """Return what a heading is called in an address: its words in small letters, with hyphens."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _broken(file: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    leads_to = (file.parent / path) if path else file
    if not leads_to.exists():
        return True
    return bool(anchor) and anchor not in _anchors(leads_to.read_text("utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    """Every link that a newcomer clicks on leads somewhere; addresses elsewhere are not asked."""
    file = ROOT / document
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text("utf-8")) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if _broken(file, link)] == []


def test_every_picture_is_shown_in_a_document() -> None:
    """A picture that no document shows any more is removed."""
    text = "".join((ROOT / document).read_text("utf-8") for document in DOCUMENTS)
    pictures = [*(ROOT / "docs/screenshots").iterdir(), *(ROOT / "docs/pictures").iterdir()]
    assert [file.name for file in pictures if f"{file.parent.name}/{file.name}" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_metric_that_a_document_names_exists(document: Path) -> None:
    """An alert that an operator copies from a document names a metric that a service answers with."""
    for module in METRICS:
        import_module(module)
    answered = set(re.findall(r"^# TYPE (\S+)", generate_latest().decode(), re.MULTILINE))
    assert set(re.findall(r"\btandem_\w+", (ROOT / document).read_text("utf-8"))) <= answered


@pytest.mark.parametrize("service", ["applications", "matching", "notifications", "reporting"])
def test_the_readme_of_a_service_lists_its_rooms(service: str) -> None:
    """Every room is named in the README of its service and in the architecture, and no other folder is."""
    folder = ROOT / "services" / service
    rooms = {init.parent.name for init in folder.glob("*/__init__.py")}
    text = (folder / "README.md").read_text("utf-8")
    assert [room for room in sorted(rooms) if f"`{room}/" not in text] == []
    row = re.search(rf"^\| `services/{service}` \| (.*) \|$", (ROOT / GUIDE).read_text("utf-8"), re.MULTILINE)
    assert row is not None
    assert set(row[1].split(", ")) == rooms


@pytest.mark.parametrize("service", ["matching", "notifications", "reporting"])
def test_a_service_names_all_events_that_it_publishes(service: str) -> None:
    """Its page is complete; the portal, which tells most of them, names its topics only."""
    text = (ROOT / "services" / service / "README.md").read_text("utf-8")
    published = [name for name, event in EVENTS.items() if TOPICS[event.topic].owner == service]
    assert [name for name in published if not re.search(rf"\b{name}\b", text)] == []


def _code(text: str) -> Iterator[str]:
    """Yield the text in code marks, and the lines of the shell blocks."""
    for block in re.findall(r"^```(?:sh|bash)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (line.split("  #")[0].strip() for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def _defined(file: Path, name: str) -> bool:
    """Return whether a module or package defines a name such as `submit` or `Tx.record`."""
    tree: ast.AST = ast.parse((file / "__init__.py" if file.is_dir() else file).read_text("utf-8"))
    for part in name.split("."):
        found = [node for node in ast.iter_child_nodes(tree) if part in _names(node)]
        if not found:
            return False
        tree = found[0]
    return True


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _missing_path(word: str) -> bool:
    """Return whether a path, perhaps with `:name` of a definition, is missing; below services/ or the root."""
    path, _, name = word.partition(":")
    found = [file for start in (ROOT, ROOT / "services") for file in start.glob(path.rstrip("/"))]
    return not found or (bool(name) and not any(_defined(file, name) for file in found))


def _wrong(code: str) -> Iterator[str]:
    """Yield each word of a command or path that does not exist."""
    words = code.split()
    for before, word in zip(["", *words], words, strict=False):
        if "<" in word or "://" in word or word.startswith("-"):
            continue
        if before == "-m" and not word.startswith("pytest"):
            if not re.fullmatch(r"[a-z_.]+", word) or find_spec(word) is None:
                yield word
        elif before == "make":
            if not re.search(rf"^{re.escape(word)}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE):
                yield f"make {word}"
        elif before in {"tandem", "./tandem", ".venv/bin/tandem"}:
            if word not in typer.main.get_group(app).commands:
                yield f"tandem {word}"
        elif word.startswith(".secrets/"):  # made on the machine that runs compose
            if word.removeprefix(".secrets/") not in {name for group in secrets.groups() for name in group}:
                yield word
        elif re.fullmatch(r"\.?[\w*-]+(/[\w.*-]+)+/?(:[\w.]+)?", word) and not word.startswith((".venv/", "build/")):
            if _missing_path(word):
                yield word
        elif re.fullmatch(r"\w+\.(md|toml|lock|in)", word) and not (ROOT / word).exists():
            yield word


@pytest.mark.parametrize("document", GUIDES, ids=str)
def test_files_functions_and_commands_of_a_guide_exist(document: Path) -> None:
    """Guides name existing files, `file.py:function`, modules after `python -m`, make targets and tandem commands."""
    text = (ROOT / document).read_text("utf-8")
    assert [wrong for code in _code(text) for wrong in _wrong(code)] == []


@pytest.mark.parametrize(
    "code",
    [
        "services/no_such/file.py",
        "shared/ids.py:no_such",
        "python -m tests.no_such",
        "make no_such",
        "tandem no_such",
        "no_such.toml",
    ],
)
def test_a_name_that_does_not_exist_is_found(code: str) -> None:
    """The check of the guides reports what is missing."""
    assert list(_wrong(code))
