"""The answer to an action equals what is read at the same address afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.privacy_notice import VERSION

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


async def test_the_answer_to_an_action_equals_the_application(programme: Programme) -> None:
    """The answers to submit, appeal and withdraw equal, field by field, what is read afterwards."""

    async def draft() -> Any:
        begun = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers()}
        made = await programme.post("ani", "/applications", begun, 201)
        await programme.as_("ani").put(f"/applications/api/v1/applications/{made['id']}/answers", json=privacy)
        return made

    async def acts(what: str, body: dict[str, Any] | None = None) -> None:
        answer = await programme.post("ani", f"/applications/{made['id']}/{what}", body)
        found = await programme.get("ani", f"/applications/{made['id']}")
        assert answer == {
            name: found[name] for name in found.keys() - {"answers", "missing", "unaccepted", "eligibility"}
        }

    privacy = {"privacy_version": VERSION}
    made = await draft()
    await acts("submit")
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"topics": "Which one?"}})
    await acts("submit", {"text": "The first."})
    await programme.post("tigran", f"/applications/{made['id']}/not-endorse", {"reason": "other"})
    await acts("appeal", {"text": "The unit has asked for this course twice"})
    made = await draft()
    await acts("submit")
    await acts("withdraw", {"reason": "other"})
