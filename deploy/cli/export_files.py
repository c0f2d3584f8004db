"""Read and write the files of an export, and compare them with each other and with the journals.

A folder with one file of JSON lines a service, by aggregate and number, and `manifest.json`: the SHA-256 of each file
and the digest of the heads of all chains, which anchors them outside of the database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from deploy.cli.system import SERVICES, Failed
from shared.bus.db.erasure import Mark
from shared.bus.db.journal import CHAIN_START, link
from shared.bus.outbox.anchors import AnchoredHead, differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import asyncpg

    from shared.bus.db.erasure import ErasureKeys

MANIFEST = "manifest.json"
Aggregate = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an aggregate's chain: number and hash of its newest event."""

    sequence: int
    hash: bytes


def heads_digest(heads: Mapping[Aggregate, Head]) -> str:
    """Return the SHA-256 over all heads, one a line, in the order of topic and subject."""
    whole = sha256()
    for (topic, subject), head in sorted(heads.items()):
        whole.update(f"{topic}\t{subject}\t{head.sequence}\t{head.hash.hex()}\n".encode())
    return whole.hexdigest()


class ErasureLine(TypedDict):
    """The mark of an erasure in a line of an export."""

    at: str
    by: str
    reason: str
    digest_after: str
    signature: str


class ExportLine(TypedDict):
    """An event in a line of an export."""

    topic: str
    subject: str
    sequence: int
    type: str
    id: str
    time: str
    actor: str
    correlationid: str | None
    causationid: str | None
    traceparent: str | None
    payload: str
    digest: str
    hash: str
    recorded_at: str
    erasure: ErasureLine | None


@dataclass
class Chains:
    """The chains of one service's file, checked line by line."""

    keys: ErasureKeys
    heads: dict[Aggregate, Head] = field(default_factory=dict)
    events: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, line: ExportLine) -> None:
        """Add the next event of an aggregate, and note a broken chain."""
        aggregate = (line["topic"], line["subject"])
        before = self.heads.get(aggregate, Head(0, CHAIN_START))
        here = Head(line["sequence"], bytes.fromhex(line["hash"]))
        stated = bytes.fromhex(line["digest"])
        place = f"{line['topic']} {line['subject']}, event {line['sequence']}"
        if here.sequence != before.sequence + 1 or link(before.hash, stated) != here.hash:
            self.faults.append(f"{place}: the chain is broken here")
        erased = line["erasure"]
        mark = None if erased is None else _mark(line["id"], stated, erased)
        signature = b"" if erased is None else bytes.fromhex(erased["signature"])
        if fault := self.keys.fault(mark, signature, line["payload"].encode(), stated):
            self.faults.append(f"{place}: {fault}")
        self.heads[aggregate] = here
        self.events += 1


def _mark(fact: str, stated: bytes, erased: ErasureLine) -> Mark:
    """Return the mark of an erasure that a line of an export holds."""
    at = datetime.fromisoformat(erased["at"])
    return Mark(UUID(fact), stated, bytes.fromhex(erased["digest_after"]), at, erased["by"], erased["reason"])


@dataclass
class Exported:
    """An export that was read: the heads by service, and what is wrong with the files."""

    heads: dict[str, dict[Aggregate, Head]]
    faults: list[str]

    @classmethod
    def read(cls, folder: Path, keys: ErasureKeys) -> Exported:
        """Return the export in `folder`, compared with its manifest; `keys` are those of erasures.

        Raises `Failed` if it is not an export.
        """
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            services = {name: manifest["services"][name] for name in SERVICES}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Failed(f"{folder} holds no export of the journals (no {MANIFEST} that can be read).") from error
        heads, faults = {}, []
        for name, summary in services.items():
            whole, chains = sha256(), Chains(keys)
            try:
                with (folder / summary["file"]).open("rb") as file:
                    for line in file:
                        whole.update(line)
                        chains.add(json.loads(line))
            except (OSError, ValueError, KeyError, TypeError) as error:
                faults.append(f"export of {name}: {summary['file']} cannot be read ({type(error).__name__})")
                continue
            if whole.hexdigest() != summary["sha256"]:
                faults.append(f"export of {name}: {summary['file']} is not the file that the manifest names")
            if heads_digest(chains.heads) != summary["heads_sha256"] or chains.events != summary["events"]:
                faults.append(f"export of {name}: the heads of the chains are not those that the manifest names")
            faults += [f"export of {name}: {fault}" for fault in chains.faults]
            heads[name] = chains.heads
        return cls(heads, faults)

    async def against(self, service: str, connection: asyncpg.Connection) -> list[str]:
        """Return where the journal of `service` breaks with the export: since hashes chain, heads are enough."""
        heads = self.heads.get(service, {})
        anchored = [AnchoredHead(*aggregate, head.sequence, head.hash) for aggregate, head in sorted(heads.items())]
        faults = []
        async for head, gone in differences(connection, anchored):
            what = "is missing from the journal" if gone else "is different in the journal"
            faults.append(f"{service}: {head.topic} {head.subject}, event {head.sequence}: what was exported {what}")
        return faults
