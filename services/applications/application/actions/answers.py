"""Save the answers of a draft, or of an application that was returned."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from services.applications.application.model.answers import Answers, candidate_of
from services.applications.application.store import applications as store
from services.applications.application.views.standing import case_of
from services.applications.calls import store as calls_store
from services.applications.calls.model import judge, questions
from services.applications.places.views import published_places
from services.applications.refusals import unreadable
from services.applications.register.store import entries
from services.applications.stored_entries import first_errors
from services.applications.transitions import refuse
from shared import privacy_notice
from shared.contracts.codes import EligibilityRule, PartnerStatus, Wishes
from shared.contracts.lifecycle.state_sets import APPLICATION_WRITABLE
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.store.entries import Organisation
    from shared.bus import Bus, Tx
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal

# From these states an officer may still change the answers.
WRITABLE = frozenset(APPLICATION_WRITABLE)
_LEFT_OUT = object()
_OF_PARTNER = frozenset({EligibilityRule.PARTNER_ACTIVE, EligibilityRule.COUNTRY})


@dataclass(frozen=True, slots=True)
class Writing:
    """An officer's own application while its answers are written: locked, with the terms by which it is judged."""

    tx: Tx
    application: store.Application
    terms: CallTerms

    @property
    def session(self) -> AsyncSession:
        """The session in which the application is loaded."""
        return self.tx.session

    async def save(self, changes: Mapping[str, object]) -> None:
        """Save answers: `changes` replaces the fields of `Answers` that it names, all others stay.

        The same answers again change nothing. Raises `Refused` (422) with the fields that cannot be read; then nothing
        is changed.
        """
        changes = with_time_of_notice(self.application.answers, changes)
        answers = read_answers(self.application, changes)
        await check_answers(self.tx, self.application, answers, changes, self.terms)
        self._write(answers)

    def _write(self, answers: Answers) -> None:
        stored, organisation_id = answers.to_store(), answers.organisation_id or self.application.organisation_id
        if (stored, organisation_id) == (self.application.answers_json, self.application.organisation_id):
            return
        self.application.answers_json, self.application.organisation_id = stored, organisation_id
        self.application.saved_at = clock.now()
        self.tx.session.add(self.application)

    async def save_readable(self, changes: Mapping[str, object]) -> None:
        """Save those `changes` that are accepted: for a page that is left half way.

        The others are kept as they were typed, beside the answers that were saved before.
        """
        readable = dict(changes)
        while True:
            try:
                await self.save(readable)
            except Refused as refused:
                remaining = _without(readable, refused.fields)
                if refused.status_code != 422 or remaining == readable:
                    raise
                readable = remaining
            else:
                break
        if typed := {name: value for name, value in changes.items() if readable.get(name, _LEFT_OUT) != value}:
            self._write(self.application.answers.with_typed(typed))

    async def breaks(self, rules: Collection[str]) -> bool:
        """Return whether the answers, as far as they go, do not meet one of these rules of the call."""
        if not rules:
            return False
        active = True
        if _OF_PARTNER & set(rules):
            status = await entries.partner_status(self.session, self.application.country, clock.today())
            active = status is not PartnerStatus.SUSPENDED
        candidate = candidate_of(
            self.application.answers,
            kind=self.application.for_,
            country=self.application.country,
            partner_active=active,
        )
        return any(not check.held and check.rule in rules for check in judge(self.terms, candidate))


@asynccontextmanager
async def writing(bus: Bus, principal: Principal, application_id: UUID) -> AsyncIterator[Writing]:
    """Load the officer's own application once, to be written. Raises `Refused` (404; 409 once it is submitted)."""
    async with bus.transaction(principal.subject) as tx:
        application = await store.own(tx.session, principal, application_id)
        if application.own_state not in WRITABLE:
            case = await case_of(tx.session, application_id)
            assert case is not None
            raise Refused(str(refuse("application", case.shown_state)), 409)
        call = await calls_store.call(tx.session, application.call_id)
        assert call is not None
        terms = await calls_store.terms_of(tx.session, [application], {call.id: call})
        yield Writing(tx, application, terms[application.id])


async def save(
    bus: Bus, principal: Principal, application_id: UUID, changes: Mapping[str, object]
) -> store.Application:
    """Save answers, as `Writing.save` does. Raises `Refused` (404, 409, 422)."""
    async with writing(bus, principal, application_id) as written:
        await written.save(changes)
        return written.application


def read_answers(application: store.Application, changes: Mapping[str, object]) -> Answers:
    """Return the answers with these changes. Raises `Refused` (422) with the fields that cannot be read."""
    try:
        return application.answers.with_written(changes)
    except ValidationError as error:
        raise Refused(gettext("Some answers cannot be read."), 422, unreadable(error)) from error


