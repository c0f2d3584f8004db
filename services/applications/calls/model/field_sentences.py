"""State in sentences what single fields of a call say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.model.questions import in_reader_language
from shared.contracts import labels
from shared.contracts.codes import QuestionKind, TieBreak, Wishes, topic_label
from shared.i18n import gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import StrEnum

    from services.applications.calls.model.facts import Need
    from shared.contracts.base import DatePeriod
    from shared.contracts.calls import CallQuestion, CallText, ClosedDay, CountryQuota, CriterionWeight
    from shared.contracts.codes import LanguageLevel


def listed(names: Sequence[str]) -> str:
    """Return several names in one sentence."""
    return ", ".join(names)


def _labels(codes: Sequence[StrEnum]) -> str:
    return listed([labels.label(code) for code in codes])


def kinds(value: Sequence[StrEnum]) -> str:
    """Return what the call takes applications for."""
    return gettext("The call takes applications for: %(kinds)s.") % {"kinds": _labels(value)}


def texts(value: Sequence[CallText]) -> list[str]:
    """Return the title and the summary in each language."""
    found = []
    for text in value:
        values = {"language": labels.tongue(text.language), "title": text.title}
        found.append(gettext("In %(language)s: “%(title)s”.") % values)
        found += [text.summary] if text.summary else []
    return found


def topics(value: Sequence[str], scheme: str) -> list[str]:
    """Return a sentence for each topic."""
    return [gettext("Topic: %(topic)s.") % {"topic": gettext(topic_label(scheme, code))} for code in value]


def needs(value: Sequence[Need | None]) -> list[str]:
    """Return a sentence for each training need."""
    return [need_sentence(need) for need in value]


def need_sentence(need: Need | None) -> str:
    """Return a training need as a sentence."""
    if need is None:
        return gettext("It covers a training need that is no longer in the register.")
    level = [gettext("basic"), gettext("advanced"), gettext("expert")][need.level - 1]
    topic = gettext(topic_label(need.scheme, need.topic_code))
    text = ngettext(
        "It covers a need of %(country)s: %(topic)s, %(area)s, %(level)s, %(count)d person, until %(until)s.",
        "It covers a need of %(country)s: %(topic)s, %(area)s, %(level)s, %(count)d people, until %(until)s.",
        need.quantity,
    )
    area = labels.label(need.area) if need.area else gettext("all areas")
    return text % {
        "country": labels.country(need.country),
        "topic": topic,
        "area": area,
        "level": level,
        "count": need.quantity,
        "until": dates.day(need.until),
    }


def visit_periods(value: Sequence[DatePeriod]) -> list[str]:
    """Return a sentence for each period of visits, and what an officer must have time for."""
    spans = [
        gettext("Possible visit period: %(span)s.") % {"span": dates.span(period.start, period.end)} for period in value
    ]
    return [*spans, periods_of_officers()]


def periods_of_officers() -> str:
    """Return what the call asks of an officer's periods."""
    return gettext("At least one of your travel periods falls in the call's periods.")


def length(least: int, most: int) -> str:
    """Return how long a visit lasts."""
    return gettext("A visit lasts %(least)d to %(most)d working days.") % {"least": least, "most": most}


def closed_days(value: Sequence[ClosedDay]) -> list[str]:
    """Return a sentence for each day without visits."""
    text = gettext("%(country)s: no visits on %(day)s.")
    return [text % {"country": labels.country(closed.country), "day": dates.day(closed.day)} for closed in value]


def countries(value: Sequence[str]) -> str:
    """Return from which countries officers may apply."""
    names = listed([labels.country(code) for code in value])
    return gettext("The call is for officers from: %(countries)s.") % {"countries": names}


def services(value: Sequence[StrEnum]) -> str:
    """Return which services may apply."""
    return gettext("The call is for these services: %(services)s.") % {"services": _labels(value)}


def rank_groups(value: Sequence[StrEnum]) -> str:
    """Return which ranks may apply."""
    return gettext("The call is for these ranks: %(ranks)s.") % {"ranks": _labels(value)}


def courses(value: Sequence[str]) -> str:
    """Return of which courses one must be finished."""
    return gettext("You have finished one of these courses: %(courses)s.") % {"courses": listed(value)}


def years(value: int) -> str:
    """Return how long an officer must have worked in the field."""
    text = ngettext(
        "You have worked in the field for at least %(years)d year.",
        "You have worked in the field for at least %(years)d years.",
        value,
    )
    return text % {"years": value}


def years_or_none(value: int) -> str:
    """Return how long an officer must have worked in the field, or that it does not matter."""
    return years(value) if value else gettext("There is no minimum number of years in the field.")


