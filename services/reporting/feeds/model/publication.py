"""Describe publications in manifests, each of which names the one before by its digest.

A manifest lists every file of every statement that was ever published, so the newest one is enough to know what counts,
and one that leaves out what an earlier one listed cannot be passed off as its successor (`broken`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.reporting.disclosure.model import Released
    from services.reporting.periods.model.approval import Approval


def sha256(content: bytes) -> str:
    """Return the digest by which a file is known, in hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class File:
    """A published file: its name, media type and bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it is stored and served: its number, bytes, detached signature, and the public key (JWK)."""

    number: int
    content: bytes
    signature: str
    key: Mapping[str, str]
    issued_at: datetime

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes, in hex."""
        return sha256(self.content)


@dataclass(frozen=True, slots=True)
class UsedDefinition:
    """The published version of an indicator's definition, and the moment up to which facts count."""

    indicator: str
    version: int
    cut_off: str


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A published file in a manifest: where it is, and what it must be."""

    name: str
    address: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Publication:
    """The entry of a manifest for one statement of a period. `reason` says why the period was stated again."""

    period: str
    start: str
    end: str
    statement: int
    reason: str | None
    published_at: str
    cut_off: str
    replaced_by: int | None
    definitions: list[UsedDefinition]
    files: list[ListedFile]


def publication(
    approval: Approval,
    released: Sequence[Released],
    files: Sequence[File],
    at: datetime,
    *,
    base: str,
    reason: str | None = None,
) -> Publication:
    """Return the entry of a manifest for one statement of a period; `base` is the address below which all files are."""
    return Publication(
        period=approval.period.label,
        start=approval.period.start.isoformat(),
        end=approval.period.end.isoformat(),
        statement=approval.statement,
        reason=reason,
        published_at=at.isoformat(),
        cut_off=max(each.cut_off for each in released).isoformat(),
        replaced_by=None,
        definitions=[
            UsedDefinition(each.definition.id, each.definition.version, each.cut_off.isoformat()) for each in released
        ],
        files=[
            ListedFile(
                name=each.name,
                address=f"{base}/{approval.period.label}/{approval.statement}/{each.name}",
                media_type=each.media_type,
                size=len(each.content),
                sha256=sha256(each.content),
            )
            for each in files
        ],
    )


def next_manifest(before: Manifest | None, added: Publication, at: datetime, issuer: str) -> bytes:
    """Return the bytes of the manifest that follows `before`, with one publication more.

    A later statement of a listed period replaces the earlier one, which then says so.
    """
    listed = json.loads(before.content)["publications"] if before else []
    for each in listed:
        if each["period"] == added.period and each["replaced_by"] is None:
            each["replaced_by"] = added.statement
    manifest = {
        "manifest": before.number + 1 if before else 1,
        "issuer": issuer,
        "issued_at": at.isoformat(),
        "previous": {"manifest": before.number, "sha256": before.digest} if before else None,
        "publications": [*listed, asdict(added)],
    }
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def broken(manifests: Sequence[bytes]) -> list[str]:
    """Return what is wrong in a row of manifests, the first one first: a broken link, or something no longer listed."""
    found = []
    before: bytes | None = None
    for place, content in enumerate(manifests, 1):
        manifest = json.loads(content)
        if manifest["manifest"] != place:
            found.append(f"manifest {place} calls itself {manifest['manifest']}")
        previous = None if before is None else {"manifest": place - 1, "sha256": sha256(before)}
        if manifest["previous"] != previous:
            found.append(f"manifest {place} does not follow manifest {place - 1}")
        listed_before = _publications_by_name(json.loads(before)) if before is not None else {}
        now = _publications_by_name(manifest)
        found += [
            f"manifest {place} does not list {name} as manifest {place - 1} does"
            for name, each in listed_before.items()
            if now.get(name) != each
        ]
        before = content
    return found


def _publications_by_name(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return each publication by its name, without what a later one may change of it."""
    return {
        f"{each['period']}, statement {each['statement']}": {**each, "replaced_by": None}
        for each in manifest["publications"]
    }
