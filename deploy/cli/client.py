"""Act in the programme as a person, over the JSON API with that person's bearer token."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx2

from deploy.cli.system import Failed
from shared import http_client
from shared.errors import ProblemCode
from shared.identity.idempotency import HEADER
from shared.identity.programs import Programs, SignInFailed
from shared.identity.provider import ProviderUnavailable
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import Self

    from deploy.cli.system import System

# The gateway says these while a service behind it starts again.
_PASSING = frozenset({429, 502, 503, 504})
_UNKNOWN, _NOT_FOUND = 401, 404
_OTHER_VERSION = (412, 428)
_VERSION_TRIES = 5
# An address up to the id of the record that it names last.
_RECORD = re.compile(r".*/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AGAIN_AFTER = (0.05, 0.1, 0.2, 0.5, 1.0)


class Refused(Failed):
    """The installation refused a request; `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class People:
    """Act as any person whom the sign-in provider admits; at most `at_once` requests run at the same time.

    `base` is where the API answers: the gateway, or for bulk work each service's own address. The client waits up
    to `patience` seconds for an unavailable service. An async context manager.
    """

    def __init__(self, system: System, *, at_once: int = 8, patience: float = 60.0, direct: bool = False) -> None:
        """Prepare for an installation; with `direct` services are asked at their own addresses."""
        self._system = system
        self._patience = patience
        self._direct = direct
        self._gate = asyncio.Semaphore(at_once)
        self._http = http_client.client(timeout=30.0, limits=httpx2.Limits(max_connections=at_once + 2))
        self._versions: dict[str, str] = {}
        self.subjects: dict[str, str] = {}
        """The sign-in subjects of people who act under another one than callers name them by."""
        self._given = _tokens(system.env.get("TANDEM_TOKENS_FILE"))
        self._programs = None if self._given else _programs(system)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._http.aclose()
        if self._programs is not None:
            await self._programs.close()

    async def get(self, person: str, path: str, **params: Any) -> Any:
        """Read `path` as `person`; return the JSON. Raises as `ask`."""
        return await self.ask("GET", person, path, params={k: v for k, v in params.items() if v is not None})

    async def items(self, person: str, path: str, **params: Any) -> list[Any]:
        """Return all items of a list, page by page."""
        answer = await self.get(person, path, limit=200, **params)
        items: list[Any] = answer["items"]
        while answer["next"] is not None:
            answer = await self.get(person, path, limit=200, cursor=answer["next"], **params)
            items += answer["items"]
        self._versions |= {f"{path}/{item['id']}": f'"{item["version"]}"' for item in items if item.get("version")}
        return items

    async def post(self, person: str, path: str, body: Any = None, *, ticket: str | None = None) -> Any:
        """Post to `path` as `person`; return the JSON. Raises as `ask`."""
        return await self.ask("POST", person, path, json=body, ticket=ticket)

    async def put(self, person: str, path: str, body: Any) -> Any:
        """Replace the resource at `path` as `person`; return the JSON. Raises as `ask`."""
        return await self.ask("PUT", person, path, json=body)

    async def ask(self, method: str, person: str, path: str, *, ticket: str | None = None, **request: Any) -> Any:
        """Send one request as the person with the sign-in subject `person`.

        Tries again while a service does not answer; each try has the same key, so that the request is carried out
        once. Returns None if it was carried out and its answer is lost. Raises `Refused` for a refusal, and `Failed`
        if nobody answers or the person cannot sign in. The local provider keeps its tokens in memory: an unknown token
        (401) makes the person sign in again, once.
        """
        person = self.subjects.get(person, person)
        until = monotonic() + self._patience
        key, tries = str(new_id()), 0
        while True:
            try:
                answer = await self._answer(method, person, path, ticket, key, request)
            except ProviderUnavailable as error:
                wrong = str(error)
            except httpx2.TransportError as error:
                wrong = type(error).__name__
            else:
                if answer.status_code < 400:
                    return answer.json() if answer.content else None
                code = _code(answer)
                if code == ProblemCode.ANSWER_UNAVAILABLE:
                    return None
                if answer.status_code not in _PASSING and code != ProblemCode.IN_PROGRESS:
                    raise Refused(answer.status_code, f"{method} {path} as {person}: {_refusal_text(answer)}")
                wrong = f"{answer.status_code} {_refusal_text(answer)}"
            if monotonic() > until:
                raise Failed(f"{method} {path} was not answered within {self._patience:.0f} s ({wrong}).")
            await asyncio.sleep(_AGAIN_AFTER[min(tries, len(_AGAIN_AFTER) - 1)])
            tries += 1

    async def _answer(
        self, method: str, person: str, path: str, ticket: str | None, key: str, request: dict[str, Any]
    ) -> httpx2.Response:
        answer = await self._sent(method, person, path, ticket, key, request)
        if answer.status_code == _UNKNOWN and self._programs is not None:
            self._programs.forget(person)
            answer = await self._sent(method, person, path, ticket, key, request)
        return answer

    async def _sent(
        self, method: str, person: str, path: str, ticket: str | None, key: str, request: dict[str, Any]
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {await self._token(person)}", "Accept": "application/json"}
        record = _RECORD.match(path)
        if method != "GET":
            headers[HEADER] = key
            if record is not None and record[0] in self._versions:
                headers["If-Match"] = self._versions[record[0]]
        if ticket is not None:
            headers["X-Ticket"] = ticket
        async with self._gate:
            answer = await self._http.request(method, self._address(path), headers=headers, **request)
            for _ in range(_VERSION_TRIES):
                if answer.status_code not in _OTHER_VERSION or "ETag" not in answer.headers:
                    break  # or it names records in its body, with versions of their own
                # The steps of a story rest on nothing that others could change: whatever version is present will do.
                headers["If-Match"] = answer.headers["ETag"]
                answer = await self._http.request(method, self._address(path), headers=headers, **request)
            if record is not None and "ETag" in answer.headers:
                self._versions[record[0]] = answer.headers["ETag"]
            return answer

    async def until(self, what: str, look: Callable[[], Awaitable[Any]], *, timeout: float = 30.0) -> Any:  # noqa: ASYNC109 - the wait itself is what is asked for
        """Call `look` until it returns something; return that. Raises `Failed` after `timeout` seconds.

        "Not found" (404) counts as nothing, since the service may not have received the event yet.
        """
        end, pause = monotonic() + timeout, 0.02
        while True:
            found, answer = None, ""
            try:
                found = await look()
            except Refused as error:
                if error.status != _NOT_FOUND:
                    raise
                answer = f" ({error})"
            if found:
                return found
            if monotonic() > end:
                raise Failed(f"This did not happen within {timeout:.0f} s: {what}{answer}.")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def _address(self, path: str) -> str:
        if self._direct:
            service = path.split("/", 2)[1].upper()
            return f"{self._system[f'TANDEM_{service}_URL']}{path}"
        return f"{self._system.origin}{path}"

    async def _token(self, person: str) -> str:
        if self._programs is None:
            if person not in self._given:
                raise Failed(f"TANDEM_TOKENS_FILE holds no access token of {person}.")
            return self._given[person]
        try:
            return await self._programs.sign_in_as(person)
        except SignInFailed as error:
            raise Failed(f"{person} cannot sign in: {error}") from error


def _programs(system: System) -> Programs:
    """Signs people in at the local run's provider, which asks for no password."""
    return Programs(
        system["TANDEM_OIDC_ISSUER"],
        client_id=system["TANDEM_OIDC_CLIENT_ID"],
        client_secret=system["TANDEM_OIDC_CLIENT_SECRET"],
        origin=system.origin,
    )


def _tokens(file: str | None) -> dict[str, str]:
    """Access tokens by sign-in subject, for installations that ask for a password. Raises `Failed`."""
    if not file:
        return {}
    try:
        found = json.loads(Path(file).read_text("utf-8"))
        return {str(person): str(token) for person, token in found.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise Failed(f"{file} (TANDEM_TOKENS_FILE) cannot be read as JSON of subject and token.") from error


def _code(answer: httpx2.Response) -> str:
    """Return the code of a refusal; empty if it is no problem document."""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _refusal_text(answer: httpx2.Response) -> str:
    """Return the text of a refusal, with the fields that it names."""
    try:
        problem = answer.json()
        fields = "; ".join(_error_text(each) for each in problem.get("errors") or ())
        words = f"{problem.get('detail') or problem.get('title')} [{answer.status_code}]"
        return f"{words} {fields}".rstrip()
    except (ValueError, AttributeError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


def _error_text(error: dict[str, str]) -> str:
    place = error.get("pointer") or error.get("parameter") or error.get("name")
    return f"{place}: {error['detail']}" if place else error["detail"]
