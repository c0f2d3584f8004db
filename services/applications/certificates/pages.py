"""Show, download and renew certificates, and verify them for anybody."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from services.applications.certificates import actions
from services.applications.certificates.attempt_limit import AttemptLimit
from services.applications.certificates.document import CATALOGUES
from services.applications.certificates.model import CertificateStanding, topic
from services.applications.certificates.views import CheckedCertificate, check, check_file
from services.applications.parameters import BusDep, Portal
from shared.contracts.codes import Role
from shared.documents.signing import Signed
from shared.errors import Refused
from shared.i18n import LANGUAGES, SOURCE, gettext, language, offered, own_name
from shared.identity import Principal, allow, public
from shared.identity.rate_limit import address_of
from shared.ids import is_mistyped, normalise_number
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)
Reader = Annotated[
    Principal, Depends(allow(Role.OFFICER, Role.MENTOR, Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))
]
Anybody = Annotated[Principal | None, Depends(public())]
_CODES = f"^({'|'.join(LANGUAGES)})$"
VERIFY = "/applications/verify"
MOST_BYTES = 2_000_000
_AROUND = 2_000
"""The greatest size that a form adds to the file that it sends, in bytes."""


async def attempt_limit_of(request: Request) -> AttemptLimit:
    """Return the process's limit of checks by strangers."""
    attempts: AttemptLimit = request.app.state.attempt_limit
    return attempts


Counted = Annotated[AttemptLimit, Depends(attempt_limit_of)]


@router.get("/certificates/{number}")
async def show(
    request: Request,
    number: str,
    principal: Reader,
    bus: BusDep,
    settings: Portal,
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show the certificate to its holder and that country's coordinator; each look is logged."""
    certificate = await actions.look(bus, principal, number)
    return render(
        request,
        "certificates/certificate.html",
        certificate=certificate,
        address=f"{settings.origin}{VERIFY}/{certificate.number}",
        files=[(code, own_name(code)) for code in _spoken_first(certificate.holder.language)],
        replaced=number != certificate.number and done != "renewed",
        renewed=done == "renewed",
    )


def _spoken_first(spoken: str | None) -> list[str]:
    """Return the languages of certificates; those of the holder and the reader come first."""
    first = [code for code in (spoken, language()) if code in offered(CATALOGUES)]
    return list(dict.fromkeys([*first, *offered(CATALOGUES)]))


@router.get("/certificates/{number}/document")
async def document(
    number: str,
    principal: Reader,
    bus: BusDep,
    settings: Portal,
    language: Annotated[str, Query(pattern=_CODES)] = SOURCE,
) -> Response:
    """Download the certificate as a signed PDF in one language; the same bytes each time."""
    file = await actions.read(bus, principal, number, language, settings)
    name = f"{file.number}-{file.language}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(file.document, media_type="application/pdf", headers=headers)


@router.post("/certificates/{number}/renew")
async def renew(number: str, principal: Reader, bus: BusDep) -> Response:
    """Make the certificate out again for the corrected name."""
    new_number = await actions.renew(bus, principal, number)
    return see_other(f"/applications/certificates/{new_number}?done=renewed")


@router.get("/verify")
async def ask(request: Request, _: Anybody, number: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Ask for the number or the file to check."""
    if normalised := normalise_number(number or ""):
        return see_other(f"{VERIFY}/{quote(normalised, safe='')}")
    empty = number is not None
    return render(request, "certificates/verify.html", 422 if empty else 200, **_context("", None) | {"empty": empty})


@router.post("/verify")
async def ask_of_file(request: Request, _: Anybody, bus: BusDep, settings: Portal, attempts: Counted) -> Response:
    """Tell whether a file is a certificate as it was signed, and whether it counts."""
    attempts.refuse_more(address_of(request))
    attempts.count(address_of(request))
    try:
        content = await _sent(request)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        return render(request, "certificates/verify.html", 422, **_context("", None) | {"problem": refused.detail})
    async with bus.read() as session:
        number, signed = await check_file(session, content, settings)
        checked = None if number is None else await check(session, number)
    return render(
        request,
        "certificates/verify.html",
        200,
        **_context(number or "", checked)
        | {
            "of_file": True,
            "changed": checked is None and signed is Signed.CHANGED,
            "unknown": checked is None and signed is Signed.HOLDS,
            "signed": signed is Signed.HOLDS,
        },
    )


async def _sent(request: Request) -> bytes:
    """Return the file that was sent, at most `MOST_BYTES` long. Raises `Refused` (422)."""
    too_large = Refused(gettext("The file must be %(most)d MB or smaller.") % {"most": MOST_BYTES // 1_000_000}, 422)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES + _AROUND:
        raise too_large
    form = await request.form(max_files=1, max_fields=5)
    sent = form.get("file")
    content = await sent.read(MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    await form.close()
    if not content:
        raise Refused(gettext("Select the certificate file"), 422)
    if len(content) > MOST_BYTES:
        raise too_large
    if not content.startswith(b"%PDF-"):
        raise Refused(gettext("The certificate must be a PDF. Select the file as you received it."), 422)
    return content


@router.get("/verify/{number}")
async def verify(request: Request, number: str, _: Anybody, bus: BusDep, attempts: Counted) -> Response:
    """Tell whether a certificate with that number counts, without its holder's name."""
    attempts.refuse_more(address_of(request))
    number_checked = normalise_number(number)
    async with bus.read() as session:
        checked = None if is_mistyped(number_checked) else await check(session, number_checked)
    if checked is None:
        attempts.count(address_of(request))
    context = _context(number_checked, checked) | {"mistyped": is_mistyped(number_checked)}
    return render(request, "certificates/verify.html", 200 if checked else 404, **context)


def _context(number: str, checked: CheckedCertificate | None) -> dict[str, Any]:
    return {
        "number": number,
        "checked": checked,
        "counts": checked is not None and checked.standing is CertificateStanding.COUNTS,
        "topic": topic(checked.about.topic) if checked is not None else "",
        "most": MOST_BYTES // 1_000_000,
        "problem": "",
        **dict.fromkeys(("of_file", "changed", "unknown", "signed", "mistyped", "empty"), False),
    }
