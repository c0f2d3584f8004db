"""A call for reading, the register's facts for its writers, and its requirements of an officer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.applications.application.model.answers import answers_from_register, candidate_of
from services.applications.application.store import applications
from services.applications.calls.model import Finding, findings, judge, rule_sentences
from services.applications.calls.model.facts import Facts
from services.applications.calls.model.sentences import question_sentence
from services.applications.calls.model.texts import best, missing_languages
from services.applications.needs import store as needs_store
from services.applications.register.store import entries
from shared import i18n
from shared.contracts import labels
from shared.contracts.codes import PRIORITIES, EligibilityRule, PartnerStatus, Role, topic_label
from shared.i18n import gettext
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.calls.model.entry import CallEntry
    from services.applications.calls.store import Call
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal


async def register_facts(session: AsyncSession, *calls: CallEntry | CallTerms) -> Facts:
    """Return all funds, and the training needs that these calls cite or could cite."""
    cited = {need for call in calls for need in call.needs}
    topics = {topic for call in calls for topic in PRIORITIES.get(call.scheme, {})}
    opens = [call.opens for call in calls if call.opens is not None]
    funds = {fund.id: fund for fund in await entries.funds(session)}
    return Facts(funds, await needs_store.for_calls(session, cited, topics, min(opens, default=None)))


# What depends on what the officer will write in the application, and says nothing about the officer.
_LATER = frozenset({EligibilityRule.KIND, EligibilityRule.TOPICS, EligibilityRule.PERIODS, EligibilityRule.CASCADE})


@dataclass(frozen=True, slots=True)
class Requirements:
    """The findings of a call's rules about an officer, as far as known, and the officer's applications to it."""

    findings: tuple[Finding, ...]
    own: tuple[applications.Application, ...]

    @property
    def broken(self) -> list[Finding]:
        """The rules that are not met at present."""
        return [finding for finding in self.findings if not finding.held]


async def requirements_of(
    session: AsyncSession, principal: Principal, calls: Sequence[Call]
) -> dict[UUID, Requirements]:
    """Return, by call, the requirements for the officer who reads it; nothing for anybody else."""
    if not principal.has(Role.OFFICER) or not calls:
        return {}
    person = await entries.person(session, principal.subject)
    if person is None or person.country is None:
        return {}
    applications_of_officer = await applications.of_officer(session, principal.subject)
    # The newest answers are what is known best; before the first application it is what the register says.
    answers = applications_of_officer[0].answers if applications_of_officer else answers_from_register(person)
    status = await entries.partner_status(session, person.country, clock.today())
    found = {}
    for call in calls:
        terms = call.terms
        own = tuple(one for one in applications_of_officer if one.call_id == call.id)
        candidate = candidate_of(
            answers,
            kind=terms.kinds[0],
            country=person.country,
            partner_active=status is not PartnerStatus.SUSPENDED,
        )
        checks = [check for check in judge(terms, candidate) if check.rule not in _LATER]
        found[call.id] = Requirements(tuple(findings(terms, checks)), own)
    return found


def _closed(call: CallEntry | CallTerms) -> list[dict[str, Any]]:
    """Return the days without visits, by country."""
    if not call.closed_days:
        return []
    days = sorted((labels.country(one.country), one.day) for one in call.closed_days)
    text = "; ".join(f"{country}: {dates.day(day)}" for country, day in days)
    return [{"key": gettext("Further days without visits"), "value": text}]


@dataclass(frozen=True, slots=True)
class CallView:
    """A call for reading: its text in the reader's language, dates, rules and questions."""

    title: str
    summary: Sequence[str]
    language: str
    language_note: str
    facts: Sequence[dict[str, Any]]
    rules: Sequence[str]
    questions: Sequence[str]
    unwritten: Sequence[str]


def call_view(call: CallEntry | CallTerms) -> CallView:
    """Return a call for reading; what is not written yet says so."""
    text, not_written = best(call.texts), gettext("Not written yet")
    tongue = text.language if text else i18n.language()
    other = text is not None and tongue != i18n.language()
    note = gettext("This call is written in %(language)s.") % {"language": labels.tongue(tongue)} if other else ""
    apply_ = not_written
    if call.opens is not None and call.deadline is not None:
        values = {"first": dates.day(call.opens), "last": dates.moment(call.deadline)}
        apply_ = gettext("from %(first)s to %(last)s") % values
    length = gettext("%(least)s to %(most)s working days") % {"least": call.minimum_days, "most": call.maximum_days}
    return CallView(
        title=text.title if text else gettext("A call without a title"),
        summary=[part for part in text.summary.split("\n\n") if part.strip()] if text else [],
        language=tongue,
        language_note=note,
        facts=[
            {"key": gettext("For"), "value": ", ".join(labels.label(kind) for kind in call.kinds) or not_written},
            {
                "key": gettext("Topics"),
                "value": "; ".join(gettext(topic_label(call.scheme, code)) for code in call.topics) or not_written,
            },
            {"key": gettext("Apply"), "value": apply_},
            {
                "key": gettext("Visits"),
                "value": "; ".join(dates.span(period.start, period.end) for period in call.visit_periods)
                or not_written,
            },
            {"key": gettext("Length"), "value": length},
            *_closed(call),
        ],
        rules=rule_sentences(call),
        questions=[question_sentence(question) for question in call.questions],
        unwritten=[i18n.own_name(code) for code in missing_languages(call.texts)],
    )
