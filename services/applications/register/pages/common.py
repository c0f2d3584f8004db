"""Render the form of an entry, submit it, and redirect after a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.pages import form_page
from services.applications.parameters import REGISTER
from services.applications.register.views.scope import decides
from shared.i18n import gettext
from shared.web.render import see_other

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Request
    from fastapi.responses import Response

    from services.applications.register.forms import NoteForm
    from services.applications.register.views.entries import Organisation, Person
    from services.applications.register.views.proposals import Submission
    from shared.identity import Principal


def entry_form_page(
    request: Request,
    principal: Principal,
    form: NoteForm,
    status: int = 200,
    *,
    at: str,
    entry: Organisation | Person | None,
    titles: tuple[str, str, str],
    sections: Sequence[tuple[str, Sequence[str]]] = (),
    widths: Mapping[str, int] | None = None,
) -> Response:
    """Render the form of an entry to propose it, or to enter it as the programme.

    `titles`: to change, to add, to propose.
    """
    programme = decides(principal)
    if programme:
        form.without_note()
    change, add, propose = titles
    return form_page(
        request,
        form,
        status,
        title=change if entry is not None else add if programme else propose,
        caption="" if entry is None else entry.name,
        back=at if entry is None else f"{at}/{entry.id}",
        button=save_button(programme),
        text="" if programme else gettext("The programme coordinator looks at it and approves it, or says why not."),
        sections=sections,
        version=None if entry is None else entry.version,
        widths=widths,
    )


def submitted_response(submitted: Submission, address: str) -> Response:
    """Redirect to the changed entry, or to the waiting proposal."""
    if submitted.proposal is not None:
        return see_other(f"{REGISTER}/proposals/{submitted.proposal.id}?done=proposed")
    return see_other(f"{address}/{submitted.id}?done=saved")


def save_button(decides: bool) -> str:  # noqa: FBT001 - one word for one question
    """Return the label of a form's button."""
    return gettext("Save") if decides else gettext("Propose")
