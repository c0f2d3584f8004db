"""Read how far the preparation of a visit is: who owns each item, who may read it, what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.matches.store import participation
from services.applications.matches.views import parties as matches_parties
from services.applications.preparation import model, store
from services.applications.preparation.model.costs import list_digest
from shared.contracts.codes import IdentityField, LegalBasis, Party, PreparationItem, VisitState
from shared.next_steps import to_come

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from services.applications.visits.store import Visit


def sides(case: Case) -> frozenset[Party]:
    """Return the roles in which somebody sees a visit's preparation: a mentoring pair are guest and host of its visit.

    Where the mentor travels, the mentor's country is the sender.
    """
    guest, host = case.sides
    renamed = {guest: Party.GUEST, host: Party.HOST}
    if guest is Party.MENTOR:
        renamed |= {Party.HOME_COORDINATOR: Party.HOST_COORDINATOR, Party.HOST_COORDINATOR: Party.HOME_COORDINATOR}
    return frozenset(renamed.get(party, party) for party in case.parties)


def owns_item(case: Case, item: PreparationItem) -> bool:
    """Return whether somebody owns an item; the programme coordinator may stand in for the sender."""
    owner, own = model.OWNERS[item], sides(case)
    return owner in own or (owner is model.SENDER and Party.PROGRAMME in own)


async def checklists(session: AsyncSession, among: Collection[Visit]) -> dict[UUID, model.Checklist]:
    """Return the state of each item, by visit; only of visits that have dates."""
    dated = {visit.id: visit for visit in among if visit.start is not None}
    if not dated:
        return {}
    rules = [rule_row.rule for rule_row in await store.rules(session)]
    written = await store.sheets(session, dated.keys())
    costs = await store.costs(session, dated.keys())
    letters = await store.letters(session, dated.keys())
    found = {}
    for id_, visit in dated.items():
        assert visit.start is not None
        assert visit.end is not None
        newest: dict[str, Any] = {}
        for letter in letters[id_]:
            newest.setdefault(letter.kind, (letter.start, letter.end))
        facts = model.Facts(
            visit.start,
            visit.end,
            {item: row.sheet for item, row in written[id_].items()},
            list_digest(cost.line for cost in costs.get(id_, [])),
            newest,
        )
        required = model.required_items(rules, visit.call_id, visit.country, visit.host_country)
        found[id_] = model.checklist(required, facts)
    return found


async def checklist(session: AsyncSession, visit: Visit) -> model.Checklist | None:
    """Return the checklist of one visit; None while it has no dates."""
    return (await checklists(session, [visit])).get(visit.id)


def standing_of(checklist: model.Checklist | None, item: PreparationItem) -> model.Standing | None:
    """Return the state of one item of a checklist; None without dates."""
    standings = checklist.standings if checklist is not None else ()
    return next((standing for standing in standings if standing.item is item), None)


async def visits_to_prepare(session: AsyncSession, cases: Collection[tuple[Case, Visit | None]]) -> set[UUID]:
    """Return the visits to come among these for which the reader still has an item to bring."""
    ahead = {
        visit.id: matches_parties.as_visit_case(case, visit)
        for case, visit in cases
        if visit is not None
        and visit.start is not None
        and visit.stands is VisitState.SCHEDULED
        and to_come(visit.start)
    }
    lists = await checklists(session, [visit for _, visit in cases if visit is not None and visit.id in ahead])
    return {
        id_ for id_, found in lists.items() if any(standing.owner in sides(ahead[id_]) for standing in found.open_())
    }


async def readable_items(session: AsyncSession, case: Case) -> frozenset[PreparationItem]:
    """Return the items whose sheets somebody may read; those of the other side only while released to them."""
    own = sides(case)
    found = {item for item, readers in model.READERS.items() if readers & own}
    guest, host = case.sides
    parties = {Party.GUEST: guest, Party.HOST: host}
    releases = (await participation.releases(session, [case.match.id]))[case.match.id]
    for item, (of, to, fields, _) in RELEASED_BY_SHEET.items():
        released = any(
            (release.party, release.recipient) == (parties[of], parties[to]) and fields[0].value in release.fields
            for release in releases
        )
        if own & model.READERS[item] == {to} and not released:
            found.discard(item)
    return frozenset(found)


async def arrival(session: AsyncSession, case: Case, visit: Visit) -> model.Arrival | None:
    """Return whom the guest asks for, where and when; None where it is not written, or not readable."""
    if PreparationItem.ARRIVAL not in await readable_items(session, case):
        return None
    row = (await store.sheets(session, [visit.id]))[visit.id].get(PreparationItem.ARRIVAL)
    sheet = row.sheet if row is not None else None
    assert sheet is None or isinstance(sheet, model.Arrival)
    return sheet


RELEASED_BY_SHEET: dict[PreparationItem, tuple[Party, Party, tuple[IdentityField, ...], LegalBasis]] = {
    PreparationItem.ACCESS_NEEDS: (Party.GUEST, Party.HOST, (IdentityField.ACCESS_NEEDS,), LegalBasis.CONSENT),
    PreparationItem.ARRIVAL: (
        Party.HOST,
        Party.GUEST,
        (IdentityField.NAME, IdentityField.SERVICE_EMAIL),
        LegalBasis.PUBLIC_TASK,
    ),
}
"""The identity fields that a sheet releases to the other side once it is written, for preparing the visit."""
