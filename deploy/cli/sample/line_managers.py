"""Answer as line managers do, who have no account: by the link in the mail.

The newest mail about the application is looked for in the mail catcher, its link opened, the page's button pressed and
the form sent, with the fields that the pages hold.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx2

from deploy.cli.system import Failed
from shared import http_client

if TYPE_CHECKING:
    from deploy.cli.answers import Match
    from deploy.cli.sample.context import LoadContext

_LINK = re.compile(r"https?://\S+/applications/line-manager\?key=[\w-]+")
_FORM = re.compile(r"<form([^>]*)>(.*?)</form>", re.DOTALL)
_ACTION = re.compile(r' action="([^"]+)"')
_FIELD = re.compile(r"<input[^>]*>")
_RADIO = re.compile(r'<input[^>]*name="([^"]+)"[^>]*type="radio"|<input[^>]*type="radio"[^>]*name="([^"]+)"')
_TO, _SESSION, _FOLLOW_UP = "head.", "Was this session held?", "Use of the knowledge at work"
"""The beginning of line managers' addresses (`programme.py`), and the subjects of the pages that links open."""
_NEWEST = 5
_PATIENCE = 180.0


async def confirm(room: LoadContext, match: Match, fewer: int = 0) -> None:
    """Confirm the session that the match's officer reported, with that many people fewer.

    Raises `Failed` if no mail arrived, or if a page is not as expected.
    """
    if room.mail is None:
        return
    async with room.browsers, _browser() as client:
        form = await _opened(client, room, match, _SESSION)
        reported = int(_fields(_form(form, "/confirm")[1])["attendees"])
        why = {"why": "Some were called to an operation."} if fewer else {}
        thanks = await _send(client, form, "/confirm", attendees=str(max(1, reported - fewer)), **why)
    if "done=told" not in str(thanks.url):
        raise Failed(f"The line manager's word about {match['reference']} was not taken.")


async def follow_up(room: LoadContext, match: Match, applied: str) -> None:
    """Say six months later whether what the match's officer learnt is used. Raises as `confirm`."""
    if room.mail is None:
        return
    async with room.browsers, _browser() as client:
        form = await _opened(client, room, match, _FOLLOW_UP)
        score = {"yes": "5", "partly": "3"}.get(applied, "2")
        ratings = {first or second for first, second in _RADIO.findall(form.text)} - {"applied"}
        answers = {**dict.fromkeys(sorted(ratings), score), "applied": applied}
        page = await _send(client, form, "/follow-ups/", **answers)
    if page.is_error:  # what is incomplete is shown again, with 422
        raise Failed(f"The line manager's follow-up about {match['reference']} was not taken.")


def _browser() -> httpx2.AsyncClient:
    """Return a client that opens a connection for each request: a kept one may be closed while a mail is awaited."""
    return http_client.client(timeout=30.0, follow_redirects=True, limits=httpx2.Limits(max_keepalive_connections=0))


async def _opened(client: httpx2.AsyncClient, room: LoadContext, match: Match, about: str) -> httpx2.Response:
    """Return the form that the newest mail about a match and that subject leads to; each mail is opened once."""
    seen = set[str]()

    async def look() -> httpx2.Response | None:
        words = {"query": f"{match['reference']} {_TO}"}
        found = await client.get(f"{room.mail}/api/v1/search", params=words)
        new = [message for message in found.json()["messages"][:_NEWEST] if message["ID"] not in seen]
        for message in new:
            seen.add(message["ID"])
            raw = (await client.get(f"{room.mail}/api/v1/message/{message['ID']}/raw")).content
            body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
            for link in [] if body is None else _LINK.finditer(body.get_content()):
                page = await client.get(link[0])
                if about in page.text:
                    return page
        return None

    what = f"a mail to the line manager of {match['reference']}: {about}"
    mail = await room.people.until(what, look, timeout=_PATIENCE)
    return await _send(client, mail, "/line-manager?")


async def _send(client: httpx2.AsyncClient, page: httpx2.Response, to: str, **given: str) -> httpx2.Response:
    """Press the button of the form that goes `to` some address: its own fields, with what is `given`."""
    address, inside = _form(page, to)
    return await client.post(urljoin(str(page.url), address), data=_fields(inside) | given)


def _form(page: httpx2.Response, to: str) -> tuple[str, str]:
    """Return the address and the inside of the form that goes `to` some address: without an action to the page's."""
    for attributes, inside in _FORM.findall(page.text):
        action = _ACTION.search(attributes)
        address = unescape(action[1]) if action else page.url.path
        if to in address:
            return address, inside
    raise Failed(f"{page.url.path} has no form to {to} (HTTP {page.status_code}).")


def _fields(inside: str) -> dict[str, str]:
    """Names and values of a form's inputs."""
    found = {}
    for field in _FIELD.findall(inside):
        named = dict(re.findall(r'\b(name|value)="([^"]*)"', field))
        if "name" in named:
            found[named["name"]] = unescape(named.get("value", ""))
    return found
