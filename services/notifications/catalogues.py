"""In which languages are mails written, and is each of them whole? The catalogues in `translations/`, one a language.

Mails have catalogues of their own beside those of the pages (`shared/i18n/__init__.py`), since a mail is written in the
language of whoever gets it. `python -m services.notifications.catalogues` brings them up to date with the texts and
says what is still to be translated.
"""

from __future__ import annotations

import re
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from babel.messages.extract import extract_from_file
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, normalize, read_po

from services.notifications.deadlines.model.tasks import TASKS
from services.notifications.messages.model.facts import ON_SITE, REMOTE
from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import COUNTED, OVERDUE
from shared.contracts.codes import AudienceKind, Code, DeadlineKind, EligibilityRule
from shared.contracts.codes.priorities import PRIORITIES
from shared.i18n import LANGUAGES, SOURCE, Catalogues

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.notifications.messages.model.rule import Rule

_HERE = Path(__file__).parent
MAILS = Catalogues(_HERE / "translations", "{language}.po")
"""The catalogues of the texts in mails."""
WRITTEN = tuple(code for code in LANGUAGES if code != SOURCE)
"""The languages that mails are written in besides English."""

Text = str | tuple[str, str]
"""A text in English, or its forms for one and for many."""

_PLACE = re.compile(r"%\((\w+)\)[sd]")
# Where mails, and the calendars and the inbox that follow them, say what is not in the table: folders, files, and how
# babel reads them.
_SOURCES = (("messages/templates/mail", "*.*", "jinja2.ext:babel_extract"), ("mail/sending", "*.py", "python"))
_FILES = ("messages/views/bodies.py", "calendars/model/invitation.py", "calendars/actions.py", "inbox/api.py")
_SPAN = "%(first)s to %(last)s"


@cache
def texts() -> tuple[Text, ...]:
    """Every text that can stand in a mail, each once: the table's, the codes' that it uses, the letter's own."""
    found: dict[Text, None] = {}
    for rule in RULES:
        found |= dict.fromkeys((rule.subject, *rule.text, rule.action))
    found |= dict.fromkeys(TASKS.values())
    found |= dict.fromkeys(label for rule in RULES for label in _labels(rule))
    found |= dict.fromkeys((*COUNTED.values(), _SPAN, OVERDUE))
    found |= dict.fromkeys(each.label for each in DeadlineKind)
    found |= dict.fromkeys(_extracted())
    return tuple(found)


def places(text: Text) -> frozenset[str]:
    """The words that a text has places for."""
    return frozenset(_PLACE.findall(text if isinstance(text, str) else text[1]))


def _labels(rule: Rule) -> Iterator[str]:
    """What the words of a rule may be, where they are codes: the event's own lists, and what `facts` makes."""
    for word in sorted(set().union(*(places(text) for text in (rule.subject, *rule.text)))):
        if word == "failed":
            yield from (each.label for each in EligibilityRule)
        elif word == "place":
            yield from (ON_SITE, REMOTE)
        elif word == "topic":
            yield from (topic.label for topics in PRIORITIES.values() for topic in topics.values())
        elif word == "owner":
            yield from (each.label for each in AudienceKind)
        elif word in rule.event.model_fields:
            for codes in _codes(rule.event.model_fields[word].annotation):
                yield from (each.label for each in codes)


def _codes(annotation: Any) -> Iterator[type[Code]]:
    if isinstance(annotation, type) and issubclass(annotation, Code):
        yield annotation
    for part in get_args(annotation):
        yield from _codes(part)


def _extracted() -> Iterator[Text]:
    files = [(path, way) for folder, names, way in _SOURCES for path in sorted((_HERE / folder).rglob(names))]
    files += [(_HERE / name, "python") for name in _FILES]
    keywords: dict[str, Any] = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
    for path, way in files:
        for _, message, _, _ in extract_from_file(way, path, keywords=keywords):
            yield message if isinstance(message, str) else (message[0], message[1])


