"""Pages of baselines and targets: those approved, those that wait, and how near the figures are.

A value is proposed below the list, so it is answered here and not by a `Decision`. Two tables and charts are read
together, so they are no `Listing`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure.actions import agreed_figures, readable_period
from services.reporting.guards import Reader, Steerer, may_steer
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.parameters import BusDep
from services.reporting.targets import views
from services.reporting.targets.actions import targets
from services.reporting.targets.model import TargetKind, TargetValue, standing, waiting
from shared.bus import Bus
from shared.contracts.codes import PeriodKind
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.identity.csrf import sent_form
from shared.identity.versions import item_versions, read_versions
from shared.ids import read_id
from shared.web.forms import DateField, Form, Needed, SelectField, StringField
from shared.web.query import one_of
from shared.web.render import render, see_other
from shared.web.several import (
    ChangedRecord,
    Comparison,
    Facts,
    about_several,
    changed_sentence,
    compared,
    comparison_page,
    left_by_choice,
    seen_by_reader,
    seen_text,
    without_choice,
)

router = APIRouter(include_in_schema=False)


class TargetForm(Form):
    """A baseline or a target; the action checks it, for the page and for programs alike."""

    indicator = SelectField(
        N_("Indicator"),
        [Needed(N_("Choose an indicator"))],
        choices=[(each.id, each.title) for each in INDICATORS.values()],
        blank=N_("Choose one"),
    )
    kind = SelectField(N_("Type"), choices=[(kind.value, kind.label) for kind in TargetKind])
    day = DateField(
        N_("Day"),
        [Needed(N_("Enter a day between 2000 and 2099"))],
        description=N_("For a baseline, the day it was measured. For a target, the day it is due"),
    )
    value = StringField(
        N_("Value"),
        [Needed(N_("Enter a number such as 120 or 87.5, not below zero"))],
        description=N_("For example 120 or 87.5"),
    )
    source = StringField(
        N_("Source of verification"),
        [Needed(N_("Enter where the value is written down"))],
        description=N_("Where the value is written down, such as a document and its page"),
    )
    comment = StringField(N_("Comment"), description=N_("It goes to donors, so do not name any person"))

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the value."""
        return targets.problems(self.draft())

    def draft(self) -> targets.Draft:
        """Return what was written."""
        texts = (self.value.data or "", self.source.data or "", self.comment.data or "")
        return targets.Draft(self.indicator.data or "", self.kind.data or "", self.day.data, *texts)


_DONE = {
    "approved": N_("Value approved."),
    "dropped": N_("Value deleted."),
}
"""Sentences about the step that led to the page."""


@router.get("/reporting/targets")
async def overview(
    request: Request,
    principal: Reader,
    bus: BusDep,
    kind: Annotated[str, one_of(*views.KINDS)] = PeriodKind.YEAR.value,
    added: Annotated[int | None, Query(alias="done_added", ge=0)] = None,
    unchanged: Annotated[int, Query(alias="done_unchanged", ge=0)] = 0,
    done: str = "",
) -> Response:
    """Show the approved values, those that wait, how near the figures are to them, and the result of an upload."""
    said = gettext(_DONE[done]) if done in _DONE else "" if added is None else _done(added, unchanged)
    return await _page(request, principal, bus, TargetForm(), kind=kind, done=said)


