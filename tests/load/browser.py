"""Act as the browser of one officer: forms come from pages, and what was not let in is sent again as its page says."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx2
from lxml import html

from shared.errors import ProblemCode
from shared.identity.csrf import FIELD
from shared.web.admission import STAMP_HEADER
from shared.web.problem_types import PROBLEM_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

BUSY = 503
_AGAIN = 3.0
"""Seconds after which a person presses again who met an error."""
_FORM_MEDIA = "application/x-www-form-urlencoded"


class GivenUp(Exception):
    """Nothing but errors or busy pages came until the end of the patience."""


@dataclass(frozen=True, slots=True)
class PageForm:
    """A form of a page: where it is sent, and its fields."""

    action: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class Troubles:
    """The busy pages and the errors, by their words, that all people met together."""

    busy: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Browser:
    """The browser of one signed-in person; requests of all browsers share one transport."""

    def __init__(
        self,
        origin: str,
        cookie: dict[str, str],
        transport: httpx2.AsyncHTTPTransport,
        troubles: Troubles,
        end: float,
        patience: float = 60,
    ) -> None:
        """Act until the time `end` (seconds since 1970) at the latest, and wait `patience` seconds for an answer."""
        self._http = httpx2.AsyncClient(
            transport=transport, base_url=origin, cookies=cookie, headers={"Origin": origin}, timeout=patience
        )
        self._troubles = troubles
        self._end = end

    async def open(self, path: str, accept: str = "text/html") -> httpx2.Response:
        """Return a page, at which a redirect ended. Raises `GivenUp`."""
        while True:
            answer = await self._send("GET", path, {"Accept": accept})
            if answer.is_redirect:
                path = answer.headers["location"]
            elif answer.status_code == BUSY:
                await self._pause(float(answer.headers["retry-after"]))
            else:
                return answer

    async def press(self, form: PageForm) -> httpx2.Response:
        """Send a form until it is let in; return the answer to it. Raises `GivenUp`.

        A busy page holds the form with its stamp, and says after how long a script sends it.
        """
        headers = {"Accept": "text/html", "Content-Type": _FORM_MEDIA}
        while True:
            answer = await self._send("POST", form.action, headers, data=form.fields)
            if answer.status_code != BUSY:
                return answer
            form = only_form(answer, "send-again")
            await self._pause(float(answer.headers["retry-after"]))

    async def put(self, path: str, body: Any, token: str) -> httpx2.Response:
        """Replace a record by the API, as read before; send it again with its stamp until it is let in."""
        version = (await self.open(path.rpartition("/")[0], "application/json")).headers["etag"]
        headers = {"Accept": "application/json", "X-CSRF-Token": token, "If-Match": version}
        while True:
            answer = await self._send("PUT", path, headers, json=body)
            if answer.status_code != BUSY:
                return answer
            headers.setdefault(STAMP_HEADER, answer.headers[STAMP_HEADER])
            await self._pause(float(answer.headers["retry-after"]))

    async def _send(self, method: str, path: str, headers: Mapping[str, str], **content: Any) -> httpx2.Response:
        """Send a request until there is an answer of Tandem's own: a busy one is such an answer."""
        while True:
            try:
                answer = await self._http.request(method, path, headers=dict(headers), **content)
            except httpx2.TransportError as wrong:
                error = type(wrong).__name__
            else:
                if is_busy(answer):
                    self._troubles.busy += 1
                    return answer
                if answer.status_code < 500:
                    return answer
                error = f"{answer.status_code} {_title(answer)}"
            self._troubles.errors[f"{method}: {error}"] += 1
            await self._pause(_AGAIN)

    async def _pause(self, seconds: float) -> None:
        if time() + seconds > self._end:
            raise GivenUp
        await asyncio.sleep(seconds)


def is_busy(answer: httpx2.Response) -> bool:
    """Return whether Tandem says that it is busy, and when to come again: no page of the gateway's does."""
    if answer.status_code != BUSY or "retry-after" not in answer.headers:
        return False
    if "json" in answer.headers["content-type"]:
        return bool(answer.json()["code"] == ProblemCode.BUSY)
    return PROBLEM_TYPES[ProblemCode.BUSY].title in answer.text


def _title(answer: httpx2.Response) -> str:
    found = html.fromstring(answer.text).findtext(".//title") if "html" in answer.headers["content-type"] else None
    return (found or answer.text[:80]).strip()


def only_form(answer: httpx2.Response, what: str) -> PageForm:
    """Return the form of a page whose address ends with `what`, or that has the attribute `data-<what>`.

    Raises `LookupError` where there is none.
    """
    for form in html.document_fromstring(answer.text).iter("form"):
        action = urljoin(str(answer.url), form.get("action") or str(answer.url))
        if form.get("method", "").lower() == "post" and (action.endswith(what) or form.get(f"data-{what}") is not None):
            return PageForm(action, _fields(form))
    raise LookupError(f"{answer.url} ({answer.status_code}) has no form for {what}")


def _fields(form: html.HtmlElement) -> dict[str, str]:
    assert isinstance(form, html.FormElement)
    return dict(form.form_values())


def token_of(answer: httpx2.Response) -> str:
    """Return the token by which a page's forms are known to be ours."""
    return only_form(answer, "").fields[FIELD]
