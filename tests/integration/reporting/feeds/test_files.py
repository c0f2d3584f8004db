"""The files of a published period keep their addresses, and nothing that breaks a rule is published."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import OKPKey
from lxml import etree
from sqlalchemy import text

from deploy.cli.feeds import look
from deploy.cli.system import Failed
from services.reporting.feeds.actions.files import KINDS
from services.reporting.feeds.actions.publications import keep_files_of
from services.reporting.feeds.model.publication import broken
from services.reporting.feeds.signing import signed
from services.reporting.feeds.store import publications as store
from shared.contracts.codes import Role
from shared.time import clock
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world
from tests.serving import served

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House
DOCUMENTED = Path(__file__).parents[4] / "docs/feeds.md"


async def test_files_are_made_on_publication_and_stay(house: House) -> None:
    """Each published file has one address, a working ETag, and the same bytes whatever comes later."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    address = "/reporting/api/v1/feeds/2026-Q1"
    early = await donor.get(f"{address}/figures.csv")
    assert (early.status_code, "not published" in early.text) == (409, True)
    assert "has no files yet" in (await donor.get("/reporting/feeds?period=2026-Q1")).text
    await author.post("/reporting/periods/2026-Q1/submit")
    await other.post("/reporting/periods/2026-Q1/approve")

    bus = house.app.state.service.bus
    right = bus.settings
    bus.settings = right.model_copy(update={"iati_organisation_type": "99"})
    refused = await author.post("/reporting/periods/2026-Q1/publish")
    assert (refused.status_code, "OrganisationType" in refused.text) == (409, True)
    page = (await author.get("/reporting/feeds?period=2026-Q1")).text
    assert "The code 99 is not in IATI" in page
    bus.settings = right
    assert (await author.post("/reporting/periods/2026-Q1/publish")).status_code == 303

    response = (await donor.get(address)).json()
    assert response["findings"] == []
    (stated,) = response["publications"]
    assert [each["name"] for each in stated["files"]] == list(KINDS)
    before = {each["name"]: await donor.get(urlsplit(each["address"]).path) for each in stated["files"]}
    # Neither facts that come, nor another name of the programme, nor a new target changes what was published.
    await feed_events(house, world(16)[-20:])
    bus.settings = right.model_copy(update={"programme_title": "Another title"})
    for each in stated["files"]:
        name, answer = each["name"], before[each["name"]]
        assert (answer.status_code, len(answer.content)) == (200, each["size"]), answer.text
        assert hashlib.sha256(answer.content).hexdigest() == each["sha256"] == answer.headers["etag"].strip('"')
        assert "immutable" in answer.headers["cache-control"]
        for other_way in (f"2026-Q1/{name}", f"2026-Q1/latest/{name}", f"latest/{name}", f"latest/latest/{name}"):
            for home in ("/reporting/feeds", "/reporting/api/v1/feeds"):
                again = await donor.get(f"{home}/{other_way}")
                assert again.content == answer.content, other_way
                assert again.headers["last-modified"] == answer.headers["last-modified"]
                assert again.headers["content-location"] == f"/reporting/feeds/2026-Q1/1/{name}"
                assert "immutable" not in again.headers["cache-control"]
    etree.fromstring(before["iati-activities.xml"].content)
    assert 'rel="describedby"' in before["figures.csv"].headers["link"]
    page = (await donor.get("/reporting/feeds?period=2026-Q1")).text
    assert all(f"/reporting/feeds/2026-Q1/1/{name}" in page for name in KINDS)


async def test_conditional_requests_follow_rfc_9110(house: House) -> None:
    """Tag, date and HEAD follow RFC 9110: a tag precedes a date, and no content is sent twice."""
    await published(house, "2026-Q1")
    donor = await house.grant(Role.DONOR)
    for address in ("/reporting/api/v1/feeds/2026-Q1/figures.csv", "/reporting/feeds/manifest.json"):
        answer = await donor.get(address)
        tag, date = answer.headers["etag"], answer.headers["last-modified"]
        for headers in (
            {"If-None-Match": f'"x", W/{tag}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": date},
        ):
            same = await donor.get(address, headers=headers)
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag), headers
        for condition in (
            {"If-None-Match": '"x"', "If-Modified-Since": date},
            {"If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
            {"If-Modified-Since": "yesterday"},
        ):
            assert (await donor.get(address, headers=condition)).content == answer.content, condition
        head = await donor.head(address)
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head.headers[name] for name in ("etag", "content-length", "content-type", "repr-digest")} == {
            name: answer.headers[name] for name in ("etag", "content-length", "content-type", "repr-digest")
        }


