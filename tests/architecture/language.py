"""Report names and docstrings that are not in plain words; run as `python -m tests.architecture.language`.

A module docstring is a statement, not a question. Names are nouns or verbs of the field (`docs/glossary.md`), not
participles such as `told` or metaphors such as `workshop`. Parameters, variables, fields, columns and the variables of
templates say what they hold. A test's name states a behaviour: it does not begin with a question word, and has none of
the words of `OF_TESTS`. Tables and their columns are read from the listings in `tests/integration/schema`. A word of
`RETIRED` stands nowhere: in no name, text, template, catalogue of translations or document. Docstrings
do not use the phrases of `PHRASES`, and do not begin with a question word: that of a class says what an instance is,
that of a function what it does or returns, that of a test what is so, that of a constant or field what it holds. What
must stay is listed in `language_exceptions.txt`, one `path: word  # reason` a line; an exception that is not needed any
more is an error too.
Exits with 1 if anything is found. Arguments limit the report to paths that begin with one of them.
"""

from __future__ import annotations

import ast
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import jinja2

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = Path(__file__).with_name("language_exceptions.txt")
FOLDERS = ("services", "shared", "deploy", "tests")
DOCUMENTS = ("docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Files and folders that are read for the words of `RETIRED` only."""
SCHEMAS = ROOT / "tests" / "integration" / "schema"

NAMES = re.compile(
    r"_*(told|held|asked|anew|shown|drawn|said|seen|taken|given|made|kept|meant|worked|known|hangs|meets"
    r"|goes|went|falls|says?|tells?|again|now|one|workshop|turns?|hands)",
    re.IGNORECASE,
)
"""Whole names of modules, classes and functions that say nothing to a newcomer."""

VALUES = re.compile(r"_*(told|held|asked|anew|one)")
"""Names of parameters, variables, fields, columns and template variables that do not say what they hold."""

OF_TESTS = re.compile(
    r"test_(who|whom|whose|what(?!_if_)|how|which|where|when|why|whether)(ever)?_"
    r"|.*_(told|tells|anew|whom|whoever|held)(_|$)"
)
"""Names of tests that are questions, or not plain English."""

TABLES = re.compile(
    r"sent|resent|paused|dated|received|applied|consumed|waiting|pending|unknown|unreachable|.*_(in|asked|closed)"
)
"""Names of tables that are no nouns."""

COLUMNS = re.compile(
    r"(.*_)?(told|tells|anew|said|who|whom|whose|why|how|what(?!_if))(_.*)?"
    r"|was|of|to|by|more|shown|seen|given|kept|taken|made|held|asked|one|known|again|now"
)
"""Names of tables and columns that do not say what they hold."""

PHRASES = re.compile(
    r"whoever|\bof what\b(?!-if)|\b(is|are|to be|been) told\b|\btold of\b|who has it|it stands|held against"
    r"|\bheld equal\b"
    r"|thrown? away|comes next|tick(ed)? all|the own [a-z]+|what came of",
    re.IGNORECASE,
)
"""Phrases that are not plain English."""

RETIRED = re.compile(r"(?<![a-z])park(s|ed)?(?![a-z])", re.IGNORECASE)
"""Words that a term of the glossary has replaced (dead letter), also as a part of a name."""

_TEXTS = {".py", ".html", ".md", ".po", ".json", ".txt", ".sh", ".yaml", ".yml"}
_SYNTAX = jinja2.Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)

QUESTION = re.compile(r"(whether|(who|whom|whose|what(?!-if)|how|which|where|when)(ever)?|why)\b", re.IGNORECASE)
"""First words that make a docstring a question or half a sentence."""


class Text(NamedTuple):
    """A docstring or a name, and the line where it begins."""

    value: str
    lineno: int


