"""Change an application after submission, with a reason, before a place is offered.

ApplicationChanged carries the whole profile; old and new answers stay here, for the coordinator to see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.answers import check_answers, read_answers
from services.applications.application.actions.profile import profile_for
from services.applications.application.actions.service_address import check_service_address
from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.model.answers import (
    FIELDS,
    WITH_WHOM,
    candidate_of,
    changed_tasks,
    missing,
    sections_of,
)
from services.applications.application.store import applications
from services.applications.application.views.standing import case_of
from services.applications.refusals import lawful, not_found
from services.applications.register.store import entries
from shared.contracts.applications import ApplicationChanged
from shared.contracts.codes import ApplicationState, Section, StatedReason, published
from shared.contracts.lifecycle import Unit
from shared.contracts.lifecycle.state_sets import APPLICATION_WRITABLE
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.applications.application.model.answers import Answers
    from services.applications.application.store.applications import Application
    from services.applications.application.views.standing import Case
    from shared.bus import Bus, Tx
    from shared.identity import Principal

# What a change is about; the line manager is named by itself, and the privacy notice is not a matter of change.
CHANGEABLE: frozenset[str] = frozenset(FIELDS) - {Section.LINE_MANAGER, "privacy"}


async def change(
    bus: Bus,
    principal: Principal,
    application_id: UUID,
    changes: Mapping[str, object],
    reason: StatedReason,
    text: str = "",
) -> Application:
    """Change answers of the officer's own submitted application; nothing happens where nothing differs.

    Raises `Refused` (404; 409 where it cannot be changed now; 422 with the fields that cannot be read, or with what
    would be missing).
    """
    async with bus.transaction(principal.subject) as tx:
        application = await applications.own(tx.session, principal, application_id)
        case = await case_of(tx.session, application_id)
        assert case is not None
        with lawful():
            states.after_change(application.own_state, case.shown_state, matters=False)
        unknown = {name for name in changes if not any(name in FIELDS[task] for task in CHANGEABLE)}
        if unknown:
            sentence = gettext("This cannot be changed here.")
            raise Refused(sentence, 422, dict.fromkeys(sorted(unknown), sentence))
        answers = read_answers(application, changes)
        await check_answers(tx, application, answers, changes, case.terms)
        missing_answers = missing(answers, case.terms)
        if missing_answers:
            fields = {task: ". ".join(texts) for task, texts in missing_answers.items()}
            raise Refused(gettext("Some answers would be missing."), 422, fields)
        before = application.answers
        if answers.email != before.email:
            check_service_address(await entries.person(tx.session, principal.subject), answers)
        tasks = changed_tasks(before, answers)
        if not tasks:
            return application
        add_change(tx, application.id, before, answers, tasks)
        matters = _candidate(case, before) != _candidate(case, answers)
        application.answers_json = answers.to_store()
        application.organisation_id = answers.organisation_id
        application.saved_at = clock.now()
        await record_change(tx, case, sections_of(tasks), reason, text, matters=matters)
        return application


def add_change(tx: Tx, application_id: UUID, before: Answers, after: Answers, tasks: Sequence[str]) -> None:
    """Keep the old and the new answers of the pages that differ."""
    names = [name for task in tasks for name in FIELDS[task]]
    old, new = ({name: stored[name] for name in names} for stored in (before.to_store(), after.to_store()))
    tx.session.add(
        applications.Change(
            id=new_id(), application_id=application_id, at=clock.now(), tasks=list(tasks), before=old, after=new
        )
    )


def _candidate(case: Case, answers: Answers) -> object:
    """Return what of the answers the call's rules look at."""
    application = case.application
    return candidate_of(answers, kind=application.for_, country=application.country, partner_active=case.partner_active)


async def record_change(
    tx: Tx, case: Case, sections: Sequence[Section], reason: StatedReason, text: str = "", *, matters: bool = False
) -> None:
    """Tell that a locked, submitted application is another one now. Raises `Refused` (409)."""
    application, moment = case.application, clock.now()
    with lawful():
        state = states.after_change(application.own_state, case.shown_state, matters=matters)
    again = state is not application.own_state
    since, until = application.since, application.due
    if again:
        since = moment
        until = due(moment, case.terms.timers.endorse_wd, Unit.WORKING_DAYS, application.country)
    profile = await profile_for(tx.session, application, application.answers, case.terms)
    application.profile_json = profile.model_dump(mode="json")
    event = ApplicationChanged(
        profile=profile,
        sections=tuple(sections),
        reason=published(reason),
        state=state,
        due=until if state is ApplicationState.SUBMITTED else None,
    )
    # With whom it is made is a reason by itself; the contract knows no code for it.
    why = WITH_WHOM if tuple(sections) == (Section.COUNTERPART,) else reason.value
    await record(tx, application, event, state=state, due=until, reason=why, text=text.strip()[:1000])
    application.since = since


async def record_company_change(tx: Tx, application: Application) -> None:
    """Tell with whom a locked application is made now, where it was submitted; a draft says it when it is submitted.

    Raises `Refused` (404, 409).
    """
    case = await case_of(tx.session, application.id)
    if case is None:
        raise not_found()
    if application.own_state in APPLICATION_WRITABLE:
        return
    if not states.may_change(application.own_state, case.shown_state):
        return
    profile = await profile_for(tx.session, application, application.answers, case.terms)
    if profile != application.profile:
        await record_change(tx, case, (Section.COUNTERPART,), StatedReason.OTHER)
