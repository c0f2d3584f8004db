"""Keep people from deciding on cases that concern themselves.

A service that takes decisions about people registers a rule with `set_own_case_rule`. The guards apply it after they
have let somebody in: a request that would decide is refused (403, `own-case`), a page learns why it offers no decision.
Other services know no people: they ask the portal at the moment of the decision (`concerns`), and keep nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from shared.attempts import AttemptKind, note_attempt
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.portal import PortalAway, ask_portal
from shared.identity.refusals import SAFE_METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from starlette.applications import Starlette
    from starlette.requests import Request

    from shared.identity.portal import PortalSettings
    from shared.identity.principal import Principal


_CONVERTOR = re.compile(r":\w+}")


class OwnCaseRule(Protocol):
    """The rule about own cases: why the principal may not take this request's decision, and who can; empty if free."""

    async def __call__(self, request: Request, principal: Principal) -> str:
        """Apply the rule."""
        raise NotImplementedError


def set_own_case_rule(app: Starlette, rule: OwnCaseRule) -> None:
    """Have the guards of `app` apply `rule` to everybody whom they let in."""
    app.state.own_case_rule = rule


async def check_own_case(request: Request, principal: Principal) -> None:
    """Apply the app's rule. Raises `Refused` (403, `own-case`) for a request that decides; pages read `own_case_of`."""
    rule: OwnCaseRule | None = getattr(request.app.state, "own_case_rule", None)
    sentence = "" if rule is None else await rule(request, principal)
    request.state.own_case = sentence
    if sentence and request.method not in SAFE_METHODS:
        note_attempt(AttemptKind.OWN_CASE)
        raise own_case(sentence)


def template_of(route: Any) -> str:
    """Return the path of a route as tables of decisions write it, without convertors; empty without a route."""
    return "" if route is None else _CONVERTOR.sub("}", route.path)


def own_case_of(request: Request) -> str:
    """Return why the reader may not decide what the requested page shows; empty where the rule allows it."""
    sentence: str = getattr(request.state, "own_case", "")
    return sentence


def own_case(sentence: str) -> Refused:
    """Return the refusal (403) of a decision on a case that concerns the person who would take it."""
    return Refused(sentence, code=ProblemCode.OWN_CASE)


async def concerns(settings: PortalSettings, caller: str, subject: str, case: Mapping[str, UUID]) -> bool:
    """Return whether a case concerns a person, as the portal knows: it alone knows whose applications are whose.

    `case` names a call (any of its applications), an application or a mentor by id. Raises `Refused` (503) while the
    portal does not answer, since nobody decides before that is known.
    """
    wanted = {"subject": subject, **{name: str(id_) for name, id_ in case.items()}}
    try:
        return await ask_portal(settings, caller, "/applications/internal/own-cases", wanted, "concerned")
    except PortalAway as away:
        raise Refused(
            gettext("We cannot check now whether this is your own case. Try again in a moment."),
            code=ProblemCode.UNAVAILABLE,
        ) from away


def another_coordinator() -> str:
    """Return why a programme coordinator does not decide, and who can, where no name is known."""
    return gettext(
        "This is your own case, or the case of a person you manage or who manages you. Another programme "
        "coordinator can decide instead."
    )
