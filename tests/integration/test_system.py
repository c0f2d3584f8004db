"""The whole of Tandem works together in one real local run, also when a part of it dies.

The journey keeps what it makes (`--keep`), so that at the end the published figures can be compared with a count of the
events, made here from the journals and without the code of reporting.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx2

from deploy.cli.client import People
from deploy.cli.lag import Lag
from deploy.cli.system import SERVICES, System
from deploy.local.folder import ROOT
from shared.bus.db.journal import IN_ORDER
from shared.identity.remote_sessions import GOOD_FOR
from shared.identity.session import CookieJar
from tests.standing import standing
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_run import LocalRun

STEPS = 38
"""Steps of the whole journey."""


def _env(run: LocalRun) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    return kept | {"TANDEM_DATA": str(run.folder), "PYTHONUNBUFFERED": "1"}


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "deploy.cli.main", *words]


def _tandem(run: LocalRun, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*words), env=_env(run), cwd=ROOT, capture_output=True, text=True, check=False)


async def test_the_journey_leaves_everything_as_it_was(local_run: LocalRun) -> None:
    """`tandem journey` exits 0: draft to certificate, mentor to session; then figures and boards are as before."""
    await _settled(local_run)  # a run is ready a moment before all services have read who is in the register
    async with People(System(local_run.read("environment.json"))) as people:
        before = await standing(people)
        result = await asyncio.to_thread(_tandem, local_run, "journey")
        await people.until("all is as it was", lambda: _is_again(people, before))
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"All {STEPS} steps happened" in result.stdout
    counted = re.search(r"TOPCOP-OP-02: (\d+) before, (\d+) now", result.stdout)
    assert counted is not None
    assert int(counted[2]) == int(counted[1]) + 1
    mail = f"{local_run.read('environment.json')['TANDEM_MAIL_URL']}/api/v1"
    # The last email comes a moment after all else: it waits for others to the same reader.
    await until(lambda: any("An application was removed" in letter for letter in _letters(mail)), "the last email")
    assert not any("Your place was cancelled" in letter for letter in _letters(mail)), "its application has ended"


def _letters(mail: str) -> list[str]:
    """Return subject and text of each email to the officer of the journey, from the address of the mail catcher."""
    found = httpx2.get(f"{mail}/search", params={"query": "journey-officer"}).json()["messages"]
    whole = [httpx2.get(f"{mail}/message/{message['ID']}").json() for message in found]
    return [f"{each['Subject']}\n{each['Text']}" for each in whole]


_NONE_YET, _NOTHING = (None, None, None), ("0", "0", None)
"""A figure of a programme in which nothing has ever been counted, and one that counts nothing."""


async def _is_again(people: People, before: dict[str, Any]) -> bool:
    """Return whether figures and boards are as they were; where nothing was ever counted nothing is counted now."""
    now = await standing(people)
    figures = {
        indicator: _NONE_YET if found == _NOTHING and before["figures"][indicator] == _NONE_YET else found
        for indicator, found in now["figures"].items()
    }
    return {**now, "figures": figures} == before


def test_killed_services_do_not_stop_the_journey(local_run: LocalRun, tmp_path: Path) -> None:
    """Two services and the sign-in provider are killed and restart, and every step still happens."""
    log = tmp_path / "journey.out"
    dies_after = {
        "The home national coordinator endorses it": "the sign-in provider",
        "The host agency publishes it": "matching",
        "The home national coordinator clears the match": "matching",
        "The clock is moved": "reporting",
    }
    with (
        log.open("w") as out,
        subprocess.Popen(
            _command("journey", "--keep"), env=_env(local_run), cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        ) as journey,
    ):
        end = time.monotonic() + 300
        while journey.poll() is None and time.monotonic() < end:
            for words in [words for words in dies_after if words in log.read_text()]:
                name = dies_after.pop(words)
                os.kill(local_run.pids()[name], signal.SIGKILL)
            time.sleep(0.02)
        assert journey.poll() == 0, log.read_text()
    assert dies_after == {}
    assert "The sign-in provider ended (killed by SIGKILL) and is started again." in local_run.output
    assert "Matching ended (killed by SIGKILL) and is started again." in local_run.output
    assert "Reporting ended (killed by SIGKILL) and is started again." in local_run.output


def test_a_copied_cookie_opens_nothing_after_the_sign_out(local_run: LocalRun) -> None:
    """Behind the gateway a session is over in all four services five seconds after its owner has signed out."""
    pages = ("/applications/account", "/matching/", "/notifications/", "/reporting/")
    options: dict[str, Any] = {"base_url": local_run.origin, "headers": {"Accept": "text/html"}, "timeout": 30}
    with httpx2.Client(**options) as owner, httpx2.Client(**options) as thief:
        owner.get("/sign-in?as=persona-programme", follow_redirects=True).raise_for_status()
        (copied,) = (cookie for cookie in owner.cookies.jar if cookie.name == CookieJar(local_run.origin).session)
        assert copied.value is not None
        thief.cookies.set(copied.name, copied.value, domain="localhost.local")
        assert [thief.get(page).status_code for page in pages] == [200] * 4
        token = re.search(r'name="csrf_token" value="([^"]+)"', owner.get("/applications/account").text)
        assert token is not None
        assert owner.post("/sign-out", data={"csrf_token": token[1]}).status_code == 303
        time.sleep(GOOD_FOR)
        assert [thief.get(page).status_code for page in pages] == [303] * 4
        assert thief.get("/applications/internal/sessions/check").status_code == 404


async def _journal(run: LocalRun, service: str) -> list[Any]:
    connection = await asyncpg.connect(run.read("environment.json")[f"TANDEM_DATABASE_URL_{service.upper()}"])
    try:
        rows = await connection.fetch(f"SELECT type, aggregateid, payload FROM journal ORDER BY {IN_ORDER}")
    finally:
        await connection.close()
    return [(row["type"], row["aggregateid"], json.loads(row["payload"])) for row in rows]


async def test_the_figures_equal_a_count_of_the_events(local_run: LocalRun) -> None:
    """Reporting publishes the applications, placements, visits, days and people that the journals contain."""
    portal, matching = await _journal(local_run, "applications"), await _journal(local_run, "matching")
    void = {subject for type_, subject, _ in [*portal, *matching] if type_.endswith("Voided")}
    submitted = {subject for type_, subject, _ in portal if type_ == "ApplicationSubmitted"} - void
    offers = {subject for type_, subject, _ in portal if type_ == "OfferPublished"} - void
    completed = {
        subject: payload
        for type_, subject, payload in matching
        if type_ == "VisitCompleted" and subject not in void and payload["attended_days"] >= payload["required_days"]
    }
    days = sum(
        payload["attended_days"]
        for type_, subject, payload in matching
        if type_ == "VisitEnded" and subject not in void
    )
    people = {subject: payload["counting_key"] for type_, subject, payload in portal if type_ == "CountingKeyAssigned"}
    officials = {people[payload["plan"]["application_id"]] for payload in completed.values()}
    counted = {
        "TOPCOP-IN-01": len(submitted),
        "TOPCOP-IN-02": len(offers),
        "TOPCOP-OP-01": len(officials),
        "TOPCOP-OP-02": len(completed),
        "TOPCOP-OP-03": days,
    }
    assert counted["TOPCOP-OP-02"] > 0

    async with People(System(local_run.read("environment.json"))) as coordinator:

        async def published() -> dict[str, int] | None:
            answer = await coordinator.get("persona-programme", "/reporting/api/v1/figures", period="programme")
            found = {
                figure["indicator"]: int(figure["value"] or 0)
                for figure in answer["figures"]
                if figure["indicator"] in counted
            }
            return found if found == counted else None

        assert await coordinator.until(f"the figures {counted}", published) == counted


def test_events_of_an_application_are_listed(local_run: LocalRun) -> None:
    """`tandem events` lists the events of an application across all four services, by time."""
    completed = _tandem(local_run, "events", "--type", "VisitCompleted").stdout.splitlines()
    assert completed
    story = completed[-1].split("  story ")[1].split()[0]
    result = _tandem(local_run, "events", "--correlation", story).stdout.splitlines()
    assert result == sorted(result, key=lambda line: line[:19])
    for topic in ("exchange.applications", "exchange.matches", "exchange.outcomes", "exchange.notifications"):
        assert any(f"  {topic} " in line for line in result), topic


def test_an_unknown_aggregate_is_reported(local_run: LocalRun) -> None:
    """A reference instead of an id gets a hint, and an unknown aggregate is an error of the command."""
    result = _tandem(local_run, "events", "--correlation", "AM-2026-0001")
    assert (result.returncode, result.stdout) == (0, "")
    assert "ask for ids, not for references" in result.stderr
    result = _tandem(local_run, "replay", "exchange.visits", "--subject", "nobody")
    assert result.returncode == 2
    assert "no journal of exchange.visits knows nobody" in result.stderr


def test_a_replay_changes_nothing(local_run: LocalRun) -> None:
    """The owners replay their journals, and boards and figures stay as they are."""
    before = _totals(local_run)
    result = _tandem(local_run, "replay", "matching")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.fullmatch(r"\d+ events are on the way to the log, from exchange\.matches, .*\.\n", result.stdout)
    asyncio.run(_settled(local_run))
    assert _totals(local_run) == before


async def _settled(run: LocalRun) -> None:
    async with Lag(System(run.read("environment.json"))) as lag:
        await lag.settled()


def _totals(run: LocalRun) -> dict[str, str]:
    async def read() -> dict[str, str]:
        async with People(System(run.read("environment.json"))) as coordinator:
            answer = await coordinator.get("persona-programme", "/reporting/api/v1/figures", period="programme")
            return {figure["indicator"]: str(figure["value"]) for figure in answer["figures"]}

    return asyncio.run(read())


def test_the_journals_are_intact_after_kills(local_run: LocalRun) -> None:
    """No journal of a service that was killed while it wrote has a broken chain."""
    result = _tandem(local_run, "verify")
    assert result.returncode == 0, result.stdout
    assert "All chains are intact." in result.stdout
    for service in SERVICES:
        assert "There are no dead letters" in _tandem(local_run, "redrive", service).stdout


def test_a_rebuilt_service_gives_the_same_answers(local_run: LocalRun) -> None:
    """Matching rebuilds its projections while it runs, and the next journey still succeeds."""
    result = _tandem(local_run, "rebuild", "matching")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.fullmatch(r"matching read \d+ tables again: .*\.\n", result.stdout)
    assert _tandem(local_run, "journey", "--no-clock").returncode == 0
