"""Pages of consumers' tokens: who has one, what each fetched, and who issued it.

A token is issued below the list, which more roles read than issue, so it is answered here and not by a `Decision`.
"""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.feeds import views
from services.reporting.feeds.actions import files
from services.reporting.feeds.actions import tokens as actions
from services.reporting.guards import Coordinator, TokenReader, may_issue
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.i18n import N_
from shared.identity import Principal
from shared.ids import new_id, read_id
from shared.web.forms import DateField, Form, Needed, StringField
from shared.web.render import render, see_other

router = APIRouter(prefix="/reporting/feeds/tokens", include_in_schema=False)
HOME = "/reporting/feeds/tokens"


class TokenForm(Form):
    """A new token. `key` is the id that it will have: sent twice, there is one."""

    consumer = StringField(
        N_("Who gets the token?"),
        [Needed(N_("Enter who gets the token"))],
        description=N_("The organisation and its system, such as “European Commission, OPSYS”"),
    )
    expires = DateField(
        N_("On which day does the token expire?"),
        [Needed(N_("Enter the last day on which the token is valid"))],
        description=N_("It is valid until the end of that day"),
    )
    key = StringField()

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the token."""
        return actions.problems(self.draft())

    def draft(self) -> actions.Draft:
        """Return what was written."""
        return actions.Draft(self.consumer.data or "", self.expires.data)


@router.get("")
async def tokens(request: Request, principal: TokenReader, bus: BusDep) -> Response:
    """Show all tokens, and the form for a new one."""
    return await _page(request, principal, bus, TokenForm(data={"key": str(new_id())}))


@router.post("")
async def issue(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Issue a token, and show it this once."""
    form = await TokenForm.read(request)
    if form.validate():
        token, secret = await actions.issue(bus, principal, read_id(form.key.data) or new_id(), form.draft())
        return render(request, "feeds/token_issued.html", 201, token=token, drawn=secret, origin=bus.settings.origin)
    return await _page(request, principal, bus, form, 422)


@router.get("/{token}")
async def show_token(request: Request, principal: TokenReader, bus: BusDep, token: str) -> Response:
    """Show one token: who issued it, and what it fetched."""
    async with bus.read() as session:
        found = await views.token_use(session, token)
    return render(
        request,
        "feeds/token.html",
        token=found,
        may_issue=may_issue(principal),
    )


@router.post("/{token}/revoke")
async def revoke(principal: Coordinator, bus: BusDep, token: str) -> Response:
    """Revoke a token."""
    found = await actions.revoke(bus, principal, token)
    return see_other(f"{HOME}/{found.id}")


async def _page(request: Request, principal: Principal, bus: Bus, form: TokenForm, status: int = 200) -> Response:
    settings = files.ours(bus.settings)
    everybodys = files.open_to_all(settings)
    async with bus.read() as session:
        found = await views.all_tokens(session)
    return render(
        request,
        "feeds/tokens.html",
        status,
        tokens=found,
        f=form,
        may_issue=may_issue(principal),
        most=settings.feeds_pulls_a_minute,
        open_to_all=[each for each in files.KINDS if each in everybodys],
        by_token=[each for each in files.KINDS if each not in everybodys],
    )
