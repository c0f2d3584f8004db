"""Ask for the change of an entry, and lead to the changed entry or to the proposal that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.parameters import REGISTER
from services.applications.register.views.scope import decides
from shared.i18n import gettext
from shared.web.decisions import Question

if TYPE_CHECKING:
    from services.applications.register.forms import NoteForm
    from services.applications.register.views.entries import Organisation, Person
    from services.applications.register.views.proposals import Submission
    from shared.identity import Principal


def entry_question(
    principal: Principal,
    entry: Organisation | Person | None,
    *,
    at: str,
    titles: tuple[str, str, str],
    template: str = "decision.html",
) -> Question:
    """Return the question of the form of an entry: to propose it, or to enter it as the programme.

    `titles`: to change, to add, to propose.
    """
    programme = decides(principal)
    change, add, propose = titles
    return Question(
        change if entry is not None else add if programme else propose,
        add if entry is None and programme else save_button(programme),
        at if entry is None else f"{at}/{entry.id}",
        caption="" if entry is None else entry.name,
        text=""
        if programme
        else gettext("The programme coordinator reviews it, then approves it or gives a reason for refusal."),
        template=template,
    )


def keep_note(form: NoteForm, principal: Principal) -> None:
    """Keep the note to the programme coordinator only in the form of a reader who proposes."""
    if decides(principal):
        del form.note


def note_of(form: NoteForm) -> str:
    """Return the note to the programme coordinator; empty for a reader who decides."""
    return str(form.note.data or "") if "note" in form else ""


def submitted_address(submitted: Submission, address: str) -> str:
    """Return the address of the changed entry, or of the waiting proposal."""
    if submitted.proposal is not None:
        return f"{REGISTER}/proposals/{submitted.proposal.id}?done=proposed"
    return f"{address}/{submitted.id}?done=saved"


def save_button(decides: bool) -> str:  # noqa: FBT001 - one word for one question
    """Return the label of a form's button."""
    return gettext("Save changes") if decides else gettext("Send proposal")
