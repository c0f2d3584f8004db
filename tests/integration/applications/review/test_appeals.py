"""Tests of filing an appeal: once, in time, by page and by API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.applications.review import store as review_store
from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

WHY = "The unit has asked for this course twice"


async def _turned_down(programme: Programme) -> dict[str, Any]:
    """An application that the country does not endorse."""
    made = await programme.submitted()
    body = {"reason": "profile_mismatch", "text": "Another unit goes first."}
    await programme.post("tigran", f"/applications/{made['id']}/not-endorse", body)
    return made


async def test_an_appeal_by_form(programme: Programme) -> None:
    """The page offers it with its last day, asks why, files it; the text is in no event."""
    made = await _turned_down(programme)
    mine = f"/applications/mine/{made['id']}"
    refused = (await programme.as_("ani").get(mine)).text
    assert "you may appeal until" in refused
    assert "The reason:" in refused
    assert refused.count("Another unit goes first") == 2  # where it stands, and in the history
    page = await programme.as_("ani").get(f"{mine}/appeal")
    assert "Another unit goes first." in page.text
    empty = await programme.as_("ani").post(f"{mine}/appeal", data={"text": " "})
    assert empty.status_code == 422
    assert "Write why you think" in empty.text
    filed = await programme.as_("ani").post(f"{mine}/appeal", data={"text": WHY})
    assert filed.headers["location"] == f"{mine}?done=appealed"
    shown = (await programme.as_("ani").get(f"{mine}?done=appealed")).text
    assert "Your appeal has arrived." in shown
    assert WHY in shown
    assert "/appeal" not in shown
    told = await programme.journal("exchange.applications")
    assert told[-1][0] == "AppealFiled"
    assert told[-1][2]["against"] == "not_endorsed"
    assert WHY not in str(told)


async def test_an_appeal_by_api_is_kept_with_what_a_decision_needs(programme: Programme) -> None:
    """The store knows who decided and where the application was; a second click finds what the first one filed."""
    made = await _turned_down(programme)
    answer = await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY})
    assert answer["state"] == "appealed"
    again = await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY})
    assert again["since"] == answer["since"]
    async with programme.app.state.service.bus.read() as session:
        appeal = await review_store.open_appeal(session, made["id"])
    assert appeal is not None
    assert (appeal.against, appeal.before, appeal.decided_by, appeal.text) == (
        "not_endorsed",
        "submitted",
        "tigran",
        WHY,
    )
    assert [event[0] for event in await programme.journal("exchange.applications")].count("AppealFiled") == 1


async def test_who_and_what_may_not_appeal(programme: Programme) -> None:
    """Somebody else's is not found; a submitted one has no decision; after the last day it is too late."""
    open_one = await programme.submitted()
    refused = await programme.post("ani", f"/applications/{open_one['id']}/appeal", {"text": WHY}, 409)
    assert "the application is now" in refused["detail"]
    page = await programme.as_("ani").get(f"/applications/mine/{open_one['id']}/appeal")
    assert page.status_code == 303
    await programme.post("nino", f"/applications/{open_one['id']}/appeal", {"text": WHY}, 404)
    assert (await programme.as_("nino").get(f"/applications/mine/{open_one['id']}/appeal")).status_code == 404
    await programme.post("tigran", f"/applications/{open_one['id']}/not-endorse", {"reason": "other"})
    await programme.post("ani", f"/applications/{open_one['id']}/appeal", {"text": ""}, 422)
    clock.move(timedelta(days=40))
    late = await programme.post("ani", f"/applications/{open_one['id']}/appeal", {"text": WHY}, 409)
    assert "ended on" in late["detail"]
    assert "you may appeal" not in (await programme.as_("ani").get(f"/applications/mine/{open_one['id']}")).text