def with_time_of_notice(before: Answers, changes: Mapping[str, object]) -> dict[str, object]:
    """Return the changes with the time at which the privacy notice was read, which only the portal's clock says.

    Raises `Refused` (422) for another time than the one saved, and for another version than the present one.
    """
    timed = {name: value for name, value in changes.items() if name != "privacy_at"}
    sent, version = changes.get("privacy_at"), changes.get("privacy_version")
    refused = {}
    if sent is not None and sent != before.model_dump(mode="json")["privacy_at"]:
        refused["privacy_at"] = gettext("Leave this out because the portal records when the privacy notice was read")
    if version not in {None, privacy_notice.VERSION, before.privacy_version}:
        refused["privacy_version"] = gettext("Use the current version of the privacy notice, %(version)s") % {
            "version": privacy_notice.VERSION
        }
    if refused:
        raise Refused(gettext("Some answers cannot be read."), 422, refused)
    if "privacy_version" in changes and version != before.privacy_version:
        timed["privacy_at"] = None if version is None else clock.now().isoformat()
    return timed


def _without(changes: Mapping[str, object], unread: Iterable[str]) -> dict[str, object]:
    """Return the changes without what cannot be read: whole fields, and single answers to the call's own questions."""
    remaining = dict(changes)
    for name in unread:
        field, _, code = name.partition(".")
        answers = remaining.get(field)
        if code and isinstance(answers, dict):
            remaining[field] = {question: answer for question, answer in answers.items() if question != code}
        else:
            remaining.pop(field, None)
    return remaining


async def check_answers(
    tx: Tx, application: store.Application, answers: Answers, changes: Mapping[str, object], terms: CallTerms
) -> None:
    """Raise `Refused` (422) for answers that the register or the call does not know; `changes` are those written."""
    _check_against_call(application.answers, answers, terms)
    await _check_organisation(tx, application, answers)
    if "conflicts" in changes:
        await _check_conflicts(tx, answers)
    if "questions" in changes:
        _check_question_answers(answers, terms)
    if "wishes" in changes:
        await _check_wishes(tx, application, answers, terms)


def _check_against_call(before: Answers, answers: Answers, terms: CallTerms) -> None:
    """Raise `Refused` (422) for new answers that the call does not take."""
    broken = first_errors(Answers.checks, answers, terms)
    found = {name: error for name, error in broken.items() if getattr(answers, name) != getattr(before, name)}
    if set(answers.topics) - set(before.topics) - set(terms.topics):
        found["topics"] = gettext("Choose topics of this call")
    if found:
        raise Refused(gettext("Some answers cannot be read."), 422, found)


async def _check_conflicts(tx: Tx, answers: Answers) -> None:
    """Raise `Refused` (422) for organisations that are not in the register."""
    organisation_ids = {
        organisation.id for organisation in await entries.organisations(tx.session, ids=answers.conflicts)
    }
    if set(answers.conflicts) - organisation_ids:
        sentence = gettext("Choose organisations from the register.")
        raise Refused(sentence, 422, {"conflicts": sentence})


async def _check_wishes(tx: Tx, application: store.Application, answers: Answers, terms: CallTerms) -> None:
    """Raise `Refused` (422) for new wishes that are not published in the call, or where no order counts."""
    new = set(answers.wishes) - set(application.answers.wishes)
    if not new:
        return
    sentence = ""
    if terms.wishes is Wishes.SCORES:
        sentence = gettext("This call does not use an order of placements or mentors. Leave it out.")
    elif new - await published_places(tx.session, application, terms, new):
        sentence = gettext("Choose placements or mentors abroad that are published in this call.")
    if sentence:
        raise Refused(sentence, 422, {"wishes": sentence})


@dataclass(frozen=True, slots=True)
class Agencies:
    """The agencies that the forms offer: of the officer's own country, and abroad."""

    own: list[Organisation]
    abroad: list[Organisation]


async def agencies(session: AsyncSession, country: str) -> Agencies:
    """Return the agencies of the register that the forms of an application from that country offer."""
    everybody = await entries.organisations(session)
    return Agencies(
        [organisation for organisation in everybody if organisation.country == country],
        [organisation for organisation in everybody if organisation.country != country],
    )


async def _check_organisation(tx: Tx, application: store.Application, answers: Answers) -> None:
    """Raise `Refused` (422) for another agency than before that is not of the officer's country."""
    if answers.organisation_id in {None, application.organisation_id}:
        return
    assert answers.organisation_id is not None
    organisation = await entries.organisation(tx.session, answers.organisation_id)
    if organisation is None or organisation.country != application.country:
        sentence = gettext("Choose an agency in your own country.")
        raise Refused(sentence, 422, {"organisation_id": sentence})


def _check_question_answers(answers: Answers, terms: CallTerms) -> None:
    """Raise `Refused` (422) for answers to the call's own questions that are not valid."""
    found = questions.problems(terms, answers.questions)
    if found:
        named = {f"questions.{code}": sentence for code, sentence in found.items()}
        raise Refused(gettext("Some answers cannot be read."), 422, named)
