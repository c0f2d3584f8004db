"""Report texts of pages, emails and errors that are not plain English; run as `python -m tests.architecture.messages`.

Reads the texts that code and templates mark for translation. A sentence has at most `WORDS` words, and no semicolon.
Texts have none of the phrases of `ODD`, and only abbreviations of `ABBREVIATIONS`. None begins with a sign that would
glue it to another text. The pages of tools, which are not translated, have plain sentences too.

Errors at fields follow the templates of GOV.UK: they say what to do, or what must be, and one sentence alone has no
full stop. No two pages share a title: a title that is one text stands in one template only. What must stay is listed in
`messages_exceptions.txt`, the beginning of a text and a reason in each line; an exception that is not needed any more
is an error too.
Exits with 1 if anything is found.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from babel.messages.extract import extract

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = Path(__file__).with_name("messages_exceptions.txt")
FOLDERS = ("services", "shared", "deploy")
TOOLS = ("deploy/gateway/pages", "deploy/local/mail/templates")
"""Folders of pages that are written in English only."""
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
TEMPLATES = "jinja2.ext:babel_extract"
# The project's templates use the extension for translated texts and `do`.
OPTIONS = {"extensions": "jinja2.ext.i18n,jinja2.ext.do"}

WORDS = 22
"""The most words of a sentence."""

ODD = re.compile(
    r"\b(whoever|anew|what came of|comes next|who has it|held against|throw(n|s)? (it |them |this )?away"
    r"|take (it|this|them|the \w+) away|lawful weeks?|(is|are|was|were|to be) told|by when|hand(ed|s)? in"
    r"|looked at again|the own|mails?|mailed|at which hours|cascades?|void(s|ed)?|fell away|he or she|stated again)\b",
    re.IGNORECASE,
)
"""Words and phrases that learners of English stumble over."""

ABBREVIATIONS = """
ANASPOC API ASCII CEPOL CSV DNS HTML HTTP IATI JSON OPSYS OTNA P3D PDF PT45M RFC SHA TOPCOP UTF UTC UUID WWW
"""
"""Abbreviations that readers know from their work, or that the page explains."""

ERROR = re.compile(
    r"(Add|Answer|Choose|Change|Confirm|Do not|Enter|Explain|Give|Remove|Keep|Say|Select|Upload|Use|Write)\b"
    r"|.*\b(must|needs|cannot|allows|does not include)\b"
)
"""The beginning of an error that says what to do, or the words of one that says what must be."""

VAGUE = re.compile(r"\b(please|invalid|not valid|illegal|oops|sorry)\b", re.IGNORECASE)
"""Words of errors that help nobody."""

_FORMS = frozenset({"ValidationError", "refuse", "Needed", "Check"})
_BY_FIELD = frozenset({"fields", "remedy"})
_MARKS = frozenset({"_", "N_", "gettext", "ngettext"})
_KNOWN = frozenset(ABBREVIATIONS.split())
# Placeholders and markup are one word of no meaning.
_PLACE = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^>]+>|`[^`]*`")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_CAPITALS = re.compile(r"\b[A-Z][A-Z0-9]{1,7}\b")
_GLUED = re.compile(r"\s*[,;:.)]")
_TAGS = re.compile(r"<style>.*?</style>|{%.*?%}|{#.*?#}|{{.*?}}|<[^>]*>", re.DOTALL)
_TITLE = re.compile(r"{% block title %}{{ _\((\"[^\"]+\")\) }}{% endblock %}")


class Message(NamedTuple):
    """A text, and the place in the code that has it first."""

    text: str
    path: str
    lineno: int


def messages() -> Iterator[Message]:
    """Yield every text that is marked for translation, each once."""
    known: set[str] = set()
    for path in _files():
        with path.open("rb") as source:
            way = "python" if path.suffix == ".py" else TEMPLATES
            for lineno, found, _, _ in extract(way, source, KEYWORDS, options=OPTIONS):
                for text in (found,) if isinstance(found, str) else found:
                    if text and text not in known:
                        known.add(text)
                        yield Message(text, str(path.relative_to(ROOT)), lineno)


def texts_of_tools() -> Iterator[Message]:
    """Yield the lines of the pages of tools, without tags."""
    for path in (path for folder in TOOLS for path in sorted((ROOT / folder).glob("*.html"))):
        source = _TAGS.sub(lambda found: "\n" * (found[0].count("\n") or 1), path.read_text("utf-8"))
        for text in filter(None, (" ".join(line.split()) for line in source.splitlines())):
            if text[0].isalpha():
                yield Message(text, str(path.relative_to(ROOT)), 1)


def problems(text: str) -> Iterator[str]:
    """Yield what is not plain in a text."""
    bare = _PLACE.sub("X", text)
    for sentence in _SENTENCE.split(bare):
        if (count := len(sentence.split())) > WORDS:
            yield f"a sentence of {count} words"
    if ";" in bare:
        yield "a semicolon"
    if " %%" in bare:
        yield "a percentage that breaks at the end of a line: write \\u00a0 before the sign"
    yield from (f"odd: {found[0]}" for found in ODD.finditer(bare))
    if _GLUED.match(text):
        yield "a part of a sentence"
    for found in _CAPITALS.finditer(bare):
        if found[0] not in _KNOWN and not re.fullmatch(r"X\d?|[A-Z]{1,2}\d+|[A-Z]{2}", found[0]):
            yield f"unexplained: {found[0]}"


def errors() -> Iterator[Message]:
    """Yield each text that is shown as the error of a field, each once."""
    known: set[str] = set()
    for path in _files():
        if path.suffix != ".py":
            continue
        calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
        for call in calls:
            for text in _errors_of(call):
                if text not in known:
                    known.add(text)
                    yield Message(text, str(path.relative_to(ROOT)), call.lineno)


def _errors_of(call: ast.Call) -> Iterator[str]:
    name = _name(call)
    values = [*call.args] if name in _FORMS else call.args[2:] if name == "Refused" else []
    values += [keyword.value for keyword in call.keywords if keyword.arg in _BY_FIELD]
    for value in values:
        yield from _marked(value)


def _marked(value: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression marks for translation, also with values put in."""
    if isinstance(value, ast.BinOp):
        yield from _marked(value.left)
    elif isinstance(value, ast.Dict):
        for each in value.values:
            yield from _marked(each)
    elif isinstance(value, ast.Call) and _name(value) in _MARKS:
        texts = (text.value for text in value.args if isinstance(text, ast.Constant))
        yield from (text for text in texts if isinstance(text, str))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def problems_of_error(text: str) -> Iterator[str]:
    """Yield where an error does not follow the templates."""
    parts = [part for part in _SENTENCE.split(text) if part]
    if len(parts) == 1 and text.endswith("."):
        yield "an error of one sentence with a full stop"
    if not any(ERROR.match(part) for part in parts):
        yield "an error that does not say what to do"
    if found := VAGUE.search(text):
        yield f"a vague error: {found[0]}"


