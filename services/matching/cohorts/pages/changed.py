"""Show the pairs of a cohort that have changed since the coordinator checked them, each in both versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import labels
from shared.i18n import gettext, ngettext, number
from shared.identity.versions import FIELD
from shared.web.several import Comparison, compared, comparison_page, seen_by_reader, seen_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

    from services.matching.cohorts.views.decision import CohortChoice, MatchRow
    from shared.errors import Refused
    from shared.web.several import ChangedRecord, Facts


def seen_pairs(rows: Sequence[MatchRow]) -> str:
    """Return what the page shows of these pairs, for its form."""
    return seen_text({row.id: _facts(row) for row in rows})


def _facts(row: MatchRow) -> Facts:
    place = ", ".join(dict.fromkeys((row.seat.reference, row.seat.title)))
    return (
        (gettext("Application"), row.reference),
        (gettext("From"), labels.country(row.country)),
        (gettext("Place"), place),
        (gettext("Host country"), labels.country(row.seat.country)),
        (gettext("Score"), number(row.score)),
    )


async def changed_pairs(
    request: Request, view: CohortChoice, sent: Mapping[UUID, str], refused: Refused, version: str, *, reserves: bool
) -> Response:
    """Return the page with both versions of the pairs that have changed, as far as nothing was committed.

    `sent` are the pairs as the form named them, by application, `version` that of the choices for the cohort. Raises
    the refusal where none of them has changed.
    """
    present = {row.id: row for row in view.rows}
    pairs = {id_: present[id_].pair for id_ in sent if id_ in present}
    ids = [id_ for id_, pair in sent.items() if pairs.get(id_) != pair]
    if not ids:
        raise refused
    seen, rows = await seen_by_reader(request), [present[id_] for id_ in ids if id_ in present]
    fields = [(FIELD, version), *(("pair", pair) for pair in pairs.values())]
    nothing = ngettext(
        "Nothing was committed, because %(num)d of your matches has changed.",
        "Nothing was committed, because %(num)d of your matches have changed.",
        len(ids),
    )
    comparison = Comparison(
        gettext("Check what has changed"),
        (nothing % {"num": len(ids)}, refused.detail),
        [_changed(id_, seen.get(id_), present.get(id_)) for id_ in ids],
        gettext("Commit cohort") if pairs else "",
        f"/matching/cohorts/{view.call.id}/commit",
        f"/matching/cohorts/{view.call.id}",
        seen_pairs(rows),
        fields=[*fields, ("reserves", "1")] if reserves else fields,
    )
    return comparison_page(request, comparison)


def _changed(id_: UUID, seen: Facts | None, row: MatchRow | None) -> ChangedRecord:
    name = row.reference if row is not None else next(iter(seen or ()), ("", gettext("Application")))[1]
    return compared(
        id_,
        name,
        seen,
        None if row is None else _facts(row),
        href=f"/matching/applications/{id_}",
        sentences=() if row is not None else [gettext("It is no longer a provisional match, so it is left out.")],
        act="" if row is None else gettext("Propose this match as it is now"),
    )
