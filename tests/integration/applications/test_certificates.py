"""Can an officer take the certificate as a file, and does whoever holds it learn whether it counts?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
import sqlalchemy as sa

from services.applications.actions.tries import A_MINUTE
from shared.contracts import outcomes
from shared.ids import new_id
from shared.numbers import new_number

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

VERIFY = "/applications/verify"


async def granted(programme: Programme, feed: Feed) -> str:
    """The address of a certificate that Ani was granted."""
    made = await programme.submitted()
    number = new_number("TC", 2026)
    about = dict(outcomes.CertificateGranted.example) | {"application_id": made["id"], "number": number}
    await feed.deliver((outcomes.CertificateGranted.model_validate(about), new_id()))
    return f"/applications/certificates/{number}"


async def sent(programme: Programme, content: bytes) -> httpx2.Response:
    """The page after a file was sent to be checked, by somebody who is not signed in."""
    transport = httpx2.ASGITransport(programme.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as stranger:
        return await stranger.post(VERIFY, files={"file": ("x.pdf", content, "application/pdf")})


async def test_a_file_is_made_once_and_proves_itself(programme: Programme, feed: Feed) -> None:
    """The same bytes each time, one file a language; sent back they count, changed they do not; no name is shown."""
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
    assert "This certificate counts." in good.text
    assert "Its signature holds." in good.text
    assert "Petrosyan" not in good.text
    changed = await sent(programme, file.content.replace(b"/Type", b"/Tipe", 1))
    assert "has been changed since" in changed.text
    assert "This certificate counts." not in changed.text


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"", 422, "Choose the file of the certificate."),
        (b"hello", 422, "This file is no PDF."),
        (b"%PDF-1.7" + b"0" * 2_000_000, 422, "larger than 2 MB"),
        (b"%PDF-1.7 something", 200, "is no certificate as it was made here"),
    ],
)
async def test_what_is_no_certificate_is_said_so(programme: Programme, content: bytes, status: int, says: str) -> None:
    """Nothing, no PDF, too much, and a PDF of somebody else: each with its sentence, and the form again."""
    answer = await sent(programme, content)
    assert answer.status_code == status
    assert says in answer.text
    assert 'type="file"' in answer.text


async def test_a_corrected_name_gets_a_new_number(programme: Programme, feed: Feed) -> None:
    """The old number is marked as replaced, its file too; a second click changes nothing; revoking ends both."""
    at = await granted(programme, feed)
    ani = programme.as_("ani")
    old = await ani.get(f"{at}/document")
    assert "Make it out anew" not in (await ani.get(at)).text
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        await tx.session.execute(sa.text("UPDATE person SET name = 'Ani Petrosian' WHERE subject = 'ani'"))
    assert "Make it out anew" in (await ani.get(at)).text
    assert (await programme.as_("nino").post(f"{at}/renew")).status_code == 404
    first, second = await ani.post(f"{at}/renew"), await ani.post(f"{at}/renew")
    fresh = first.headers["location"].partition("?")[0]
    assert second.headers["location"].partition("?")[0] == fresh != at
    page = await ani.get(fresh)
    assert "Ani Petrosian" in page.text
    assert "The number that you opened is replaced." in (await ani.get(at)).text
    number, new = at.rpartition("/")[2], fresh.rpartition("/")[2]
    assert "has taken the place of this one" in (await ani.get(f"{VERIFY}/{number}")).text
    assert "has taken the place of this one" in (await sent(programme, old.content)).text
    assert "This certificate counts." in (await ani.get(f"{VERIFY}/{new}")).text
    assert "This certificate counts." in (await sent(programme, (await ani.get(f"{fresh}/document")).content)).text
    about = dict(outcomes.CertificateRevoked.example) | {"number": number}
    await feed.deliver((outcomes.CertificateRevoked.model_validate(about), new_id()))
    for one in (number, new):
        text = (await ani.get(f"{VERIFY}/{one}")).text
        assert "This certificate no longer counts since" in text
        assert "voided" not in text
    assert (await ani.post(f"{fresh}/renew")).status_code == 409


async def test_numbers_are_tidied_and_guesses_are_bounded(programme: Programme, feed: Feed) -> None:
    """A number is found however it is written; a slip is said so; after twenty wrong ones the address waits."""
    number = (await granted(programme, feed)).rpartition("/")[2]
    ani = programme.as_("ani")
    found = await ani.get(VERIFY, params={"number": f" {number.lower()} "})
    assert found.headers["location"] == f"{VERIFY}/{number}"
    assert "This certificate counts." in (await ani.get(found.headers["location"])).text
    slip = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert "one of its characters is wrong" in (await ani.get(f"{VERIFY}/{slip}")).text
    answers = [(await ani.get(f"{VERIFY}/{new_number('TC', 2026)}")).status_code for _ in range(A_MINUTE)]
    assert answers[0] == 404
    assert answers[-1] == 429