def shared_titles() -> Iterator[tuple[str, list[str]]]:
    """Yield each title that several templates have."""
    where = defaultdict(list)
    for path in _files():
        if path.suffix == ".html" and (found := _TITLE.search(path.read_text("utf-8"))):
            where[ast.literal_eval(found[1])].append(str(path.relative_to(ROOT)))
    yield from ((title, paths) for title, paths in sorted(where.items()) if len(paths) > 1)


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".html"} and "migrations" not in path.parts and "vendor" not in path.parts:
                yield path


def exceptions() -> set[str]:
    """Return the beginnings of the texts that may stay as they are."""
    lines = EXCEPTIONS.read_text("utf-8").splitlines() if EXCEPTIONS.exists() else []
    return {text for line in lines if (text := line.split("  #")[0].strip())}


def main() -> int:
    """Print what is found; 1 if there is anything."""
    listed, used, count = exceptions(), set(), 0
    for message in (*messages(), *texts_of_tools()):
        found = list(problems(message.text))
        if found and (known := {start for start in listed if message.text.startswith(start)}):
            used |= known
            continue
        for what in found:
            count += 1
            print(f"{message.path}:{message.lineno}: {what}: {message.text[:100]}")
    for message in errors():
        for what in problems_of_error(message.text):
            if known := {start for start in listed if message.text.startswith(start)}:
                used |= known
                continue
            count += 1
            print(f"{message.path}:{message.lineno}: {what}: {message.text[:100]}")
    for title, paths in shared_titles():
        if title in listed:
            used.add(title)
            continue
        count += 1
        print(f"several pages have the title {title!r}: {', '.join(paths)}")
    for text in sorted(listed - used):
        count += 1
        print(f"{EXCEPTIONS.name}: not needed any more: {text}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
