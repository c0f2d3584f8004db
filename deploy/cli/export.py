"""Export the journals as JSON lines with a manifest that anchors them: `tandem export DIR`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from deploy.cli.export_files import ExportLine
    from deploy.cli.system import System

NAME = "export"
_SELECT = (
    "SELECT id, aggregatetype, aggregateid, sequence, type, payload, occurred_at, actor, correlationid, causationid,"
    " traceparent, digest, hash, recorded_at, digest_after, erased_at, erased_by, reason, signature"
    " FROM journal LEFT JOIN erasure ON journal_id = id ORDER BY aggregatetype, aggregateid, sequence"
)


async def export(system: "System", folder: Path) -> dict[str, Any]:
    """Write all journals into `folder`, each from one snapshot; return the manifest.

    The manifest is written last, so a folder without one is not an export. Raises `Failed` if there is one already,
    the folder cannot be written or a database does not answer.
    """
    import json  # noqa: PLC0415 - with the rest
    from datetime import UTC, datetime  # noqa: PLC0415 - as above

    from deploy.cli.export_files import MANIFEST  # noqa: PLC0415 - as above
    from deploy.cli.system import SERVICES, Failed  # noqa: PLC0415 - as above
    from shared.time import clock  # noqa: PLC0415 - as above

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # noqa: ASYNC240 - nothing else runs meanwhile
        if (folder / MANIFEST).exists():
            raise Failed(f"{folder} already holds an export: choose another folder.")
        services = {name: await _export_journal(system, name, folder) for name in SERVICES}
        manifest = {
            "made_at": datetime.now(UTC).isoformat(),
            "clock": clock.now().isoformat(),
            "chain": "hash = SHA-256(hash before it in the aggregate + SHA-256(payload)), from 32 zero bytes",
            "heads": "SHA-256 over `topic TAB subject TAB sequence TAB hash LF`, sorted by topic and subject",
            "services": services,
        }
        draft = folder / f"{MANIFEST}.new"
        draft.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
        draft.replace(folder / MANIFEST)
    except OSError as error:
        raise Failed(f"{folder} cannot be written: {error.strerror}.") from error
    return manifest


async def _export_journal(system: "System", service: str, folder: Path) -> dict[str, Any]:
    import json  # noqa: PLC0415 - with the rest
    import os  # noqa: PLC0415 - as above
    from hashlib import sha256  # noqa: PLC0415 - as above

    from sqlalchemy import text  # noqa: PLC0415 - as above

    from deploy.cli.export_files import Chains, heads_digest  # noqa: PLC0415 - as above
    from deploy.cli.progress import bar  # noqa: PLC0415 - as above
    from deploy.cli.system import Failed, report_unreachable  # noqa: PLC0415 - as above
    from shared.bus.db.transaction import driver  # noqa: PLC0415 - as above

    name = f"{service}.jsonl"
    # Journals are pseudonymous personal data: nobody else on this machine reads them.
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    whole, chains, size = sha256(), Chains(system.erasure_keys), 0
    bus = system.bus(service)
    try:
        with os.fdopen(descriptor, "wb") as file, report_unreachable(f"The database of {service}"):
            async with bus.read() as session:
                total = await session.scalar(text("SELECT count(*) FROM journal"))
                connection = await driver(session)
                with bar(f"Journal of {service}", total) as progress:
                    async for row in connection.cursor(_SELECT, prefetch=1000):
                        line_values = _journal_row(row)
                        chains.add(line_values)
                        line = (json.dumps(line_values, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
                        whole.update(line)
                        size += file.write(line)
                        if chains.events % 1000 == 0:
                            progress.at(chains.events)
    finally:
        await bus.close()
    if chains.faults:
        raise Failed(f"The journal of {service} is broken, so it is not exported: see `tandem verify`.")
    return {
        "file": name,
        "sha256": whole.hexdigest(),
        "bytes": size,
        "events": chains.events,
        "aggregates": len(chains.heads),
        "heads_sha256": heads_digest(chains.heads),
    }


def _journal_row(row: Any) -> "ExportLine":
    """Return one row of the journal; the payload stays text, as its digest is that of its bytes."""
    return {
        "topic": row["aggregatetype"],
        "subject": row["aggregateid"],
        "sequence": row["sequence"],
        "type": row["type"],
        "id": str(row["id"]),
        "time": row["occurred_at"].isoformat(),
        "actor": row["actor"],
        "correlationid": row["correlationid"],
        "causationid": str(row["causationid"]) if row["causationid"] else None,
        "traceparent": row["traceparent"],
        "payload": row["payload"],
        "digest": row["digest"].hex(),
        "hash": row["hash"].hex(),
        "recorded_at": row["recorded_at"].isoformat(),
        "erasure": None
        if row["digest_after"] is None
        else {
            "digest_after": row["digest_after"].hex(),
            "at": row["erased_at"].isoformat(),
            "by": row["erased_by"],
            "reason": row["reason"],
            "signature": row["signature"].hex(),
        },
    }


def command(folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")]) -> None:
    """Write all four journals as JSON lines, with a manifest that anchors their hash chains outside the database."""
    import asyncio  # noqa: PLC0415 - not needed to show the help

    from deploy.cli.system import System  # noqa: PLC0415 - as above

    manifest = asyncio.run(export(System.here(), folder))
    for name, summary in manifest["services"].items():
        print(f"{name:<14} {summary['events']:>9,} events  heads {summary['heads_sha256'][:16]}…")
    print(f"Written to {folder}. Keep manifest.json elsewhere too: `tandem verify --export {folder}` compares with it.")
