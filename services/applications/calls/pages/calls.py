"""The list of calls, and the page of one call."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.calls.pages.drafts import draft_address
from services.applications.calls.views.calls import ListedCall, ListedDraft, call_details, call_list
from services.applications.calls.views.headings import CallHeading, places_path
from services.applications.calls.views.requirements import Requirements
from services.applications.display import page_rows
from services.applications.guards import SignedIn
from services.applications.parameters import BusDep
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind, Role
from shared.i18n import gettext, ngettext
from shared.time import clock, dates
from shared.web.lists import Empty, Link, Listing, list_page, state_counts
from shared.web.query import one_of
from shared.web.render import render
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/calls", include_in_schema=False)
_HERE = "/applications/calls"


# What needs the programme coordinator first: calls that wait to be matched and closed, then what is being written.
_FIRST = ("past_deadline", "draft", "published", "announced", "closed")
# What an officer looks for first: what can be applied for.
_OPEN_FIRST = ("published", "announced", "past_deadline", "closed")


@dataclass(frozen=True, slots=True)
class CallCard:
    """A call or a draft in the list; `ready` says how many applications wait, and leads to them.

    `browse` leads an officer to the placements and mentors of an open call.
    """

    state: str
    title: str
    href: str
    meta: str
    requirements: Requirements | None = None
    ready: str = ""
    ready_href: str = ""
    browse: Sequence[Link] = ()


@router.get("")
async def all_calls(
    request: Request,
    principal: SignedIn,
    bus: BusDep,
    state: Annotated[str, one_of(*_FIRST)] = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show calls, those that need the reader first on top; the state is a filter, so that a link can be sent."""
    moment, writes = clock.now(), principal.has(Role.PROGRAMME_COORDINATOR)
    async with bus.read() as session:
        found = await call_list(session, principal)
    cards = [*(_card(listed, moment) for listed in found.calls), *(_draft(listed) for listed in found.drafts)]
    order = _FIRST if writes else _OPEN_FIRST
    cards.sort(key=lambda card: order.index(card.state))
    filtered_cards = [card for card in cards if not state or card.state == state]
    discarded = request.query_params.get("done") == "discarded"
    return list_page(
        request,
        Listing(
            gettext("Calls"),
            _HERE,
            [],
            [[card] for card in page_rows(filtered_cards, page)],
            len(filtered_cards),
            _empty(filtered=bool(state), writes=writes),
            page=page,
            counts=state_counts("call", Counter(card.state for card in cards), _HERE),
            buttons=[Link(gettext("Write a call"), f"{_HERE}/new")] if writes else [],
            back="/applications/",
            done=gettext("Draft deleted.") if discarded else "",
            legend="call",
        ),
        "calls/all.html",
        state_=state,
    )


def _empty(*, filtered: bool, writes: bool) -> Empty:
    """Return why the list is empty."""
    if filtered:
        return Empty(gettext("No call is in this state."), gettext("Show all"), _HERE)
    if writes:
        return Empty(gettext("No call has been written yet."), gettext("Write a call"), f"{_HERE}/new")
    return Empty(gettext("No call has been published yet."), gettext("When a call opens, you will find it here."))


def _card(listed: ListedCall, moment: datetime) -> CallCard:
    call, ready = listed.call, listed.ready
    kinds = ", ".join(labels.label(kind) for kind in call.kinds)
    until = gettext("the deadline was %(day)s") % {"day": dates.moment(call.deadline)}
    if call.opens > moment:
        until = gettext("opens on %(day)s") % {"day": dates.day(call.opens)}
    elif call.takes_applications(moment):
        until = gettext("apply until %(day)s") % {"day": dates.deadline(call.deadline)}
        until += f" ({dates.relative(call.deadline, moment.date())})"
    wait = ngettext("%(num)d is waiting for eligibility", "%(num)d are waiting for eligibility", ready) % {"num": ready}
    return CallCard(
        call.shown_state(moment),
        call.title,
        f"/applications/calls/{call.id}",
        f"{call.reference} · {kinds} · {until}",
        listed.requirements,
        wait if ready else "",
        f"/applications/cases?state=endorsed&call={call.id}",
        browse_links(call, listed.requirements) if call.takes_applications(moment) else (),
    )


def browse_links(call: CallHeading, requirements: Requirements | None) -> list[Link]:
    """Return the links by which an officer browses the placements and mentors of an open call."""
    if requirements is None or not requirements.may_take_part:
        return []
    texts = {
        ApplicationKind.STUDY_VISIT: gettext("Browse placements"),
        ApplicationKind.MENTEE: gettext("Browse mentors"),
    }
    return [Link(texts[kind], places_path(call.id, kind)) for kind in call.kinds]


def _draft(listed: ListedDraft) -> CallCard:
    values = {"name": listed.saved_by, "moment": dates.moment(listed.saved_at)}
    meta = gettext("Last edited by %(name)s, %(moment)s") % values
    if listed.revises is not None:
        meta = gettext("Next revision of %(reference)s") % {"reference": listed.revises.reference} + " · " + meta
    return CallCard("draft", listed.title, draft_address(listed.id), meta)


@router.get("/{call_id}")
async def show_call(request: Request, call_id: UUID, principal: SignedIn, bus: BusDep) -> Response:
    """Show one call, its rules as sentences, and the button to apply."""
    async with bus.read() as session:
        found = await call_details(session, principal, call_id)
    moment = clock.now()
    return render(
        request,
        "calls/one.html",
        call=found.call,
        view=found.reading,
        answers=found.needs,
        where=Standing.of(state("call", found.call.shown_state(moment)), found.standing, found.since),
        requirements=found.requirements,
        browse=browse_links(found.call, found.requirements) if found.call.takes_applications(moment) else [],
        may_apply=principal.has(Role.OFFICER) and found.call.takes_applications(moment),
        writes=principal.has(Role.PROGRAMME_COORDINATOR),
        revision_draft=found.revision_draft,
        done=request.query_params.get("done"),
    )
