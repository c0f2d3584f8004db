"""Free text is corrected by its writer, and found, exported and erased by the right people only."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from services.reporting.periods import store as periods_store
from services.reporting.periods.model.approval import Approval
from services.reporting.periods.model.periods import parse
from shared.contracts.codes import PeriodState, Role
from shared.identity import service_headers
from shared.time import clock
from tests.integration.reporting.answers.test_forms import APPLICATION, GUEST, REPORT
from tests.integration.reporting.cascades.test_cascades import OWN as CASCADES
from tests.integration.reporting.cascades.test_cascades import SESSION, officer
from tests.integration.reporting.conftest import set_day
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world
from tests.support import ticked_versions, without_versions

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

    from tests.integration.reporting.conftest import House

EVALUATION, REPORTS = f"/reporting/evaluations/{APPLICATION}", f"/reporting/reports/{APPLICATION}"
WORDS = "/reporting/words?reference=AM-2026-0000"
WHY = {"form": "all", "why": "Asked for by the officer on 3 May"}


@pytest.fixture(autouse=True)
def _day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is November: the visits are over, and their sessions can still be told."""
    set_day(date(2026, 11, 20), tmp_path, monkeypatch)


async def written(house: House) -> httpx2.AsyncClient:
    """Submit an evaluation, a report and a session, begin a follow-up; return the officer's browser."""
    await feed_events(house, world(2, running=0))
    guest = await officer(house)
    for address, purpose, given in ((EVALUATION, "evaluation", GUEST), (REPORTS, "report", REPORT)):
        await house.with_ticket(guest, address, purpose, "officer")
        assert (await guest.post(address, data=given)).status_code == 303
    await house.with_ticket(guest, f"/reporting/follow-ups/{APPLICATION}", "follow_up", "officer")
    begun = {"draft_writer": "a", "draft_turn": "1", "example": "A case in May", "applied": "yes"}
    assert (await guest.post(f"/reporting/follow-ups/{APPLICATION}/draft", data=begun)).status_code == 200
    assert (await guest.post(CASCADES, data=SESSION)).status_code == 303
    return guest


async def logged(house: House) -> list[tuple[str, str, str]]:
    """Return the log of accesses to free text: person, action and form, in order."""
    async with house.app.state.service.bus.read() as session:
        rows = await session.execute(sa.text("SELECT actor, action, form FROM free_text_log ORDER BY id"))
        return [tuple(row) for row in rows]


async def test_writers_correct_their_text_but_not_their_ratings(house: House) -> None:
    """The new text is shown, ratings and events stay, and the correction is logged without any text."""
    guest = await written(house)
    assert "Correct your text" in (await guest.get(EVALUATION)).text
    events = await house.journal("exchange.outcomes")
    form = (await guest.get(f"{EVALUATION}/words")).text
    assert "The labs" in form
    assert 'name="overall"' not in form
    answer = await guest.post(f"{EVALUATION}/words", data={"went_well": "The archive", "overall": "1"})
    assert answer.status_code == 303
    shown = (await guest.get(EVALUATION)).text
    assert "The archive" in shown
    assert "The labs" not in shown
    assert "5 of 5" in shown
    assert (await guest.post(f"{REPORTS}/words", data={**REPORT, "learnt": ""})).status_code == 422
    assert await house.journal("exchange.outcomes") == events
    assert await logged(house) == [("respondent:guest", "corrected", "evaluation")]


async def test_the_second_of_two_corrections_shows_both(house: House) -> None:
    """Words that were corrected in another tab meanwhile are shown beside what was written; sent again, it counts."""
    guest = await written(house)
    address = f"{EVALUATION}/words"
    opened = ticked_versions((await guest.get(address)).text)
    assert (await guest.post(address, data={"went_well": "The archive"} | opened)).status_code == 303
    answer = await guest.post(address, data={"went_well": "The library"} | opened)
    assert answer.status_code == 412, answer.text
    assert "This was changed after you opened it" in answer.text
    assert "The archive" in answer.text
    assert "The library" in answer.text
    assert "The archive" in (await guest.get(EVALUATION)).text, "nothing was saved"
    newer = ticked_versions(answer.text)
    assert newer != opened
    assert (await guest.post(address, data={"went_well": "The library"} | newer)).status_code == 303
    async with without_versions(guest, house.app) as tab:
        needed = await tab.post(address, data={"went_well": "The museum"})
        assert needed.status_code == 428
        again = await tab.post(address, data={"went_well": "The museum"} | ticked_versions(needed.text))
        assert again.status_code == 303, again.text


