"""A receipt in words, as pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from services.matching.facts import views as facts
from services.matching.receipts.views.receipts import published_receipt, waiting_places
from services.matching.words import area
from shared.contracts import labels
from shared.contracts.codes import Change, Criterion, HardRule, WishMissed
from shared.contracts.receipts import MatchExplained
from shared.i18n import gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.matching.facts.views import CallSummary, Place
    from services.matching.receipts.views.receipts import Explained, WaitingPlace
    from shared.bus import Bus
    from shared.contracts.codes import Reason
    from shared.contracts.receipts import ChangePart, Counterfactual

Side = Literal["applicant", "host", "both"]
"""For whom a receipt is shown; a coordinator sees both sides."""


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """A hard rule that took places away, with how many are left and how many it took."""

    name: str
    left: int
    lost: int


@dataclass(frozen=True, slots=True)
class PointsRow:
    """The points of one criterion, of the most possible."""

    name: str
    points: int
    most: int


@dataclass(frozen=True, slots=True)
class PointsColumn:
    """The points of one side by criterion."""

    title: str
    rows: Sequence[PointsRow]

    @property
    def total(self) -> int:
        """Return the sum of points."""
        return sum(row.points for row in self.rows)

    @property
    def most(self) -> int:
        """Return the greatest sum possible."""
        return sum(row.most for row in self.rows)


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A place for which an application waits: its name, the number in line, and what has to happen."""

    name: str
    at: str
    needs: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A receipt as the templates show it; `sentences` say it in short, without numbers of other people.

    `missed` says why a match is not the first choice, `held_back` that a coordinator left the application out.
    """

    matched: bool
    considered: int
    feasible: int
    side: Side
    funnel: Sequence[FunnelRow] = ()
    changes: Sequence[str] = ()
    columns: Sequence[PointsColumn] = ()
    rank: int | None = None
    host_rank: int | None = None
    ring: int | None = None
    waiting_place: int | None = None
    notes: Sequence[str] = ()
    sentences: Sequence[str] = ()
    missed: str = ""
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The page of a published receipt: the place of its match, and where the application waits."""

    application_id: UUID
    reference: str
    call: CallSummary | None
    seat: Place | None
    receipt: Explanation
    waiting: Sequence[WaitingRow]


def explanation(published: Explained, places: Mapping[UUID, Place], scheme: str, *, side: Side) -> Explanation:
    """Return a receipt in words for a side."""
    match = published if isinstance(published, MatchExplained) else None
    to_applicant, to_host = side != "host", side != "applicant"
    columns = []
    if match is not None and to_applicant:
        columns.append(_points(match, "applicant", gettext("What the officer gains")))
    if match is not None and to_host:
        columns.append(_points(match, "host", gettext("What the host prefers")))
    return Explanation(
        matched=match is not None,
        considered=published.considered,
        feasible=published.feasible,
        side=side,
        funnel=_funnel(published) if to_applicant else (),
        changes=[_change(each, published, places, scheme) for each in published.counterfactuals]
        if to_applicant
        else (),
        columns=columns,
        rank=match.rank if match is not None and to_applicant else None,
        host_rank=match.host_rank if match is not None and to_host else None,
        ring=match.ring if match is not None else None,
        waiting_place=getattr(published, "waiting_place", None),
        notes=_notes(published) if to_applicant else (),
        sentences=_in_short(published, places, scheme) if to_applicant else (),
        missed=_missed(match, places) if match is not None and to_applicant else "",
        held_back=getattr(published, "held_back", None) is not None,
    )


