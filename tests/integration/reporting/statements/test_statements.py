"""A published statement keeps its addresses: a later one changes no page, list, file or report of it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from asn1crypto.x509 import Certificate as AsnCertificate
from pydantic import SecretStr
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from services.reporting.feeds.actions.files import KINDS
from services.reporting.indicators.model.catalogue import INDICATORS
from shared.contracts.codes import Role
from shared.documents import signing
from shared.time import clock
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world
from tests.support import document_keys

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House

LABEL = "2026-Q1"
HOME = f"/reporting/{LABEL}/1/"
LATE = tuple(n for n in range(24, 60) if n % 3 < 2)
"""Visits of the quarter that may be told of together: enough of each country, topic and sex."""
RESTATEMENT = f"/reporting/periods/{LABEL}/restatement"


async def published(house: House) -> None:
    """Publish a quarter with sixteen visits."""
    await feed_events(house, world(24))
    await house.publish(LABEL)


async def propose(house: House) -> None:
    """Let more visits of the quarter become known, and propose to state it again."""
    known = {ident("application", n) for n in LATE}
    late = [each for each in world(max(LATE) + 1, running=0) if each.story in known]
    await feed_events(house, [replace(each, at=clock.now()) if "Visit" in each.event.type else each for each in late])
    author = await house.grant(Role.EVALUATOR, name="author of figures")
    assert (await author.post(f"{RESTATEMENT}/propose", data={"reason": "late_facts"})).status_code == 303


async def restate(house: House) -> None:
    """Publish the proposed statement."""
    other = await house.grant(Role.PROGRAMME_COORDINATOR, name="approver of figures")
    assert (await other.post(f"{RESTATEMENT}/approve")).status_code == 303


def content_of(answer: httpx2.Response) -> bytes:
    """Return the bytes of an answer, of a page without the token of its forms, which is another each time."""
    return re.sub(rb'name="csrf_token" value="[^"]+"', b"", answer.content)


async def everything_below(client: httpx2.AsyncClient, home: str) -> dict[str, bytes]:
    """Return the content of each address below `home` that is reached from there by links."""
    found: dict[str, bytes] = {}
    waiting = [home]
    while waiting:
        address = waiting.pop()
        answer = await client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        found[address] = content_of(answer)
        if answer.headers["content-type"].startswith("text/html"):
            links = [urljoin(address, each) for each in re.findall(r'href="([^"#]+)"', answer.text)]
            waiting += [each for each in dict.fromkeys(links) if each.startswith(home) and each not in found]
            waiting = list(dict.fromkeys(waiting))
    return found


async def test_a_later_statement_changes_no_address_of_an_earlier_one(house: House) -> None:
    """Every page, list of events, file and report reached from statement 1 has the same bytes after statement 2."""
    await published(house)
    auditor, donor = await house.grant(Role.AUDITOR), await house.grant(Role.DONOR)
    before = [await everything_below(each, HOME) for each in (auditor, donor)]
    assert {f"{HOME}indicators/{each}" for each in INDICATORS} <= before[1].keys()
    assert {f"{HOME}{name}" for name in KINDS} <= before[1].keys()
    assert f"{HOME}indicators/TOPCOP-OP-02/events" in before[0]
    assert f"{HOME}indicators/TOPCOP-OP-02/events.txt" in before[0]
    assert any(each.endswith("/events.txt") and "/host-country/" in each for each in before[0])
    assert not any("/events" in each for each in before[1]), "a donor gets no link to events"
    await propose(house)
    await restate(house)
    after = [await everything_below(each, HOME) for each in (auditor, donor)]
    assert [each.keys() for each in before] == [each.keys() for each in after]
    moved = [address for was, now in zip(before, after, strict=True) for address in was if was[address] != now[address]]
    assert moved == []
    second = [await donor.get(f"/reporting/{LABEL}/2/{each}") for each in ("report.pdf", "indicators/TOPCOP-OP-02")]
    assert second[0].content != before[0][f"{HOME}report.pdf"]
    assert "16" in _total(before[0][f"{HOME}indicators/TOPCOP-OP-02"])
    assert "40" in _total(second[1].content)


def _total(page: bytes) -> str:
    found = re.search(r"<h1[^>]*>([^<]+)</h1>", page.decode())
    assert found is not None
    return found[1]


async def test_the_ids_of_events_give_the_published_digest(house: House) -> None:
    """The list of ids, as it is downloaded, has the digest that the statement shows, of totals and of parts."""
    await published(house)
    auditor = await house.grant(Role.AUDITOR)
    figure = (await auditor.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02?period={LABEL}&statement=1")).json()
    (hosts,) = [figure["breakdowns"]["host-country"]]
    shown = [each for each in hosts if each["events_digest"]]
    assert shown, "the quarter has parts that are shown"
    digests = {"": figure["events_digest"]}
    digests |= {f"/host-country/{each['value_of']}": each["events_digest"] for each in shown}
    for rest, digest in digests.items():
        answer = await auditor.get(f"{HOME}indicators/TOPCOP-OP-02{rest}/events.txt")
        assert hashlib.sha256(answer.content).hexdigest() == digest
    for rest in ("country-of-service/AM", "host-country/IT", "nothing/FR"):
        hidden = await auditor.get(f"{HOME}indicators/TOPCOP-OP-02/{rest}/events")
        assert (hidden.status_code, "is not shown in that statement" in hidden.text) == (404, True)
    donor = await house.grant(Role.DONOR)
    assert (await donor.get(f"{HOME}indicators/TOPCOP-OP-02/events")).status_code == 403
    assert (await donor.get(f"{HOME}indicators/TOPCOP-OP-02/host-country/FR/events.txt")).status_code == 403


async def test_old_addresses_lead_to_the_statement_that_they_name(house: House) -> None:
    """`?statement=` is never ignored, `latest` is the present statement, and the API answers with that statement."""
    await published(house)
    await propose(house)
    await restate(house)
    auditor = await house.grant(Role.AUDITOR)
    for old, place in (
        ("", ""),
        ("report.pdf", "report.pdf"),
        ("figures.csv", "figures.csv"),
        ("iati.xml", "iati-activities.xml"),
        ("feeds", ""),
        ("indicators/TOPCOP-OP-02", "indicators/TOPCOP-OP-02"),
        ("indicators/TOPCOP-OP-02/events", "indicators/TOPCOP-OP-02/events"),
    ):
        for number in ("1", "2"):
            led = await auditor.get(f"/reporting/{old}?period={LABEL}&statement={number}")
            assert (led.status_code, led.headers.get("location")) == (307, f"/reporting/{LABEL}/{number}/{place}")
        for label, number in ((LABEL, "latest"), ("latest", "2"), ("latest", "latest")):
            answer = await auditor.get(f"/reporting/{label}/{number}/{place}", follow_redirects=True)
            fixed = await auditor.get(f"/reporting/{LABEL}/2/{place}")
            assert content_of(answer) == content_of(fixed)
    led = await auditor.get(f"/reporting/report.pdf?period={LABEL}")
    assert led.headers["location"] == f"/reporting/{LABEL}/2/report.pdf"
    for path, name in (("figures.csv", "figures.csv"), ("iati.xml", "iati-activities.xml")):
        for number in ("1", "2"):
            answer = await auditor.get(f"/reporting/api/v1/{path}?period={LABEL}&statement={number}")
            assert answer.content == (await auditor.get(f"/reporting/{LABEL}/{number}/{name}")).content
    api = "/reporting/api/v1/indicators/TOPCOP-OP-02"
    values = [(await auditor.get(f"{api}?period={LABEL}{each}")).json()["value"] for each in ("&statement=1", "")]
    assert values == ["16", "40"]
    listed = [(await auditor.get(f"{api}/events?period={LABEL}&statement={n}")).json()["events"] for n in (1, 2)]
    assert [len(each) for each in listed] == [16, 40]
    figures = [(await auditor.get(f"/reporting/api/v1/figures?period={LABEL}&statement={n}")).json() for n in (1, 2)]
    assert [each["statement"] for each in figures] == [1, 2]
    assert figures[0]["figures_digest"] != figures[1]["figures_digest"]
    for path in ("needs", "needs.csv", "charts/path.csv", "feeds/exclusions", "api/v1/needs"):
        answer = await auditor.get(f"/reporting/{path}?period={LABEL}&statement=1")
        assert (answer.status_code, HOME in answer.text) == (404, True), path


async def test_a_statement_without_a_kept_report_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement from before reports were kept has no PDF file: page and address say what to do instead."""
    with monkeypatch.context() as earlier:
        earlier.delitem(KINDS, "report.pdf")
        await published(house)
    donor = await house.grant(Role.DONOR)
    page = (await donor.get(HOME)).text
    assert "so it has no PDF file. Print this page, which has the same figures." in page
    assert 'href="report.pdf"' not in page
    refused = await donor.get(f"{HOME}report.pdf")
    assert (refused.status_code, "Its page has the same figures" in refused.text) == (404, True)


