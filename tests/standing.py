"""Read what the figures and boards of a running programme say, to compare it before and after something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy.cli.client import People


_VOIDED = "voided"


async def standing(people: People) -> dict[str, Any]:
    """Return all figures of the programme, the stages and open calls of the board, what is due, and the queue.

    Applications that were entered in error are left out, as in the figures: they are listed, and that is all.
    """
    figures = await people.get("persona-programme", "/reporting/api/v1/figures", period="programme")
    board = await people.get("persona-programme", "/matching/api/v1/board")
    due = await people.items("persona-programme", "/matching/api/v1/due")
    queue = await people.get("persona-programme", "/applications/api/v1/queue/figures")
    return {
        "figures": {
            each["indicator"]: (each["value"], each["numerator"], each["denominator"]) for each in figures["figures"]
        },
        "stages": {
            (stage["kind"], stage["state"]): stage["count"] for stage in board["stages"] if stage["state"] != _VOIDED
        },
        "calls": sorted(call["reference"] for call in board["calls"] if call["state"] == "published"),
        "pipeline": board["pipeline"],
        "due": sorted((each["application_id"], each["state"]) for each in due),
        "queue": {state: count for state, count in queue["states"].items() if state != _VOIDED},
    }
