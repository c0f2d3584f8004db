"""Look whether what the redirect of a form says was done follows from a record."""

from __future__ import annotations

import base64
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.identity.confirmations import parameters_at, records_named, words_in
from shared.identity.state import identity_of
from shared.identity.versions import service_records

if TYPE_CHECKING:
    import httpx2
    from fastapi import FastAPI


def rests_on_no_record(app: FastAPI, answer: httpx2.Response) -> str:
    """Return the words of a redirect that no record backs, neither of the form nor of the page; empty for others."""
    target = urlsplit(answer.headers.get("location", ""))
    words = words_in(target.query)
    if not words:
        return ""
    cookies: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        cookies.load(header)
    signed = cookies.get(identity_of(app).cookies.done)
    said = ", ".join(f"{name}={value}" for name, value in words)
    if signed is None:
        return f"{said} is not signed"
    mark = signed.value.split(".")[1]
    source = parse_qsl(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode())
    of_page = parameters_at(app, unquote(target.path)) or {}
    return "" if records_named(service_records(app), source, of_page) else said