async def test_unknown_and_unpublished_statements_are_not_found(house: House) -> None:
    """Unknown statements, drafts and proposed statements are answered with 404 and a plain sentence."""
    await published(house)
    await propose(house)
    coordinator, donor = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.DONOR)
    for who in (coordinator, donor):
        for place, sentence in (
            (f"{LABEL}/2", f"The period {LABEL} has no statement 2. Its newest is statement 1."),
            (f"{LABEL}/0", "A statement is a number"),
            (f"{LABEL}/01", "A statement is a number"),
            (f"{LABEL}/first", "A statement is a number"),
            ("2026-H2/1", "The period 2026-H2 is not published"),
            ("2026-H7/1", "There is no such period"),
        ):
            for rest in ("", "indicators/TOPCOP-OP-02"):
                answer = await who.get(f"/reporting/{place}/{rest}")
                assert (answer.status_code, sentence in answer.text) == (404, True), (place, rest)
        assert (await who.get(f"{HOME}indicators/TOPCOP-XX-01")).status_code == 404
        assert (await who.get(f"{HOME}nothing.pdf")).status_code == 404
        for place in (f"{LABEL}/2/report.pdf", "2026-H2/1/report.pdf", "2026-H2/"):
            assert (await who.get(f"/reporting/{place}")).status_code == 404, place
        assert (await who.get(f"/reporting/api/v1/figures?period={LABEL}&statement=2")).status_code == 404


