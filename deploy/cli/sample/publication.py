"""Agree on groupings, publish the half-years of the finished call, and state one again after a correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.sample.assessments import REPORTING
from deploy.cli.sample.context import API, PROGRAMME, SECOND
from deploy.cli.system import Failed
from shared.contracts.codes import RestatementReason, VoidReason

if TYPE_CHECKING:
    from deploy.cli.answers import ListedVisit, Match
    from deploy.cli.sample.context import LoadContext


GROUPED_ON, FIRST_HALF_ON = -362, -168
"""On these days, counted from the last one, groupings are chosen and the applications' half-year is published."""
GROUPINGS_OF_SAMPLE = {
    "country-of-service": "region",
    "host-country": "side",
    "priority-topic": "values",
    "rank-group": "band",
    "language": "family",
}
"""The level of each dimension that was agreed with the donor, by what a donor reads of some sixteen visits."""


async def choose_groupings(room: LoadContext) -> None:
    """The coordinator chooses by which groups figures are broken down, long before any are submitted."""
    await room.all(
        room.people.put(PROGRAMME, f"{REPORTING}/groupings/{dimension}", {"level": level})
        for dimension, level in GROUPINGS_OF_SAMPLE.items()
    )


async def publish_applications(room: LoadContext) -> None:
    """The half-year in which officers applied is published, where the visits lie in the next one."""
    days = room.programme.days
    if days.applied_half != days.published_half:
        await _publish(room, days.applied_half)


async def publish(room: LoadContext) -> None:
    """The half-year of the visits is published."""
    await _publish(room, room.programme.days.published_half)


async def _publish(room: LoadContext, half: str) -> None:
    """One coordinator submits the figures, the other approves and publishes them."""
    at = f"{REPORTING}/periods/{half}"
    await room.people.post(PROGRAMME, f"{at}/submit")
    await room.people.post(SECOND, f"{at}/approve")
    await room.people.post(SECOND, f"{at}/publish")


async def correct(room: LoadContext) -> None:
    """An application was entered twice: it is voided, which revokes the certificate of its visit.

    It is that of the last visit with one. Raises `Failed` if there is none.
    """
    for match, visit in reversed(room.visits):
        if await _has_certificate(room, match, visit):
            at = f"{API}/applications/{match['application_id']}/void"
            await room.people.post(PROGRAMME, at, {"reason": VoidReason.DUPLICATE})
            return
    raise Failed("No visit of the first call has a certificate.")


async def _has_certificate(room: LoadContext, match: Match, visit: ListedVisit) -> bool:
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
