"""Read, correct and erase free text: by its writer, or the data protection officer; each access is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.forms import HEADINGS
from services.reporting.answers.views.forms import correctable, requested_form
from services.reporting.cascades import store as cascades_store
from services.reporting.facts import store as facts_store
from services.reporting.free_texts import store
from services.reporting.free_texts.views import Words, Written
from shared.contracts.codes import Respondent
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.identity import Principal

CASCADE_FIELDS = {"about": N_("What was it about?"), "why": N_("If it was fewer, why?")}


async def correct(bus: Bus, subject: str, kind: str, corrected: Mapping[str, str]) -> None:
    """Correct the text of a submitted form, as its writer; ratings and dates stay.

    Raises `Refused`: 404 without a form, 409 if nothing was submitted or the period is frozen, 422 with the fields.
    """
    async with bus.transaction("respondent") as tx:
        form = await requested_form(tx.session, subject, kind)
        if form.submission is None:
            raise Refused(gettext("Nothing has been submitted yet."), code=ProblemCode.STEP_MISSING)
        # Erasing locks the row too, so that text erased meanwhile is not written again.
        await tx.session.refresh(form.submission, with_for_update=True)
        try:
            texts = model_forms.texts(HEADINGS[kind], corrected)
        except model_forms.NotComplete as problem:
            fields = {name: gettext(text) for name, text in problem.fields.items()}
            raise Refused(gettext("Something is missing."), 422, fields) from None
        if texts == form.submission.texts:
            return
        if model_forms.ERASED in form.submission.texts.values():
            raise Refused(gettext("The text was erased, so it can no longer be corrected."), 409)
        if not await correctable(tx.session, form):
            raise Refused(
                gettext("The text can no longer be corrected, because the figures of that period are frozen."),
                code=ProblemCode.DEADLINE_PASSED,
            )
        form.submission.texts = texts
        tx.session.add(form.submission)
        respondent = f"respondent:{Respondent(form.respondent).value}"
        store.log(tx.session, clock.now(), respondent, "corrected", form.case.application_id, form=kind)


async def read(bus: Bus, principal: Principal, reference: str) -> Words | None:
    """Return all that was written about the application of that reference, for the data protection officer; logged."""
    async with bus.transaction(principal.subject) as tx:
        application = await facts_store.application(tx.session, reference)
        if application is None:
            return None
        store.log(tx.session, clock.now(), principal.subject, "read", application.id)
        await tx.session.flush()
        written = await _written(tx.session, application.id)
        return Words(application.id, application.reference, written, await store.logged(tx.session, application.id))


async def give(bus: Bus, caller: str, application_id: UUID, purpose: str) -> list[Written]:
    """Return all that was written about an application, for the export of a person's own data; logged."""
    async with bus.transaction(f"system:{caller}") as tx:
        store.log(tx.session, clock.now(), f"service:{caller}", "given", application_id, reason=purpose)
        return await _written(tx.session, application_id)


async def erase(bus: Bus, principal: Principal, application_id: UUID, form: str, reason: str) -> int:
    """Erase the text about an application, of one form or (empty) of all; scores stay. Return the number of texts.

    Where there is none, nothing is logged. Raises `Refused` (422) without a reason, (404) for an unknown application.
    """
    if not reason.strip() or len(reason) > model_forms.LONGEST:
        sentence = gettext("Enter who requested this or why, without repeating the text")
        raise Refused(sentence, 422, {"why": sentence})
    async with bus.transaction(principal.subject) as tx:
        if await facts_store.application(tx.session, str(application_id)) is None:
            raise Refused(gettext("There is no application with this reference."), 404)
        cut = await store.erase(tx.session, application_id, form)
        if cut:
            why = reason.strip()
            store.log(tx.session, clock.now(), principal.subject, "erased", application_id, form=form, reason=why)
    return cut


async def _written(session: AsyncSession, application_id: UUID) -> list[Written]:
    found = [
        Written(row.form, row.respondent, row.at, _texts(row.form, row.texts))
        for row in await store.submissions(session, application_id)
        if row.texts
    ]
    for row in await cascades_store.of_application(session, application_id):
        written = {"about": row.about, "why": row.explanation}
        found.append(Written("cascade", Respondent.GUEST.value, row.reported_at, _texts("cascade", written)))
    for draft in await store.drafts(session, application_id):
        texts = _texts(draft.form, draft.values)
        if texts:
            found.append(Written(draft.form, draft.respondent, draft.at, texts, draft=True))
    return found


def _texts(form: str, texts: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Return the texts in the order in which they are asked for, without the scores that a draft holds."""
    questions = (
        CASCADE_FIELDS if form == "cascade" else {heading.name: heading.text for heading in HEADINGS.get(form, ())}
    )
    return tuple((name, question, texts[name]) for name, question in questions.items() if texts.get(name))
