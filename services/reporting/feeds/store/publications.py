"""Store published files and manifests: bytes once, by their digest, and never changed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.reporting.disclosure.store import Release
from services.reporting.feeds.model.publication import Manifest, sha256
from services.reporting.periods.model import periods
from services.reporting.tables import Table, write_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.feeds.model.publication import File


class Blob(Table, table=True):
    """Bytes that were published, by their SHA-256."""

    __tablename__ = "blob"

    sha256: str = Field(primary_key=True)
    size: int
    content: bytes = Field(description="Compressed (RFC 1950)")


class FeedFile(Table, table=True):
    """A file of one statement of a period."""

    __tablename__ = "feed_file"

    period: str = Field(primary_key=True)
    statement: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    media_type: str
    sha256: str
    published_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class ManifestRow(Table, table=True):
    """A manifest with its detached signature and the public key that checks it."""

    __tablename__ = "manifest"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    sha256: str
    signature: str
    key: dict[str, str] = Field(sa_type=JSONB)
    issued_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Stored:
    """A published file: which it is, its bytes, and which statement replaced it (None: it is the present one)."""

    period: str
    statement: int
    name: str
    media_type: str
    sha256: str
    published_at: datetime
    content: bytes
    replaced_by: int | None


async def keep(
    session: AsyncSession, period: str, statement: int, files: Sequence[File], manifest: Manifest, at: datetime
) -> None:
    """Save what was published, for ever; the keys refuse a second time for the same statement."""
    contents = {sha256(each): each for each in (*(file.content for file in files), manifest.content)}
    blobs = [Blob(sha256=key, size=len(each), content=zlib.compress(each)) for key, each in contents.items()]
    await write_rows(session, Blob, blobs, replace=False)
    for file in files:
        values = {"name": file.name, "media_type": file.media_type, "sha256": sha256(file.content)}
        session.add(FeedFile(period=period, statement=statement, published_at=at, **values))
    session.add(
        ManifestRow(
            number=manifest.number,
            sha256=manifest.digest,
            signature=manifest.signature,
            key=dict(manifest.key),
            issued_at=manifest.issued_at,
        )
    )
    await session.flush()


async def file(session: AsyncSession, period: str, name: str, statement: int | None = None) -> Stored | None:
    """Return a published file of a period: of one statement, or (None) of the present one."""
    ours = select(FeedFile).where(col(FeedFile.period) == period, col(FeedFile.name) == name)
    rows = list(await session.scalars(ours.order_by(col(FeedFile.statement))))
    wanted = [row for row in rows if statement in {None, row.statement}]
    if not wanted:
        return None
    row = wanted[-1]
    later = [each.statement for each in rows if each.statement > row.statement]
    return Stored(
        row.period,
        row.statement,
        row.name,
        row.media_type,
        row.sha256,
        row.published_at,
        await _content(session, row.sha256),
        later[0] if later else None,
    )


async def newest_period(session: AsyncSession, *, published_last: bool = False) -> str | None:
    """Return the published period that ends last; of those that end on the same day the longest.

    `published_last`: the one with the statement that was published last instead.
    """
    last = sa.func.max(FeedFile.published_at)
    query = sa.select(col(FeedFile.period)).group_by(col(FeedFile.period)).order_by(last, col(FeedFile.period))
    labels = list(await session.scalars(query))
    if published_last:
        return labels[-1] if labels else None
    found = sorted(map(periods.parse, labels), key=lambda each: (each.end, -each.start.toordinal()))
    return found[-1].label if found else None


async def manifest(session: AsyncSession, number: int | None = None) -> Manifest | None:
    """Return a manifest by its number, or (None) the newest."""
    query = select(ManifestRow).order_by(col(ManifestRow.number).desc()).limit(1)
    row = await session.scalar(query if number is None else query.where(col(ManifestRow.number) == number))
    if row is None:
        return None
    return Manifest(row.number, await _content(session, row.sha256), row.signature, row.key, row.issued_at)


async def keys(session: AsyncSession) -> list[dict[str, str]]:
    """Return the public keys that signed manifests, the newest first."""
    newest = sa.func.max(ManifestRow.number).desc()
    return list(await session.scalars(sa.select(col(ManifestRow.key)).group_by(col(ManifestRow.key)).order_by(newest)))


async def unpublished(session: AsyncSession) -> dict[str, datetime]:
    """Return periods released before files were kept, with the moment of the newest statement; earliest first."""
    known = sa.select(col(FeedFile.period)).where(col(FeedFile.period) == Release.period)
    newest = sa.func.max(Release.at)
    query = sa.select(col(Release.period), newest).where(~known.exists()).group_by(col(Release.period))
    rows = await session.execute(query.order_by(newest, col(Release.period)))
    return {row[0]: row[1] for row in rows}


async def _content(session: AsyncSession, digest: str) -> bytes:
    row = await session.get_one(Blob, digest)
    content = zlib.decompress(row.content)
    if sha256(content) != digest:
        raise RuntimeError(f"The published bytes {digest} are damaged in the database: restore them from a backup.")
    return content
