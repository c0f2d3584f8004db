"""The list of calls, and the page of one call."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.application.store import applications
from services.applications.calls import store
from services.applications.calls.model.sentences import need_sentence
from services.applications.calls.pages.drafts import draft_address
from services.applications.calls.views.reading import call_view
from services.applications.calls.views.requirements import Requirements, requirements_of
from services.applications.display import page_rows
from services.applications.guards import SignedIn
from services.applications.needs import store as needs_store
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.tables import PAGE
from shared.contracts import labels
from shared.contracts.codes import ApplicationState, CallState, Role
from shared.i18n import gettext, ngettext
from shared.time import clock, dates
from shared.web.render import render
from shared.web.states import states

router = APIRouter(prefix="/applications/calls", include_in_schema=False)


# What needs the programme coordinator first: calls that wait to be matched and closed, then what is being written.
_FIRST = ("past_deadline", "draft", "published", "closed")
# What an officer looks for first: what can be applied for.
_OPEN_FIRST = ("published", "past_deadline", "closed")


@router.get("")
async def all_calls(
    request: Request,
    principal: SignedIn,
    bus: BusDep,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show calls, those that need the reader first on top; the state is a filter, so that a link can be sent."""
    moment, writes = clock.now(), principal.has(Role.PROGRAMME_COORDINATOR)
    async with bus.read() as session:
        calls = await store.calls(session)
        drafts = await store.drafts(session) if writes else []
        open_ = [call.id for call in calls if writes and call.state == CallState.PUBLISHED]
        waiting = await applications.count_by_call(session, open_, ApplicationState.ENDORSED)
        people = await entries.people_by_subject(session, {one.saved_by for one in drafts})
        asks = await requirements_of(session, principal, [one for one in calls if one.takes_applications(moment)])
    cards = [_card(call, moment, waiting, asks.get(call.id)) for call in calls]
    by_id = {call.id: call for call in calls}
    for draft in drafts:
        revised = None if draft.revises is None else by_id.get(draft.revises)
        person = people.get(draft.saved_by)
        cards.append(_draft(draft, revised, person.name if person else ""))
    order = _FIRST if writes else _OPEN_FIRST
    cards.sort(key=lambda card: order.index(card["state"]))
    counts = [
        {
            "count": sum(card["state"] == state_entry.code for card in cards),
            "name": state_entry.word,
            "href": f"/applications/calls?state={state_entry.code}",
            "tone": state_entry.tone,
        }
        for state_entry in states("call")
    ]
    shown = [card for card in cards if not state or card["state"] == state]
    return render(
        request,
        "calls/all.html",
        cards=page_rows(shown, page),
        counts=[count for count in counts if count["count"]],
        total=len(shown),
        page=page,
        size=PAGE,
        state_=state,
        writes=writes,
        done=request.query_params.get("done"),
    )


def _card(
    call: store.Call, moment: datetime, waiting: dict[UUID, int], requirements: Requirements | None
) -> dict[str, Any]:
    kinds = ", ".join(labels.label(kind) for kind in call.terms.kinds)
    until = gettext("apply until %(day)s") % {"day": dates.day(call.deadline)}
    if call.opens > moment:
        until = gettext("opens on %(day)s") % {"day": dates.day(call.opens)}
    elif call.takes_applications(moment):
        until += f" ({dates.relative(call.deadline, moment.date())})"
    ready = waiting.get(call.id, 0)
    wait = ngettext("%(num)d waits for eligibility", "%(num)d wait for eligibility", ready) % {"num": ready}
    return {
        "state": call.shown_state(moment),
        "title": call.title,
        "href": f"/applications/calls/{call.id}",
        "meta": f"{call.reference} · {kinds} · {until}",
        "asked": requirements,
        "link": {"text": wait, "href": f"/applications/cases?state=endorsed&call={call.id}"} if ready else None,
    }


def _draft(draft: store.CallDraft, revised: store.Call | None, name: str) -> dict[str, Any]:
    titles = draft.entry_json.get("texts") or [{"title": gettext("A call without a title")}]
    values = {"name": name or draft.saved_by, "moment": dates.moment(draft.saved_at)}
    meta = gettext("Written last by %(name)s, %(moment)s") % values
    if revised is not None:
        meta = gettext("Next revision of %(reference)s") % {"reference": revised.reference} + " · " + meta
    return {
        "state": "draft",
        "title": revised.title if revised is not None else titles[0]["title"],
        "href": draft_address(draft.id),
        "meta": meta,
        "asked": None,
        "link": None,
    }


@router.get("/{call_id}")
async def show_call(request: Request, call_id: UUID, principal: SignedIn, bus: BusDep) -> Response:
    """Show one call, its rules as sentences, and the button to apply."""
    moment = clock.now()
    writes = principal.has(Role.PROGRAMME_COORDINATOR)
    async with bus.read() as session:
        call = await store.call(session, call_id)
        if call is None:
            raise not_found()
        requirements = (await requirements_of(session, principal, [call])).get(call_id)
        revision = await store.revision_draft(session, call_id) if writes else None
        needs = await needs_store.for_calls(session, call.terms.needs)
    # The programme sees all needs; others those of their own country, as in the register.
    own = None if writes else principal.countries(Role.OFFICER) | principal.countries(Role.NATIONAL_COORDINATOR)
    return render(
        request,
        "calls/one.html",
        call=call,
        view=call_view(call.terms),
        answers=[need_sentence(need) for need in needs.values() if own is None or need.country in own],
        kinds=call.terms.kinds,
        state_=call.shown_state(moment),
        asked=requirements,
        may_apply=principal.has(Role.OFFICER) and call.takes_applications(moment),
        writes=writes,
        open_=call.state == CallState.PUBLISHED,
        revision=revision,
        done=request.query_params.get("done"),
    )
