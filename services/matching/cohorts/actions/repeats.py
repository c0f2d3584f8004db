"""Answer a cohort that was asked for again as the first time, or say what is true now of one that is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.cohorts.store import cohorts, drafts
from services.matching.lifecycle import views as lifecycle
from shared.bus.db.outdated import more_said
from shared.errors import ProblemCode
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.cohorts.store.cohorts import Cohort
    from services.matching.cohorts.store.drafts import CohortDraft
    from shared.bus import Bus
    from shared.bus.db.outdated import Outdated
    from shared.errors import Refused


async def committed_before(
    bus: Bus,
    by: str,
    call_id: UUID,
    pairs: Mapping[UUID, UUID],
    refusal: Refused | Outdated,
    *,
    reserves: bool = False,
    ring: bool = False,
) -> Cohort:
    """Return the cohort, or the `ring`, of just these pairs that this person has committed before.

    Where there is none, raise the refusal, with what is true now of the pairs.
    """
    async with bus.read() as session:
        row = await cohorts.committed(session, by, call_id, pairs, reserves=reserves, ring=ring)
        if row is not None:
            return row
    raise await with_present(bus, by, call_id, pairs, refusal, ring=ring) from refusal


async def with_present(
    bus: Bus,
    reader: str,
    call_id: UUID,
    pairs: Mapping[UUID, UUID],
    refusal: Refused | Outdated,
    *,
    ring: bool = True,
) -> Refused | Outdated:
    """Return a refusal that also says what is true now of these applications, or who chose what for a cohort.

    A refusal for another reason, such as a closed call, has nothing to do with the choices.
    """
    changed = refusal.code in {ProblemCode.EDIT_CONFLICT, ProblemCode.OUTDATED}
    async with bus.read() as session:
        sentences = await _present(session, reader, call_id, pairs, refusal)
        draft = None if ring or sentences or not changed else await drafts.draft(session, call_id)
    return more_said(refusal, sentences if draft is None else [_chosen_by(draft, reader)])


async def _present(
    session: AsyncSession, by: str, call_id: UUID, pairs: Mapping[UUID, UUID], refusal: Refused | Outdated
) -> list[str]:
    """Return in sentences why the pairs are not what they were; none where the refusal says all."""
    if refusal.code not in {ProblemCode.EDIT_CONFLICT, ProblemCode.OUTDATED, ProblemCode.ALREADY_DONE}:
        return []
    if pairs:
        found = await lifecycle.where_they_stand(session, by, pairs)
        return found or await lifecycle.who_has(session, by, set(pairs.values()))
    newest = await cohorts.newest(session, call_id)
    return [] if newest is None else [committed_by(newest, by)]


def _chosen_by(draft: CohortDraft, reader: str) -> str:
    moment = {"moment": dates.moment(draft.changed_at)}
    if draft.changed_by == reader:
        return gettext("You changed the choices for this cohort on %(moment)s.") % moment
    return gettext("Another coordinator changed the choices for this cohort on %(moment)s.") % moment


def committed_by(cohort: Cohort, reader: str) -> str:
    """Return who committed a cohort, and when, for a reader."""
    values = {"number": cohort.number, "moment": dates.moment(cohort.committed_at)}
    if cohort.committed_by == reader:
        return gettext("You committed cohort %(number)d on %(moment)s.") % values
    return gettext("Another coordinator committed cohort %(number)d on %(moment)s.") % values
