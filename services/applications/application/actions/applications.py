"""Begin, save, submit, withdraw and discard an application."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.applications.application.actions.profile import profile_for
from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.model.answers import Answers, answers_from_register
from services.applications.application.model.tasks import missing
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.calls import store as calls_store
from services.applications.calls.model import questions
from services.applications.counters import next_number
from services.applications.matches.store import matches
from services.applications.outcomes.actions.line_managers import record_line_manager
from services.applications.refusals import lawful, not_found, own_application, unreadable
from services.applications.register.store import entries
from shared.contracts.applications import ApplicationResubmitted, ApplicationSubmitted, ApplicationWithdrawn
from shared.contracts.codes import ApplicationKind, ApplicationState, MatchState, Sex, StatedReason, published
from shared.contracts.counting import CountingKeyAssigned
from shared.contracts.lifecycle import Unit
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from shared.bus import Bus, Tx
    from shared.identity import Principal

# From these states an officer may still change the answers.
WRITABLE = frozenset({ApplicationState.DRAFT, ApplicationState.RETURNED_FOR_INFORMATION})

MOST_REPLY = 1000
"""Characters of an officer's answer to what the coordinator asked."""


async def begin(bus: Bus, principal: Principal, call_id: UUID, kind: ApplicationKind) -> store.Application:
    """Begin a draft, filled from the register; return the officer's draft for this call where there is one.

    Raises `Refused` (404; 409 where the call takes none now; 422 where the officer is not in the register).
    """
    moment = clock.now()
    async with bus.transaction(principal.subject) as tx:
        call = await calls_store.call(tx.session, call_id)
        if call is None:
            raise not_found()
        if kind not in call.terms.kinds:
            raise Refused(gettext("This call does not take this kind of application."), 422, {"kind": kind})
        if not call.takes_applications(moment):
            raise Refused(gettext("This call takes no applications now."), code=ProblemCode.CALL_CLOSED)
        # Locked, so that two clicks at once begin one draft and not two.
        person = await entries.person(tx.session, principal.subject, lock=True)
        if person is None or person.country is None:
            raise Refused(
                gettext("The register does not know you yet. Ask your national coordinator to enter you."), 422
            )
        draft = await store.draft_of(tx.session, principal.subject, call_id, kind)
        if draft is not None:
            return draft
        application = store.Application(
            id=new_id(),
            call_id=call_id,
            kind=kind,
            subject=principal.subject,
            country=person.country,
            organisation_id=person.organisation_id,
            since=moment,
            answers_json=answers_from_register(person).model_dump(mode="json"),
            created_at=moment,
            saved_at=moment,
        )
        tx.session.add(application)
        return application


async def save(bus: Bus, principal: Principal, application_id: UUID, changes: Mapping[str, Any]) -> store.Application:
    """Save answers: `changes` replaces the fields of `Answers` that it names, all others stay.

    Raises `Refused` (404; 409 once it is submitted; 422 with the fields that cannot be read).
    """
    async with bus.transaction(principal.subject) as tx:
        application = await own_application(tx, principal, application_id)
        if application.own_state not in WRITABLE:
            raise Refused(gettext("It was submitted, so it cannot be changed now."), 409)
        try:
            answers = Answers.model_validate(application.answers_json | dict(changes))
        except ValidationError as error:
            raise Refused(gettext("Some answers cannot be read."), 422, unreadable(error)) from error
        await check_answers(tx, application, answers, changes)
        application.answers_json = answers.model_dump(mode="json")
        application.saved_at = clock.now()
        tx.session.add(application)
        return application


async def save_readable(
    bus: Bus, principal: Principal, application_id: UUID, changes: Mapping[str, Any]
) -> store.Application:
    """Save those `changes` that can be read, and leave the rest as it was: for a page that is left half way.

    Raises `Refused` (404, 409).
    """
    readable = dict(changes)
    while True:
        try:
            return await save(bus, principal, application_id, readable)
        except Refused as refused:
            remaining = _without(readable, refused.fields)
            if refused.status_code != 422 or remaining == readable:
                raise
            readable = remaining


def _without(changes: Mapping[str, Any], unread: Iterable[str]) -> dict[str, Any]:
    """Return the changes without what cannot be read: whole fields, and single answers to the call's own questions."""
    remaining = dict(changes)
    for name in unread:
        field, _, code = name.partition(".")
        if field == "questions" and code:
            remaining[field] = {
                question: answer for question, answer in remaining.get(field, {}).items() if question != code
            }
        else:
            remaining.pop(field, None)
    return remaining


async def check_answers(tx: Tx, application: store.Application, answers: Answers, changes: Mapping[str, Any]) -> None:
    """Raise `Refused` (422) for answers that the register or the call does not know; `changes` are those written."""
    await _check_organisation(tx, application, answers)
    if "conflicts" in changes:
        await _check_conflicts(tx, answers)
    if "questions" in changes:
        await _check_question_answers(tx, application, answers)


async def _check_conflicts(tx: Tx, answers: Answers) -> None:
    """Raise `Refused` (422) for organisations that are not in the register."""
    known = {organisation.id for organisation in await entries.organisations(tx.session, ids=answers.conflicts)}
    if set(answers.conflicts) - known:
        sentence = gettext("Choose organisations of the register.")
        raise Refused(sentence, 422, {"conflicts": sentence})


