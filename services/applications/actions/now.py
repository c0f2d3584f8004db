"""May it be done now? Turns the model's answer into: go on, nothing left to do (a second click), or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec

from services.applications.model.steps import AlreadyDone, NotNow
from shared.web.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def goes(rule: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Whether to go on: False where it was done before, so that a second click shows what the first one reached.

    Raises `Refused` (409) with the model's sentence where it cannot be done.
    """
    try:
        rule(*args, **kwargs)
    except AlreadyDone:
        return False
    except NotNow as error:
        raise Refused(str(error), 409) from error
    return True
