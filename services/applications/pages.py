"""Render a page that holds one form or one list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Request
    from fastapi.responses import Response

    from shared.web.forms import Form


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
    """Render a page with one form.

    `sections`: headings with the fields below each; by default all fields in their order. `matters` and `offices`:
    open matters, shown before the form. `end_href`: where a button posts that ends the entry today.
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
        # The note to the decider comes last, beside the button that sends it.
        sections=sections or [("", sorted((field.short_name for field in form), key=lambda name: name == "note"))],
        version=version,
        warning_=warning,
        matters=matters,
        offices=offices,
        end_href=end_href,
        widths={"quantity": 5, "years_in_field": 3, **(widths or {})},
    )


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
    """Render a page with one list. `columns`: names, or pairs (name, sort key); `done`: what was just done."""
    heads = [
        {"name": column} if isinstance(column, str) else {"name": column[0], "key": column[1]} for column in columns
    ]
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