def problems(path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield each problem of a module: the word or phrase, the line, what is wrong."""
    tree = ast.parse(path.read_text("utf-8"))
    first = (ast.get_docstring(tree) or "").split("\n\n")[0]
    if "?" in first:
        yield "?", 1, "the module docstring is a question"
    if NAMES.fullmatch(path.stem):
        yield path.stem, 1, "odd name of a module"
    for node in ast.walk(tree):
        for text in _texts_of_values(node):
            if word := QUESTION.match(text.value.strip()):
                yield word[0].lower(), text.lineno, "the docstring of a value begins with a question word"
        for name in _values(node):
            if VALUES.fullmatch(name.value):
                yield name.value, name.lineno, "a value is named by"
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        line = 1 if isinstance(node, ast.Module) else node.lineno
        if not isinstance(node, ast.Module) and NAMES.fullmatch(node.name):
            yield node.name, line, "odd name"
        if not isinstance(node, ast.Module) and node.name.startswith("test_") and OF_TESTS.match(node.name):
            yield node.name, line, "odd name of a test"
        if word := QUESTION.match(ast.get_docstring(node) or ""):
            yield word[0].lower(), line, "a docstring begins with a question word"
        for found in PHRASES.finditer(" ".join((ast.get_docstring(node) or "").split())):
            yield found[0].lower(), line, "odd phrase in a docstring"


def _values(node: ast.AST) -> Iterator[Text]:
    """Yield the name that a node gives to a value: parameter, variable, field or attribute, keyword, or column."""
    match node:
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield Text(name, node.lineno)
        case ast.Call(
            func=ast.Name(id="Column") | ast.Attribute(attr="Column"), args=[ast.Constant(value=str(name)), *_]
        ):
            yield Text(name, node.lineno)


def template_problems(path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield the variables of a template that do not say what they hold."""
    for name in _SYNTAX.parse(path.read_text("utf-8")).find_all(jinja2.nodes.Name):
        if VALUES.fullmatch(name.name):
            yield name.name, name.lineno, "a value is named by"


def table_problems(path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield the odd names of tables and columns in a listing of a database's schema."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if found := re.match(r'table "?(\w+)', line):
            if TABLES.fullmatch(found[1]) or COLUMNS.fullmatch(found[1]):
                yield found[1], number, "odd name of a table"
        elif (found := re.match(r'    "?(\w+)', line)) and COLUMNS.fullmatch(found[1]):
            yield found[1], number, "odd name of a column"


def _texts_of_values(node: ast.AST) -> Iterator[Text]:
    """Yield the docstrings of constants and fields: texts that stand behind an assignment."""
    if isinstance(node, ast.Module | ast.ClassDef):
        for value, text in pairwise(node.body):
            if isinstance(value, ast.Assign | ast.AnnAssign) and isinstance(text, ast.Expr):
                constant = text.value
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield Text(constant.value, constant.lineno)


def retired_words(path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield each word of a text file that a term of the glossary has replaced."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        for found in RETIRED.finditer(line):
            yield found[0].lower(), number, "a term of the glossary has replaced"


def _problems_of_file(path: Path) -> Iterator[tuple[str, int, str]]:
    if path.suffix in _TEXTS and path != EXCEPTIONS:
        yield from retired_words(path)
    if path.relative_to(ROOT).parts[0] not in FOLDERS:
        return
    if path.suffix == ".py":
        yield from problems(path)
    elif path.suffix == ".html" and "templates" in path.parts:
        yield from template_problems(path)
    elif path.parent == SCHEMAS and path.suffix == ".txt":
        yield from table_problems(path)


def _files() -> Iterator[Path]:
    for place in (ROOT / name for name in (*FOLDERS, *DOCUMENTS)):
        yield from sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def exceptions() -> set[tuple[str, str]]:
    """Return the listed exceptions: (path, word)."""
    lines = EXCEPTIONS.read_text("utf-8").splitlines() if EXCEPTIONS.exists() else []
    rows = (line.split("  #")[0].strip() for line in lines)
    return {(path, word.strip()) for path, _, word in (row.partition(":") for row in rows if row)}


def main(prefixes: list[str]) -> int:
    """Print what is found; 1 if there is anything."""
    known, used, count = exceptions(), set(), 0
    for path in _files():
        name = str(path.relative_to(ROOT))
        if "/migrations/" in name or (prefixes and not name.startswith(tuple(prefixes))):
            continue
        for word, line, what in _problems_of_file(path):
            if (name, word) in known:
                used.add((name, word))
                continue
            count += 1
            print(f"{name}:{line}: {what}: {word}")
    if not prefixes:
        for name, word in sorted(known - used):
            count += 1
            print(f"{EXCEPTIONS.name}: not needed any more: {name}: {word}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
