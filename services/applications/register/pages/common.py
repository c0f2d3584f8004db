"""What do the pages of the register share: the one page for a form, and the one for a list?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.register.views.scope import decides
from shared.i18n import gettext
from shared.web.render import render, see_other

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Request
    from fastapi.responses import Response

    from services.applications.register.actions.proposals import Submitted
    from services.applications.register.forms import NoteForm
    from services.applications.register.store import entries
    from shared.identity import Principal
    from shared.web.forms import Form

HOME = "/applications/register"


def form_page(
    request: Request,
    form: Form,
    status: int = 200,
    *,
    title: str,
    back: str,
    button: str,
    caption: str = "",
    text: str = "",
    sections: Sequence[tuple[str, Sequence[str]]] = (),
    version: int | None = None,
    warning: bool = False,
    matters: Sequence[Any] | None = None,
    offices: Sequence[Any] = (),
    widths: Mapping[str, int] | None = None,
    end_href: str = "",
) -> Response:
    """A page with one form. `sections`: headings with the fields below each; without, all fields in their order.

    `matters` and `offices`: what is open, shown before the form. `end_href`: where a button posts that ends it today.
    """
    return render(
        request,
        "register/form.html",
        status,
        form_=form,
        title=title,
        back_href=back,
        button_text=button,
        caption_=caption,
        text=text,
        # What is asked comes first; a word to whoever decides is last, beside the button that sends it.
        sections=sections or [("", sorted((field.short_name for field in form), key=lambda name: name == "note"))],
        version=version,
        warning_=warning,
        matters=matters,
        offices=offices,
        end_href=end_href,
        widths={"quantity": 5, "years_in_field": 3, **(widths or {})},
    )


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
        return see_other(f"{HOME}/proposals/{submitted.proposal.id}?done=proposed")
    return see_other(f"{address}/{submitted.id}?done=saved")


def saves(decides: bool) -> str:  # noqa: FBT001 - one word for one question
    """What the button of a form says."""
    return gettext("Save") if decides else gettext("Propose")


def list_page(
    request: Request,
    status: int = 200,
    *,
    title: str,
    action: str,
    columns: Sequence[str | tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    total: int,
    page: int,
    empty_why: str,
    intro: str = "",
    back: str = "",
    buttons: Sequence[tuple[str, str]] = (),
    counts: Sequence[Mapping[str, Any]] = (),
    fields: Sequence[Mapping[str, Any]] = (),
    sort: str | None = None,
    legend: str = "",
    done: str = "",
) -> Response:
    """A page with one list. `columns`: names, or pairs (name, key to sort by); `done`: what was just done, in words."""
    heads = [{"name": one} if isinstance(one, str) else {"name": one[0], "key": one[1]} for one in columns]
    return render(
        request,
        "register/list.html",
        status,
        title=title,
        action=action,
        columns=heads,
        rows=rows,
        total=total,
        page=page,
        empty_why=empty_why,
        intro=intro,
        back_href=back,
        buttons=buttons,
        counts=counts,
        fields=fields,
        sort=sort,
        legend_kind=legend,
        done_text=done,
    )
