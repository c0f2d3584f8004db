"""Show caught mail in the browser, and as JSON for tests.

The JSON has the addresses and field names of Mailpit's (`/api/v1/...`), which takes this catcher's place in compose, so
that clients read mail in the same way in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.web.headers import security_headers

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from deploy.local.mail.store import Mail, Store

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, undefined=StrictUndefined
)
# A mail is somebody else's text: no script, nothing from elsewhere, and the HTML part in a frame that may do nothing.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # links in mails hold keys
    "Permissions-Policy": security_headers()["permissions-policy"],
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE = 50


def application(store: Store, origin: str) -> Starlette:
    """Return the catcher's pages and JSON; `origin` is where the programme's pages are."""
    pages = _Pages(store, origin)
    return Starlette(
        routes=[
            Route("/", pages.all),
            Route("/mail/{id:int}", pages.message),
            Route("/mail/{id:int}/html", pages.html),
            Route("/mail/{id:int}/raw", pages.raw),
            Route("/mail/{id:int}/part/{part:int}", pages.part),
            Route("/clear", pages.clear, methods=["POST"]),
            Route("/livez", pages.livez),
            Route("/webhooks/{receiver}", pages.webhook, methods=["POST"]),
            Route("/api/v1/messages", pages.api_all),
            Route("/api/v1/messages", pages.api_clear, methods=["DELETE"]),
            Route("/api/v1/search", pages.api_all),
            Route("/api/v1/message/{id:int}", pages.api_one),
            Route("/api/v1/message/{id:int}/part/{part:int}", pages.part),
            Route("/api/v1/message/{id:int}/raw", pages.raw),
        ],
        middleware=[Middleware(_Headers)],
        exception_handlers={Exception: _failure},
    )


class _Headers:
    """Adds the security headers to every answer that has no stricter ones of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _failure(_: Request, __: Exception) -> Response:
    """Answer an error of ours, which Starlette does outside all middleware."""
    return PlainTextResponse("The email catcher failed.", 500, _HEADERS)


class _Pages:
    def __init__(self, store: Store, origin: str) -> None:
        self._store = store
        self._origin = origin

    async def webhook(self, _: Request) -> Response:
        """Take a delivery, as the other systems do that the sample programme tells of its events."""
        return Response(status_code=204)

    async def all(self, request: Request) -> Response:
        words = request.query_params.get("query", "")
        start = _number(request, "start", 0)
        return _page(
            "all.html",
            mails=self._store.find(words, start=start, limit=_PAGE),
            total=self._store.count(words),
            words=words,
            start=start,
            page=_PAGE,
            origin=self._origin,
        )

    async def message(self, request: Request) -> Response:
        mail = self._mail(request)
        return _page("one.html", mail=mail, text=mail.body("plain"), html=bool(mail.body("html")), origin=self._origin)

    async def html(self, request: Request) -> Response:
        return HTMLResponse(self._mail(request).body("html"), headers={"Content-Security-Policy": _FRAME_POLICY})

    async def raw(self, request: Request) -> Response:
        return Response(self._mail(request).raw, media_type="text/plain; charset=utf-8")

    async def part(self, request: Request) -> Response:
        attachments = self._mail(request).attachments
        number = request.path_params["part"]
        if not 0 < number <= len(attachments):
            raise HTTPException(404)
        attachment = attachments[number - 1]
        disposition = f"attachment; filename*=UTF-8''{quote(attachment.name)}"
        headers = {"Content-Disposition": disposition}
        return Response(attachment.content, media_type=attachment.content_type, headers=headers)

    async def clear(self, _: Request) -> Response:
        self._store.clear()
        return RedirectResponse("/", 303)

    async def livez(self, _: Request) -> Response:
        return PlainTextResponse("alive")

    async def api_all(self, request: Request) -> Response:
        words = request.query_params.get("query", "")
        start, limit = _number(request, "start", 0), min(_number(request, "limit", 50), 1000)
        mails = self._store.find(words, start=start, limit=limit)
        full = [self._store.get(mail.id) for mail in mails]
        found = [_summary(mail) for mail in full if mail is not None]
        total = self._store.count(words)
        return JSONResponse({"total": total, "messages_count": total, "start": start, "messages": found})

    async def api_clear(self, _: Request) -> Response:
        self._store.clear()
        return PlainTextResponse("ok")

    async def api_one(self, request: Request) -> Response:
        mail = self._mail(request)
        parts = [
            {"PartID": str(n), "FileName": a.name, "ContentType": a.content_type, "Size": len(a.content)}
            for n, a in enumerate(mail.attachments, 1)
        ]
        whole = {"Text": mail.body("plain"), "HTML": mail.body("html"), "Attachments": parts, "Headers": mail.headers}
        return JSONResponse(_summary(mail) | whole)

    def _mail(self, request: Request) -> Mail:
        mail = self._store.get(request.path_params["id"])
        if mail is None:
            raise HTTPException(404, "There is no such email.")
        return mail


def _page(template: str, **context: Any) -> Response:
    html = _templates.get_template(template).render(**context)
    return HTMLResponse(html)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else default


def _summary(mail: Mail) -> dict[str, Any]:
    sender = mail.addresses("From") or [("", mail.sender)]
    return {
        "ID": str(mail.id),
        "MessageID": str(mail.message.get("Message-ID", "")).strip("<>"),
        "From": {"Name": sender[0][0], "Address": sender[0][1]},
        "To": [{"Name": name, "Address": address} for name, address in mail.addresses("To")],
        "Subject": mail.subject,
        "Created": mail.caught_at,
        "Date": str(mail.message.get("Date", "")),
        "Attachments": len(mail.attachments),
        "Snippet": " ".join(mail.body("plain").split())[:200],
    }
