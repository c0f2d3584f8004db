"""A closed form that delays certificates is shown to the evaluator, with the remedies."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from shared.contracts import _examples as ex
from shared.contracts.codes import Role
from tests.integration.reporting.answers.test_forms import APPLICATION, GUEST, REPORT, VISIT
from tests.integration.reporting.answers.test_waves import ALL, CLOSE
from tests.integration.reporting.conftest import set_day
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import mentorship, world

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    import pytest

    from tests.integration.reporting.conftest import House


def cells(page: str) -> list[str]:
    """Return the page's text about each certificate."""
    found = re.findall(r'data-label="Certificate"><div>(.*?)</div></td>', page, re.DOTALL)
    inline = [re.sub(r"</?(?:a|strong)\b[^>]*>", "", cell) for cell in found]
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in inline]


async def closing(evaluator: httpx2.AsyncClient, form: str, **day: str) -> None:
    """Close a form of the call."""
    here = f"/reporting/waves/closings?form={form}&call={ex.CALL}&{ALL}"
    assert (await evaluator.post(here, data={**CLOSE, **day})).status_code == 303


async def answered(house: House) -> None:
    """Submit evaluation and report as the guest of the first visit."""
    guest = await house.grant(Role.OFFICER)
    for path, purpose, data in (("evaluations", "evaluation", GUEST), ("reports", "report", REPORT)):
        address = f"/reporting/{path}/{APPLICATION}"
        await house.with_ticket(guest, address, purpose, "officer")
        assert (await guest.post(address, data=data)).status_code == 303
    await house.relay("exchange.outcomes")


async def test_a_certificate_names_its_missing_forms_and_the_remedy(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed form has its remedy, to reopen it or to waive the host's, after which the certificate follows."""
    set_day(date(2026, 6, 15), tmp_path, monkeypatch)
    await feed_events(house, world(1, running=0))
    evaluator, coordinator = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    (cell,) = cells((await evaluator.get("/reporting/outcomes")).text)
    assert cell == "waiting for: Evaluation by the guest Evaluation by the host Report on the visit"
    await closing(evaluator, "host")
    await closing(evaluator, "report")
    page = (await evaluator.get("/reporting/outcomes")).text
    (cell,) = cells(page)
    assert cell == (
        "waiting for: Evaluation by the guest"
        " Evaluation by the host This form is closed, so it cannot be received."
        " Reopen form The programme coordinator can also waive it on this page."
        " Report on the visit This form is closed, so it cannot be received. Reopen form"
    )
    assert 'href="/reporting/waves#closed"' in page
    shut = (await evaluator.get(f"/reporting/waves?{ALL}")).text
    assert 'id="closed"' in shut, "there the link leads"
    for again in re.findall(r"/reporting/waves/closings/[0-9a-f-]+/reopen", shut):
        assert (await evaluator.post(again)).status_code == 303
    assert "This form is closed" not in (await evaluator.get("/reporting/outcomes")).text

    await closing(evaluator, "host")
    await answered(house)
    (cell,) = cells((await coordinator.get("/reporting/outcomes")).text)
    assert cell.startswith(
        "waiting for: Evaluation by the host This form is closed, so it cannot be received."
        " Reopen form You can also waive it below."
    ), "the guest has done all, and gets none"
    assert "Waive the host's evaluation" in cell
    waiver = f"/reporting/outcomes/{VISIT}/waiver"
    assert (await coordinator.post(waiver, data={"reason": "host_silent"})).status_code == 303
    await house.relay("exchange.outcomes")
    (cell,) = cells((await coordinator.get("/reporting/outcomes")).text)
    assert cell.startswith("Certificate granted")


async def test_the_page_gives_the_day_from_which_a_form_can_be_waived(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the host's form is closed early, the page offers no waiver but names its first day."""
    set_day(date(2026, 4, 10), tmp_path, monkeypatch)
    await feed_events(house, world(1, running=0))
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    await closing(coordinator, "host", **{"due_until-month": "4"})
    (cell,) = cells((await coordinator.get("/reporting/outcomes")).text)
    assert (
        "This form is closed, so it cannot be received. Reopen form"
        " The programme coordinator can also waive it on this page after 19 April 2026"
    ) in cell
    assert "Waive the host's evaluation" not in cell
    early = await coordinator.post(f"/reporting/outcomes/{VISIT}/waiver", data={"reason": "host_silent"})
    assert early.status_code == 409


async def test_closing_a_form_warns_of_delayed_certificates(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warning is beside the closing form and each closed one, but only if a certificate waits."""
    set_day(date(2026, 6, 15), tmp_path, monkeypatch)
    await feed_events(house, [*world(1, running=0), *mentorship()])
    evaluator = await house.grant(Role.EVALUATOR)

    async def warnings(form: str) -> tuple[bool, bool]:
        page = (await evaluator.get(f"/reporting/waves?form={form}&call={ex.CALL}&{ALL}")).text
        return "A certificate of attendance depends on this form" in page, "can waive it for single visits" in page

    assert [await warnings(form) for form in ("host", "guest", "report", "mentor", "follow-up", "coordinator")] == [
        (True, True),
        (True, False),
        (True, False),
        (False, False),
        (False, False),
        (False, False),
    ]

    async def after(form: str) -> tuple[int, int]:
        """Return how many closed waves warn of delayed certificates, and how many of these name the waiver."""
        await closing(evaluator, form)
        page = (await evaluator.get(f"/reporting/waves?{ALL}")).text
        return page.count("get no certificate until it is reopened"), page.count("is reopened or waived.")

    assert [await after(form) for form in ("mentor", "guest", "host")] == [(0, 0), (1, 0), (2, 1)]


async def test_a_visit_without_a_certificate_waits_for_nothing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mentorships, and visits without a day that counts, wait for no certificate."""
    set_day(date(2026, 6, 15), tmp_path, monkeypatch)
    events = world(1, running=0)
    for event in events:
        if event.event.type in {"VisitEnded", "VisitCompleted"}:
            object.__setattr__(event, "event", event.event.model_copy(update={"attended_days": 0}))
    await feed_events(house, [*events, *mentorship()])
    evaluator = await house.grant(Role.EVALUATOR)
    warnings = cells((await evaluator.get("/reporting/outcomes")).text)
    assert sorted(warnings) == ["none for a mentorship", "none: no day counts"]