def _in_short(published: Explained, places: Mapping[UUID, Place], scheme: str) -> list[str]:
    """Return a receipt in at most three sentences: the result, why, and what would have been enough."""
    if isinstance(published, MatchExplained):
        return _matched_in_short(published, places)
    if published.held_back is not None:
        return []
    if published.feasible:
        why = ngettext(
            "%(num)d place fits you, but others came first.",
            "%(num)d places fit you, but others came first.",
            published.feasible,
        ) % {"num": published.feasible}
    else:
        rows = _funnel(published)
        last = next((row.name for row in rows if not row.left), None)
        why = gettext("No place fits you.")
        if last is not None:
            why = gettext("No place fits you. The rule “%(rule)s” excluded the last ones.") % {"rule": last}
    if not published.counterfactuals:
        return [gettext("There is no place for you yet."), why]
    enough = _change(published.counterfactuals[0], published, places, scheme)
    return [
        gettext("There is no place for you yet."),
        why,
        gettext("This would have been enough: %(change)s.") % {"change": enough},
    ]


def _matched_in_short(match: MatchExplained, places: Mapping[UUID, Place]) -> list[str]:
    if match.override:
        return []
    if match.rank == 1:
        text = gettext("You have the place that you want most of those that fit you.")
        if match.missed is not None and match.missed.why is WishMissed.POINTS:
            text = gettext("You have the place with the most points for you of those that fit you.")
        return [text, *filter(None, [_missed(match, places)])]
    numbers = {"rank": match.rank, "feasible": match.feasible}
    found = [gettext("You have your choice number %(rank)d of %(feasible)d places that fit you.") % numbers]
    return [*found, *filter(None, [_missed(match, places)])]


def _missed(match: MatchExplained, places: Mapping[UUID, Place]) -> str:
    """Return why a match is not the first choice; empty if it is, or a coordinator made it."""
    if match.missed is None:
        return ""
    place = places.get(match.missed.offer_id or match.missed.mentor_id or UUID(int=0))
    return gettext("Not the first choice, %(place)s: %(reason)s.") % {
        "place": place.reference if place else gettext("another place"),
        "reason": labels.label(match.missed.why),
    }


async def receipt_page(bus: Bus, application_id: UUID, *, side: Side) -> ReceiptPage | None:
    """Return the page of an application's newest published receipt; None before its first cohort is committed.

    A host has a receipt of a match only.
    """
    published = await published_receipt(bus, application_id)
    if published is None or (side == "host" and not isinstance(published, MatchExplained)):
        return None
    in_line = () if side == "host" else await waiting_places(bus, application_id)
    own = seat_of(published)
    async with bus.read() as session:
        applicant = (await facts.applicants(session, [application_id])).get(application_id)
        calls = await facts.some_calls(session, [published.call_id])
        places = await facts.places(session, named_places(published, in_line) | ({own} if own else set()))
    return ReceiptPage(
        application_id=application_id,
        reference=applicant.reference if applicant else "",
        call=calls.get(published.call_id),
        seat=places.get(own) if own else None,
        receipt=explanation(published, places, calls.scheme(published.call_id), side=side),
        waiting=waiting_rows(in_line, places),
    )


def seat_of(published: Explained) -> UUID | None:
    """Return the offer or mentor of a receipt's match; None if it has no match."""
    return published.offer_id or published.mentor_id if isinstance(published, MatchExplained) else None


def named_places(published: Explained | None, in_line: Sequence[WaitingPlace]) -> set[UUID]:
    """Return the offers and mentors that the changes of a receipt and the waiting list name."""
    changes = published.counterfactuals if published is not None else ()
    parts = [part for change in changes for part in (change, *change.beside)]
    named = {part.offer_id or part.mentor_id for part in parts}
    if isinstance(published, MatchExplained) and published.missed is not None:
        named.add(published.missed.offer_id or published.missed.mentor_id)
    return {seat_id for seat_id in named if seat_id} | {line.seat_id for line in in_line}


def waiting_rows(in_line: Sequence[WaitingPlace], places: Mapping[UUID, Place]) -> list[WaitingRow]:
    """Return where an application waits, by place, and what else must happen first."""
    rows = []
    for line in in_line:
        place = places.get(line.seat_id)
        at = gettext("%(at)d of %(of)d") % {"at": line.at, "of": line.of}
        rows.append(WaitingRow(place.reference if place else gettext("another place"), at, _needs(line)))
    return rows


