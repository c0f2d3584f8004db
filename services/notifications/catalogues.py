"""Read, check and update the catalogues of translated mail texts in `translations/`, one a language.

Mails have catalogues apart from those of the pages (`shared/i18n/__init__.py`), since a mail is written in its
recipient's language. `python -m services.notifications.catalogues` brings them up to date with the texts and prints
what is still to be translated.
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

from services.notifications.deadlines.model.tasks import ACTIONS, TASKS
from services.notifications.messages.model.causes import SENTENCES, SYSTEM
from services.notifications.messages.model.facts import ON_SITE, REMOTE
from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import COUNTED, MESSAGES, OVERDUE
from shared.contracts.codes import AudienceKind, Code, DeadlineKind, EligibilityRule, Party
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
# Sources of texts beside the table, in mails, calendars and the inbox: folders, files, and how babel reads them.
_SOURCES = (("messages/templates/mail", "*.*", "jinja2.ext:babel_extract"), ("mail/sending", "*.py", "python"))
_FILES = ("messages/views/bodies.py", "calendars/model/invitation.py", "calendars/actions.py", "inbox/views.py")
# The texts of `shared.time.dates` that mails need.
_DATES = ("%(first)s to %(last)s", "%(moment)s (your time: %(own)s)")


@cache
def texts() -> tuple[Text, ...]:
    """Return every text that a mail can contain, each once: the table's, the labels that it uses, the letter's own."""
    found: dict[Text, None] = {}
    for rule in RULES:
        found |= dict.fromkeys((rule.subject, *rule.text, rule.action))
    found |= dict.fromkeys((*TASKS.values(), *ACTIONS.values()))
    found |= dict.fromkeys(label for rule in RULES for label in _labels(rule))
    found |= dict.fromkeys((*COUNTED.values(), *_DATES, OVERDUE, MESSAGES))
    found |= dict.fromkeys((*(rule.event.label for rule in RULES), *SENTENCES.values(), SYSTEM))
    found |= dict.fromkeys(code.label for codes in (AudienceKind, Party) for code in codes)
    found |= dict.fromkeys(kind.label for kind in DeadlineKind)
    found |= dict.fromkeys(_extracted())
    return tuple(found)


def places(text: Text) -> frozenset[str]:
    """Return the placeholders of a text."""
    return frozenset(_PLACE.findall(text if isinstance(text, str) else text[1]))


def _labels(rule: Rule) -> Iterator[str]:
    """The labels that the words of a rule may stand for, where they are codes."""
    for word in sorted(set().union(*(places(text) for text in (rule.subject, *rule.text)))):
        if word == "failed":
            yield from (rule_.label for rule_ in EligibilityRule)
        elif word == "place":
            yield from (ON_SITE, REMOTE)
        elif word == "topic":
            yield from (topic.label for topics in PRIORITIES.values() for topic in topics.values())
        elif word == "owner":
            yield from (kind.label for kind in AudienceKind)
        elif word in rule.event.model_fields:
            for codes in _codes(rule.event.model_fields[word].annotation):
                yield from (code.label for code in codes)


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
    """Raises ValueError where a translation has other placeholders than its text, or a catalogue cannot be read.

    A text without a translation is written in English; tests look for those, the service starts without.
    """
    for code in WRITTEN:
        for text, forms in translations(code).items():
            for form in forms:
                if problem := wrong(text, form):
                    raise ValueError(f"{MAILS.of(code).name}: the translation {form!r} of {text!r} {problem}.")


def wrong(text: Text, form: str) -> str:
    """Return what is wrong with the placeholders of a translation; an empty text where nothing is."""
    try:
        form % dict.fromkeys(places(text), 1)
    except KeyError as unknown:
        return f"has a place {unknown} that the text does not have"
    except (ValueError, TypeError) as broken:
        return f"has a place that cannot be filled ({broken})"
    lost = places(text) - frozenset(_PLACE.findall(form)) if form else frozenset()
    return f"lacks the place {', '.join(sorted(lost))}" if lost else ""


def translations(code: str) -> dict[Text, tuple[str, ...]]:
    """Return a catalogue: text -> its forms in the language (several where it counts). Raises ValueError."""
    path = MAILS.of(code)
    return _read(path, code, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=2 * len(LANGUAGES))
def _read(path: Path, code: str, _stamp: int) -> dict[Text, tuple[str, ...]]:
    """Read a catalogue as it was at `_stamp`; tests create many apps from the same files."""
    try:
        with path.open("rb") as source:
            read = read_po(source, locale=code, abort_invalid=True)
    except (PoFileError, ValueError) as broken:
        raise ValueError(f"{path.name} cannot be read: {broken}") from broken
    forms: dict[Text, tuple[str, ...]] = {}
    for entry in read:
        if not entry.id:
            continue
        text: Text = entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1])
        forms[text] = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    return forms


def glossary(code: str) -> list[str]:
    """Return the comment lines at the head of a catalogue: the programme's terms in the language."""
    path = MAILS.of(code)
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    head = lines[: next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)]
    return [line[1:].strip() for line in head]


def written(code: str, forms_of: Mapping[Text, tuple[str, ...]], terms: list[str]) -> str:
    """Return a catalogue as a file: the glossary, gettext's header, and every text in the order of the table."""
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
        forms = forms_of.get(text, ())
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
    """Return the texts that a language lacks, in whole or in part."""
    forms_of, count = translations(code), get_plural(code).num_plurals
    return [
        text
        for text in texts()
        if len([form for form in forms_of.get(text, ()) if form]) < (1 if isinstance(text, str) else count)
    ]


def main() -> int:
    """Bring every catalogue up to date; return 1 where a text is still to be translated."""
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
