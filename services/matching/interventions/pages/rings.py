"""The pages of exchange rings: those possible now, those proposed, and proposing one.

Each ring is a table of its officers with buttons of its own, so they are no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, call_filter, call_of
from services.matching.interventions.actions import rings
from services.matching.interventions.views.rings import possible_facts, possible_rings, ring_confirmation
from services.matching.lifecycle.views import pairs_in_words, proposed_rings
from services.matching.parameters import BusDep, pairs_of, receipt_effort
from services.matching.words import reason, stage
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext, ngettext
from shared.identity import Principal, allow
from shared.identity.confirmations import rest_on
from shared.identity.scope import reach
from shared.identity.versions import item_versions, versions_in_body
from shared.web.forms import sent
from shared.web.render import render, see_other
from shared.web.several import Comparison, about_several, compared, comparison_page, seen_by_reader, seen_text

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/rings")
async def show(request: Request, bus: BusDep, principal: Coordinator, chosen: ChosenCall = "") -> Response:
    """Show the rings that could be made now (for the programme coordinator), and those that were proposed."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        proposed = await proposed_rings(session, reach(principal), call.id if call else None)
    may_propose = principal.has(Role.PROGRAMME_COORDINATOR)
    found = await rings.possible(bus, call.id) if may_propose and call is not None else None
    async with bus.snapshot() as session:
        possible = await possible_rings(session, call.id, found) if call is not None and found is not None else ()
        legs = {leg.application_id for ring in possible for leg in ring.legs}
        versions = await item_versions(request, session, "application_id", legs)
    done = request.query_params.get("done", "")
    return render(
        request,
        "interventions/rings.html",
        call=call,
        call_filter=call_filter(calls, call),
        possible=possible,
        versions=versions,
        seen=[seen_text({leg.application_id: possible_facts(leg) for leg in ring.legs}) for ring in possible],
        found=found,
        may_propose=may_propose,
        proposed=proposed,
        done=int(done) if done in {"2", "3"} else None,
        stage=stage,
        reason=reason,
    )


@router.post("/rings/{call_id}")
async def confirm(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Show a ring with each of its matches and its cost to others; nothing is done yet."""
    pairs, seen = pairs_of(await sent(request))
    try:
        cost = await rings.price(bus, principal.subject, call_id, pairs)
    except Refused as refused:
        return await _impossible_page(request, bus, principal, call_id, pairs, refused)
    async with bus.read() as session:
        view = await ring_confirmation(session, call_id, pairs, cost)
    # The legs stay as the list of rings showed them: they belong to the versions that it named.
    facts = {**view.facts, **await seen_by_reader(request)}
    return render(
        request, "interventions/ring_confirm.html", view=view, versions=list(seen.values()), seen=seen_text(facts)
    )


@router.post("/rings/{call_id}/propose")
@about_several
async def propose(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Propose all matches of the ring, or none where one has changed: the page then shows both versions."""
    pairs, seen = pairs_of(await sent(request))
    read = versions_in_body(request, "application_id", seen, {})
    try:
        done = await rings.propose(bus, principal.subject, call_id, pairs, read, effort=receipt_effort(request))
    except Refused as refused:
        if refused.code is not ProblemCode.EDIT_CONFLICT:
            raise
        return await _changed_page(request, bus, principal, call_id, pairs, seen, refused)
    rest_on(request, "application_id", *done.matches)
    return see_other(f"/matching/rings?call={call_id}&done={len(done.matches)}")


async def _changed_page(
    request: Request,
    bus: Bus,
    principal: Principal,
    call_id: UUID,
    pairs: Mapping[UUID, UUID],
    read: Mapping[UUID, str],
    refused: Refused,
) -> Response:
    """Show both versions of the changed officers, with a choice where the ring is still possible."""
    async with bus.snapshot() as session:
        versions = await item_versions(request, session, "application_id", pairs)
    try:
        cost = await rings.price(bus, principal.subject, call_id, pairs)
    except Refused as impossible:
        return await _impossible_page(request, bus, principal, call_id, pairs, impossible)
    async with bus.read() as session:
        view = await ring_confirmation(session, call_id, pairs, cost)
    ids = [id_ for id_ in pairs if versions[id_] != read[id_]]
    if not ids:
        raise refused
    seen, names = await seen_by_reader(request), {person.id: person.reference for person, _ in view.legs}
    if seen.get(call_id, view.facts[call_id]) != list(view.facts[call_id]):
        ids.append(call_id)
    count = sum(id_ in pairs for id_ in ids)
    nothing = ngettext(
        "Nothing was proposed, because %(num)d match of the ring has changed.",
        "Nothing was proposed, because %(num)d matches of the ring have changed.",
        count,
    )
    comparison = Comparison(
        gettext("Check what has changed"),
        (nothing % {"num": count}, refused.detail, gettext("A ring is proposed as a whole or not at all.")),
        [
            compared(
                id_,
                names.get(id_) or gettext("What it costs"),
                seen.get(id_),
                view.facts[id_],
                href=f"/matching/applications/{id_}" if id_ in pairs else "",
            )
            for id_ in ids
        ],
        gettext("Propose ring"),
        f"/matching/rings/{call_id}/propose",
        f"/matching/rings?call={call_id}",
        seen_text(view.facts),
        fields=[("pair", f"{id_}/{seat}/{versions[id_]}") for id_, seat in pairs.items()],
    )
    return comparison_page(request, comparison)


async def _impossible_page(
    request: Request, bus: Bus, principal: Principal, call_id: UUID, pairs: Mapping[UUID, UUID], refused: Refused
) -> Response:
    """Show both versions of a ring that is not possible any more, with the reason in place of the choice.

    Raises the refusal where it has another reason, or where no officer and no place has changed.
    """
    if refused.code is not ProblemCode.EDIT_CONFLICT:
        raise refused
    seen = await seen_by_reader(request)
    async with bus.read() as session:
        present = await pairs_in_words(session, pairs, principal.subject)
    changed = [id_ for id_ in pairs if list(seen.get(id_, ())) != list(present.get(id_, ()))]
    if not changed:
        raise refused
    comparison = Comparison(
        gettext("Check what has changed"),
        (gettext("Nothing was proposed."), refused.detail),
        [
            compared(
                id_,
                next(iter(present.get(id_) or seen.get(id_) or ()), ("", gettext("Application")))[1],
                seen.get(id_),
                present.get(id_),
                href=f"/matching/applications/{id_}",
                sentences=[gettext("A ring is proposed as a whole or not at all, so you cannot propose it.")],
            )
            for id_ in changed
        ],
        "",
        "",
        f"/matching/rings?call={call_id}",
    )
    return comparison_page(request, comparison)