def check() -> None:
    """Raises ValueError where a translation has other places than its text, or cannot be read: at the service's start.

    A text without a translation is written in English: that is a matter for the tests, no reason not to start.
    """
    for code in WRITTEN:
        for text, forms in translations(code).items():
            for form in forms:
                if problem := wrong(text, form):
                    raise ValueError(f"{MAILS.of(code).name}: the translation {form!r} of {text!r} {problem}.")


def wrong(text: Text, form: str) -> str:
    """What is wrong with the places of a translation; nothing where it is right, or not there."""
    try:
        form % dict.fromkeys(places(text), 1)
    except KeyError as unknown:
        return f"has a place {unknown} that the text does not have"
    except (ValueError, TypeError) as broken:
        return f"has a place that cannot be filled ({broken})"
    lost = places(text) - frozenset(_PLACE.findall(form)) if form else frozenset()
    return f"lacks the place {', '.join(sorted(lost))}" if lost else ""


def translations(code: str) -> dict[Text, tuple[str, ...]]:
    """What a catalogue says: a text -> its forms in the language (one, but for what is counted). Raises ValueError."""
    path = MAILS.of(code)
    return _read(path, code, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=2 * len(LANGUAGES))
def _read(path: Path, code: str, _stamp: int) -> dict[Text, tuple[str, ...]]:
    """A catalogue as it was at `_stamp`: an app is made again and again in tests, from the same files."""
    try:
        with path.open("rb") as source:
            read = read_po(source, locale=code, abort_invalid=True)
    except (PoFileError, ValueError) as broken:
        raise ValueError(f"{path.name} cannot be read: {broken}") from broken
    said: dict[Text, tuple[str, ...]] = {}
    for entry in read:
        if not entry.id:
            continue
        text: Text = entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1])
        said[text] = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    return said


def glossary(code: str) -> list[str]:
    """The lines of comment at the head of a catalogue: the terms of the programme in the language."""
    path = MAILS.of(code)
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    head = lines[: next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)]
    return [line[1:].strip() for line in head]


def written(code: str, said: Mapping[Text, tuple[str, ...]], terms: list[str]) -> str:
    """A catalogue as a file: the glossary, the head that gettext needs, and every text in the order of the table."""
    count, rule = get_plural(code)
    blocks = [
        "\n".join(f"# {term}".rstrip() for term in terms),
        "\n".join(
            (
                'msgid ""',
                'msgstr ""',
                f'"Language: {code}\\n"',
                '"MIME-Version: 1.0\\n"',
                '"Content-Type: text/plain; charset=utf-8\\n"',
                '"Content-Transfer-Encoding: 8bit\\n"',
                f'"Plural-Forms: nplurals={count}; plural={rule};\\n"',
            )
        ),
    ]
    for text in texts():
        forms = said.get(text, ())
        if isinstance(text, str):
            blocks.append(f"msgid {normalize(text)}\nmsgstr {normalize(forms[0] if forms else '')}")
            continue
        lines = [f"msgid {normalize(text[0])}", f"msgid_plural {normalize(text[1])}"]
        lines += [
            f"msgstr[{number}] {normalize(forms[number] if number < len(forms) else '')}" for number in range(count)
        ]
        blocks.append("\n".join(lines))
    return "\n".join(blocks[:2]) + "\n\n" + "\n\n".join(blocks[2:]) + "\n"


def missing(code: str) -> list[Text]:
    """The texts that a language does not have, wholly."""
    said, count = translations(code), get_plural(code).num_plurals
    return [
        text
        for text in texts()
        if len([form for form in said.get(text, ()) if form]) < (1 if isinstance(text, str) else count)
    ]


def main() -> int:
    """Bring every catalogue up to date; give 1 where something is still to be translated."""
    left = 0
    for code in WRITTEN:
        path = MAILS.of(code)
        path.parent.mkdir(exist_ok=True)
        path.write_text(written(code, translations(code), glossary(code)), "utf-8")
        for text in missing(code):
            left += 1
            sys.stdout.write(f"{path.name}: {text!r} is not translated\n")
    return min(left, 1)


if __name__ == "__main__":
    sys.exit(main())
