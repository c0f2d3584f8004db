"""Answer a request that a program repeats with the same `Idempotency-Key` as the first time, without acting again.

The header is optional, on all writing operations of an API (draft-ietf-httpapi-idempotency-key-header). The guards look
the key up once they have let the sender in, before anything else is judged. `shared/bus/db/request_keys.py` keeps it
for a day; `shared/web/middleware.py` stores the answer.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from shared.bus.db.request_keys import RequestKey, first_request, in_progress, use_key
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.refusals import SAFE_METHODS
from shared.identity.state import identity_of, service_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from shared.bus.db.request_keys import FirstRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255
_BODY = "body"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class Repeated(HTTPException):
    """Not a refusal: the request was sent before, and is answered as it was then."""

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        super().__init__(status, headers={**headers, REPLAYED: "true"})
        self.body = body


async def check(request: Request) -> None:
    """Note the key of a writing request to an API for its transactions.

    Raises `Repeated` for a request that was answered before, and `Refused` for a key that cannot be read (400), that
    another request has (409, `key-reused`), or whose first request has no answer yet or any more (409).
    """
    if HEADER not in request.headers or request.method in SAFE_METHODS or not _is_operation(request):
        return
    sender = _sender(request)
    if sender is None:
        return
    key = RequestKey(sender, _key(request), await _digest(request), _rights(request))
    async with service_of(request.app).bus.glance() as session:
        first = await first_request(session, key.sender, key.key)
    if first is not None:
        raise _repeated(request, key, first)
    request.state.request_key = key
    use_key(key)


def forget_answer(request: Request) -> None:
    """Keep neither the key nor the answer of this request: a repeat is judged anew.

    For an operation that answers a repeat as the first time by itself, and shows what may not lie in another table.
    """
    request.state.answer_forgotten = True


def sealed(request: Request, body: bytes) -> str:
    """Return the body of an answer for the store. Raises `UnicodeDecodeError` for one that is no text."""
    return identity_of(request.app).answers.close({_BODY: body.decode()})


def answer_unavailable() -> Refused:
    """Return the refusal of a repeat whose first answer cannot be given again."""
    sentence = gettext(
        "A request with this Idempotency-Key was already carried out, but its answer cannot be sent again. "
        "Nothing was done now. Read the record to see its current state."
    )
    return Refused(sentence, code=ProblemCode.ANSWER_UNAVAILABLE)


def _repeated(request: Request, key: RequestKey, first: FirstRequest) -> HTTPException:
    if first.request != key.request:
        sentence = gettext("Another request was sent with this Idempotency-Key. Use a new key for each request.")
        return Refused(sentence, fields={HEADER: sentence}, code=ProblemCode.KEY_REUSED)
    if first.answer is None:
        return in_progress() if first.recent else answer_unavailable()
    opened = identity_of(request.app).answers.open(first.answer.body)
    if opened is None or first.rights != key.rights:
        return answer_unavailable()
    return Repeated(first.answer.status, dict(first.answer.headers), str(opened[_BODY]))


def _is_operation(request: Request) -> bool:
    """Return whether the address is one of an API; forms of pages have no key."""
    return request.url.path.split("/", 3)[2:3] == ["api"]


def _sender(request: Request) -> str | None:
    """Return who sends the request, in a form that no other kind of sender can have; None for a stranger.

    With a ticket it is the ticket's case, since a service does not note which person answered a form.
    """
    principal = getattr(request.state, "principal", None)
    ticket = getattr(request.state, "ticket", None)
    if ticket is not None:
        return f"ticket {ticket.purpose} {ticket.subject}"
    if principal is None:
        return None
    return f"client {principal.client}" if principal.client is not None else f"person {principal.subject}"


def _rights(request: Request) -> bytes:
    """Return a digest of the sender's rights, for an answer is given again to the same rights only."""
    principal = getattr(request.state, "principal", None)
    by_ticket = getattr(request.state, "ticket", None) is not None
    grants = () if principal is None or by_ticket else principal.grants
    return hashlib.sha256("\n".join(sorted(map(repr, grants))).encode()).digest()


def _key(request: Request) -> str:
    """Return the key, without the quotation marks that the draft puts around it."""
    values = request.headers.getlist(HEADER)
    key = values[0].removeprefix('"').removesuffix('"') if len(values) == 1 else ""
    if not 1 <= len(key) <= LONGEST or not all("!" <= letter <= "~" for letter in key):
        sentence = gettext("Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID.")
        raise Refused(sentence, fields={HEADER: sentence}, code=ProblemCode.MALFORMED_REQUEST)
    return key


async def _digest(request: Request) -> bytes:
    """Return the digest of method, address and body."""
    digest = hashlib.sha256()
    for part in (
        request.method.encode(),
        request.url.path.encode(),
        request.url.query.encode(),
        *await _parts(request),
    ):
        digest.update(len(part).to_bytes(8))  # so that the same bytes cannot be parted in another way
        digest.update(part)
    return digest.digest()


async def _parts(request: Request) -> list[bytes]:
    """Return the body; of a form its fields and files, since each sending puts other boundaries between them."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in _FORMS:
        return [await request.body()]
    parts: list[bytes] = []
    for name, value in (await request.form()).multi_items():
        parts.append(name.encode())
        if isinstance(value, UploadFile):
            parts += [(value.filename or "").encode(), await value.read()]
            await value.seek(0)
        else:
            parts.append(value.encode())
    return parts
