"""Refusals that all actions share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from services.applications import transitions
from services.applications.application.model.states import NotPossible
from services.applications.transitions import AlreadyDone, NotNow, WrongValue
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from shared.bus import Tx
    from shared.contracts.base import Event

M = TypeVar("M", bound=BaseModel)


def not_found() -> Refused:
    """Return the refusal (404) for a thing that does not exist or that the reader may not know of."""
    return Refused(gettext("There is nothing at this address, or you may not see it."), 404)


def unreadable(error: ValidationError) -> dict[str, str]:
    """Return a validation error as field -> sentence."""
    return {".".join(str(part) for part in problem["loc"]): sentence_of(problem) for problem in error.errors()}


def faults_of(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, str]:
    """Return what a model cannot read in these values, by field."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        return unreadable(error)
    return {}


@contextmanager
def reading() -> Iterator[None]:
    """Turn what a model cannot read into a refusal (422) that names the fields."""
    try:
        yield
    except ValidationError as error:
        raise Refused(gettext("Some entries could not be read."), 422, unreadable(error)) from error


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


class HasState(Protocol):
    """A thing with a state of its own."""

    id: UUID
    state: str


_LAST_MOVE = sa.text(
    "SELECT type, actor FROM journal WHERE aggregatetype = :topic AND aggregateid = :id AND type = ANY(:types)"
    " ORDER BY sequence DESC LIMIT 1"
)


async def may_move(tx: Tx, kind: str, event: type[Event], thing: HasState) -> bool:
    """Return whether `event` may happen to a locked thing; False where the same person brought it into its state so.

    Raises `Refused` (409) with the present state where it is in that state by somebody else, or cannot reach it.
    """
    try:
        transitions.after(kind, event, thing.state)
    except AlreadyDone as done:
        of = {"topic": event.topic, "id": str(thing.id), "types": transitions.leading_to(event, thing.state)}
        last = (await tx.session.execute(_LAST_MOVE, of)).one_or_none()
        if last is None or tuple(last) != (event.type, tx.actor):
            raise Refused(str(done), code=ProblemCode.ALREADY_DONE) from done
        return False
    except NotNow as error:
        raise Refused(str(error), code=error.code) from error
    return True


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
        raise Refused(str(error), code=error.code, present=error.present) from error
    except WrongValue as error:
        raise Refused(str(error), 422, error.fields) from error
    return True
