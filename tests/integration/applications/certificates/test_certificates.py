"""Officers download certificates, and anybody can check whether one is valid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp

from services.applications.certificates.attempt_limit import A_MINUTE
from shared.contracts import outcomes
from shared.ids import new_id, new_number
from shared.time import clock, dates
from tests.support import ReadFirst

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

VERIFY = "/applications/verify"


async def granted(programme: Programme, feed: Feed) -> str:
    """Grant Ani a certificate; return its address."""
    made = await programme.submitted()
    number = new_number("TC", 2026)
    about = dict(outcomes.CertificateGranted.example) | {"application_id": made["id"], "number": number}
    await feed.deliver((outcomes.CertificateGranted.model_validate(about), new_id()))
    return f"/applications/certificates/{number}"


def stranger(programme: Programme) -> httpx2.AsyncClient:
    """Return a client without a session."""
    return httpx2.AsyncClient(transport=ReadFirst(programme.app), base_url="http://localhost:8000")


async def sent(programme: Programme, content: bytes) -> httpx2.Response:
    """Send a file to the check without a session; return the page."""
    async with stranger(programme) as client:
        return await client.post(VERIFY, files={"file": ("x.pdf", content, "application/pdf")})


async def test_a_file_is_made_once_and_can_be_verified(programme: Programme, feed: Feed) -> None:
    """Each language has one file with constant bytes, a changed file is invalid, and no name is shown."""
    at = await granted(programme, feed)
    ani = programme.as_("ani")
    file = await ani.get(f"{at}/document?language=hy")
    assert file.headers["content-type"] == "application/pdf"
    assert (await ani.get(f"{at}/document?language=hy")).content == file.content
    assert (await ani.get(f"{at}/document?language=ka")).content != file.content
    assert (await ani.get(f"{at}/document?language=xx")).status_code == 422
    assert (await programme.as_("nino").get(f"{at}/document")).status_code == 404
    assert (await programme.as_("tigran").get(f"{at}/document")).status_code == 200
    good = await sent(programme, file.content)
    assert "This certificate is valid." in good.text
    assert "Its signature is valid." in good.text
    assert "Petrosyan" not in good.text
    changed = await sent(programme, file.content.replace(b"/Type", b"/Tipe", 1))
    assert "has been changed since" in changed.text
    assert "This certificate is valid." not in changed.text


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 422, "Select the certificate file"),
        (b"hello", 422, "The certificate must be a PDF."),
        (b"%PDF-1.7" + b"0" * 2_000_000, 422, "must be 2 MB or smaller"),
        (b"%PDF-1.7 something", 200, "This file is not a certificate file as we issued it."),
    ],
)
async def test_files_that_are_no_certificate_are_refused(
    programme: Programme, content: bytes, status: int, message: str
) -> None:
    """A missing file, another format, a large file and a foreign PDF each have their own message."""
    answer = await sent(programme, content)
    assert answer.status_code == status
    assert message in answer.text
    assert 'type="file"' in answer.text


async def test_a_corrected_name_gets_a_new_number(programme: Programme, feed: Feed) -> None:
    """The old number and file are shown as replaced, a second click changes nothing, revoking ends both."""
    at = await granted(programme, feed)
    ani = programme.as_("ani")
    old = await ani.get(f"{at}/document")
    assert "Issue certificate again" not in (await ani.get(at)).text
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        await tx.session.execute(sa.text("UPDATE person SET name = 'Ani Petrosian' WHERE subject = 'ani'"))
    assert "Issue certificate again" in (await ani.get(at)).text
    assert (await programme.as_("nino").post(f"{at}/renew")).status_code == 404
    first, second = await ani.post(f"{at}/renew"), await ani.post(f"{at}/renew")
    fresh = first.headers["location"].partition("?")[0]
    assert second.headers["location"].partition("?")[0] == fresh != at
    page = await ani.get(fresh)
    assert "Ani Petrosian" in page.text
    assert "The certificate number that you opened was replaced." in (await ani.get(at)).text
    number, new = at.rpartition("/")[2], fresh.rpartition("/")[2]
    assert "has replaced this one" in (await ani.get(f"{VERIFY}/{number}")).text
    assert "has replaced this one" in (await sent(programme, old.content)).text
    assert "This certificate is valid." in (await ani.get(f"{VERIFY}/{new}")).text
    assert "This certificate is valid." in (await sent(programme, (await ani.get(f"{fresh}/document")).content)).text
    about = dict(outcomes.CertificateRevoked.example) | {"number": number}
    await feed.deliver((outcomes.CertificateRevoked.model_validate(about), new_id()))
    for either in (number, new):
        text = (await ani.get(f"{VERIFY}/{either}")).text
        assert "This certificate has not been valid since" in text
        assert "voided" not in text
    assert (await ani.post(f"{fresh}/renew")).status_code == 409


async def test_a_revoked_certificate_is_downloaded_as_revoked(programme: Programme, feed: Feed) -> None:
    """Its file says that it is revoked, since when, with constant bytes; both files are known to the check."""
    at = await granted(programme, feed)
    ani = programme.as_("ani")
    before = (await ani.get(f"{at}/document")).content
    about = dict(outcomes.CertificateRevoked.example) | {"number": at.rpartition("/")[2]}
    await feed.deliver((outcomes.CertificateRevoked.model_validate(about), new_id()))
    after = (await ani.get(f"{at}/document")).content
    assert (await ani.get(f"{at}/document")).content == after
    with pypdfium2.PdfDocument(before) as old, pypdfium2.PdfDocument(after) as new:
        assert "Revoked" not in old[0].get_textpage().get_text_bounded()
        assert f"Revoked on {dates.day(clock.now())}. This certificate is no longer valid." in " ".join(
            new[0].get_textpage().get_text_bounded().split()
        )
    for file in (before, after):
        page = (await sent(programme, file)).text
        assert "This certificate has not been valid since" in page
        assert "Its signature is valid." in page


async def test_numbers_are_normalised_and_guesses_are_limited(programme: Programme, feed: Feed) -> None:
    """Spelling variants are found, a typing error is named, and twenty wrong numbers block the address."""
    number = (await granted(programme, feed)).rpartition("/")[2]
    ani = programme.as_("ani")
    found = await ani.get(VERIFY, params={"number": f" {number.lower()} "})
    assert found.headers["location"] == f"{VERIFY}/{number}"
    assert "This certificate is valid." in (await ani.get(found.headers["location"])).text
    slip = number[:-1] + ("0" if number[-1] != "0" else "1")
    empty = await ani.get(VERIFY, params={"number": " "})
    assert (empty.status_code, empty.text.count("Enter the certificate number")) == (422, 2), "summary and field"
    assert "One character of this number is wrong" in (await ani.get(f"{VERIFY}/{slip}")).text
    answers = [(await ani.get(f"{VERIFY}/{new_number('TC', 2026)}")).status_code for _ in range(A_MINUTE)]
    assert answers[0] == 404
    assert answers[-1] == 429


def scanned(document: bytes) -> list[str]:
    """Return the text of the QR code on the first page, rendered at 150 dots per inch."""
    with pypdfium2.PdfDocument(document) as opened:
        image = opened[0].render(scale=150 / 72).to_numpy()
        return [found.text for found in zxingcpp.read_barcodes(image)]


async def test_the_qr_code_leads_to_the_verification_page(programme: Programme, feed: Feed) -> None:
    """The QR code opens the verification page in any language, without a session."""
    at = await granted(programme, feed)
    number = at.rpartition("/")[2]
    for language in ("en", "ka"):
        (address,) = scanned((await programme.as_("ani").get(f"{at}/document?language={language}")).content)
        assert address == f"http://localhost:8000{VERIFY}/{number}"
        async with stranger(programme) as client:
            page = await client.get(urlsplit(address).path)
        assert page.status_code == 200
        assert "This certificate is valid." in page.text
        assert number in page.text
        assert "Petrosyan" not in page.text


async def test_the_verification_page_is_linked_from_every_page(programme: Programme, feed: Feed) -> None:
    """Every footer links to the verification page, and a certificate links to it with its number."""
    at = await granted(programme, feed)
    async with stranger(programme) as client:
        foot = (await client.get("/")).text.partition("<footer")[2]
    assert f'href="{VERIFY}"' in foot
    page = (await programme.as_("ani").get(at)).text
    assert re.search(rf'<a [^>]*href="[^"]*{VERIFY}/{at.rpartition("/")[2]}"', page.partition("<footer")[0])


async def test_a_certificate_stays_valid_after_its_holder_is_erased(programme: Programme, feed: Feed) -> None:
    """A certificate stays valid after the register erased its holder, and the page does not reveal that."""
    at = await granted(programme, feed)
    file = (await programme.as_("ani").get(f"{at}/document")).content
    number = at.rpartition("/")[2]
    async with stranger(programme) as client:
        before = (await client.get(f"{VERIFY}/{number}")).text
        async with programme.app.state.service.bus.transaction("system:tests") as tx:
            await tx.session.execute(sa.text("DELETE FROM person WHERE subject = 'ani'"))
        page = await client.get(f"{VERIFY}/{number}")
        assert page.text.partition("<main")[2] == before.partition("<main")[2]
        for text in (page.text, (await sent(programme, file)).text):
            assert "This certificate is valid." in text
            assert "Petrosyan" not in text
        about = dict(outcomes.CertificateRevoked.example) | {"number": number}
        await feed.deliver((outcomes.CertificateRevoked.model_validate(about), new_id()))
        ended = (await client.get(f"{VERIFY}/{number}")).text
    assert "This certificate has not been valid since" in ended
    assert "This certificate is valid." not in ended
