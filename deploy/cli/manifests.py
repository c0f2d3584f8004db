"""Read manifests and keys that somebody else has published, and say what is wrong with their shape."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.cli.system import Failed

M = TypeVar("M", bound=BaseModel)

_MOST_MANIFESTS = 10_000
"""More than a statement a day for a quarter of a century: a check asks for each of them."""


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class ListedFile(_Read):
    """A file that a manifest lists: its address, size in bytes and SHA-256 in hex."""

    address: str
    size: int
    sha256: str


class ListedStatement(_Read):
    """A statement of a period in a manifest, with its files."""

    period: str
    statement: int
    files: list[ListedFile]


class Manifest(_Read):
    """A manifest: its number, from 1, and every statement that was ever published."""

    manifest: Annotated[int, Field(ge=1, le=_MOST_MANIFESTS)]
    previous: dict[str, str | int] | None
    publications: list[ListedStatement]


class Key(_Read):
    """A public key as a JWK with its thumbprint (RFC 7517, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str


class Keys(_Read):
    """A JWK set."""

    keys: list[Key]


def read(kind: type[M], content: bytes, address: str) -> M:
    """Return what `content`, fetched from `address`, says.

    Raises `Failed`, which names the address, the place in the file and the remedy.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        where = f" at {place}" if place else ""
        raise Failed(
            f"{address} is no {_KINDS.get(kind.__name__, 'such file')} of Tandem{where}: {first['msg']}."
            " Give the address of the folder with the manifest, such as https://…/reporting/feeds."
        ) from None


_KINDS = {"Manifest": "manifest", "Keys": "list of keys"}