@pytest.mark.parametrize("state", [PeriodState.SUBMITTED, PeriodState.FROZEN, PeriodState.PUBLISHED])
async def test_text_is_fixed_once_its_period_is_frozen(house: House, state: PeriodState) -> None:
    """Text can be corrected until a period with the day of the answer is frozen."""
    guest = await written(house)
    year = parse(str(clock.today().year))
    async with house.app.state.service.bus.transaction("system:tests") as tx:
        await periods_store.keep(tx.session, Approval(year, state, "somebody", clock.now()))
    open_ = state is PeriodState.SUBMITTED
    assert ("Correct your text" in (await guest.get(EVALUATION)).text) is open_
    assert (await guest.get(f"{EVALUATION}/words")).status_code == (200 if open_ else 303)
    answer = await guest.post(f"{EVALUATION}/words", data={"went_well": "The archive"})
    assert answer.status_code == (303 if open_ else 409)


async def test_the_protection_officer_finds_and_erases_text(house: House) -> None:
    """Each access is logged, text and drafts are erased for good, and ratings and events stay."""
    guest = await written(house)
    events = await house.journal("exchange.outcomes")
    dpo = await house.grant(Role.DATA_PROTECTION_OFFICER)
    page = (await dpo.get(WORDS)).text
    for word in ("The labs", "Five days in the lab", "A case in May", "Tracing crypto assets"):
        assert word in page
    assert "5 of 5" not in page, "ratings are not words"
    here = f"/reporting/words/{APPLICATION}/erasure"
    assert (await dpo.post(here, data={**WHY, "why": ""})).status_code == 422
    assert (await dpo.post(here, data={**WHY, "form": ""})).status_code == 422, "nothing is erased by a slip"
    assert (await dpo.post(here, data={**WHY, "form": "report"})).headers["location"].endswith("done_erased=1")
    assert "The labs" in (await dpo.get(WORDS)).text
    again = (await dpo.post(here, data=WHY)).headers["location"]
    assert again.endswith("done_erased=3"), "what was erased before is not erased again"
    page = (await dpo.get(WORDS)).text
    assert "Asked for by the officer on 3 May" in page
    async with house.app.state.service.bus.read() as session:
        rest = ""
        for table in ("submission", "answer_draft", "cascade"):
            rest += str((await session.execute(sa.text(f"SELECT * FROM {table}"))).all())
    for word in ("labs", "Five days", "case in May", "Tracing"):
        assert word not in rest
        assert word not in page
    own = (await guest.get(EVALUATION)).text
    assert "Erased on request" in own
    assert "5 of 5" in own
    assert (await guest.post(f"{EVALUATION}/words", data={"went_well": "The labs"})).status_code == 409
    assert await house.journal("exchange.outcomes") == events
    assert [row[1:] for row in await logged(house) if row[1] == "erased"] == [("erased", "report"), ("erased", "")]
    assert ("data_protection_officer", "read", "") in await logged(house)


async def test_nobody_else_reads_free_text(house: House) -> None:
    """Evaluator, coordinators and the officer are refused; an unknown reference is not found or logged."""
    await written(house)
    for role in (Role.EVALUATOR, Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.AUDITOR, Role.OFFICER):
        client = await house.grant(role)
        assert (await client.get(WORDS)).status_code == 403
        assert (await client.post(f"/reporting/words/{APPLICATION}/erasure", data=WHY)).status_code == 403
    dpo = await house.grant(Role.DATA_PROTECTION_OFFICER)
    assert (await dpo.get("/reporting/words?reference=AM-2026-9999")).status_code == 404
    empty = await dpo.get("/reporting/words?reference=")
    assert (empty.status_code, empty.text.count("Enter a reference")) == (422, 2), "in the summary and at the field"
    assert (await dpo.post(f"/reporting/words/{ident('nobody')}/erasure", data=WHY)).status_code == 404
    assert "Free-text answers" in (await dpo.get("/reporting/")).text
    assert await logged(house) == []


async def test_an_export_of_personal_data_has_the_text(house: House) -> None:
    """Another service gets the text of one application with its token, drafts are marked, and it is logged."""
    await written(house)
    settings = house.app.state.service.settings
    headers = service_headers("applications", settings.service_token.get_secret_value())
    client = house.stranger()
    body = {"application_id": str(APPLICATION), "purpose": "access_request"}
    answer = await client.post("/reporting/internal/words", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()["written"]
    assert [(form["form"], form["respondent"], form["draft"]) for form in found] == [
        ("evaluation", "guest", False),
        ("report", "guest", False),
        ("cascade", "guest", False),
        ("follow_up", "guest", True),
    ]
    assert found[0]["texts"] == [{"name": "went_well", "question": "What went well?", "text": "The labs"}]
    assert [text["name"] for text in found[3]["texts"]] == ["example"], "a rating is no word"
    other = {**body, "application_id": str(ident("application", 1))}
    assert (await client.post("/reporting/internal/words", json=other, headers=headers)).json() == {"written": []}
    assert (await client.post("/reporting/internal/words", json=body)).status_code == 401
    assert ("service:applications", "given", "") in await logged(house)
