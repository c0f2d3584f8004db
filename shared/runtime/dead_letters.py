"""Serve the page of problems, the same for all services: what workers left out, and dead letters.

Dead letters have buttons to redrive or skip them; what a worker left out comes back by itself. Each dead letter is a
form of its own, so they are no `Listing`.

routers=[..., dead_letters_router("matching", consumers)]      # /matching/dead-letters, for the programme coordinator
"""

# No `from __future__ import annotations` here: FastAPI cannot resolve such annotations of functions made inside one.

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared.bus import Bus, Consumers
from shared.bus.dead_letters.letters import left_of, open_events, settled
from shared.bus.dead_letters.redrive import NoSuchDeadLetter, NotItsTurn, redrive, skip
from shared.bus.set_aside import problems
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.runtime.service import bus_of
from shared.time.dates import moment
from shared.web.forms import number, sent
from shared.web.render import render, see_other

PAGE = 50
_SETTLED = {
    "skipped": N_("This event was skipped on %(when)s."),
    "redriven": N_("This event was tried again on %(when)s."),
    "healed": N_("This event was applied on %(when)s, when the missing one arrived."),
}


def dead_letters_router(service: str, consumers: Consumers, pages: Mapping[str, str] | None = None) -> APIRouter:
    """Return the page of problems of `service`, with buttons to redrive the subject of a dead letter or to skip it.

    `pages` gives for some works the address of a subject's page, without the subject at its end.
    """
    router = APIRouter(prefix=f"/{service}/dead-letters", include_in_schema=False)
    coordinator = Depends(allow(Role.PROGRAMME_COORDINATOR))
    address = f"/{service}/dead-letters"

    async def show(request: Request, bus: Bus = Depends(bus_of), after: int = Query(0, ge=0)) -> Response:
        async with bus.read() as session:
            events = await open_events(session, after=after, limit=PAGE)
            found = await problems(session)
        return render(
            request,
            "dead_letters.html",
            service=service,
            events=events,
            problems=found,
            pages=pages or {},
            address=address,
            more=events[-1].id if len(events) == PAGE else None,
            left=request.query_params.get("done_left"),
        )

    async def settle(request: Request, bus: Bus = Depends(bus_of), principal: Principal = coordinator) -> Response:
        form = await sent(request)
        reason = str(form.get("reason", "")).strip()[:500]
        if not reason:
            raise Refused(gettext("Give a reason. It is kept with the event."), 422)
        skips, letter_id = form.get("what") == "skip", number(form.get("id")) or 0
        try:
            if skips:
                _, left = await skip(bus, consumers, letter_id, principal.subject, reason)
            else:
                topic, subject = str(form.get("topic", "")), str(form.get("subject", ""))
                _, left = await redrive(bus, consumers, topic, subject, principal.subject, reason)
        except NotItsTurn as error:
            sentence = gettext("An earlier event of the same case comes first. Try that event again, or skip it.")
            raise Refused(sentence, code=ProblemCode.STEP_MISSING) from error
        except NoSuchDeadLetter as error:
            async with bus.read() as session:
                before = await settled(session, letter_id)
                if before is None:
                    raise Refused(gettext("This event is not on this page."), 404) from error
                left = await left_of(session, before.topic, before.subject)
            done = "skipped" if skips else "redriven"
            if (before.how, before.by, before.reason) != (done, principal.subject, reason):
                sentence = gettext(_SETTLED[before.how]) % {"when": moment(before.at)}
                raise Refused(sentence, code=ProblemCode.ALREADY_DONE) from error
        return see_other(f"{address}?done_left={left}")

    router.add_api_route("", show, methods=["GET"], dependencies=[coordinator])
    router.add_api_route("", settle, methods=["POST"])
    return router
