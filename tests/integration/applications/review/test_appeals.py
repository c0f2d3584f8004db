"""Tests of filing an appeal: once, in time, by page and by API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.applications.review import store as review_store
from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

WHY = "The unit has asked for this course twice"


async def _not_endorsed(programme: Programme) -> dict[str, Any]:
    """Return an application that the country does not endorse."""
    made = await programme.submitted()
    body = {"reason": "profile_mismatch", "text": "Another unit goes first."}
    await programme.post("tigran", f"/applications/{made['id']}/not-endorse", body)
    return made


async def test_an_appeal_by_form(programme: Programme) -> None:
    """The page shows the last day, asks for a reason and files the appeal, and no event has the text."""
    made = await _not_endorsed(programme)
    mine = f"/applications/mine/{made['id']}"
    refused = (await programme.as_("ani").get(mine)).text
    assert "you may appeal until" in refused
    assert "The reason:" in refused
    assert refused.count("Another unit goes first") == 2  # where it stands, and in the history
    page = await programme.as_("ani").get(f"{mine}/appeal")
    assert "Another unit goes first." in page.text
    empty = await programme.as_("ani").post(f"{mine}/appeal", data={"text": " "})
    assert empty.status_code == 422
    assert "Explain why you think" in empty.text
    filed = await programme.as_("ani").post(f"{mine}/appeal", data={"text": WHY})
    assert filed.headers["location"] == f"{mine}?done=appealed"
    shown = (await programme.as_("ani").get(f"{mine}?done=appealed")).text
    assert "We have received your appeal." in shown
    assert WHY in shown
    assert "/appeal" not in shown
    events = await programme.journal("exchange.applications")
    assert events[-1][0] == "AppealFiled"
    assert events[-1][2]["against"] == "not_endorsed"
    assert WHY not in str(events)


async def test_an_appeal_by_api_is_filed_once(programme: Programme) -> None:
    """The store has the earlier decision and state, and a second click finds the filed appeal."""
    made = await _not_endorsed(programme)
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


async def test_appeals_that_are_refused(programme: Programme) -> None:
    """Another person's application is not found, an undecided one has no decision, and a late appeal is refused."""
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