def _needs(line: WaitingPlace) -> str:
    if line.limit is HardRule.QUOTA:
        return gettext("The country's quota is full. Somebody from the same country must leave a place.")
    if line.limit is HardRule.SHARE_OF_OFFER:
        return gettext("The country's share of this place is full. Somebody from the same country must leave it.")
    if line.free:
        return gettext("A place is free. It is assigned when the next cohort is committed.")
    return gettext("A place must become free.")


def _notes(published: Explained) -> list[str]:
    """Return further facts that decided: the group that is placed together, the floor of the country."""
    notes = []
    if published.group_size and isinstance(published, MatchExplained):
        notes.append(
            ngettext(
                "Placed as a group of %(num)d. All members are at this place in the same weeks.",
                "Placed as a group of %(num)d. All members are at this place in the same weeks.",
                published.group_size,
            )
            % {"num": published.group_size}
        )
    elif published.group_size:
        notes.append(
            gettext(
                "A group of %(size)d is placed as a whole or not at all. %(count)d places could take the whole group."
            )
            % {"size": published.group_size, "count": published.group_feasible or 0}
        )
    if isinstance(published, MatchExplained) and published.override:
        why = {"reason": labels.label(published.override)}
        notes.append(gettext("A programme coordinator assigned this place. Reason: %(reason)s.") % why)
    if not isinstance(published, MatchExplained) and published.held_back is not None:
        notes += _held_back(published.held_back)
    if published.changed_by_hand:
        notes.append(
            gettext(
                "A programme coordinator decided some matches of this cohort. Without that, this result would be "
                "different."
            )
        )
    if published.floor_first:
        notes.append(gettext("This application had priority because the call sets a minimum number for the country."))
    return notes


def _held_back(reason: Reason) -> list[str]:
    """Return that a coordinator left the application out of a cohort, and what follows."""
    return [
        gettext("A programme coordinator held this application back from the cohort. Reason: %(reason)s.")
        % {"reason": labels.label(reason)},
        gettext("The application stays in the matching for the next cohort."),
    ]


def _points(published: MatchExplained, side: Literal["applicant", "host"], title: str) -> PointsColumn:
    """Return the points of one side; criteria that do not count for it are left out."""
    rows = [
        PointsRow(labels.label(Criterion(points.criterion)), getattr(points, side), most)
        for points in published.points
        if (most := getattr(points, f"{side}_of"))
    ]
    return PointsColumn(title, rows)


def _change(counterfactual: Counterfactual, published: Explained, places: Mapping[UUID, Place], scheme: str) -> str:
    """Return a change as a sentence; of a group it is meant for each member."""
    of_group = published.group_size is not None
    text = change(counterfactual, places, scheme, of_group=of_group)
    if of_group and any(part.change in _OF_PEOPLE for part in (counterfactual, *counterfactual.beside)):
        return gettext("%(change)s, for each member of the group who needs it") % {"change": text}
    return text


def change(counterfactual: Counterfactual, places: Mapping[UUID, Place], scheme: str, *, of_group: bool = False) -> str:
    """Return a smallest change that would have matched, or a set of them, as a sentence."""
    names = [_part(part, places, scheme, of_group=of_group) for part in (counterfactual, *counterfactual.beside)]
    text = names[0]
    if len(names) > 1:
        text = gettext("%(changes)s together") % {"changes": gettext(" and ").join(names)}
    led_to = next((part for part in (counterfactual, *counterfactual.beside) if part.change not in _AT_A_PLACE), None)
    if led_to is None:
        return text
    return gettext("%(change)s (then %(place)s)") % {"change": text, "place": _place_name(led_to, places)}