def languages(value: Sequence[str], level: LanguageLevel) -> str:
    """Return which languages an officer must speak, and how well."""
    text = (
        gettext("You speak %(languages)s at level %(level)s or higher.")
        if value
        else gettext("You speak a foreign language at level %(level)s or higher.")
    )
    return text % {"languages": gettext(" or ").join(labels.tongue(code) for code in value), "level": level.value}


def cascade() -> str:
    """Return that officers pass on what they learn."""
    return gettext("You will pass on what you learn to colleagues at home.")


def no_cascade() -> str:
    """Return that officers need not pass on what they learn."""
    return gettext("Passing on the knowledge is not required.")


def newcomers_first() -> str:
    """Return that newcomers come first."""
    return gettext("First-time participants come first.")


def newcomers_anywhere() -> str:
    """Return that newcomers do not come first."""
    return gettext("Previous participants have the same priority as everybody else.")


def quotas(value: Sequence[CountryQuota]) -> list[str]:
    """Return a sentence for each country with a quota."""
    found = []
    for quota in value:
        text = (
            gettext("%(country)s: the number of officers placed is %(floor)d or more, and at most %(ceiling)d.")
            if quota.ceiling is not None
            else gettext("%(country)s: the number of officers placed is %(floor)d or more, without a limit.")
        )
        values = {"country": labels.country(quota.country), "floor": quota.floor, "ceiling": quota.ceiling}
        found.append(text % values)
    return found


def group_size(value: int) -> str:
    """Return how large a group may be."""
    text = ngettext("A group has at most %(num)d member.", "A group has at most %(num)d members.", value)
    return text % {"num": value}


def reserves(value: int) -> str:
    """Return how many reserves are cleared beforehand."""
    if not value:
        return gettext("No reserves are cleared in advance.")
    text = ngettext(
        "If the coordinator asks for it, %(num)d reserve for each place is cleared in advance.",
        "If the coordinator asks for it, %(num)d reserves for each place are cleared in advance.",
        value,
    )
    return text % {"num": value}


def wishes(value: Wishes) -> str:
    """Return how the order counts in which an officer puts placements or mentors."""
    if value is Wishes.WISHES_FIRST:
        return gettext(
            "Officers can put placements or mentors in order. Their order comes first. Points decide among the others."
            " Hosts and mentors can put candidates in order in the same way."
        )
    if value is Wishes.WISHES_AMONG_EQUALS:
        return gettext(
            "Officers can put placements or mentors in order. Points come first. "
            "Their order decides between equal points. Hosts and mentors can put candidates in order in the same way."
        )
    return gettext("Officers do not put placements or mentors in order. Points decide what suits them best.")


def ties(value: TieBreak) -> str:
    """Return what decides among officers with equal points."""
    if value is TieBreak.EXCHANGES:
        return gettext(
            "Where points are equal, a lot decides. Then officers exchange places if somebody gains and nobody loses."
        )
    return gettext("Where points are equal, a lot decides.")


def weights(value: Sequence[CriterionWeight]) -> list[str]:
    """Return a sentence for each criterion that has weights of the call's own."""
    text = gettext("%(criterion)s has weight %(applicant)d for the applicant and %(host)d for the host or mentor.")
    return [
        text % {"criterion": labels.label(weight.criterion), "applicant": weight.applicant, "host": weight.host}
        for weight in value
    ]


def questions(value: Sequence[CallQuestion]) -> list[str]:
    """Return a sentence for each question."""
    return [question_sentence(question) for question in value]


def question_sentence(question: CallQuestion) -> str:
    """Return a question with how it is answered, as a sentence."""
    text = in_reader_language(question)
    must = gettext("must be answered") if question.required else gettext("may be left empty")
    match question.kind:
        case QuestionKind.CHOICE:
            how = gettext("one of: %(choices)s") % {"choices": listed(text.choices)}
        case QuestionKind.NUMBER:
            how = _number(question)
        case _:
            how = ngettext("text of up to %(num)d character", "text of up to %(num)d characters", question.longest)
            how %= {"num": question.longest}
    values = {"question": text.question, "how": how, "must": must}
    hint = f" {text.hint}" if text.hint else ""
    return gettext("“%(question)s” (%(how)s, %(must)s).") % values + hint


def _number(question: CallQuestion) -> str:
    least, most = question.minimum, question.maximum
    if least is not None and most is not None:
        return gettext("a number from %(first)d to %(last)d") % {"first": least, "last": most}
    if least is not None:
        return gettext("a number of %(first)d or more") % {"first": least}
    if most is not None:
        return gettext("a number up to %(last)d") % {"last": most}
    return gettext("a number")


def sessions(value: int) -> str:
    """Return after how many sessions a mentorship is complete."""
    text = ngettext(
        "A mentorship is complete after at least %(num)d confirmed session.",
        "A mentorship is complete after at least %(num)d confirmed sessions.",
        value,
    )
    return text % {"num": value}
