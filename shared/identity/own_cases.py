"""Keep people from deciding on cases that concern themselves.

A service that takes decisions about people registers a rule with `set_own_case_rule`. The guards apply it after they
have let somebody in: a request that would decide is refused (403, `own-case`), a page learns why it offers no decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared.errors import ProblemCode, Refused
from shared.identity.refusals import SAFE_METHODS

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

    from shared.identity.principal import Principal


class OwnCaseRule(Protocol):
    """Why the principal may not take the decision of this request, and who can; empty where nothing forbids it."""

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
        raise own_case(sentence)


def own_case_of(request: Request) -> str:
    """Return why the reader may not decide what the requested page shows; empty where the rule allows it."""
    sentence: str = getattr(request.state, "own_case", "")
    return sentence


def own_case(sentence: str) -> Refused:
    """Return the refusal (403) of a decision on a case that concerns the person who would take it."""
    return Refused(sentence, code=ProblemCode.OWN_CASE)
