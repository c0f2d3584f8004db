"""Publish the figures of the finished call's half-year, and state them again after a correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.sample.assessments import REPORTING
from deploy.cli.sample.context import API, PROGRAMME, SECOND
from shared.contracts.codes import RestatementReason, VoidReason

if TYPE_CHECKING:
    from deploy.cli.answers import Match, Visit
    from deploy.cli.sample.context import LoadContext


async def publish(room: LoadContext) -> None:
    """One coordinator submits the figures, the other approves and publishes them."""
    at = f"{REPORTING}/periods/{room.programme.days.published_half}"
    await room.people.post(PROGRAMME, f"{at}/submit")
    await room.people.post(SECOND, f"{at}/approve")
    await room.people.post(SECOND, f"{at}/publish")


async def correct(room: LoadContext) -> None:
    """An application was entered twice: it is voided, which revokes the certificate of its visit."""
    certified = [match for match, visit in room.visits if await _has_certificate(room, match, visit)]
    at = f"{API}/applications/{certified[-1]['application_id']}/void"
    await room.people.post(PROGRAMME, at, {"reason": VoidReason.DUPLICATE})


async def _has_certificate(room: LoadContext, match: Match, visit: Visit) -> bool:
    if visit["id"] not in room.evaluated:
        return False
    story = await room.people.get(PROGRAMME, f"{REPORTING}/journey/{match['application_id']}")
    return any(event["type"] == "CertificateGranted" for event in story["events"])


async def restate(room: LoadContext) -> None:
    """The figures are stated again, with the reason."""
    at = f"{REPORTING}/periods/{room.programme.days.published_half}/restatement"
    await room.people.post(PROGRAMME, at, {"reason": RestatementReason.CORRECTION})
    await room.people.post(SECOND, f"{at}/approve")


STEPS = (
    (-18, "Figures of the first call are published", publish),
    (-14, "First call: an application was entered twice", correct),
    (-10, "The figures are stated again", restate),
)
"""The steps of publication: (day, what is done in words, how)."""
