"""What does a certificate say, and does it count? The officer takes it as a file; whoever holds one can verify it."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from services.applications.certificates import actions
from services.applications.certificates.actions import AttemptLimit
from services.applications.certificates.document import CATALOGUES
from services.applications.certificates.model import CertificateStanding, topic
from services.applications.documents.signing import Signed
from services.applications.parameters import BusDep, Portal
from services.applications.register.store.entries import Person
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import LANGUAGES, SOURCE, gettext, language, offered, own_name
from shared.identity import Principal, allow, public
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
"""What a form adds to the file that it sends, in bytes."""


def tries_of(request: Request) -> AttemptLimit:
    """What counts the tries of strangers in this process."""
    tries: AttemptLimit = request.app.state.tries
    return tries


Counted = Annotated[AttemptLimit, Depends(tries_of)]


@router.get("/certificates/{number}")
async def show(
    request: Request,
    number: str,
    principal: Reader,
    bus: BusDep,
    settings: Portal,
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The certificate with the name, for its holder and the own country's coordinator; each time is logged."""
    async with bus.transaction(principal.subject) as tx:
        held = await actions.certificate_for(tx, principal, number)
    return render(
        request,
        "certificates/certificate.html",
        paper=held.paper,
        number=held.number,
        name=held.name,
        outdated=held.outdated,
        holder=held.holder,
        call=held.case.call,
        address=f"{settings.origin}{VERIFY}/{held.number}",
        files=[(code, own_name(code)) for code in _spoken_first(held.holder.person)],
        replaced=number != held.number and done != "renewed",
        renewed=done == "renewed",
    )


def _spoken_first(person: Person | None) -> list[str]:
    """The languages of certificates, the holder's and the reader's own first."""
    first = [code for code in (person.language if person else "", language()) if code in offered(CATALOGUES)]
    return list(dict.fromkeys([*first, *offered(CATALOGUES)]))


@router.get("/certificates/{number}/document")
async def document(
    number: str,
    principal: Reader,
    bus: BusDep,
    settings: Portal,
    language: Annotated[str, Query(pattern=_CODES)] = SOURCE,
) -> Response:
    """The certificate as a signed PDF in one language; the same bytes each time."""
    found = await actions.read(bus, principal, number, language, settings)
    name = f"{found.number}-{found.language}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(found.document, media_type="application/pdf", headers=headers)


@router.post("/certificates/{number}/renew")
async def renew(number: str, principal: Reader, bus: BusDep) -> Response:
    """Make it out anew for the corrected name."""
    counts = await actions.renew(bus, principal, number)
    return see_other(f"/applications/certificates/{counts}?done=renewed")


@router.get("/verify")
async def ask(request: Request, _: Anybody, number: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Which number, or which file, is to be checked?"""
    if wanted := normalise_number(number):
        return see_other(f"{VERIFY}/{quote(wanted, safe='')}")
    return render(request, "certificates/verify.html", 200, **_shown("", None))


@router.post("/verify")
async def ask_of_file(request: Request, _: Anybody, bus: BusDep, settings: Portal, tries: Counted) -> Response:
    """Whether a file is a certificate as it was signed, and whether it counts."""
    tries.refuse_more(_address(request))
    tries.count(_address(request))
    try:
        content = await _sent(request)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        return render(request, "certificates/verify.html", 422, **_shown("", None) | {"problem": refused.detail})
    async with bus.read() as session:
        number, signed = await actions.check_file(session, content, settings)
        checked = None if number is None else await actions.check(session, number)
    return render(
        request,
        "certificates/verify.html",
        200,
        **_shown(number or "", checked)
        | {
            "of_file": True,
            "changed": checked is None and signed is Signed.CHANGED,
            "unknown": checked is None and signed is Signed.HOLDS,
            "signed": signed is Signed.HOLDS,
        },
    )


async def _sent(request: Request) -> bytes:
    """The file that was sent, at most `MOST_BYTES` long. Raises `Refused` (422) with what is wrong."""
    too_large = Refused(gettext("This file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1_000_000}, 422)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES + _AROUND:
        raise too_large
    form = await request.form(max_files=1, max_fields=5)
    sent = form.get("file")
    content = await sent.read(MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    await form.close()
    if not content:
        raise Refused(gettext("Choose the file of the certificate."), 422)
    if len(content) > MOST_BYTES:
        raise too_large
    if not content.startswith(b"%PDF-"):
        raise Refused(gettext("This file is no PDF. Choose the certificate as you received it."), 422)
    return content


@router.get("/verify/{number}")
async def verify(request: Request, number: str, _: Anybody, bus: BusDep, tries: Counted) -> Response:
    """Whether a certificate with that number counts: what stands on it, and no name."""
    tries.refuse_more(_address(request))
    wanted = normalise_number(number)
    async with bus.read() as session:
        checked = None if is_mistyped(wanted) else await actions.check(session, wanted)
    if checked is None:
        tries.count(_address(request))
    shown = _shown(wanted, checked) | {"mistyped": is_mistyped(wanted)}
    return render(request, "certificates/verify.html", 200 if checked else 404, **shown)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _shown(number: str, checked: actions.Checked | None) -> dict[str, Any]:
    return {
        "number": number,
        "checked": checked,
        "counts": checked is not None and checked.standing is CertificateStanding.COUNTS,
        "topic": topic(checked.about["topic"]) if checked is not None else "",
        "most": MOST_BYTES // 1_000_000,
        "problem": "",
        **dict.fromkeys(("of_file", "changed", "unknown", "signed", "mistyped"), False),
    }
