"""What do the pages of the register share: the one page for a form, and the one for a list?"""

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

    from services.applications.register.actions.proposals import Submitted
    from services.applications.register.forms import NoteForm
    from services.applications.register.store import entries
    from shared.identity import Principal


def entry_page(
    request: Request,
    principal: Principal,
    form: NoteForm,
    status: int = 200,
    *,
    at: str,
    one: entries.Organisation | entries.Person | None,
    titles: tuple[str, str, str],
    sections: Sequence[tuple[str, Sequence[str]]] = (),
    widths: Mapping[str, int] | None = None,
) -> Response:
    """The form of an entry that is proposed, or entered by the programme; `titles`: to change, to add, to propose."""
    programme = decides(principal)
    if programme:
        form.without_note()
    change, add, propose = titles
    return form_page(
        request,
        form,
        status,
        title=change if one is not None else add if programme else propose,
        caption="" if one is None else one.name,
        back=at if one is None else f"{at}/{one.id}",
        button=saves(programme),
        text="" if programme else gettext("The programme coordinator looks at it and approves it, or says why not."),
        sections=sections,
        version=None if one is None else one.version,
        widths=widths,
    )


def went(submitted: Submitted, address: str) -> Response:
    """Where to after a change: the entry that was changed, or the proposal that waits."""
    if submitted.proposal is not None:
        return see_other(f"{REGISTER}/proposals/{submitted.proposal.id}?done=proposed")
    return see_other(f"{address}/{submitted.id}?done=saved")


def saves(decides: bool) -> str:  # noqa: FBT001 - one word for one question
    """What the button of a form says."""
    return gettext("Save") if decides else gettext("Propose")
