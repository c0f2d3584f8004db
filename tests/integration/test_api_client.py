"""A client generated from the four OpenAPI documents takes a placement and an application to a committed cohort.

Nothing of the generated code is kept: it is made anew from the committed documents, which must be complete enough that
the generator leaves nothing out, and the client must find every answer as it is described.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from deploy.cli.client import People
from deploy.cli.contracts import FOLDER
from deploy.cli.journey.cast import HOME, HOST, HOST_COUNTRY, OFFICER
from deploy.cli.journey.register import complete
from deploy.cli.journey.steps import PROGRAMME, Journey
from deploy.cli.journey.visit import ANSWERS, period
from deploy.cli.system import SERVICES, System
from deploy.local.folder import ROOT
from shared import privacy_notice
from shared.identity.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_run import LocalRun

# The generator knows JSON; what else is answered are files for it.
_CONFIG = """
post_hooks: []
content_type_overrides:
  text/csv: application/octet-stream
  application/pdf: application/octet-stream
  application/xml: application/octet-stream
"""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a package for each service, such as `client_of_matching`; any warning is an error."""
    folder = tmp_path_factory.mktemp("clients")
    config = folder / "config.yaml"
    config.write_text(_CONFIG, "utf-8")
    for service in SERVICES:
        command = [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
            *("--path", str(ROOT / FOLDER / f"openapi-{service}.json"), "--config", str(config)),
            *("--output-path", str(folder / f"client_of_{service}")),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        assert result.returncode == 0, result.stdout + result.stderr
    return folder


class Client:
    """The generated client, acting as one person at all services."""

    def __init__(self, origin: str, token: str) -> None:
        """Act with that token at that address."""
        self._at = {"base_url": origin, "token": token, "raise_on_unexpected_status": True}
        self.version = ""
        """The version of the record that the last answer was about."""

    def call(self, operation: str, *args: Any, expect: int, **parameters: Any) -> Any:
        """Return the typed answer of an operation such as `applications.offers.publish_offer`."""
        service, _, place = operation.partition(".")
        module = importlib.import_module(f"client_of_{service}.api.{place.replace('-', '_')}")
        with importlib.import_module(f"client_of_{service}").AuthenticatedClient(**self._at) as client:
            answer = module.sync_detailed(*args, client=client, **parameters)
        assert answer.status_code == expect, answer.content
        self.version = answer.headers.get("ETag", "")
        return answer.parsed

    def changed(self, operation: str, record: UUID, *, read: str, **parameters: Any) -> Any:
        """Return the typed answer of an operation that changes a record, which `read` reads before."""
        self.call(read, record, expect=200)
        return self.call(operation, record, expect=200, if_match=self.version, **parameters)

    def body(self, service: str, model: str, **values: Any) -> Any:
        """Return a body of the generated model."""
        return getattr(importlib.import_module(f"client_of_{service}.models"), model).from_dict(values)


def until(find: Callable[[], Any]) -> Any:
    """Return what `find` gives once it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(0.1)
    raise TimeoutError(find)


@pytest.fixture
async def acting(
    local_run: LocalRun, generated: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Client], str, datetime]:
    """Clients of five people of the local run, a fund, and the time there."""
    monkeypatch.syspath_prepend(str(generated))
    system = System(local_run.read("environment.json"))
    async with People(system) as people:
        now = datetime.fromisoformat((await people.get(PROGRAMME, "/applications/api/v1/clock"))["now"])
        fund = await complete(Journey(people, movable=False), now.date().isoformat())
    async with Programs(
        system["TANDEM_OIDC_ISSUER"],
        client_id=system["TANDEM_OIDC_CLIENT_ID"],
        client_secret=system["TANDEM_OIDC_CLIENT_SECRET"],
        origin=system.origin,
    ) as programs:
        everybody = (OFFICER, HOME, HOST, HOST_COUNTRY, PROGRAMME)
        return {who: Client(system.origin, await programs.sign_in_as(who)) for who in everybody}, fund, now


async def test_a_generated_client_takes_an_application_to_a_cohort(
    acting: tuple[dict[str, Client], str, datetime],
) -> None:
    """Draft to submitted, placement to published, cohort to committed, each step by a generated function."""
    clients, fund, now = acting
    call_id = opened_call(clients[PROGRAMME], fund, now)
    application_id = submitted(clients[OFFICER], call_id, now)
    read = "applications.applications.get_application"
    clients[HOME].changed("applications.decisions.endorse_application", application_id, read=read)
    published(clients, call_id, now)
    committed(clients[PROGRAMME], call_id, application_id)
    refused = clients[OFFICER].call(
        "applications.applications.submit_application", application_id, expect=412, if_match='"nonsense"'
    )
    assert type(refused).__name__ == "Problem"
    assert refused.status == 412


def opened_call(programme: Client, fund: str, now: datetime) -> UUID:
    """Publish a call for study visits; return its id."""
    today = now.date()
    terms = programme.body(
        "applications",
        "CallEntry",
        kinds=["study_visit"],
        texts=[{"language": "en", "title": "Generated client", "summary": "Made by a generated client."}],
        scheme="empact-2026",
        topics=["online_crime"],
        opens=today.isoformat(),
        deadline=datetime.combine(today + timedelta(days=30), datetime.min.time(), UTC).isoformat(),
        closes=(today + timedelta(days=180)).isoformat(),
        visit_periods=[period(today)],
        rules={"countries": ["AM", "GE"]},
        fund_id=fund,
        timers={"notice_weeks": 1, "agenda_weeks": 0},
    )
    made = programme.call("applications.calls.publish_call", body=terms, expect=201)
    listed = programme.call("applications.calls.list_calls", expect=200)
    assert made.id in {call.id for call in listed.items}
    return UUID(str(made.id))


def submitted(officer: Client, call_id: UUID, now: datetime) -> UUID:
    """Begin a draft, save its answers and submit it; return its id."""
    begun = officer.body("applications", "Begin", call_id=str(call_id), kind="study_visit")
    draft = officer.call("applications.applications.create_application", body=begun, expect=201)
    answers = officer.body("applications", "Answers", **ANSWERS, periods=[period(now.date())])
    # The client sends what it knows of a draft, defaults too: the confirmation of the notice is among the answers.
    answers.privacy_version = privacy_notice.VERSION
    read = "applications.applications.get_application"
    officer.changed("applications.applications.save_application_answers", draft.id, read=read, body=answers)
    sent = officer.call("applications.applications.submit_application", draft.id, expect=200, if_match=officer.version)
    assert sent.state == "submitted"
    assert sent.reference
    read = officer.call("applications.applications.get_application", draft.id, expect=200)
    assert read.reference == sent.reference
    return UUID(str(draft.id))


def published(clients: dict[str, Client], call_id: UUID, now: datetime) -> None:
    """Write a placement, have it endorsed, and publish it."""
    entry = {
        "title": "A week with the cybercrime unit",
        "city": "Lyon",
        "outline": "Seizure of devices, the laboratory, a closed case.",
        "topics": ["online_crime"],
        "expertise": ["analysis"],
        "places": 1,
        "periods": [period(now.date()) | {"places_per_week": 1}],
        "languages": [{"language": "en", "level": "B1"}],
        "days": 2,
    }
    new = clients[HOST].body("applications", "NewPlacement", call_id=str(call_id), entry=entry)
    offer = clients[HOST].call("applications.offers.create_offer", body=new, expect=201)
    read = "applications.offers.get_offer"
    clients[HOST].changed("applications.offers.submit_offer", offer.id, read=read)
    clients[HOST_COUNTRY].changed("applications.offers.endorse_offer", offer.id, read=read)
    placement = clients[HOST].changed("applications.offers.publish_offer", offer.id, read=read)
    assert placement.state == "published"


def committed(programme: Client, call_id: UUID, application_id: UUID) -> None:
    """Confirm that the application is eligible, wait for its provisional match and commit it as a cohort."""

    def judged() -> Any:
        waiting = programme.call("applications.decisions.list_eligibility_judgements", expect=200, call_id=call_id)
        return next((each for each in waiting.items if each.id == application_id), None)

    read = until(judged)
    item = {"id": str(application_id), "version": read.version}
    confirmation = programme.body("applications", "Confirmation", applications=[item])
    programme.call("applications.decisions.confirm_eligibility", body=confirmation, expect=200)

    def pair() -> Any:
        found = programme.call("matching.matching.get_provisional_matches", expect=200, call_id=call_id)
        return next((each for each in found.items if each.id == application_id), None)

    match = until(pair)
    pairs = [{"application_id": str(application_id), "seat_id": str(match.seat_id), "version": match.version}]
    cohort = programme.body("matching", "Cohort", call_id=str(call_id), pairs=pairs)
    done = programme.call("matching.cohorts.commit_cohort", body=cohort, expect=201)
    assert len(done.matches.to_dict()) == 1
