"""The page on which a coordinator saves the filters of the queue under a name, renames and deletes them."""

from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.applications.forms import refuse
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.review.forms.queue import HERE as QUEUE
from services.applications.review.forms.queue import QueueQuery
from services.applications.saved_views import actions
from services.applications.saved_views.views import own_views
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import Principal
from shared.web import control_characters
from shared.web.forms import Form, Longest, Needed, StringField
from shared.web.render import render, see_other

router = APIRouter(prefix=f"{QUEUE}/views", include_in_schema=False)
HERE = f"{QUEUE}/views"
MOST_CHARACTERS = 1000
"""The greatest length of saved filters, which stand in an address. With every filter they have about 400."""


class ViewForm(Form):
    """The name of a view."""

    name = StringField(N_("Name of the view"), [Needed(N_("Enter a name for the view")), Longest(60)])


@router.get("")
async def show(request: Request, principal: Decider, bus: BusDep, query: Annotated[QueueQuery, Query()]) -> Response:
    """Show the reader's saved views, and save the filters of the address under a name."""
    return await _page(request, principal, bus, filters_of(query), ViewForm())


def filters_of(query: QueueQuery) -> str:
    """Return the filters and order of a queue as its address has them; empty for none."""
    return query.address().partition("?")[2]


async def _page(
    request: Request,
    principal: Principal,
    bus: Bus,
    query: str,
    form: Form,
    status: int = 200,
    renames: UUID | None = None,
) -> Response:
    """Return the page; `form` has a new view's name, or that of the view that it `renames`."""
    async with bus.read() as session:
        views = await own_views(session, principal)
    more: dict[str, Any] = {"form_": form, "query": query, "views": views, "renames": renames}
    return render(request, "saved_views/views.html", status, queue=QUEUE, done=request.query_params.get("done"), **more)


@router.post("")
async def change(request: Request, principal: Decider, bus: BusDep) -> Response:
    """Save the filters that are sent, or rename or delete the view that is named."""
    sent = await request.form()
    query = _readable_query(str(sent.get("query", "")))
    view_id = _view_id(str(sent["view"])) if "view" in sent else None
    if view_id is not None and "delete" in sent:
        await actions.delete(bus, principal, view_id)
        return see_other(f"{HERE}?done=deleted")
    form = await ViewForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, query, form, 422, view_id)
    name = form.name.data or ""
    try:
        if view_id is not None:
            await actions.rename(bus, principal, view_id, name)
        else:
            await actions.save(bus, principal, name, query)
    except Refused as refused:
        refuse(form, refused)
        return await _page(request, principal, bus, query, form, refused.status_code, view_id)
    return see_other(f"{QUEUE}?{query}" if view_id is None else f"{HERE}?done=renamed")


def _readable_query(text: str) -> str:
    """Return the filters of an address as the queue writes them; empty where the queue could not read them."""
    try:
        query = filters_of(QueueQuery.model_validate(dict(parse_qsl(text))))
    except (ValidationError, ValueError):
        return ""
    return "" if len(query) > MOST_CHARACTERS or control_characters.UNSHOWN.search(unquote_plus(query)) else query


def _view_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found() from None