async def test_the_kept_report_is_signed_and_listed(house: House) -> None:
    """The report is made once, in English, with a PAdES signature that a library accepts, and the manifest lists it."""
    await published(house)
    donor = await house.grant(Role.DONOR)
    content = (await donor.get(f"{HOME}report.pdf")).content
    donor.cookies.set("language", "uk", domain="localhost.local")
    same = content == (await donor.get(f"{HOME}report.pdf")).content
    assert same, "the same in each language"
    donor.cookies.delete("language")
    manifest = json.loads((await donor.get("/reporting/feeds/manifest.json")).content)
    (listed,) = [each for each in manifest["publications"][0]["files"] if each["name"] == "report.pdf"]
    assert listed["sha256"] == hashlib.sha256(content).hexdigest()
    signer = signing.signer_of(house.app.state.service.settings)
    (found,) = PdfFileReader(BytesIO(content)).embedded_signatures
    status = await async_validate_pdf_signature(
        found, ValidationContext(trust_roots=[AsnCertificate.load(signer.chain[0])])
    )
    assert status.bottom_line
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert (status.coverage, status.modification_level) == (
        SignatureCoverageLevel.ENTIRE_FILE,
        ModificationLevel.NONE,
    )
    page = (await donor.get(HOME)).text
    assert "Signed by Tandem, the tests" in page
    assert listed["sha256"] in page


async def test_a_report_that_was_changed_is_found(house: House) -> None:
    """A changed byte and an addition behind the end both break the signature of the kept report."""
    await published(house)
    content = (await (await house.grant(Role.DONOR)).get(f"{HOME}report.pdf")).content
    signer = signing.read(document_keys()["signing_key"], document_keys()["signing_certificates"])
    assert await signing.check(content, signer) is signing.Signed.HOLDS
    place = content.index(b"/Title")
    changed = content[:place] + b"/Titel" + content[place + 6 :]
    assert await signing.check(changed, signer) is signing.Signed.CHANGED
    assert await signing.check(content + b"\n%%EOF", signer) is signing.Signed.CHANGED


@pytest.mark.parametrize("signs", [True, False])
async def test_a_programme_without_a_key_publishes_and_says_so(house: House, *, signs: bool) -> None:
    """Without a signing key the report is kept as it is, and the statement's page says that it is not signed."""
    bus = house.app.state.service.bus
    if not signs:
        bus.settings = bus.settings.model_copy(update={"signing_key": SecretStr("")})
    await published(house)
    donor = await house.grant(Role.DONOR)
    content = (await donor.get(f"{HOME}report.pdf")).content
    assert content.startswith(b"%PDF")
    assert (signing.signature_of(content) is not None) == signs
    assert ("Not signed: the programme had no signing key" in (await donor.get(HOME)).text) is not signs
