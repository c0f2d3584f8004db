"""Answer a match with as much of the people's identity as the reader may know, and the list of them page by page."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.matches.store import matches as store
from services.applications.overview.views.participation import MatchView, match_view, seen_by, views_of_matches
from shared.contracts.applications import LanguageHeld
from shared.contracts.codes import (
    ApplicationKind,
    Expertise,
    MatchState,
    Party,
    RankGroup,
    Reason,
    ServiceKind,
    Side,
)
from shared.web.items import ListedVersion
from shared.web.paging import cursor_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.web.paging import PageRequest

RESTRICTED = "restricted"


class Applicant(ReadModel):
    """The applicant of a match, without the name, as everybody in the match may see them."""

    rank_group: RankGroup
    service: ServiceKind
    expertise: Annotated[
        list[Expertise | Literal["restricted"]],
        Field(description="Which of the areas are restricted, only the applicant's own country sees."),
    ]
    languages: list[LanguageHeld]


class KnownPerson(ReadModel):
    """The fields of one party's identity that were released to the reader; null means a hidden field."""

    party: Party
    name: str | None
    own_name: Annotated[str | None, Field(description="The name in the person's own script.")]
    national_rank: str | None
    unit: str | None
    service_email: str | None


class Match(ReadModel):
    """A match of an application with a placement or a mentor, as the reader may see it."""

    id: UUID
    application_id: UUID
    reference: Annotated[str | None, Field(description="The reference of the application.", examples=["EX-2026-00042"])]
    kind: ApplicationKind
    offer_id: UUID | None
    mentor_id: UUID | None
    country: Annotated[str, Field(description="The sending country, ISO 3166-1.", examples=["AM"])]
    host_country: Annotated[str, Field(description="The country of host or mentor.", examples=["FR"])]
    host_organisation_id: UUID
    host: Annotated[str | None, Field(description="The name of the host organisation.")]
    state: MatchState
    reserve: Annotated[bool, Field(description="Whether it waits in reserve for a place that another match holds.")]
    since: Annotated[AwareDatetime, Field(description="When it came into its state.")]
    due: Annotated[AwareDatetime | None, Field(description="When the clearance or the answers are due.")]
    reason: Annotated[Reason | None, Field(description="Why it ended.")]
    topic: Annotated[str, Field(description="A topic of the priorities.", examples=["online_crime"])]
    language: Annotated[str, Field(description="The language of the exchange, ISO 639-1.", examples=["en"])]
    parties: Annotated[list[Party], Field(description="As whom the reader sees it.")]
    turn: Annotated[Side | None, Field(description="The side that is to clear it now.")]
    your_turn: Annotated[bool, Field(description="Whether the reader may clear it now.")]
    cleared: Annotated[dict[Side, bool], Field(description="By side, whether it cleared (true) or refused.")]
    your_answer_is_asked: bool
    your_answer_has_arrived: bool
    too_late: Annotated[list[Party], Field(description="Whose answers came too late.")]
    applicant: Applicant | None
    people: dict[Party, KnownPerson]
    visit_id: UUID | None
    mentorship_id: UUID | None


class ListedMatch(Match):
    """A match in a list, with the version of the record."""

    version: ListedVersion


def match_of(view: MatchView) -> Match:
    """Return a match as the API answers it."""
    row = view.match
    return Match(
        id=row.id,
        application_id=row.application_id,
        reference=view.case.application.reference,
        kind=row.for_,
        offer_id=row.offer_id,
        mentor_id=row.mentor_id,
        country=row.country,
        host_country=row.host_country,
        host_organisation_id=row.host_organisation_id,
        host=view.host.name if view.host else None,
        state=row.stands,
        reserve=row.reserve,
        since=row.since,
        due=view.turn.due or row.due,
        reason=Reason(row.reason) if row.reason else None,
        topic=row.pairing.topic,
        language=row.pairing.language,
        parties=sorted(view.case.parties),
        turn=view.turn.side,
        your_turn=view.turn.mine,
        cleared={side: decision.granted for side, decision in view.cleared.items()},
        your_answer_is_asked=view.answering is not None,
        your_answer_has_arrived=view.arrived,
        too_late=[Party(party) for party in row.late],
        applicant=_applicant(view),
        people={party: KnownPerson(**asdict(identity)) for party, identity in view.known.items()},
        visit_id=view.visit.id if view.visit else None,
        mentorship_id=view.mentorship.id if view.mentorship else None,
    )


def _applicant(view: MatchView) -> Applicant | None:
    profile = view.profile
    if profile is None:
        return None
    return Applicant(
        rank_group=profile.rank_group,
        service=profile.service,
        expertise=[area or RESTRICTED for area in view.expertise],
        languages=list(profile.languages),
    )


async def match(session: AsyncSession, principal: Principal, match_id: UUID) -> Match:
    """Return one match. Raises `Refused` (404)."""
    return match_of(await match_view(session, principal, match_id))


async def page(
    session: AsyncSession, principal: Principal, states: Sequence[MatchState], request: PageRequest
) -> Page[Match]:
    """Return one page of the matches in one of these states (of none: all) that concern the reader, newest first."""
    rows = await store.page(session, await seen_by(session, principal), states, request)
    views = await views_of_matches(session, principal, rows[: request.limit])
    following = cursor_of([rows[request.limit - 1].id]) if len(rows) > request.limit else None
    return Page[Match](items=[match_of(view) for view in views], next=following)
