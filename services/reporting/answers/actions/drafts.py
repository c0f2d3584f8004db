"""Save forms while they are filled in, so that the writer can go on with any device."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from services.reporting.answers.store import drafts
from services.reporting.answers.views.forms import RequestedForm, SavedDraft, requested_form, saved_draft
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock
from shared.time.arrival import settled
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Lease

log = structlog.get_logger(__name__)
LONGEST = 20_000
"""The most characters that are saved of one field: more than may be submitted, so that a long text can be shortened."""


async def keep(
    bus: Bus, subject: str, kind: str, values: Mapping[str, str], *, writer: str, turn: int = 0
) -> SavedDraft:
    """Save the fields in `values` of the form that a ticket's `subject` opens; the others stay as they were saved.

    `writer` is the page that writes, `turn` the number of its write. Raises `Refused`: 404 without a form, 409 once it
    was submitted or before the end, 422 for a field that is far too long.
    """
    long = [name for name, value in values.items() if len(value) > LONGEST]
    if long:
        sentence = gettext("This text is too long to be saved. Shorten it")
        raise Refused(sentence, 422, dict.fromkeys(long, sentence))
    async with bus.transaction("respondent") as tx:
        form = await locked_form(tx.session, subject, kind)
        if form.submission is not None:
            sentence = gettext("This was submitted on %(when)s. What you sent now was not saved.")
            raise Refused(sentence % {"when": moment(form.submission.at)}, code=ProblemCode.ALREADY_DONE)
        form.case.check_open()
        if not form.open:
            raise Refused(
                gettext("We do not ask for this yet. Open the page again to see when you can answer."),
                code=ProblemCode.TOO_EARLY,
            )
        if form.closed is not None:
            raise Refused(
                gettext("Answers are no longer accepted: %(reason)s") % {"reason": form.closed.reason},
                code=ProblemCode.DEADLINE_PASSED,
            )
        row = drafts.new(
            form.case.id,
            kind,
            form.respondent.value,
            application_id=form.case.application_id,
            writer=writer,
            turn=turn,
            at=clock.now(),
            values=dict(values),
        )
        await drafts.write(tx.session, row)
        kept = await saved_draft(tx.session, form)
    assert kept is not None
    return kept


async def locked_form(session: AsyncSession, subject: str, kind: str) -> RequestedForm:
    """Return the form that a ticket's `subject` opens, locked until the transaction ends. Raises `Refused` (404)."""
    form = await requested_form(session, subject, kind)
    await drafts.hold(session, form.case.id, kind, form.respondent)
    return await requested_form(session, subject, kind)


async def forget(bus: Bus, days: int, lease: Lease | None = None) -> int:
    """Delete drafts that were not touched for so many days, and those about voided visits; return their number.

    Raises `LeaseLost`.
    """
    async with bus.transaction("system:drafts", lease) as tx:
        gone = await drafts.forget(tx.session, settled() - timedelta(days=days))
    if gone:
        log.info("drafts forgotten", drafts=gone)
    return gone