async def test_files_are_answered_as_described(house: House) -> None:
    """The tag, the links and the other headers of a file are described (`tests/described_answers.py`)."""
    await published(house, "2026-Q1")
    donor = await house.grant(Role.DONOR)
    file = "feeds/2026-Q1/figures.csv"
    tag = (await donor.get(f"/reporting/api/v1/{file}")).headers["etag"]
    for path, status, headers in (
        (file, 200, {}),
        (file, 304, {"If-None-Match": tag}),
        ("feeds/2026-Q1/1/figures.csv", 200, {}),
        ("figures.csv", 200, {}),
        ("iati.xml?period=2026-Q1", 200, {}),
        ("needs.csv", 200, {}),
    ):
        answer = await donor.get(f"/reporting/api/v1/{path}", headers=headers)
        assert answer.status_code == status, path


async def test_unpublished_files_are_refused_with_a_message(house: House) -> None:
    """An unpublished period gives 409 with its state, and an unknown period, statement, file or manifest 404."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)

    async def answer_to(path: str) -> tuple[int, str]:
        answer = await donor.get(f"/reporting/api/v1/feeds/{path}")
        return answer.status_code, answer.json()["detail"]

    for step, state in ((None, "Draft"), ("submit", "Submitted"), ("approve", "Frozen")):
        if step:
            assert (
                await (other if step == "approve" else author).post(f"/reporting/periods/2026-Q1/{step}")
            ).is_redirect
        for name in KINDS:
            assert await answer_to(f"2026-Q1/{name}") == (
                409,
                f"The period 2026-Q1 is not published, so it has no files yet. Its status is: {state}.",
            )
    page = await donor.get("/reporting/feeds/2026-Q1/figures.csv")
    assert (page.status_code, "Not published yet" in page.text, "This is not possible" in page.text) == (
        409,
        True,
        False,
    )
    assert (await answer_to("latest/figures.csv"))[0] == 404
    assert (
        await donor.get("/reporting/feeds/manifest.json", headers={"Accept": "application/json"})
    ).status_code == 404
    assert (await author.post("/reporting/periods/2026-Q1/publish")).is_redirect
    for path, words in (
        ("2026-Q1/figures.pdf", "There is no such file. A period has these: figures.csv"),
        ("2026-Q1/2/figures.csv", "has no published statement 2. Its newest statement is 1."),
        ("2026-Q1/last/figures.csv", "A statement must be a number"),
        ("2026-X1/figures.csv", "There is no such period"),
        ("programme/figures.csv", "There is no such period"),
    ):
        status, sentence = await answer_to(path)
        assert (status, words in sentence) == (404, True), sentence


async def test_a_replaced_statement_stays_and_names_its_successor(house: House) -> None:
    """A restated period has new files, and the earlier ones keep their bytes and name their successors."""
    author, other = await published(house, "2026-Q1")
    donor = await house.grant(Role.DONOR)
    first = await donor.get("/reporting/feeds/2026-Q1/1/figures.csv")
    assert "successor-version" not in first.headers["link"]
    known = {ident("application", n) for n in (12, 13, 15, 16, 18)}
    late = [each for each in world(19, running=0) if each.story in known]
    await feed_events(house, [replace(each, at=clock.now()) if "Visit" in each.event.type else each for each in late])
    page = "/reporting/periods/2026-Q1/restatement"
    assert (await author.post(f"{page}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await other.post(f"{page}/approve")).status_code == 303

    still = await donor.get("/reporting/feeds/2026-Q1/1/figures.csv")
    assert (still.content, still.headers["etag"]) == (first.content, first.headers["etag"])
    assert '</reporting/feeds/2026-Q1/2/figures.csv>; rel="successor-version"' in still.headers["link"]
    now = await donor.get("/reporting/feeds/2026-Q1/latest/figures.csv")
    assert now.content == (await donor.get("/reporting/feeds/2026-Q1/2/figures.csv")).content != first.content
    manifests = [(await donor.get(f"/reporting/feeds/manifests/{n}.json")).content for n in (1, 2)]
    assert broken(manifests) == []
    assert (await donor.get("/reporting/feeds/manifest.json")).content == manifests[-1]
    publications = json.loads(manifests[-1])["publications"]
    assert [(each["statement"], each["replaced_by"], each["reason"]) for each in publications] == [
        (1, 2, None),
        (2, None, "late_facts"),
    ]
    shown = (await donor.get("/reporting/feeds?period=2026-Q1")).text
    assert "Statement 1 of" in shown
    assert "replaced by statement 2" in shown


async def test_the_documented_commands_verify_published_files(house: House) -> None:
    """The commands of the documentation accept the real files and report a changed file or a wrong signature."""
    async with served(house.app) as origin:
        bus = house.app.state.service.bus
        bus.settings = bus.settings.model_copy(update={"origin": origin})
        await published(house, "2026-Q1")
        donor, coordinator = await house.grant(Role.DONOR), await house.grant(Role.PROGRAMME_COORDINATOR)
        wanted = {"consumer": "OPSYS", "expires": str(clock.today())}
        token = (await coordinator.post("/reporting/api/v1/feeds/tokens", json=wanted)).json()["token"]

        async def checked() -> tuple[int | None, str]:
            lines = DOCUMENTED.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", lines, f"{origin}/reporting/feeds", f"Authorization: Bearer {token}"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            answer_to, _ = await process.communicate()
            return process.returncode, answer_to.decode()

        status, answer_to = await checked()
        assert (status, f"{len(KINDS)} files listed, 0 are not as listed" in answer_to) == (0, True), answer_to
        (key,) = (await donor.get("/reporting/feeds/keys")).json()["keys"]
        assert key["kid"] in answer_to
        assert key["kid"] in (await donor.get("/reporting/feeds")).text

        command = "-m", "deploy.cli.main", "feeds", "verify", f"{origin}/reporting/feeds", "--key", key["kid"]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "TANDEM_FEEDS_TOKEN": token},
            cwd=DOCUMENTED.parents[1],
        )
        printed, _ = await process.communicate()
        assert (process.returncode, printed.decode().splitlines()[0]) == (
            0,
            f"Manifests: 1. Files checked: {len(KINDS)}. Wrong: 0.",
        )

        async with bus.transaction("system:tests") as tx:
            await tx.session.execute(text("UPDATE feed_file SET sha256 = (SELECT sha256 FROM manifest)"))
        status, answer_to = await checked()
        assert (status, f"{len(KINDS)} are not as listed" in answer_to) == (0, True), answer_to
        async with bus.transaction("system:tests") as tx:
            forged = OKPKey.generate_key("Ed25519")
            content = (await donor.get("/reporting/feeds/manifest.json")).content
            parameters = {"mac": signed(content, forged).rpartition(".")[2]}
            await tx.session.execute(
                text("UPDATE manifest SET signature = split_part(signature, '.', 1) || '..' || :mac"), parameters
            )
        status, answer_to = await checked()
        assert (status, "InvalidSignature" in answer_to) == (1, True), answer_to


async def test_the_command_verifies_everything_ever_published(house: House) -> None:
    """Valid files are reported as valid, and a changed file, a forged manifest and a foreign key are found."""
    await published(house, "2026-Q1")
    await published(house, "2025-Q4", feed=False)
    donor = await house.grant(Role.DONOR)
    found = await look(donor, "/reporting/feeds")
    assert (found.manifests, found.files, found.closed, found.wrong) == (2, 2 * len(KINDS), 0, [])
    (kid,) = found.keys
    assert (await look(donor, "/reporting/feeds", kid)).wrong == []
    assert len((await look(donor, "/reporting/feeds", "another")).wrong) == 2
    open_ = await look(house.stranger(), "/reporting/feeds")
    assert (open_.files, open_.closed, open_.wrong) == (4, 2 * len(KINDS) - 4, [])
    with pytest.raises(Failed, match="answered with status 404"):
        await look(donor, "/reporting/feeds/of")

    async with house.app.state.service.bus.transaction("system:tests") as tx:
        swap = "UPDATE feed_file SET sha256 = (SELECT sha256 FROM manifest WHERE number = 1) WHERE name = 'figures.csv'"
        await tx.session.execute(text(swap))
    wrong = (await look(donor, "/reporting/feeds")).wrong
    assert [each.endswith("differs from the published file") for each in wrong] == [True, True]
    async with house.app.state.service.bus.transaction("system:tests") as tx:
        await tx.session.execute(text("UPDATE manifest SET sha256 = (SELECT sha256 FROM manifest WHERE number = 2)"))
    wrong = (await look(donor, "/reporting/feeds")).wrong
    assert "manifest 1 is signed with none of the keys" in wrong
    assert "manifest 2 does not follow manifest 1" in wrong


async def test_damaged_files_are_not_served(house: House) -> None:
    """Stored bytes are compared with their digest each time they are read."""
    await published(house, "2026-Q1")
    bus = house.app.state.service.bus
    async with bus.transaction("system:tests") as tx:
        await tx.session.execute(text("UPDATE blob SET content = (SELECT content FROM blob LIMIT 1)"))
    async with bus.read() as session:
        refused = 0
        for name in KINDS:  # one of the files may be the one whose bytes all have now
            try:
                await store.file(session, "2026-Q1", name)
            except RuntimeError as error:
                refused += "damaged in the database" in str(error)
    assert refused >= len(KINDS) - 1


async def test_older_publications_get_files_once(house: House) -> None:
    """After an update each older publication gets files with its own date, and one manifest a period."""
    await published(house, "2026-Q1")
    await published(house, "2025-Q4", feed=False)
    donor = await house.grant(Role.DONOR)
    before = (await donor.get("/reporting/api/v1/feeds/2026-Q1")).json()["publications"]
    bus = house.app.state.service.bus
    async with bus.transaction("system:tests") as tx:
        for table in ("blob", "feed_file", "manifest"):
            await tx.session.execute(text(f"DELETE FROM {table}"))
    async with bus.read() as session:
        waiting = await store.unpublished(session)
    assert list(waiting) == ["2026-Q1", "2025-Q4"]
    for label in [*waiting, *waiting]:
        await keep_files_of(bus, label)
    after = (await donor.get("/reporting/api/v1/feeds/2026-Q1")).json()["publications"]
    (stated,), (was,) = after, before
    again, first = ({each["name"]: each for each in entry["files"]} for entry in (stated, was))
    assert list(again) == list(first) == list(KINDS)
    assert [name for name in KINDS if again[name] != first[name]] == ["report.pdf"], "a new signature is another file"
    assert datetime.fromisoformat(stated["published_at"]) == waiting["2026-Q1"]
    assert json.loads((await donor.get("/reporting/feeds/manifest.json")).content)["manifest"] == 2


async def test_the_latest_iati_file_has_all_published_periods(house: House) -> None:
    """The latest IATI file is the one published last, with all periods; other files are of the last period."""
    await published(house, "2026-Q1")
    await published(house, "2025-Q4", feed=False)
    donor = await house.grant(Role.DONOR)
    answer = await donor.get("/reporting/feeds/latest/iati-activities.xml")
    assert answer.headers["content-location"] == "/reporting/feeds/2025-Q4/1/iati-activities.xml"

    def begun(content: bytes) -> set[str]:
        root: Any = etree.fromstring(content)
        of_visits = "//indicator[reference/@code='TOPCOP-OP-02']/period/period-start/@iso-date"
        return set(root.xpath(of_visits))

    assert begun(answer.content) == {"2025-10-01", "2026-01-01"}
    assert begun((await donor.get("/reporting/feeds/2026-Q1/1/iati-activities.xml")).content) == {"2026-01-01"}
    assert begun((await donor.get("/reporting/iati.xml?period=2026-Q1")).content) == {"2025-10-01", "2026-01-01"}
    other = await donor.get("/reporting/feeds/latest/figures.csv")
    assert other.headers["content-location"] == "/reporting/feeds/2026-Q1/1/figures.csv"


async def published(house: House, label: str, *, feed: bool = True) -> tuple[httpx2.AsyncClient, httpx2.AsyncClient]:
    """Publish a period; return its author and its approver. `feed`: whether to feed the small programme first."""
    if feed:
        await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        answer = await who.post(f"/reporting/periods/{label}/{step}")
        assert answer.status_code == 303, answer.text
    return author, other


async def test_the_exclusion_policy_is_published(house: House) -> None:
    """The policy names exclusions in general and by indicator, also without a figure yet."""
    donor = await house.grant(Role.DONOR)
    assert (await donor.get("/reporting/feeds/exclusions")).status_code == 200
    await published(house, "2026-H1")
    page = (await donor.get("/reporting/feeds/exclusions?period=2026-H1")).text
    assert "fewer than 5 people" in page
    assert "TOPCOP-PR-02" in page or "TOPCOP-OP-02" in page
    assert "The whole breakdown by" in page
