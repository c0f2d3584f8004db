"""Check, as a consumer, that all published files are still there, unchanged: `tandem feeds verify ADDRESS`."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.system import Failed

if TYPE_CHECKING:
    import httpx2

    from deploy.cli.manifests import ListedFile

app = typer.Typer(help="Check published files with the signed manifests.", no_args_is_help=True)
_REFUSED = frozenset({303, 401, 403})
_TRIES, _LONGEST_WAIT = 5, 60.0
"""A token may fetch only so many files a minute: a check of hundreds has to wait in between (seconds)."""


@app.callback()
def feeds() -> None:
    """Check published files with the signed manifests."""


@dataclass
class Inspection:
    """The result of a check: numbers of manifests and files, what is wrong, and how many files were not open."""

    manifests: int = 0
    files: int = 0
    closed: int = 0
    wrong: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


async def look(http: "httpx2.AsyncClient", home: str, known: str | None = None) -> Inspection:
    """Check every manifest with its signature and link, and every file that the newest one lists.

    `known` is the thumbprint of the key that must have signed. Raises `Failed` if there is no manifest, or a file that
    is none.
    """
    from deploy.cli.manifests import Keys, Manifest, read  # noqa: PLC0415 - heavy
    from services.reporting.feeds.model.publication import broken  # noqa: PLC0415 - as above
    from services.reporting.feeds.signing import holds  # noqa: PLC0415 - heavy

    found = Inspection()
    answer = await _got(http, f"{home}/manifest.json")
    newest, origin = answer.content, str(answer.url.join("/"))
    keys = read(Keys, (await _got(http, f"{home}/keys")).content, f"{home}/keys").keys
    contents, manifests = [], []
    for number in range(1, read(Manifest, newest, f"{home}/manifest.json").manifest + 1):
        numbered = f"{home}/manifests/{number}.json"
        content = (await _got(http, numbered)).content
        manifests.append(read(Manifest, content, numbered))
        signature = (await _got(http, f"{home}/manifests/{number}.jws")).text
        signer = next((key.kid for key in keys if holds(content, signature, key.model_dump())), None)
        if signer is None:
            found.wrong.append(f"manifest {number} is signed with none of the keys")
        elif known is not None and signer != known:
            found.wrong.append(f"manifest {number} is signed with another key, {signer}")
        else:
            found.keys.add(signer)
        contents.append(content)
    found.manifests = len(contents)
    found.wrong += broken(contents)
    if newest != contents[-1]:
        found.wrong.append(f"manifest.json differs from manifest {len(contents)}")
    for file in (file for statement in manifests[-1].publications for file in statement.files):
        # Who reads the token there must be who issued it, whatever a forged manifest names.
        if file.address.startswith(origin):
            await _look_at(http, file, found)
        else:
            found.wrong.append(f"{file.address} is on another server")
    return found


async def _look_at(http: "httpx2.AsyncClient", file: "ListedFile", found: Inspection) -> None:
    from services.reporting.feeds.model.publication import sha256  # noqa: PLC0415 - heavy

    answer = await _answer(http, file.address)
    if answer.status_code in _REFUSED and "Authorization" not in http.headers:
        found.closed += 1
        return
    found.files += 1
    if answer.status_code != 200:
        found.wrong.append(f"{file.address} answered with status {answer.status_code}")
    elif (len(answer.content), sha256(answer.content)) != (file.size, file.sha256):
        found.wrong.append(f"{file.address} differs from the published file")


async def _answer(http: "httpx2.AsyncClient", address: str) -> "httpx2.Response":
    """Return the answer to a request, waiting if asked to slow down. Raises `Failed` if nobody answers."""
    import httpx2  # noqa: PLC0415 - heavy

    for _ in range(_TRIES):
        try:
            answer = await http.get(address)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Failed(f"{address} cannot be reached: {error}") from None
        if answer.status_code != 429:
            break
        await asyncio.sleep(_wait(answer.headers.get("Retry-After", "")))
    return answer


def _wait(header: str) -> float:
    """Return how long to wait (seconds) where an answer has this header, which may hold a date instead."""
    return min(_LONGEST_WAIT, float(header)) if header.isdecimal() else 1.0


async def _got(http: "httpx2.AsyncClient", address: str) -> "httpx2.Response":
    answer = await _answer(http, address)
    if answer.status_code != 200:
        raise Failed(
            f"{address} answered with status {answer.status_code}. Give the address of the folder with the manifest; "
            "there is one as soon as a period is published."
        )
    return answer


async def _verify(address: str, token: str | None, known: str | None) -> Inspection:
    from shared import http_client  # noqa: PLC0415 - heavy

    if not address.startswith(("http://", "https://")):
        raise Failed(f"The address {address!r} does not begin with https://. Give it whole: https://…/reporting/feeds.")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http_client.client(timeout=30.0, headers=headers) as http:
        return await look(http, address.rstrip("/"), known)


@app.command("verify")
def verify(
    address: Annotated[str, typer.Argument(help="Where the files are, such as https://…/reporting/feeds.")],
    *,
    token: Annotated[
        str | None, typer.Option(envvar="TANDEM_FEEDS_TOKEN", help="The token that opens the files.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The thumbprint of the key that must have signed.")] = None,
) -> None:
    """Check every manifest, its signature and every file that was ever published; exit 1 if one is wrong."""
    found = asyncio.run(_verify(address, token, key))
    for each in found.wrong:
        print(each)
    closed = f", {found.closed} need a token" if found.closed else ""
    print(f"Manifests: {found.manifests}. Files checked: {found.files}{closed}. Wrong: {len(found.wrong)}.")
    if found.keys:
        print(f"Signed with {', '.join(sorted(found.keys))}: compare it with the thumbprint that you noted.")
    if found.wrong:
        raise typer.Exit(1)
