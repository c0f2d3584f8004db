"""Everything that a call says, in sentences, section by section.

Shown beside what is edited, in the preview and in the history of revisions, where two lists of sentences are compared.
What an officer reads of the rules is `rule_sentences` (`judging.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.model.entry import SECTIONS, TIMER_FIELDS, TIMERS, last_day
from services.applications.calls.model.judging import listed, rule_sentence, rule_sentences
from services.applications.calls.model.questions import in_reader_language
from services.applications.fields import Reading
from shared.contracts import labels
from shared.contracts.codes import EligibilityRule, QuestionKind, topic_label
from shared.i18n import N_, gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.applications.calls.model.entry import CallEntry
    from services.applications.calls.model.facts import Facts, Need
    from shared.contracts.calls import CallQuestion, CallTerms

    Said = CallEntry | CallTerms


def sentences(call: Said, names: Facts) -> dict[str, list[str]]:
    """Return everything that a call says, by section; what is not written yet is left out."""
    return {code: list(_SECTIONS[code](call, names)) for code in SECTIONS}


def _purpose(call: Said, names: Facts) -> list[str]:
    found = []
    if call.kinds:
        found.append(rule_sentence(call, EligibilityRule.KIND))
    if call.fund_id is not None:
        found.append(gettext("%(fund)s pays.") % {"fund": names.fund(call.fund_id)})
    return found


def _texts(call: Said, _: Facts) -> list[str]:
    found = []
    for text in call.texts:
        values = {"language": labels.tongue(text.language), "title": text.title}
        found.append(gettext("In %(language)s: “%(title)s”.") % values)
        found += [text.summary] if text.summary else []
    return found


def _topics(call: Said, names: Facts) -> list[str]:
    found = [gettext("The topics are those of %(scheme)s.") % {"scheme": call.scheme.upper()}]
    found += [gettext("Topic: %(topic)s.") % {"topic": gettext(topic_label(call.scheme, code))} for code in call.topics]
    return found + [need_sentence(names.need(need)) for need in call.needs]


def need_sentence(need: Need | None) -> str:
    """Return a training need as a sentence."""
    if need is None:
        return gettext("It answers a training need that is not in the register any more.")
    level = [gettext("basic"), gettext("advanced"), gettext("expert")][need.level - 1]
    topic = gettext(topic_label(need.scheme, need.topic_code))
    text = ngettext(
        "It answers a need of %(country)s: %(topic)s, %(area)s, %(level)s, %(count)d person, until %(until)s.",
        "It answers a need of %(country)s: %(topic)s, %(area)s, %(level)s, %(count)d people, until %(until)s.",
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


def _dates(call: Said, _: Facts) -> list[str]:
    found, last = [], last_day(call)
    if call.opens is not None:
        found.append(gettext("It opens on %(day)s.") % {"day": dates.day(call.opens)})
    if call.deadline is not None and last is not None:
        found.append(gettext("One can apply until %(day)s.") % {"day": dates.moment(call.deadline)})
    if call.closes is not None:
        found.append(gettext("It closes on %(day)s.") % {"day": dates.day(call.closes)})
    found += [
        gettext("Visits can be %(span)s.") % {"span": dates.span(period.start, period.end)}
        for period in call.visit_periods
    ]
    text = gettext("A visit lasts %(least)d to %(most)d working days.")
    return [*found, text % {"least": call.minimum_days, "most": call.maximum_days}]


def _who(call: Said, _: Facts) -> list[str]:
    rules = call.rules
    everybody = {
        EligibilityRule.COUNTRY: (rules.countries, N_("Officers from all countries can apply.")),
        EligibilityRule.SERVICE: (rules.services, N_("All services can apply.")),
        EligibilityRule.RANK_GROUP: (rules.rank_groups, N_("All ranks can apply.")),
        EligibilityRule.COURSE: (rules.courses, N_("No course is asked for.")),
    }
    return [rule_sentence(call, rule) if chosen else gettext(text) for rule, (chosen, text) in everybody.items()]


def _rules(call: Said, _: Facts) -> list[str]:
    in_other_sections = {
        rule_sentence(call, rule)
        for rule in (EligibilityRule.COUNTRY, EligibilityRule.SERVICE, EligibilityRule.RANK_GROUP)
    }
    in_other_sections |= {
        rule_sentence(call, rule) for rule in (EligibilityRule.COURSE, EligibilityRule.KIND, EligibilityRule.TOPICS)
    }
    found = [sentence for sentence in rule_sentences(call) if sentence not in in_other_sections]
    rules = call.rules
    if rules.minimum_years == 0:
        found.insert(0, gettext("No years in the field are asked for."))
    if not rules.cascade_commitment:
        found.append(gettext("Nobody is asked to pass the knowledge on."))
    if not rules.first_time_first:
        found.append(gettext("Those who have taken part before stand where all others stand."))
    return found


def _quotas(call: Said, _: Facts) -> list[str]:
    found = []
    for quota in call.quotas:
        text = (
            gettext("%(country)s: at least %(floor)d and at most %(ceiling)d officers are placed.")
            if quota.ceiling is not None
            else gettext("%(country)s: at least %(floor)d officers are placed, without a limit.")
        )
        values = {"country": labels.country(quota.country), "floor": quota.floor, "ceiling": quota.ceiling}
        found.append(text % values)
    if not found:
        found.append(gettext("No country has a quota."))
    text = gettext("At most %(share)d %% of the places of one offer go to one country, but at least one place.")
    found.append(text % {"share": call.share_of_offer})
    text = ngettext("A group has at most %(num)d member.", "A group has at most %(num)d members.", call.group_size)
    found.append(text % {"num": call.group_size})
    if not call.reserves:
        return [*found, gettext("No reserves are cleared beforehand.")]
    text = ngettext(
        "Where the coordinator asks for it, %(num)d reserve for each place is cleared beforehand.",
        "Where the coordinator asks for it, %(num)d reserves for each place are cleared beforehand.",
        call.reserves,
    )
    return [*found, text % {"num": call.reserves}]


def _weights(call: Said, _: Facts) -> list[str]:
    found = [gettext("The matching aims at: %(aim)s.") % {"aim": labels.label(call.objective)}]
    if not call.weights:
        return [*found, gettext("All criteria count as the programme sets them.")]
    text = gettext("%(criterion)s counts %(applicant)d for the applicant and %(host)d for the host or mentor.")
    return found + [
        text % {"criterion": labels.label(weight.criterion), "applicant": weight.applicant, "host": weight.host}
        for weight in call.weights
    ]


def _questions(call: Said, _: Facts) -> list[str]:
    if not call.questions:
        return [gettext("It asks nothing beside what every application asks.")]
    return [question_sentence(question) for question in call.questions]


def question_sentence(question: CallQuestion) -> str:
    """Return a question with how it is answered, as a sentence."""
    text = in_reader_language(question)
    must = gettext("must be answered") if question.required else gettext("may be left open")
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
    return gettext("“%(question)s” (%(how)s; %(must)s).") % values + hint


def _number(question: CallQuestion) -> str:
    least, most = question.minimum, question.maximum
    if least is not None and most is not None:
        return gettext("a number from %(first)d to %(last)d") % {"first": least, "last": most}
    if least is not None:
        return gettext("a number from %(first)d up") % {"first": least}
    if most is not None:
        return gettext("a number up to %(last)d") % {"last": most}
    return gettext("a number")


def _timers(call: Said, _: Facts) -> list[str]:
    return _timer_sentences(call, "timers")


def _after(call: Said, _: Facts) -> list[str]:
    found = _timer_sentences(call, "after")
    text = ngettext(
        "A mentorship is complete after at least %(num)d confirmed session.",
        "A mentorship is complete after at least %(num)d confirmed sessions.",
        call.sessions_to_complete,
    )
    found.append(text % {"num": call.sessions_to_complete})
    return [*found, gettext("Evaluations use version %(num)d of the form.") % {"num": call.evaluation_form}]


def _timer_sentences(call: Said, section: str) -> list[str]:
    return [TIMER_FIELDS[name].words(getattr(call.timers, name), Reading()) for name in TIMERS[section]]


_SECTIONS: dict[str, Callable[[Said, Facts], list[str]]] = {
    "purpose": _purpose,
    "texts": _texts,
    "topics": _topics,
    "dates": _dates,
    "who": _who,
    "rules": _rules,
    "quotas": _quotas,
    "weights": _weights,
    "questions": _questions,
    "timers": _timers,
    "after": _after,
}
