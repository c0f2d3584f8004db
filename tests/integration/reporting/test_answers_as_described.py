"""Compare with its description what reporting reads, forms by ticket, uploads, and programs' reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.identity import issue_ticket
from shared.identity.ticket_exchange import HEADER
from shared.identity.token_scopes import READ_FIGURES
from tests.contracts.openapi_gaps import committed, operations
from tests.integration.reporting.acts import EVALUATED
from tests.integration.reporting.answers.test_forms import APPLICATION, VISIT
from tests.integration.reporting.assessments.test_sittings import the_test, to_the_end, visits
from tests.integration.reporting.feeds.test_files import published
from tests.integration.reporting.feeds.test_tokens import issued
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.targets.test_import_file import TABLE
from tests.integration.shared.identity.conftest import signing_issuer
from tests.read_trial import bearer, everybody, needs_a_ticket, open_to_programs, program, unread
from tests.support import ticket_keys

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House
    from tests.integration.shared.identity.conftest import SigningIssuer
__all__ = ["signing_issuer"]
API = "/reporting/api/v1"
KNOWN = {
    "period": "2026-Q1",
    "label": "2026-Q1",
    "statement": "1",
    "name": "figures.csv",
    "indicator": "TOPCOP-OP-02",
    "grouping": "host-country",
    "application_id": str(APPLICATION),
}


async def test_each_reading_operation_answers_as_described(house: House) -> None:
    """Each GET operation but those for tickets answers 200 to somebody, about a published period."""
    await published(house, KNOWN["period"])
    token = await issued(await house.grant(Role.PROGRAMME_COORDINATOR))
    test = await the_test(house)
    questions = (await (await house.grant(Role.EVALUATOR)).get(f"{API}/questions")).json()["items"]
    known = {**KNOWN, "token": token["id"], "test": test, "question": questions[0]["id"]}
    readers = await everybody(house.app, {})
    found = await unread(house.app, "reporting", readers, known, lambda each: not needs_a_ticket(each))
    assert found == []


async def test_a_program_reads_figures_as_described(house: House, signing_issuer: SigningIssuer) -> None:
    """A program's own token opens each operation that names its scope."""
    await published(house, KNOWN["period"])
    dashboard = program(house.app, signing_issuer, READ_FIGURES)
    assert await unread(house.app, "reporting", [dashboard], KNOWN, open_to_programs) == []


async def test_forms_are_answered_to_a_ticket_as_described(
    house: House, signing_issuer: SigningIssuer, own_clock: None
) -> None:
    """A person's program reads each form with the ticket for it, and submits an evaluation, once."""
    await the_test(house)
    planned, over = visits()
    await feed_events(house, planned)
    guest = house.stranger()
    token = bearer(house.app, signing_issuer, sub="officer")

    def ticket(purpose: str, subject: str) -> dict[str, str]:
        return token | {HEADER: issue_ticket(purpose, subject, person="officer", private_key=ticket_keys()[0])}

    address, headers = f"{API}/test-before/guest.{VISIT}", ticket("test_before", f"guest.{VISIT}")
    for status in (201, 200):
        sent = await guest.post(address, json={"answers": {"1": [0]}}, headers=headers)
        assert sent.status_code == status, sent.text
    await to_the_end(house, over)
    for subject, purposes in (
        (str(APPLICATION), ("evaluation", "report", "follow_up", "cascade")),
        (f"guest.{VISIT}", ("test_before", "test_after")),
    ):
        tickets = [ticket(purpose, subject) for purpose in purposes]
        tests = "test_before" in purposes
        chosen = [each for *_, each in operations(committed("reporting")) if needs_a_ticket(each)]
        chosen = [each for each in chosen if (each["operationId"].startswith("get_test_")) == tests]
        assert await unread(house.app, "reporting", tickets, {"subject": subject}, chosen.__contains__) == []
    for status in (201, 409):
        changed = EVALUATED if status == 201 else EVALUATED | {"overall": 1}
        address, headers = f"{API}/evaluations/{APPLICATION}", ticket("evaluation", str(APPLICATION))
        sent = await guest.post(address, json=changed, headers=headers)
        assert sent.status_code == status, sent.text


async def test_an_uploaded_table_is_answered_as_described(house: House) -> None:
    """A table of targets is taken; one with errors and another type of body are refused."""
    evaluator = await house.grant(Role.EVALUATOR)
    for content, kind, status in ((TABLE, "text/csv", 200), ("x,y", "text/csv", 422), ("{}", "application/json", 415)):
        answer = await evaluator.post(f"{API}/targets/import", content=content, headers={"Content-Type": kind})
        assert answer.status_code == status, answer.text