async def _check_organisation(tx: Tx, application: store.Application, answers: Answers) -> None:
    """Raise `Refused` (422) for an agency of another country than the officer's."""
    if answers.organisation_id is None:
        return
    organisation = await entries.organisation(tx.session, answers.organisation_id)
    if organisation is None or organisation.country != application.country:
        sentence = gettext("Choose an agency of your own country.")
        raise Refused(sentence, 422, {"organisation_id": sentence})
    application.organisation_id = organisation.id


async def _check_question_answers(tx: Tx, application: store.Application, answers: Answers) -> None:
    """Raise `Refused` (422) for answers to the call's own questions that are not valid."""
    calls = await calls_store.calls_by_id(tx.session, [application.call_id])
    terms = (await calls_store.terms_of(tx.session, [application], calls))[application.id]
    found = questions.problems(terms, answers.questions)
    if found:
        named = {f"questions.{code}": sentence for code, sentence in found.items()}
        raise Refused(gettext("Some answers cannot be read."), 422, named)


async def submit(
    bus: Bus, principal: Principal, application_id: UUID, settings: Settings, text: str = ""
) -> store.Application:
    """Submit a draft, or resubmit a returned application to the home national coordinator.

    `text` answers the coordinator's question of a return; both read it in the history, it is in no event.
    Raises `Refused` (404; 409 where it is not the time or the state for it; 422 with what is missing by task).
    """
    moment = clock.now()
    async with bus.transaction(principal.subject) as tx:
        call = await _hold_call(tx, application_id)
        application = await own_application(tx, principal, application_id)
        first = application.own_state is ApplicationState.DRAFT
        with lawful():
            state = states.after(ApplicationSubmitted if first else ApplicationResubmitted, application.own_state)
        if first and not call.takes_applications(moment):
            raise Refused(gettext("The deadline of this call is over."), code=ProblemCode.DEADLINE_PASSED)
        terms = (await calls_store.terms_of(tx.session, [application], {call.id: call}))[application.id]
        answers = application.answers
        missing_answers = missing(answers, terms)
        if missing_answers:
            fields = {task: ". ".join(texts) for task, texts in missing_answers.items()}
            raise Refused(gettext("Some answers are still missing."), 422, fields)
        if application.reference is None:
            series = f"{application.country}-{moment.year}"
            number = await next_number(tx.session, series)
            application.reference = states.reference(application.country, moment.year, number)
            application.submitted_at = moment
            await tx.record(_counting_key(application, answers, settings), application.id)
        with tx.session.no_autoflush:  # nothing of what it asks for is being written here
            profile = await profile_for(tx.session, application, answers, terms)
        application.profile_json = profile.model_dump(mode="json")
        # Once submitted it is judged by this revision, also when it comes back with what was asked for.
        application.rules_version = terms.revision
        until = due(moment, terms.timers.endorse_wd, Unit.WORKING_DAYS, application.country)
        event = (ApplicationSubmitted if first else ApplicationResubmitted)(profile=profile, due=until)
        await record(tx, application, event, state=state, due=until, text="" if first else text.strip()[:MOST_REPLY])
        await record_line_manager(tx, application)
        return application


async def _hold_call(tx: Tx, application_id: UUID) -> calls_store.Call:
    """The application's call, held: one that closes at this moment finds the application, or is found closed.

    The call goes before the application, as where it closes. Raises `Refused` (404).
    """
    call = await calls_store.hold_call_of(tx.session, application_id)
    if call is None:
        raise not_found()
    return call


def _counting_key(application: store.Application, answers: Answers, settings: Settings) -> CountingKeyAssigned:
    """Return the key under which reporting counts the person once in a programme, without knowing who it is."""
    secret = (settings.counting_secret or settings.session_key).get_secret_value().encode()
    identity = f"{settings.programme}/{application.subject}".encode()
    key = hmac.new(secret, identity, hashlib.sha256).hexdigest()[:32]
    return CountingKeyAssigned(counting_key=key, sex=None if answers.sex is None else Sex(answers.sex))


async def withdraw(
    bus: Bus, principal: Principal, application_id: UUID, reason: StatedReason, text: str = ""
) -> store.Application:
    """Withdraw an open application, with a reason. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        application = await own_application(tx, principal, application_id)
        with lawful():
            state = await _state_after_withdrawal(tx.session, application)
        event = ApplicationWithdrawn(reason=published(reason))
        await record(tx, application, event, state=state, reason=reason, text=text.strip()[:1000])
        return application


async def _state_after_withdrawal(session: AsyncSession, application: store.Application) -> ApplicationState:
    """Return the state to which a withdrawal leads. Raises `NotPossible` where it is too late for it."""
    projected = await standings.standing_of(session, application.id)
    if application.own_state is ApplicationState.ELIGIBLE and projected is not None and projected.match_id:
        newest = await matches.match(session, projected.match_id)
        # Where the match was cancelled with its visit, another place is looked for: that can be withdrawn.
        if newest is not None and newest.stands is MatchState.CONFIRMED:
            states.check_not_over(ApplicationWithdrawn, ApplicationState(projected.state))
    return states.after(ApplicationWithdrawn, application.own_state)


async def may_withdraw(session: AsyncSession, application: store.Application) -> bool:
    """Whether a submitted application can be withdrawn now, so that only what is possible is offered."""
    try:
        await _state_after_withdrawal(session, application)
    except states.NotPossible:
        return False
    return True


async def discard(bus: Bus, principal: Principal, application_id: UUID) -> None:
    """Delete a draft that was never submitted. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        application = await own_application(tx, principal, application_id)
        if application.own_state is not ApplicationState.DRAFT:
            raise Refused(gettext("It was submitted: you can withdraw it."), 409)
        await tx.session.delete(application)
