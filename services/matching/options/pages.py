"""The pages of a cohort's options: calculate them, compare them, and commit one."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Collection, Mapping
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import job
from services.matching.filters import PageNumber
from services.matching.options import actions, views
from services.matching.options.model import ORDER, PARTS, ChosenOption
from services.matching.options.views import MOST_COMMITTED
from services.matching.parameters import BusDep, pairs_of
from shared.contracts.codes import CohortOption, Role
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext
from shared.identity import Principal, allow
from shared.identity.csrf import sent_form
from shared.identity.scope import reach
from shared.identity.versions import item_versions, versions_in_body
from shared.runtime.service import service_of
from shared.web.forms import sent
from shared.web.render import render, see_other
from shared.web.several import Comparison, Facts, about_several, compared, comparison_page, seen_by_reader, seen_text

router = APIRouter(prefix="/matching/options", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/{call_id}")
async def options_page(request: Request, bus: BusDep, _: Programme, call_id: UUID) -> Response:
    """Show the newest options of a call: their progress, or chart, measures and refusals."""
    async with bus.read() as session:
        view = await views.options_page(session, call_id)
    row = view.options
    outcome = row.outcome if row is not None else None
    return render(
        request,
        "options/options.html",
        view=view,
        row=row,
        outcome=outcome,
        state=views.state(row.state) if row is not None else None,
        step=_step(row.step) if row is not None else "",
        rows=views.rows(outcome) if outcome else [],
        chart_of=views.frontier(outcome) if outcome and len(outcome.options) > 1 else None,
        rates=views.rates(outcome) if outcome else [],
        trials=views.trials(outcome) if outcome else [],
        name=views.name,
    )


def _step(step: int) -> str:
    """Return in words what is done now; `step` counts parts."""
    number, seconds = divmod(step, PARTS)
    if number >= len(ORDER):
        return gettext("Trying the options with refusals")
    words = {"number": number + 1, "all": len(ORDER), "seconds": seconds}
    if not seconds:
        return gettext("Looking for option %(number)d of %(all)d") % words
    return (
        ngettext(
            "Looking for option %(number)d of %(all)d, %(seconds)d second so far",
            "Looking for option %(number)d of %(all)d, %(seconds)d seconds so far",
            seconds,
        )
        % words
    )


@router.post("/{call_id}")
async def ask(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Calculate the options of the call's next cohort."""
    await sent(request)
    await actions.ask(bus, principal.subject, call_id)
    return see_other(f"/matching/options/{call_id}")


@router.post("/{options_id}/cancel")
async def cancel(request: Request, bus: BusDep, principal: Programme, options_id: UUID) -> Response:
    """Cancel the calculation."""
    await sent(request)
    await actions.cancel(bus, principal.subject, options_id)
    async with bus.read() as session:
        row = await views.cohort_options(session, options_id)
    return see_other(f"/matching/options/{row.call_id}")


@router.get("/{options_id}/options/{option}")
async def option_page(
    request: Request, bus: BusDep, principal: Programme, options_id: UUID, option: CohortOption, page: PageNumber = 1
) -> Response:
    """Show one option beside the present plan: who wins and who loses."""
    async with bus.snapshot() as session:
        versions = partial(_versions, request, session)
        view = await views.option_page(session, reach(principal), options_id, option, versions, page=page)
    outcome = view.options.outcome
    assert outcome is not None
    return render(
        request,
        "options/option.html",
        view=view,
        option=view.option,
        name=views.name(option),
        applications=outcome.applications,
        rate=views.rate,
        gap=views.gap(view.option),
        lowest=views.lowest(view.option),
        effects=views.effects(view.option),
        size=views.SHOWN,
        most=MOST_COMMITTED,
        seen=seen_text(view.seen),
    )


async def _versions(request: Request, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    return await item_versions(request, session, "application_id", ids)


@router.post("/{options_id}/options/{option}/commit")
@about_several
async def commit(
    request: Request, bus: BusDep, principal: Programme, options_id: UUID, option: CohortOption
) -> Response:
    """Commit an option as the call's next cohort: at once, or by a job with its own page if there are many.

    An option is committed as a whole: where facts have changed the page shows both versions, and nothing is done.
    """
    form = await sent_form(request)
    pairs, seen = pairs_of(form)
    read = versions_in_body(request, "application_id", seen, {})
    async with bus.read() as session:
        call_id = (await views.cohort_options(session, options_id)).call_id
    try:
        done = await job.commit_or_ask(
            bus,
            service_of(request).settings,
            principal.subject,
            call_id,
            pairs,
            read,
            option=ChosenOption(options_id=options_id, option=option),
        )
    except Refused as refused:
        if refused.code is not ProblemCode.EDIT_CONFLICT:
            raise
        shown = await seen_by_reader(request)
        async with bus.snapshot() as session:
            versions = partial(_versions, request, session)
            now = await views.option_now(session, principal.subject, options_id, option, seen, shown, versions)
        if not now.present and not now.outdated:
            raise
        return _changed_page(request, options_id, now, shown, refused)
    if isinstance(done, UUID):
        return see_other(f"/matching/cohorts/jobs/{done}")
    run = next(iter(done.runs.values()))
    return see_other(f"/matching/runs/{run}?done={len(done.matches)}&done_reserves={done.reserves}")


def _changed_page(
    request: Request, options_id: UUID, now: views.OptionNow, seen: Mapping[UUID, Facts], refused: Refused
) -> Response:
    """Show what the reader saw of an option beside what is true now.

    One whose facts have not changed is committed as it is now. Any other is calculated again first.
    """
    changed = [
        compared(id_, facts[0][1], seen.get(id_), facts, href=f"/matching/applications/{id_}")
        for id_, facts in now.present.items()
    ]
    if now.outdated:
        sentence = gettext("The option was calculated from older facts.")
        then = seen.get(options_id, now.then)
        changed.insert(0, compared(options_id, views.name(now.option.option), then, now.now, sentences=[sentence]))
    calculate = f"/matching/options/{now.call_id}"
    pairs = [f"{id_}/{seat}/{now.versions[id_]}" for id_, seat in sorted(now.option.pairs.items())]
    nothing = ngettext(
        "Nothing was committed, because %(num)d match of this option has changed.",
        "Nothing was committed, because %(num)d matches of this option have changed.",
        now.changed,
    )
    count = [nothing % {"num": now.changed}] if now.changed else [gettext("Nothing was committed.")]
    more = now.changed > len(now.present)
    if more:
        first = ngettext("This page shows %(num)d of them.", "This page shows %(num)d of them.", len(now.present))
        count.append(first % {"num": len(now.present)})
    button = gettext("Continue") if more else gettext("Commit option")
    comparison = Comparison(
        gettext("Check what has changed"),
        (*count, refused.detail, gettext("An option is committed as a whole or not at all.")),
        changed,
        "" if now.outdated else button,
        f"/matching/options/{options_id}/options/{now.option.option.value}/commit",
        calculate,
        seen_text({options_id: now.then} | {**seen, **now.present}),
        fields=[("pair", pair) for pair in pairs],
        again=(calculate, gettext("Calculate options")) if now.outdated else ("", ""),
    )
    return comparison_page(request, comparison)
