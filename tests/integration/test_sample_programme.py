"""The first start of a newcomer ends with a programme in which everybody has a task."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.cli.client import People
from deploy.cli.system import System
from deploy.local.folder import ROOT
from deploy.local.ports import free_port
from tests.local_run import LocalRun, quick_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(600)
PORTAL = "/applications/api/v1"


@pytest.fixture(scope="module")
def sample() -> Iterator[LocalRun]:
    """Return a first start with the sample programme."""
    folder = quick_folder("tandem-sample-")
    run = LocalRun(folder / "data", free_port(), folder / "run.out", TANDEM_SAMPLE="")
    try:
        run.wait_for("Ctrl-C stops everything.", timeout=420)
        yield run
    finally:
        if run.process.poll() is None:
            run.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_output_lists_the_sample_and_the_clock_is_real(sample: LocalRun) -> None:
    """The output has the promised numbers, and the clock has no offset afterwards."""
    assert "29 organisations, 80 officers, 90 applications, 25 placements" in sample.output
    assert abs(float((sample.folder / "clock").read_text())) < 1


async def test_every_persona_has_a_task(sample: LocalRun) -> None:
    """Officers start fresh, coordinators have queues, hosts and mentors have cases, the donor has figures."""
    async with People(System(sample.read("environment.json"))) as people:
        for who in ("persona-officer", "persona-mentee"):
            assert (await people.get(who, f"{PORTAL}/applications"))["items"] == []
            calls = (await people.get(who, f"{PORTAL}/calls"))["items"]
            assert sorted(call["state"] for call in calls) == ["closed", "published"]
        for who in ("persona-coordinator-am", "persona-coordinator-ge"):
            counts = (await people.get(who, f"{PORTAL}/queue/figures"))["states"]
            assert counts["submitted"] > 0
            assert counts["completed"] > 0
        for who in ("persona-host", "persona-mentor"):
            matches = (await people.get(who, f"{PORTAL}/matches"))["items"]
            assert any(match["state"] == "confirmed" for match in matches)
        french = (await people.get("persona-coordinator-fr", f"{PORTAL}/matches"))["items"]
        assert any(match["your_turn"] for match in french)
        assert any(
            match["your_answer_is_asked"] for match in (await people.get("persona-host", f"{PORTAL}/matches"))["items"]
        )
        offers = (await people.get("persona-clearance", f"{PORTAL}/offers"))["items"]
        assert any(offer["state"] == "submitted" for offer in offers)
        judged = (await people.get("persona-programme", f"{PORTAL}/eligibility"))["items"]
        assert judged
        board = await people.get("persona-programme", "/matching/api/v1/board")
        stages = {(stage["kind"], stage["state"]) for stage in board["stages"]}
        assert {("match", "provisional"), ("match", "proposed"), ("match", "offered"), ("visit", "scheduled")} <= stages
        assert {("visit", "completed"), ("mentorship", "completed"), ("application", "ineligible")} <= stages
        assert board["parked"] == 0
        figures = (await people.get("persona-donor", "/reporting/api/v1/figures", period="programme"))["figures"]
        values = {figure["indicator"]: int(float(figure["value"] or 0)) for figure in figures}
        assert values["TOPCOP-OP-02"] >= 10
        assert values["TOPCOP-OP-08"] >= 3
        assert values["TOPCOP-OC-05"] >= 20, "line managers confirmed sessions at home, by the links in their mails"
        aims = await people.get("persona-donor", "/reporting/api/v1/targets")
        assert {target["kind"] for target in aims["items"]} == {"baseline", "target"}
        waiting = await people.get("persona-evaluator", "/reporting/api/v1/targets/waiting")
        assert waiting["items"] == []
        tests = (await people.get("persona-evaluator", "/reporting/api/v1/tests", limit=200))["items"]
        assert {test["state"] for test in tests} == {"published"}
        assert sum(test["handed_in"]["post"] for test in tests) >= 5


def test_the_sample_is_loaded_once(sample: LocalRun) -> None:
    """A second loading changes nothing."""
    env = {**os.environ, "TANDEM_DATA": str(sample.folder)}
    command = [sys.executable, "-m", "deploy.cli.main", "sample", "load"]
    result = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "is loaded already" in result.stdout
