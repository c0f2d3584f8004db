"""The pages that publish a revision of a call and show its history."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.calls import store
from services.applications.calls.actions import revisions
from services.applications.calls.actions.revisions import AffectedApplication
from services.applications.calls.model.entry import TITLES
from services.applications.calls.model.revision import Difference, Effect, differences
from services.applications.calls.pages.drafts import Draft, load, task_page
from services.applications.calls.views.facts import register_facts
from services.applications.display import page_rows, tag
from services.applications.guards import Coordinator, SignedIn
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.tables import PAGE
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.web.forms import Form, Needed, RadioField, sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/calls", include_in_schema=False)


class ReviseForm(Form):
    """Whether those who gain by a revision are judged by it."""

    favour = RadioField(
        N_("Shall the applications that gain by it be judged by the new rules?"),
        [Needed(N_("Choose whether those that gain are judged by the new rules"))],
        choices=[
            ("yes", N_("Yes: they move to the new rules. All others keep those that they were submitted under.")),
            ("no", N_("No: every submitted application keeps the rules that it was submitted under.")),
        ],
    )


@router.get("/drafts/{draft_id}/effects")
async def effects(
    request: Request,
    draft_id: UUID,
    principal: Coordinator,
    bus: BusDep,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show what a revision changes, and which applications would be judged differently, before it is published."""
    return await _effects(request, bus, principal, await load(bus, draft_id), ReviseForm(), page=page)


async def _effects(
    request: Request,
    bus: BusDep,
    principal: Principal,
    draft: Draft,
    form: ReviseForm,
    *,
    page: int = 1,
    refused: Refused | None = None,
) -> Response:
    try:
        async with bus.read() as session:
            call, terms, touched = await revisions.proposed_revision(session, draft.row)
    except Refused as wrong:
        if wrong.status_code == 404:
            raise
        return await task_page(request, bus, principal, draft, wrong)
    status = 200 if refused is None else refused.status_code
    return render(
        request,
        "calls/effects.html",
        422 if form.errors else status,
        draft=draft,
        call=call,
        form_=form,
        refused=refused,
        differences=_difference_rows(differences(call.terms, terms, draft.facts)),
        countries=_by_country(touched),
        rows=[_row(entry) for entry in page_rows(touched, page)],
        moving=sum(entry.moves for entry in touched),
        total=len(touched),
        page=page,
        size=PAGE,
        seen=revisions.affected_digest(touched),
    )


def _difference_rows(found: Sequence[Difference]) -> list[tuple[str, Sequence[str], Sequence[str]]]:
    return [(gettext(TITLES[one.section]), one.gone, one.new) for one in found]


def _by_country(touched: Sequence[AffectedApplication]) -> list[list[Any]]:
    counted = Counter((entry.application.country, entry.effects.effect) for entry in touched)
    return [
        [labels.country(country), counted[country, Effect.BETTER], counted[country, Effect.WORSE]]
        for country in sorted({entry.application.country for entry in touched})
    ]


def _row(affected: AffectedApplication) -> list[Any]:
    application, effects_ = affected.application, affected.effects
    better = effects_.effect is Effect.BETTER
    named = [labels.label(rule) for rule in (effects_.gained if better else effects_.lost)]
    consequence = gettext("Keeps the rules that it was submitted under")
    if better:
        consequence = (
            gettext("Can move to the new rules") if affected.moves else gettext("Was decided; the officer can appeal")
        )
    return [
        {"text": application.reference, "href": f"/applications/cases/{application.id}"},
        labels.country(application.country),
        tag("application", application.state),
        gettext("Better") if better else gettext("Worse"),
        ", ".join(named) or gettext("A new question is not answered"),
        consequence,
    ]


@router.post("/drafts/{draft_id}/revise")
async def revise(request: Request, draft_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Publish the revision; where the applications changed since the page was rendered, it is shown again."""
    draft = await load(bus, draft_id)
    form, written = await ReviseForm.read(request), await sent(request)
    if "favour" not in written and written.get("moving") == "0":
        form.favour.data = "no"
    elif not form.validate():
        return await _effects(request, bus, principal, draft, form)
    try:
        call = await revisions.revise(
            bus,
            principal.subject,
            draft_id,
            favour=form.favour.data == "yes",
            digest=str(written.get("seen", "")),
        )
    except Refused as refused:
        if refused.status_code == 404:
            raise
        return await _effects(request, bus, principal, draft, form, refused=refused)
    return see_other(f"/applications/calls/{call.id}?done=revised")


@router.get("/{call_id}/history")
async def history(request: Request, call_id: UUID, principal: SignedIn, bus: BusDep) -> Response:
    """Show all revisions of a call, the newest first, each with its changes in sentences."""
    async with bus.read() as session:
        call = await store.call(session, call_id)
        found = await store.revisions(session, call_id)
        facts = await register_facts(session, *(one.terms for one in found))
        people = await entries.people_by_subject(session, {one.actor for one in found})
    if call is None:
        raise not_found()
    versions = []
    for newer, older in zip(found, [*found[1:], None], strict=True):
        changed = [] if older is None else _difference_rows(differences(older.terms, newer.terms, facts))
        person = people.get(newer.actor)
        versions.append((newer, changed, person.name if person else ""))
    return render(
        request,
        "calls/history.html",
        call=call,
        versions=versions,
        named=principal.has(Role.PROGRAMME_COORDINATOR),
    )
