"""Write a message in the current language: subject, paragraphs and link of a rule in a case.

The words that texts may use are the keys of `words()`. A word that the event does not have fails at the start of the
service; a word without a value drops its paragraph, as does one that was introduced after the message was stored.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from services.notifications.deadlines.model.tasks import ACTIONS, PAGES
from services.notifications.messages.model.causes import cause
from services.notifications.messages.model.links import LINKS, address
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.labels import country
from shared.contracts.notifications import Waiting
from shared.i18n import N_, gettext, locale, ngettext
from shared.time import dates
from shared.time.clocks import clocks
from shared.time.zones import reader_zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from babel import Locale
    from pydantic import JsonValue

    from services.notifications.cases.model import Case
    from services.notifications.messages.model.rule import Rule

_PLACE = re.compile(r"%\((\w+)\)s")

_WAITING = TypeAdapter(tuple[Waiting, ...])
_DAYS = ("%(count)d day", "%(count)d days")
MESSAGES = ("%(count)d message: %(what)s", "%(count)d messages: %(what)s")
_NAMED = 2
"""The number of subjects that the subject of an email with many messages names."""
COUNTED = {
    "attended_days": _DAYS,
    "required_days": _DAYS,
    "days": _DAYS,
    "minutes": ("%(count)d minute", "%(count)d minutes"),
    "sessions": ("%(count)d session", "%(count)d sessions"),
    "attendees": ("%(count)d colleague reached", "%(count)d colleagues reached"),
}
"""Words that are a number with what it counts, in the plural forms of the language; for one and for many."""


OVERDUE = N_("overdue: %(over)s")
"""The note of overdue cases, behind the number of those that wait."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in words, the same for mail, inbox and preview; `subject` is the title with the reference.

    `cause` says which event it follows from, `role` as what the reader gets it.
    """

    title: str
    subject: str
    paragraphs: tuple[str, ...]
    action: str
    link: str
    reference: str = ""
    cause: str = ""
    role: str = ""


def wording(
    rule: Rule,
    case: Case,
    facts: Mapping[str, JsonValue],
    *,
    to: AudienceKind,
    at: datetime,
    origin: str,
    host: str = "",
) -> Wording:
    """Return the message to that audience in the current language.

    `at` is when its event happened, `host` is the host organisation's name.
    """
    filled = words(case, facts, host, wanted=_words_needed(rule.subject, rule.text))
    paragraphs = [_filled(text, filled) for text in rule.text] + _waiting(facts, origin)
    title = gettext(rule.subject) % filled
    return Wording(
        title=title,
        subject=f"[{case.reference}] {title}" if case.reference else title,
        paragraphs=tuple(paragraph for paragraph in paragraphs if paragraph),
        action=gettext(_action(rule, facts)),
        link=address(origin, _link(rule, facts), case, own=to is AudienceKind.APPLICANT, mentorship=_mentorship(facts)),
        reference=case.reference,
        cause=cause(rule.event, case.reference, facts, at),
        role=gettext(to.label),
    )


def subject_of(messages: Sequence[Wording]) -> str:
    """Return the subject of an email with these messages: how many there are and about what, the first of them first.

    Where all are about one case, its reference leads.
    """
    if len(messages) == 1:
        return messages[0].subject
    counts = Counter(message.title for message in messages)
    kinds = [title if count == 1 else f"{title} ({count})" for title, count in counts.items()]
    if len(counts) == 1:
        kinds = [messages[0].title]
    what = "; ".join(kinds[:_NAMED]) + ("; …" if len(kinds) > _NAMED else "")
    subject = ngettext(*MESSAGES, len(messages)) % {"count": len(messages), "what": what}
    references = {message.reference for message in messages}
    reference = references.pop() if len(references) == 1 else ""
    return f"[{reference}] {subject}" if reference else subject


def _mentorship(facts: Mapping[str, JsonValue]) -> str | None:
    found = facts.get("mentorship")
    return None if found is None else str(found)


def short_subject(rule: Rule) -> str:
    """Return the subject of a rule without the words that each event fills in, as lists show it."""
    return _PLACE.sub("…", gettext(rule.subject))


def _waiting(facts: Mapping[str, JsonValue], origin: str) -> list[str]:
    """Return a line for each kind of waiting deadline, with their number and the page that lists them.

    Without `origin`, as in the portal, the page is left out: the message's own link leads to all of them.
    """
    lines = []
    for waiting in _WAITING.validate_python(facts.get("waiting") or ()):
        count = f"{gettext(waiting.kind.label)}: {waiting.count}"
        if waiting.over:
            count += ", " + gettext(OVERDUE) % {"over": waiting.over}
        lines.append(f"{count} ({origin}{LINKS['due']}?kind={waiting.kind})" if origin else count)
    return lines


def words(
    case: Case, facts: Mapping[str, JsonValue], host: str = "", *, wanted: Collection[str] | None = None
) -> dict[str, str]:
    """Return all words that a text may use, for one case and one event; only those `wanted`, where given.

    Writing a date is slow, and most texts need only one of several.
    """
    if wanted is None:
        wanted = _OF_CASE | facts.keys() | _MADE_OF.keys()
    return {name: _word(name, case, facts, host) for name in wanted if _has(name, facts)}


def _has(name: str, facts: Mapping[str, JsonValue]) -> bool:
    """Return whether there is such a word."""
    fact = _MADE_OF.get(name, name)
    return name in _OF_CASE or (fact in facts and fact != "waiting")


_OF_CASE = frozenset({"reference", "country", "host_country", "host"})
_MOMENTS = frozenset({"failing_since", "pauses_at"})
"""Words that are a day with its hour, as deadlines are."""
_MADE_OF = {"dates": "start", "when": "begins_at", "new_dates": "new_start", "due_day": "due"}
"""A word that is made of several facts -> one of these."""


def _word(name: str, case: Case, facts: Mapping[str, JsonValue], host: str) -> str:  # noqa: PLR0911 - one return for each word
    match name:
        case "reference":
            return case.reference
        case "country":
            return country(case.country)
        case "host_country":
            return country(case.host_country)
        case "host":
            return host or country(case.host_country)
        case "dates":
            return dates.span(_day(facts, "start"), _day(facts, "end"))
        case "when":
            return clocks(datetime.fromisoformat(str(facts["begins_at"])), (case.country, case.host_country))
        case "new_dates":
            return dates.span(_day(facts, "new_start"), _day(facts, "new_end"))
        case "due_day":
            return "" if facts["due"] is None else dates.day(datetime.fromisoformat(str(facts["due"])))
    return _in_words(name, facts[name])


def _day(facts: Mapping[str, JsonValue], name: str) -> date:
    return date.fromisoformat(str(facts[name]))


def unknown(rule: Rule, case: Case, facts: Mapping[str, JsonValue]) -> list[str]:
    """Return the words that a rule's texts need and its event does not have."""
    return sorted(set(_words_needed(rule.subject, rule.text)) - words(case, facts).keys())


