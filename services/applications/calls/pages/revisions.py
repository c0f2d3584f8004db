"""The pages that publish a revision of a call and show its history.

A revision is published after a preview of whom it affects, all in one form, so it is no `Decision` and no `Listing`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.calls.actions import revisions
from services.applications.calls.model.entry import TITLES
from services.applications.calls.model.revision import Difference, Effect
from services.applications.calls.pages.drafts import load, task_page
from services.applications.calls.views.calls import call_history
from services.applications.calls.views.drafts import DraftPage
from services.applications.calls.views.effects import AffectedApplication, ProposedRevision
from services.applications.display import page_rows, tag
from services.applications.guards import Coordinator, SignedIn
from services.applications.parameters import BusDep
from services.applications.tables import PAGE
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.web.form_pages import show_facts
from shared.web.forms import Form, Needed, RadioField, sent
from shared.web.render import render, see_other
from shared.web.stale_forms import Beside, outdated_by, stale_page

_EFFECTS = "effects"
router = APIRouter(prefix="/applications/calls", include_in_schema=False)


class ReviseForm(Form):
    """The choice whether applications that gain by a revision are judged by it."""

    favour = RadioField(
        N_("Should applications that benefit be judged by the new rules?"),
        [Needed(N_("Choose whether applications that benefit are judged by the new rules"))],
        choices=[
            ("yes", N_("Yes, they move to the new rules. All others keep the rules that they were submitted under.")),
            ("no", N_("No, every submitted application keeps the rules that it was submitted under.")),
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
    draft: DraftPage,
    form: ReviseForm,
    *,
    page: int = 1,
    refused: Refused | None = None,
) -> Response:
    try:
        async with bus.read() as session:
            proposed = await revisions.proposed_revision(session, draft.id)
    except Refused as wrong:
        if wrong.status_code == 404:
            raise
        return task_page(request, principal, draft, wrong)
    status = 200 if refused is None else refused.status_code
    affected = proposed.affected
    show_facts(request, _EFFECTS, _facts(proposed))
    return render(
        request,
        "calls/effects.html",
        422 if form.errors else status,
        draft=draft,
        call=proposed.call,
        form_=form,
        refused=refused,
        differences=_difference_rows(proposed.differences),
        countries=_by_country(affected),
        rows=[_row(application) for application in page_rows(affected, page)],
        moving=sum(application.moves for application in affected),
        total=len(affected),
        page=page,
        size=PAGE,
        seen=revisions.affected_digest(affected),
    )


def _difference_rows(found: Sequence[Difference]) -> list[tuple[str, Sequence[str], Sequence[str]]]:
    return [(gettext(TITLES[difference.section]), difference.gone, difference.new) for difference in found]


def _by_country(affected: Sequence[AffectedApplication]) -> list[list[Any]]:
    counted = Counter((application.country, application.effect) for application in affected)
    return [
        [labels.country(country), counted[country, Effect.BETTER], counted[country, Effect.WORSE]]
        for country in sorted({application.country for application in affected})
    ]


def _row(application: AffectedApplication) -> list[Any]:
    better = application.effect is Effect.BETTER
    named = [labels.label(rule) for rule in (application.gained if better else application.lost)]
    consequence = gettext("Keeps the rules that it was submitted under")
    if better:
        consequence = (
            gettext("Can move to the new rules")
            if application.moves
            else gettext("Already decided. The officer can appeal")
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
    form, written = await ReviseForm.read(request), await sent(request)
    if "favour" not in written and written.get("moving") == "0":
        form.favour.data = "no"
    elif not form.validate():
        return await _effects(request, bus, principal, await load(bus, draft_id), form)
    try:
        call = await revisions.revise(
            bus,
            principal.subject,
            draft_id,
            favour=form.favour.data == "yes",
            digest=str(written.get("seen", "")),
        )
    except Outdated as outdated:
        return await _changed(request, bus, principal, draft_id, outdated)
    except Refused as refused:
        if refused.status_code == 404 or refused.code is ProblemCode.ALREADY_DONE:
            raise
        if refused.code is ProblemCode.EDIT_CONFLICT:
            return await _changed(request, bus, principal, draft_id, refused)
        return await _effects(request, bus, principal, await load(bus, draft_id), form, refused=refused)
    return see_other(f"/applications/calls/{call.id}?done=revised")


async def _changed(
    request: Request, bus: BusDep, principal: Principal, draft_id: UUID, refused: Outdated | Refused
) -> Response:
    """Show what the revision changes, and for whom, as the page showed it beside now, with the choice to publish it.

    A draft that cannot be published any more is shown with what is missing. Raises the refusal where nothing can be
    revised any more.
    """
    outdated = outdated_by(refused)
    if outdated.refused:
        raise outdated
    try:
        async with bus.read() as session:
            proposed = await revisions.proposed_revision(session, draft_id)
    except Refused as wrong:
        if wrong.status_code != 422:
            raise outdated from wrong
        return task_page(request, principal, await load(bus, draft_id), wrong)
    moving = sum(application.moves for application in proposed.affected)
    form = ReviseForm(await request.form())
    outdated.fields |= {"seen": revisions.affected_digest(proposed.affected), "moving": str(moving)}
    if not moving:
        del form.favour
        outdated.fields["favour"] = "no"
    beside = Beside(
        _EFFECTS, gettext("What changes and who is affected"), _facts(proposed), form=form, unlisted={"favour"}
    )
    return await stale_page(request, outdated, beside)


def _facts(proposed: ProposedRevision) -> list[tuple[str, str]]:
    """Return what a revision changes, and for which applications, in words."""
    changes = [
        (
            title,
            " ".join(
                [
                    *(gettext("Removed: %(what)s") % {"what": line} for line in gone),
                    *(gettext("Added: %(what)s") % {"what": line} for line in new),
                ]
            ),
        )
        for title, gone, new in _difference_rows(proposed.differences)
    ]
    counted = gettext("%(country)s: better %(better)s, worse %(worse)s")
    countries = [
        counted % {"country": name, "better": better, "worse": worse}
        for name, better, worse in _by_country(proposed.affected)
    ]
    people = [(entry.reference or gettext("Application"), ". ".join(_words(entry))) for entry in proposed.affected]
    return [*changes, (gettext("Affected applications"), "; ".join(countries) or gettext("None")), *people]


def _words(application: AffectedApplication) -> list[str]:
    """Return what the new rules are for an application, which rules that concerns, and what happens to it."""
    _, country, _, effect, rules, consequence = _row(application)
    return [country, f"{effect}: {rules}", consequence]


@router.get("/{call_id}/history")
async def history(request: Request, call_id: UUID, principal: SignedIn, bus: BusDep) -> Response:
    """Show all revisions of a call, the newest first, each with its changes in sentences."""
    async with bus.read() as session:
        call, found = await call_history(session, call_id)
    return render(
        request,
        "calls/history.html",
        call=call,
        versions=[(revision, _difference_rows(revision.changes)) for revision in found],
        named=principal.has(Role.PROGRAMME_COORDINATOR),
    )
