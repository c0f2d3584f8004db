"""Confirm reported sessions as line managers do, who have no account: by the link in the mail.

The newest mail about the application is looked for in the mail catcher, its link opened, the page's button pressed and
the form sent, with the fields that the pages hold.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from deploy.cli.system import Failed
from shared import http_client

if TYPE_CHECKING:
    import httpx2

    from deploy.cli.sample.context import LoadContext

_LINK = re.compile(r"https?://\S+/applications/line-manager\?key=[\w-]+")
_FORM = re.compile(r'<form[^>]* action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r"<input[^>]*>")
_TO, _ABOUT = "head.", "Was this session held?"
"""The beginning of line managers' addresses (`programme.py`), and the subject of the page that the link opens."""
_NEWEST = 5


async def confirm(room: LoadContext, match: dict[str, Any], fewer: int = 0) -> None:
    """Confirm the session that the match's officer reported, with that many people fewer.

    Raises `Failed` if no mail arrived, or if a page is not as expected.
    """
    if room.mail is None:
        return
    async with http_client.client(timeout=30.0, follow_redirects=True) as client:

        async def look() -> httpx2.Response | None:
            words = {"query": f"{match['reference']} {_TO}"}
            found = await client.get(f"{room.mail}/api/v1/search", params=words)
            for message in found.json()["messages"][:_NEWEST]:
                raw = (await client.get(f"{room.mail}/api/v1/message/{message['ID']}/raw")).content
                body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
                if body is not None and (link := _LINK.search(body.get_content())):
                    page = await client.get(link[0])
                    if _ABOUT in page.text:  # other mails ask for the follow-up
                        return page
            return None

        mail = await room.people.until(f"a mail to the line manager of {match['reference']}", look)
        form = await _send(client, mail, "/line-manager?")
        reported = int(_fields(_form(form, "/confirm")[1])["attendees"])
        why = {"why": "Some were called to an operation."} if fewer else {}
        thanks = await _send(client, form, "/confirm", attendees=str(max(1, reported - fewer)), **why)
    if "done=told" not in str(thanks.url):
        raise Failed(f"The line manager's word about {match['reference']} was not taken.")


async def _send(client: httpx2.AsyncClient, page: httpx2.Response, to: str, **given: str) -> httpx2.Response:
    """Press the button of the form that goes `to` some address: its own fields, with what is `given`."""
    address, inside = _form(page, to)
    return await client.post(urljoin(str(page.url), address), data=_fields(inside) | given)


def _form(page: httpx2.Response, to: str) -> tuple[str, str]:
    for address, inside in _FORM.findall(page.text):
        if to in unescape(address):
            return unescape(address), inside
    raise Failed(f"{page.url.path} has no form to {to} (HTTP {page.status_code}).")


def _fields(inside: str) -> dict[str, str]:
    """Names and values of a form's inputs."""
    found = {}
    for field in _FIELD.findall(inside):
        named = dict(re.findall(r'\b(name|value)="([^"]*)"', field))
        if "name" in named:
            found[named["name"]] = unescape(named.get("value", ""))
    return found