_AT_A_PLACE = frozenset({Change.MORE_PLACES, Change.RANK_GROUP, Change.LARGER_GROUP, Change.PLACES_IN_WEEK})
"""The changes whose place is where they are made, which need not be the place they lead to."""


def _place_name(part: ChangePart, places: Mapping[UUID, Place]) -> str:
    place = places.get(part.offer_id or part.mentor_id or UUID(int=0))
    return place.reference if place else gettext("another place")


_OF_PEOPLE = frozenset({Change.LANGUAGE_LEVEL, Change.OTHER_WEEKS, Change.MORE_TOPICS, Change.MORE_EXPERTISE})
"""The changes to an applicant's answers."""


def _part(part: ChangePart, places: Mapping[UUID, Place], scheme: str, *, of_group: bool) -> str:
    """Return one change as a phrase."""
    count = part.count or 1
    match part.change:
        case Change.MORE_PLACES:
            text = ngettext("%(num)d more place at %(place)s", "%(num)d more places at %(place)s", count)
            text %= {"num": count, "place": _place_name(part, places)}
        case Change.PLACES_IN_WEEK if part.period:
            text = ngettext(
                "%(num)d more place at %(place)s in the week %(week)s",
                "%(num)d more places at %(place)s in the week %(week)s",
                count,
            )
            week = dates.span(part.period.start, part.period.end)
            text %= {"num": count, "place": _place_name(part, places), "week": week}
        case Change.LARGER_GROUP:
            text = gettext("%(place)s takes groups of %(num)d") % {"place": _place_name(part, places), "num": count}
        case Change.RANK_GROUP if of_group:
            text = gettext("%(place)s takes the rank groups of all members") % {"place": _place_name(part, places)}
        case Change.LANGUAGE_LEVEL if of_group and part.language:
            words = {"language": labels.tongue(part.language), "level": part.to_level}
            text = gettext("%(language)s at level %(level)s") % words
        case Change.RANK_GROUP:
            text = gettext("%(place)s takes your rank group") % {"place": _place_name(part, places)}
        case Change.QUOTA if part.country:
            text = ngettext(
                "A quota for %(country)s that is %(num)d higher",
                "A quota for %(country)s that is %(num)d higher",
                count,
            )
            text %= {"num": count, "country": labels.country(part.country)}
        case _:
            text = _of_the_applicant(part, scheme, count)
    return text


def _of_the_applicant(part: ChangePart, scheme: str, count: int) -> str:
    match part.change:
        case Change.LANGUAGE_LEVEL if part.language and part.from_level is None:
            words = {"language": labels.tongue(part.language), "level": part.to_level}
            text = gettext("%(language)s at level %(level)s, which is not stated yet") % words
        case Change.LANGUAGE_LEVEL if part.language:
            text = f"{labels.tongue(part.language)} {part.from_level} → {part.to_level}"
        case Change.OTHER_WEEKS:
            text = gettext("One more week in which you can go")
            if part.period:
                text += f", {dates.span(part.period.start, part.period.end)}"
        case Change.MORE_TOPICS if part.topic:
            text = gettext("One more topic: %(topic)s") % {"topic": labels.topic(part.topic, scheme)}
        case Change.MORE_EXPERTISE if part.area and count > 1:
            expertise = {"area": area(part.area), "level": str(count)}
            text = gettext("Expertise at level %(level)s: %(area)s") % expertise
        case Change.MORE_EXPERTISE if part.area:
            text = gettext("One more area of expertise: %(area)s") % {"area": area(part.area)}
        case _:
            text = labels.label(part.change)
    return text


def _funnel(receipt: Explained) -> list[FunnelRow]:
    """Return the rules that took places away, in their order; an exclusion shows as "not available" (domain.md)."""
    rows = []
    before = receipt.considered
    for step in receipt.funnel:
        if before - step.remaining:
            rows.append(FunnelRow(labels.label(step.rule), step.remaining, before - step.remaining))
        before = step.remaining
    return rows
