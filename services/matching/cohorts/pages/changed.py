"""Show what has changed of a cohort since the coordinator saw it: pairs and choices, each in both versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.cohorts.model import ChoiceKind
from shared.contracts import labels
from shared.i18n import gettext, ngettext, number
from shared.identity.versions import FIELD, show_versions
from shared.web.several import Comparison, compared, comparison_page, seen_by_reader, seen_text, without_choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

    from services.matching.cohorts.views.decision import ChoiceRow, CohortChoice, MatchRow, PriceInWords
    from shared.bus.db.outdated import Outdated
    from shared.web.several import ChangedRecord, Facts


def seen_cohort(view: CohortChoice, rows: Sequence[MatchRow]) -> str:
    """Return what the page shows of these pairs, and of the choices for the cohort, for its form."""
    return seen_text({view.call.id: _choice_facts(view.choices), **{row.id: _facts(row) for row in rows}})


def seen_choices(call_id: UUID, rows: Sequence[ChoiceRow], prices: Mapping[UUID, PriceInWords] | None = None) -> str:
    """Return what the page shows of the choices for a cohort, and of the price of one, for its forms."""
    costs = {id_: _price_facts(price) for id_, price in (prices or {}).items()}
    return seen_text({call_id: _choice_facts(rows), **costs})


def _price_facts(price: PriceInWords) -> Facts:
    """Return what a choice costs, in words."""
    points = gettext("as before")
    if price.points < 0:
        less = ngettext("%(points)s point less", "%(points)s points less", -price.points)
        points = less % {"points": number(-price.points)}
    elif price.points > 0:
        more = ngettext("%(points)s point more", "%(points)s points more", price.points)
        points = more % {"points": number(price.points)}
    nobody = gettext("nobody")
    return [
        (gettext("Sum of points"), points),
        (gettext("Loses a place"), ", ".join(price.lose) or nobody),
        (gettext("Gains a place"), ", ".join(price.gain) or nobody),
        (gettext("Gets another place"), ", ".join(price.move) or nobody),
    ]


def _facts(row: MatchRow) -> Facts:
    place = ", ".join(dict.fromkeys((row.seat.reference, row.seat.title)))
    return (
        (gettext("Application"), row.reference),
        (gettext("From"), labels.country(row.country)),
        (gettext("Place"), place),
        (gettext("Host country"), labels.country(row.seat.country)),
        (gettext("Score"), number(row.score)),
    )


def _choice_facts(rows: Sequence[ChoiceRow]) -> Facts:
    return [(row.reference or gettext("Application"), _in_words(row)) for row in rows]


def _in_words(row: ChoiceRow) -> str:
    place = {"place": row.seat.reference if row.seat is not None else ""}
    match row.choice.kind:
        case ChoiceKind.HOLD_BACK:
            words = gettext("held back")
        case ChoiceKind.PIN:
            words = gettext("pinned to %(place)s") % place
        case ChoiceKind.MOVE:
            words = gettext("moved to %(place)s") % place
    return f"{words}: {labels.label(row.choice.reason)}"


async def changed_cohort(
    request: Request,
    view: CohortChoice,
    sent: Mapping[UUID, str],
    version: str,
    *,
    why: str = "",
    reserves: bool,
    commits: bool,
) -> Response | None:
    """Return the page with both versions of a cohort; None where no pair and no choice has changed.

    `sent` are the pairs as the form named them, by application, `version` the present one of the choices. `why` says
    why it was refused. The form `commits` the cohort, or else leads to the page that asks to commit it.
    """
    form, undecided = await request.form(), await without_choice(request)
    present = {row.id: row for row in view.rows}
    pairs = {id_: present[id_].pair for id_ in sent if id_ in present}
    ids = [id_ for id_, pair in sent.items() if pairs.get(id_) != pair or id_ in undecided]
    others_chose = (FIELD in form or bool(view.choices)) and version not in form.getlist(FIELD)
    if not ids and not others_chose:
        return None
    seen = await seen_by_reader(request) | undecided
    rows = [present[id_] for id_ in ids if id_ in present]
    fields = [(FIELD, version), *(("pair", pair) for pair in pairs.values())]
    obstacle = gettext("Some choices for this cohort are no longer possible. Remove them first.")
    obstacle = obstacle if view.impossible else ""
    changed = [_changed(id_, seen.get(id_), present.get(id_), obstacle) for id_ in ids]
    if others_chose:
        changed.insert(0, _changed_choices(view.call.id, seen, view.choices, obstacle))
    address = f"/matching/cohorts/{view.call.id}"
    button = gettext("Commit cohort") if commits else gettext("Continue")
    comparison = Comparison(
        gettext("Check what has changed"),
        [*_sentences(len(ids), others_chose=others_chose), *([why] if why else ())],
        changed,
        button if (pairs or not sent) and not obstacle else "",
        f"{address}/commit" if commits else address,
        address,
        seen_cohort(view, rows),
        fields=[*fields, ("reserves", "1")] if reserves else fields,
    )
    return comparison_page(request, comparison)


def _changed_choices(
    call_id: UUID, seen: Mapping[UUID, Facts], rows: Sequence[ChoiceRow], obstacle: str = ""
) -> ChangedRecord:
    name = gettext("Choices for this cohort")
    return compared(call_id, name, seen.get(call_id), _choice_facts(rows), sentences=[obstacle])


async def changed_choices(
    request: Request,
    call_id: UUID,
    rows: Sequence[ChoiceRow],
    outdated: Outdated,
    button: str,
    prices: Mapping[UUID, PriceInWords] | None = None,
) -> Response:
    """Return the page with both versions of the choices for a cohort, where a choice was not saved for that.

    `prices` has what the choice costs now, by its application.
    """
    form, seen = await request.form(), await seen_by_reader(request)
    show_versions(request, outdated)
    costs = [
        compared(id_, gettext("What it costs"), seen.get(id_), _price_facts(price))
        for id_, price in (prices or {}).items()
        if seen.get(id_) != _price_facts(price)
    ]
    comparison = Comparison(
        gettext("Check what has changed"),
        (outdated.detail,),
        [_changed_choices(call_id, seen, rows), *costs],
        button,
        f"/matching/cohorts/drafts/{call_id}",
        f"/matching/cohorts/{call_id}",
        seen_choices(call_id, rows, prices),
        fields=[
            (name, str(form[name])) for name in ("undo", "application", "choice", "seat", "reason") if name in form
        ],
    )
    return comparison_page(request, comparison)


def _sentences(count: int, *, others_chose: bool) -> list[str]:
    nothing = ngettext(
        "Nothing was committed, because %(num)d of your matches has changed.",
        "Nothing was committed, because %(num)d of your matches have changed.",
        count,
    )
    sentences = [nothing % {"num": count}] if count else [gettext("Nothing was committed.")]
    if others_chose:
        sentences.append(gettext("The choices for this cohort have changed since you opened the page."))
    return sentences


def _changed(id_: UUID, seen: Facts | None, row: MatchRow | None, obstacle: str) -> ChangedRecord:
    """Return a pair in both versions; an `obstacle` stands in place of the choice."""
    name = row.reference if row is not None else next(iter(seen or ()), ("", gettext("Application")))[1]
    return compared(
        id_,
        name,
        seen,
        None if row is None else _facts(row),
        href=f"/matching/applications/{id_}",
        sentences=[gettext("It is no longer a provisional match, so it is left out.") if row is None else obstacle],
        act="" if row is None or obstacle else gettext("Propose this match as it is now"),
    )