@router.get("/reporting/targets.csv")
async def as_csv(
    principal: Reader, bus: BusDep, kind: Annotated[str, one_of(*views.KINDS)] = PeriodKind.YEAR.value
) -> Response:
    """Download targets beside the figures of the periods in which they are due, as CSV."""
    async with bus.read() as session:
        found = await views.target_values(session)
    content = views.csv_text(await _columns(bus, found, kind, steers=may_steer(principal)))
    headers = {"Content-Disposition": 'attachment; filename="tandem-targets.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _columns(bus: Bus, found: list[TargetValue], kind: str, *, steers: bool) -> list[views.Column]:
    kind = kind if kind in views.KINDS else PeriodKind.YEAR.value
    columns = []
    for period in views.due_in(found, kind):
        async with bus.read() as session:
            approval, readable = await readable_period(session, period.label, steers=steers)
        figures = (await agreed_figures(bus, period.label, steers=steers))[1] if readable else []
        columns.append(views.column(approval, figures, found))
    return columns


def _done(added: int, unchanged: int) -> str:
    if not added:
        return ngettext(
            "Nothing was changed, because the value in the table already exists.",
            "Nothing was changed, because all %(num)d values in the table already exist.",
            unchanged,
        ) % {"num": unchanged}
    new = ngettext(
        "%(num)d value is waiting for a second person.", "%(num)d values are waiting for a second person.", added
    )
    old = ngettext("%(num)d already existed.", "%(num)d already existed.", unchanged)
    return new % {"num": added} + (" " + old % {"num": unchanged} if unchanged else "")


@router.post("/reporting/targets")
async def propose(request: Request, principal: Steerer, bus: BusDep) -> Response:
    """Save a value; errors are shown at their fields, and what was written stays."""
    form = await TargetForm.read(request)
    if form.validate():
        await targets.propose(bus, principal, form.draft())
        return see_other("/reporting/targets")
    return await _page(request, principal, bus, form, 422)


@router.post("/reporting/targets/approve")
@about_several
async def approve_all(request: Request, principal: Steerer, bus: BusDep) -> Response:
    """Approve what other people wrote, as the page showed it: ids with commas between; show those that were left."""
    target_ids = str((await sent_form(request)).get("target_ids", ""))
    ids = [id_ for each in target_ids.split(",") if (id_ := read_id(each)) is not None]
    if not ids:
        raise Refused(gettext("There is nothing to approve. Check the page again."), 409)
    unwanted, undecided = await left_by_choice(request), await without_choice(request)
    chosen = [id_ for id_ in ids if id_ not in unwanted and id_ not in undecided]
    result = await targets.approve_all(bus, principal, await read_versions(request, "target", chosen))
    left = [(id_, refused) for id_, _, refused in result.left]
    left += [(id_, Refused(changed_sentence(1))) for id_ in ids if id_ in undecided]
    if left:
        seen = await seen_by_reader(request) | undecided
        return await _left_page(request, principal, bus, ids, seen, len(result.done), left)
    return see_other("/reporting/targets")


async def _left_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    ids: Collection[UUID],
    seen: Mapping[UUID, Facts],
    approved: int,
    left: Sequence[tuple[UUID, Refused]],
) -> Response:
    """Show what was left beside what is true now: of a value that was replaced, the one that waits in its place."""
    async with bus.snapshot() as session:
        found = await views.target_values(session)
        others = [each for each in waiting(found) if each.author != principal.subject]
        versions = await item_versions(request, session, "target", [each.id for each in others])
    known, in_place = {each.id: each for each in found}, {views.place_facts(each): each for each in others}
    changed, open_ = [], []
    for id_, refused in left:
        now = known.get(id_) or in_place.get(tuple(seen.get(id_, ())[: views.PLACE_FACTS]))
        if now is not None and now in others and now.id not in set(ids) - {id_}:
            open_.append(now)
        changed.append(_left(id_, seen.get(id_), now, refused, act=gettext("Approve") if now in open_ else ""))
    count = len(left)
    title = ngettext("%(num)d value was not approved", "%(num)d values were not approved", count) % {"num": count}
    done = ngettext("%(num)d value was approved.", "%(num)d values were approved.", approved)
    comparison = Comparison(
        title,
        [*([done % {"num": approved}] if approved else ()), f"{title}."],
        changed,
        gettext("Save choices") if open_ else "",
        "/reporting/targets/approve",
        "/reporting/targets",
        seen_text({each.id: views.facts(each) for each in open_}),
        [",".join(versions[each.id] for each in open_)],
        [("target_ids", ",".join(str(each.id) for each in open_))],
    )
    return comparison_page(request, comparison)


def _left(id_: UUID, seen: Facts | None, now: TargetValue | None, refused: Refused, *, act: str) -> ChangedRecord:
    """Return a value that was not approved; `now` is the one that stands or waits in its place."""
    present = None if now is None else views.facts(now)
    name = ", ".join(words for _, words in (present or seen or ())[: views.PLACE_FACTS]) or gettext("Deleted value")
    return compared(id_ if now is None else now.id, name, seen, present, sentences=[refused.detail], act=act)


@router.post("/reporting/targets/{target}/approve")
async def approve(target: str, principal: Steerer, bus: BusDep) -> Response:
    """Approve what another person wrote."""
    await targets.approve(bus, principal, target)
    return see_other("/reporting/targets?done=approved")


@router.post("/reporting/targets/{target}/drop")
async def drop(target: str, principal: Steerer, bus: BusDep) -> Response:
    """Delete a value that waits."""
    await targets.drop(bus, principal, target)
    return see_other("/reporting/targets?done=dropped")


async def _page(
    request: Request,
    principal: Principal,
    bus: Bus,
    form: TargetForm,
    status: int = 200,
    *,
    kind: Annotated[str, one_of(*views.KINDS)] = PeriodKind.YEAR.value,
    done: str = "",
) -> Response:
    async with bus.snapshot() as session:
        found = await views.target_values(session)
        others = [each for each in waiting(found) if each.author != principal.subject]
        versions = await item_versions(request, session, "target", [each.id for each in others])
    steers = may_steer(principal)
    return render(
        request,
        "targets/targets.html",
        status,
        standing=standing(found),
        waiting=waiting(found) if steers else [],
        charts=views.charts(await _columns(bus, found, kind, steers=steers)),
        kind=kind,
        kinds=[(name, gettext(text)) for name, text in views.KINDS.items()],
        definitions=INDICATORS,
        f=form,
        done=done,
        steers=steers,
        me=principal.subject,
        others=[each.id for each in others],
        versions=list(versions.values()),
        seen=seen_text({each.id: views.facts(each) for each in others}),
    )
