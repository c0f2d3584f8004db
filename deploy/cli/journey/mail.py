"""Check in the mail catcher, if there is one, that the invitation to the visit arrived; at night it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from deploy.cli.journey.cast import CAST, OFFICER
from services.notifications.preferences.model.quiet_hours import USUAL, Hours
from shared import http_client
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from datetime import datetime

    from deploy.cli.journey.steps import Journey

_NEWEST = 20


def quiet_until(now: datetime) -> datetime | None:
    """Return until when mail to the officer waits for the morning, by the usual quiet hours; None by day."""
    hours = Hours.read(USUAL)
    country = next(member.country for member in CAST if member.subject == OFFICER)
    return None if hours is None else hours.over(now, zone_of(country))


async def invitation(walk: Journey, catcher: str | None, reference: str, quiet: datetime | None = None) -> None:
    """Wait for a mail about the application with a calendar; without a catcher, say that it was not checked.

    `quiet` is until when mail waits for the morning. It is not waited for. Raises `Failed` if no mail arrives.
    """
    if catcher is None:
        walk.note("There is no mail catcher here, so nobody looks for the invitation.")
        return
    if quiet is not None:
        walk.note(f"It is night where the officer lives: emails wait until {quiet:%H:%M} UTC, also the invitation.")
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

        async with walk.step("The invitation arrives by email, with a calendar entry"):
            await walk.people.until("an email with a calendar entry", look)
