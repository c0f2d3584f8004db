"""What does a message say, in the language that is being spoken? Subject, paragraphs and link of a rule in a case.

The words that texts may use are the keys of `words()`; one that its event does not have fails at the start of the
service, one that has no value this time drops its paragraph. So does one that was not asked for when a message that
is stored was made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from services.notifications.model.links import LINKS, address
from services.notifications.model.messages.deadlines import PAGES
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.web import dates
from shared.web.clocks import clocks
from shared.web.i18n import N_, gettext, ngettext
from shared.web.words import country

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.notifications.model.case import Case
    from services.notifications.model.rule import Rule

_PLACE = re.compile(r"%\((\w+)\)s")

_DAYS = ("%(count)d day", "%(count)d days")
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
"""How many of those that wait are over, behind how many there are."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in words: the same for mail, for the inbox and for the preview; `subject` is title and reference.

    `clocks`: it says times on the clocks of countries that it names, not on those of the programme's office.
    """

    title: str
    subject: str
    paragraphs: tuple[str, ...]
    action: str
    link: str
    clocks: bool = False


def wording(
    rule: Rule, case: Case, facts: Mapping[str, Any], *, to: AudienceKind, origin: str, host: str = ""
) -> Wording:
    """The message to that audience in the current language; `host` is the name of the case's host organisation."""
    said = words(case, facts, host)
    paragraphs = [_filled(text, said) for text in rule.text] + _waiting(facts, origin)
    title = gettext(rule.subject) % said
    return Wording(
        title=title,
        subject=f"[{case.reference}] {title}" if case.reference else title,
        paragraphs=tuple(paragraph for paragraph in paragraphs if paragraph),
        action=gettext(rule.action),
        link=address(
            origin, _link(rule, facts), case, own=to is AudienceKind.APPLICANT, mentorship=facts.get("mentorship")
        ),
        clocks="begins_at" in facts,
    )


def _waiting(facts: Mapping[str, Any], origin: str) -> list[str]:
    """What waits for somebody: a line a kind of deadline, with how many there are and the page that lists them."""
    lines = []
    for one in facts.get("waiting") or ():
        count = f"{gettext(DeadlineKind(one['kind']).label)}: {one['count']}"
        if one["over"]:
            count += ", " + gettext(OVERDUE) % {"over": one["over"]}
        lines.append(f"{count} ({origin}{LINKS['due']}?kind={one['kind']})")
    return lines


def words(case: Case, facts: Mapping[str, Any], host: str = "") -> dict[str, str]:
    """All words that a text may use, for one case and one event."""
    said = {name: _said(name, value) for name, value in facts.items() if name != "waiting"}
    said |= {
        "reference": case.reference,
        "country": country(case.country),
        "host_country": country(case.host_country),
        "host": host or country(case.host_country),
    }
    if "start" in facts:
        said["dates"] = dates.span(date.fromisoformat(facts["start"]), date.fromisoformat(facts["end"]))
    if "begins_at" in facts:
        said["when"] = clocks(datetime.fromisoformat(facts["begins_at"]), (case.country, case.host_country))
    if "new_start" in facts:
        said["new_dates"] = dates.span(date.fromisoformat(facts["new_start"]), date.fromisoformat(facts["new_end"]))
    return said


def unknown(rule: Rule, case: Case, facts: Mapping[str, Any]) -> list[str]:
    """The words that a rule's texts ask for and that its event does not have."""
    known = words(case, facts)
    return sorted({place for text in (rule.subject, *rule.text) for place in _PLACE.findall(text)} - known.keys())


def _said(name: str, value: Any) -> str:
    """A fact in words. A deadline is the end of a day at the programme's office: the day that pages name too."""
    if value is None:
        return ""
    if name in COUNTED and isinstance(value, int):
        return ngettext(*COUNTED[name], value) % {"count": value}
    if name == "due" or name.endswith("_due"):
        return dates.day(datetime.fromisoformat(value))
    if name.endswith("_on") or name in {"since", "until"}:
        return dates.day(date.fromisoformat(value))
    if isinstance(value, list):
        return ", ".join(gettext(str(each)) for each in value)
    return gettext(value) if isinstance(value, str) else str(value)


def _filled(text: str, said: Mapping[str, str]) -> str:
    places = _PLACE.findall(text)
    if any(not said.get(place) for place in places):
        return ""
    return gettext(text) % said


def _link(rule: Rule, facts: Mapping[str, Any]) -> str:
    """Where the rule leads; with a deadline it depends on what is to be done."""
    kind = facts.get("deadline")
    return rule.link if kind is None else PAGES.get(DeadlineKind(kind), rule.link)
