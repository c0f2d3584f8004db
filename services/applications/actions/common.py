"""What do all actions share: how to say that something is not there, and how to call out to the browsers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.applications.model.application import NotPossible
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator


def not_found() -> Refused:
    """What somebody reads who asks for a thing that is not there, or not theirs to know of."""
    return Refused(gettext("There is nothing under this address, or it is not yours to see."), 404)


@contextmanager
def lawful() -> Iterator[None]:
    """Turn what the model does not allow into an answer (409) with the model's sentence."""
    try:
        yield
    except NotPossible as error:
        raise Refused(str(error), 409) from error
