"""Revise a published call; submitted applications keep their rules, or gain by the new ones.

Every revision is kept. The coordinator sees first for which applications the new rules would be better or worse, and
chooses whether those that gain move to them. Nobody else's application is touched.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.applications.application.model.answers import candidate_of
from services.applications.application.model.states import LEFT_AT_CLOSE
from services.applications.application.store import applications
from services.applications.calls import store
from services.applications.calls.actions.drafts import add_draft
from services.applications.calls.actions.publishing import add_revision, check_complete, opening
from services.applications.calls.model.entry import changed_sections, entry_of, terms_of
from services.applications.calls.model.revision import Effect, differences, effect, not_revisable
from services.applications.calls.views.effects import AffectedApplication, ProposedRevision
from services.applications.calls.views.facts import register_facts
from services.applications.calls.views.headings import CallHeading
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.calls import CallRevised
from shared.contracts.codes import ApplicationKind, ApplicationState, CallState, PartnerStatus
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx
    from shared.contracts.calls import CallTerms


async def begin(bus: Bus, actor: str, call_id: UUID) -> store.CallDraft:
    """Begin the next revision of a call, or return the one that somebody has begun.

    Raises `Refused` (404; 409 for a call that is closed).
    """
    async with bus.transaction(actor) as tx:
        call = await _published(tx, call_id)
        draft = await store.revision_draft(tx.session, call_id)
        if draft is not None:
            return draft
        return await add_draft(tx, new_id(), entry_of(call.terms), revises=call_id, base=call.revision)


async def affected_applications(session: AsyncSession, call: store.Call, new: CallTerms) -> list[AffectedApplication]:
    """Return the submitted applications for which `new` would be better or worse than their present terms.

    Those that are open and those that were found not eligible, by country and reference.
    """
    states = (*LEFT_AT_CLOSE, ApplicationState.INELIGIBLE)
    found = await applications.of_call(session, call.id, states)
    old = await store.terms_of(session, found, {call.id: call})
    today = clock.today()
    suspended = {
        country
        for country in sorted({application.country for application in found})
        if await entries.partner_status(session, country, today) is PartnerStatus.SUSPENDED
    }
    different = []
    for application in found:
        answers = application.answers
        candidate = candidate_of(
            answers,
            kind=application.for_,
            country=application.country,
            partner_active=application.country not in suspended,
        )
        effects = effect(old[application.id], new, candidate, answers)
        if effects.effect is not Effect.SAME:
            moves = effects.effect is Effect.BETTER and application.own_state in LEFT_AT_CLOSE
            different.append(
                AffectedApplication(
                    id=application.id,
                    reference=application.reference,
                    country=application.country,
                    state=ApplicationState(application.state),
                    effect=effects.effect,
                    gained=effects.gained,
                    lost=effects.lost,
                    moves=moves,
                )
            )
    return different


def affected_digest(affected: Sequence[AffectedApplication]) -> str:
    """Return a digest of the list that a coordinator saw; it differs when an application comes, goes or changes."""
    lines = [f"{entry.id} {entry.effect} {entry.moves}" for entry in affected]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


async def proposed_revision(session: AsyncSession, draft_id: UUID) -> ProposedRevision:
    """Return what a draft would make of its call, and the applications that this affects.

    Raises `Refused` (404; 409 where the call is closed; 422 with the fields that are missing, wrong, or not to be
    revised).
    """
    draft = await store.draft(session, draft_id)
    call = None if draft is None or draft.revises is None else await store.call(session, draft.revises)
    if draft is None or call is None:
        raise not_found()
    terms, old = await _terms(session, call, draft), call.terms
    facts = await register_facts(session, old, terms)
    return ProposedRevision(
        CallHeading.of(call),
        terms,
        differences(old, terms, facts),
        await affected_applications(session, call, terms),
    )


async def revise(bus: Bus, actor: str, draft_id: UUID, *, favour: bool, digest: str | None = None) -> store.Call:
    """Publish a revision. `favour`: the applications that gain by it are judged by it from now on.

    `digest` is the `affected_digest` that the coordinator saw: where the applications changed since, nothing is done
    (409). A second click returns the call as it is since the first. Raises `Refused` (404; 409 also where somebody else
    published it, or with another choice; 422 with the fields that are missing, wrong, or not to be revised).
    """
    async with bus.transaction(actor) as tx:
        written = await store.draft(tx.session, draft_id)
        if written is None:
            return await _revised(tx, draft_id, favour=favour)
        if written.revises is None:
            raise not_found()
        # The call is locked before its draft and its applications, as where it is closed.
        locked = await store.call(tx.session, written.revises, lock=True)
        draft = await store.draft(tx.session, draft_id, lock=True)
        if draft is None:
            return await _revised(tx, draft_id, favour=favour)
        call = _revisable(locked)
        terms = await _terms(tx.session, call, draft)
        found = await affected_applications(tx.session, call, terms)
        present = affected_digest(found)
        if digest is not None and digest != present:
            text = gettext(
                "Applications have arrived or changed since you opened this page. Check again who is affected."
            )
            raise Refused(text, code=ProblemCode.EDIT_CONFLICT, present={"seen": present})
        call.terms_json, call.deadline, call.opens = terms.model_dump(mode="json"), terms.deadline, opening(terms)
        tx.session.add(call)
        gains = [affected.id for affected in found if affected.moves] if favour else []
        for application in await applications.locked(tx.session, gains):
            _apply_revision(tx, application, terms.revision)
        add_revision(tx, call, [str(gain) for gain in gains], draft_id=draft_id, favour=favour)
        await tx.record(CallRevised(terms=terms, touches=tuple(gains)), call.id)
        await tx.session.delete(draft)
        await tx.changed("calls")
        return call


def _apply_revision(tx: Tx, application: applications.Application, number: int) -> None:
    """Judge a locked application by this revision from now on; its history says so."""
    application.rules_version = number
    tx.session.add(application)
    tx.session.add(
        applications.Step(
            id=new_id(),
            application_id=application.id,
            at=clock.now(),
            event=CallRevised.type,
            state=application.state,
            actor=tx.actor,
        )
    )


async def _revised(tx: Tx, draft_id: UUID, *, favour: bool) -> store.Call:
    """Return the call that was revised by a draft with the same choice. Raises `Refused` (404, 409)."""
    revision = await store.revision_from(tx.session, draft_id)
    call = None if revision is None else await store.call(tx.session, revision.call_id)
    if revision is None or call is None:
        raise not_found()
    if (revision.actor, revision.favour) != (tx.actor, favour):
        text = gettext("This revision was published on %(moment)s.") % {"moment": dates.moment(revision.at)}
        raise Refused(text, code=ProblemCode.ALREADY_DONE)
    return call


async def _published(tx: Tx, call_id: UUID) -> store.Call:
    return _revisable(await store.call(tx.session, call_id, lock=True))


def _revisable(call: store.Call | None) -> store.Call:
    if call is None:
        raise not_found()
    if call.state != CallState.PUBLISHED:
        raise Refused(gettext("This call is closed, so it can no longer be revised."), code=ProblemCode.CALL_CLOSED)
    return call


async def _terms(session: AsyncSession, call: store.Call, draft: store.CallDraft) -> CallTerms:
    """Return the terms that the draft would give the call. Raises `Refused` (409, 422)."""
    if call.state != CallState.PUBLISHED:
        raise Refused(gettext("This call is closed, so it can no longer be revised."), code=ProblemCode.CALL_CLOSED)
    entry = draft.entry
    old = call.terms
    used = {ApplicationKind(kind) for kind in await applications.kinds_of(session, call.id)}
    found = not_revisable(old, entry, at=clock.now(), used=used)
    if found:
        raise Refused(gettext("Some of this cannot be revised any more."), 422, found)
    await check_complete(session, entry)
    if not changed_sections(entry_of(old), entry):
        raise Refused(gettext("You have not changed anything in this call."), 422)
    return terms_of(entry, reference=call.reference, revision=call.revision + 1)