def _in_words(name: str, value: Any) -> str:
    """Return a fact in words, a moment by the clock of the programme's office and by that of the reader."""
    if value is None:
        return ""
    if name in COUNTED and isinstance(value, int):
        return ngettext(*COUNTED[name], value) % {"count": value}
    if name == "due" or name.endswith("_due") or name in _MOMENTS:
        return _moment(value, locale(), reader_zone())
    if name.endswith("_on") or name in {"since", "until"}:
        return dates.day(date.fromisoformat(value))
    if isinstance(value, list):
        return ", ".join(gettext(str(item)) for item in value)
    return gettext(value) if isinstance(value, str) else str(value)


@lru_cache(maxsize=4096)
def _moment(moment: str, _language: Locale, _zone: ZoneInfo) -> str:
    """Return a moment in words; cached, since many mails share a deadline."""
    return dates.deadline(datetime.fromisoformat(moment))


@cache
def _words_needed(*texts: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the words that texts of the table need, each once."""
    whole = [text for some in texts for text in ((some,) if isinstance(some, str) else some)]
    return tuple(dict.fromkeys(place for text in whole for place in _places(text)))


@cache
def _places(text: str) -> tuple[str, ...]:
    """Return the placeholders of a text."""
    return tuple(_PLACE.findall(text))


def _filled(text: str, values: Mapping[str, str]) -> str:
    if any(not values.get(place) for place in _places(text)):
        return ""
    return gettext(text) % values


def _link(rule: Rule, facts: Mapping[str, JsonValue]) -> str:
    """Return the link of the rule; with a deadline it depends on the task."""
    kind = facts.get("deadline")
    return rule.link if kind is None else PAGES.get(DeadlineKind(str(kind)), rule.link)


def _action(rule: Rule, facts: Mapping[str, JsonValue]) -> str:
    """Return the words of the link; with a deadline or a repeated question they depend on the task."""
    kind = facts.get("deadline") or facts.get("question")
    return rule.action if kind is None else ACTIONS[DeadlineKind(str(kind))]
