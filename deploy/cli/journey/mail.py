"""Check in the mail catcher, if there is one, that the invitation to the visit arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from deploy.cli.journey.cast import OFFICER
from shared import http_client

if TYPE_CHECKING:
    from deploy.cli.journey.steps import Journey

_NEWEST = 20


async def invitation(walk: Journey, catcher: str | None, reference: str) -> None:
    """Wait for a mail about the application with a calendar; without a catcher, say that it was not checked.

    Raises `Failed` if none arrives.
    """
    if catcher is None:
        walk.note("There is no mail catcher here, so nobody looks for the invitation.")
        return
    async with http_client.client(base_url=catcher, timeout=10.0) as client:

        async def look() -> bool:
            words = walk.people.subjects.get(OFFICER, OFFICER)
            try:
                found = (await client.get("/api/v1/search", params={"query": words})).json()["messages"]
                for message in found[:_NEWEST]:
                    if reference in message["Subject"]:
                        raw = await client.get(f"/api/v1/message/{message['ID']}/raw")
                        if "text/calendar" in raw.text:
                            return True
            except httpx2.TransportError:
                return False
            return False

        async with walk.step("The invitation is in the mail, with a calendar entry"):
            await walk.people.until("a mail with a calendar entry", look)
