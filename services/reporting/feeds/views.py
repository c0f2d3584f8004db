"""Show what was published of a period, and the tokens with which consumers fetch it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.reporting.feeds.model.tokens import TokenState
from services.reporting.feeds.store import publications, tokens
from services.reporting.targets.views import target_values
from shared.contracts.codes import PeriodState, RestatementReason
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.time import clock
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.feeds.model.publication import Manifest
    from services.reporting.feeds.model.tokens import PullToken
    from services.reporting.periods.model.approval import Approval
    from services.reporting.targets.model import TargetValue
    from shared.web.paging import PageRequest


class PublishedDefinition(ReadModel):
    """The version of a definition that a publication used."""

    indicator: Annotated[str, Field(examples=["TOPCOP-OP-02"])]
    version: int
    cut_off: AwareDatetime


class PublishedFile(ReadModel):
    """A published file; its bytes never change."""

    name: Annotated[str, Field(examples=["figures.csv"])]
    address: Annotated[str, Field(examples=["https://tandem.example/reporting/feeds/2026-H1/1/figures.csv"])]
    media_type: Annotated[str, Field(examples=["text/csv; charset=utf-8"])]
    size: Annotated[int, Field(description="In bytes.", examples=[5120])]
    sha256: Annotated[str, Field(description="In hex.", examples=["9f86d081884c7d65"])]


class Publication(ReadModel):
    """One statement of a period as it was published, with its files."""

    period: Annotated[str, Field(examples=["2026-H1"])]
    start: date
    end: Annotated[date, Field(description="Its last day.")]
    statement: Annotated[int, Field(examples=[1])]
    reason: Annotated[RestatementReason | None, Field(description="Why it was restated; null for the first.")]
    published_at: AwareDatetime
    cut_off: Annotated[AwareDatetime, Field(description="Facts up to then count.")]
    replaced_by: Annotated[int | None, Field(description="The next statement; null for the present one.")]
    definitions: list[PublishedDefinition]
    files: list[PublishedFile]


class PeriodFeeds(ReadModel):
    """The publications of a period, and the obstacles to publishing it."""

    period: Annotated[str, Field(examples=["2026-H1"])]
    state: PeriodState
    statement: Annotated[int, Field(examples=[1])]
    publications: Annotated[list[Publication], Field(description="The first statement first.")]
    findings: Annotated[
        list[str],
        Field(description="What would break the rules of IATI's standard, of a period that is not published."),
    ]


class FeedToken(ReadModel):
    """The token of a consumer, without the token itself, which is not kept."""

    id: UUID
    consumer: Annotated[str, Field(examples=["European Commission, OPSYS"])]
    state: TokenState
    expires: Annotated[date, Field(description="The last day on which it is valid.")]
    issued_at: AwareDatetime
    issued_by: Annotated[str, Field(description="Sign-in subject.")]
    revoked_at: AwareDatetime | None
    revoked_by: Annotated[str | None, Field(description="Sign-in subject.")]
    last_used_at: AwareDatetime | None


class IssuedToken(FeedToken):
    """A new token: `token` is in this answer and nowhere else."""

    token: Annotated[str, Field(description="To be sent as `Authorization: Bearer`.", examples=["tandem-feeds-..."])]


class TokenDownload(ReadModel):
    """A file that a token fetched on a day."""

    day: date
    period: Annotated[str, Field(examples=["2026-H1"])]
    name: Annotated[str, Field(examples=["figures.csv"])]
    times: int


class FeedTokenUse(FeedToken):
    """A token with what it fetched."""

    fetched: Annotated[list[TokenDownload], Field(description="In the last ninety days, the newest day first.")]


class _ManifestContent(BaseModel):
    """The part of a manifest that is read."""

    publications: list[Publication]


@dataclass(frozen=True, slots=True)
class Published:
    """The publications of a period with the newest manifest, and all targets, which its files name."""

    manifest: Manifest | None
    publications: list[Publication]
    targets: list[TargetValue]


async def published(session: AsyncSession, approval: Approval) -> Published:
    """Return what was published of a period, the first statement first."""
    manifest = await publications.manifest(session)
    listed = _ManifestContent.model_validate_json(manifest.content).publications if manifest else []
    ours = [each for each in listed if each.period == approval.period.label]
    return Published(manifest, ours, await target_values(session))


def period_feeds(approval: Approval, found: Published, findings: list[str]) -> PeriodFeeds:
    """Return what was published of a period, with what keeps it from being published."""
    return PeriodFeeds(
        period=approval.period.label,
        state=approval.state,
        statement=approval.statement,
        publications=found.publications,
        findings=findings,
    )


def feed_token(token: PullToken) -> FeedToken:
    """Return a token with its state now."""
    return FeedToken(
        id=token.id,
        consumer=token.consumer,
        state=token.state(clock.now()),
        expires=token.expires,
        issued_at=token.issued_at,
        issued_by=token.issued_by,
        revoked_at=token.revoked_at,
        revoked_by=token.revoked_by,
        last_used_at=token.last_used_at,
    )


def issued_token(token: PullToken, secret: str) -> IssuedToken:
    """Return a new token with what its consumer sends."""
    return IssuedToken(**dict(feed_token(token)), token=secret)


async def feed_tokens(session: AsyncSession, request: PageRequest) -> Page[FeedToken]:
    """Return one page of all tokens that were ever issued, the newest first."""
    rows = await tokens.page(session, request)
    return page_of(rows, request, FeedToken, feed_token, lambda row: (row.issued_at, row.id))


async def all_tokens(session: AsyncSession) -> list[FeedToken]:
    """Return all tokens that were ever issued, the newest first."""
    return [feed_token(each) for each in await tokens.everything(session)]


async def token_by_id(session: AsyncSession, token_id: str) -> PullToken:
    """Return a token by its id. Raises `Refused` (404)."""
    id_ = read_id(token_id)
    found = None if id_ is None else await tokens.token_by_id(session, id_)
    if found is None:
        raise Refused(gettext("There is no such token."), 404)
    return found


async def token_use(session: AsyncSession, token_id: str) -> FeedTokenUse:
    """Return a token with what it fetched in the last ninety days. Raises `Refused` (404)."""
    token = await token_by_id(session, token_id)
    pulls = await tokens.pulls(session, token.id, clock.today())
    fetched = [TokenDownload(day=each.day, period=each.period, name=each.name, times=each.times) for each in pulls]
    return FeedTokenUse(**dict(feed_token(token)), fetched=fetched)


async def earlier_keys(session: AsyncSession) -> list[dict[str, str]]:
    """Return the public keys (JWK) that signed manifests, the newest first."""
    return await publications.keys(session)
