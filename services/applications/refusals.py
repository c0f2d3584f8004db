"""Refusals that all actions share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError

from services.applications.application.model.states import NotPossible
from services.applications.transitions import AlreadyDone, NotNow, WrongValue
from shared.errors import Refused
from shared.i18n import gettext
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

M = TypeVar("M", bound=BaseModel)


def not_found() -> Refused:
    """Return the refusal (404) for a thing that does not exist or that the reader may not know of."""
    return Refused(gettext("There is nothing under this address, or it is not yours to see."), 404)


def unreadable(error: ValidationError) -> dict[str, str]:
    """Return a validation error as field -> sentence."""
    return {".".join(str(part) for part in problem["loc"]): sentence_of(problem) for problem in error.errors()}


@contextmanager
def reading() -> Iterator[None]:
    """Turn what a model cannot read into a refusal (422) that names the fields."""
    try:
        yield
    except ValidationError as error:
        raise Refused(gettext("Some of it could not be read."), 422, unreadable(error)) from error


def readable(model: type[M], values: Mapping[str, object]) -> M:
    """Return these values as a model. Raises `Refused` (422) with the fields that cannot be read."""
    with reading():
        return model.model_validate(dict(values))


@contextmanager
def lawful() -> Iterator[None]:
    """Turn what the model does not allow into an answer (409) with the model's sentence."""
    try:
        yield
    except NotPossible as error:
        raise Refused(str(error), code=error.code) from error


P = ParamSpec("P")


def may_proceed(rule: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Return whether to go on: False where it was done before, so that a second click shows the first result.

    Raises `Refused` with the model's sentence: 409 where it cannot be done now, 422 for a value that is not lawful.
    """
    try:
        rule(*args, **kwargs)
    except AlreadyDone:
        return False
    except NotNow as error:
        raise Refused(str(error), code=error.code) from error
    except WrongValue as error:
        raise Refused(str(error), 422, {error.field: str(error)}) from error
    return True
