"""Check what the parts of a problem say about each other: ids that stand twice or nowhere, limits for nobody."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.engine.problem.problem import SEATS_FOR
from services.matching.sheets.files.findings import Place
from services.matching.sheets.files.tables import Recorded
from services.matching.sheets.files.words import COUNTRY, Malformed, in_latin, is_day
from shared.contracts.codes import MOST_WISHES, PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.matching.sheets.files.findings import Findings
    from services.matching.sheets.files.tables import Item

_MOST_GUESSES = 100
"""For so many unknown ids the nearest known one is looked for, which takes time."""
SIDES = ("candidates", "seats")
_KEYS = {"candidates": "id", "seats": "id", "fixed": "candidate_id"}


@dataclass(frozen=True, slots=True)
class JsonPart:
    """A part of the files that is no list of items, such as the rules: its place, and its value as JSON has it.

    `places` are those of its parts by their path, where they stand in a sheet.
    """

    place: Place
    value: Any
    places: Mapping[tuple[str | int, ...], Place] = field(default_factory=dict)

    def at(self, *path: str | int) -> Place:
        """Return the place of a part; in a sheet that of the nearest one above it that has a place."""
        if not self.places:
            return replace(self.place, path=(*self.place.path, *path))
        return next(
            (self.places[above] for length in range(len(path), -1, -1) if (above := path[:length]) in self.places),
            self.place,
        )


class Ids:
    """The ids that something in the files has, by how people may write them."""

    def __init__(self, what: str, ids: Iterable[str]) -> None:
        self.what = what
        self.exact = set(ids)
        self._guesses = 0
        self._forms: dict[str, set[str]] = defaultdict(set)
        for id_ in self.exact:
            self._forms[form_of(id_)].add(id_)

    def find(self, text: str) -> str | None:
        """Return the id that is meant: as written, or in another case."""
        if text in self.exact:
            return text
        found = self._forms.get(form_of(text), set())
        return next(iter(found)) if len(found) == 1 else None

    def remedy(self, text: str) -> str:
        """Return what to do about an id that nothing has."""
        self._guesses += 1
        near = difflib.get_close_matches(text, sorted(self.exact), 1, 0.6) if self._guesses <= _MOST_GUESSES else []
        mean = f"; do you mean {near[0]}?" if near else ""
        remedy = mean or ", so it would have no effect; correct or remove it"
        return f'there is no {self.what} "{text}" in the files{remedy}'


def form_of(text: str) -> str:
    """Return an id without what people vary: case and blanks."""
    return "".join(text.casefold().split())


def look_of(text: str) -> str:
    """Return how an id looks: letters of another alphabet as the Latin ones that look the same."""
    return form_of(in_latin(text))


def check(
    items: Mapping[str, list[Item]], rules: JsonPart | None, findings: Findings, *, complete: bool = True
) -> None:
    """Find ids that stand twice, or name nothing; put in their place what they mean.

    Without a file that could not be read (not `complete`) nothing is said of ids: they may stand there.
    """
    for name, rows in items.items():
        _doubles(rows, _KEYS[name], findings)
    everything = [item for name in ("candidates", "seats") for item in items[name]]
    spellings(everything, "organisation_id", findings)
    spellings(items["candidates"] + items["fixed"], "group_id", findings)
    _schemes(items, findings)
    if not complete:
        return
    people, places = _texts(items["candidates"], "id"), _texts(items["seats"], "id")
    agencies = _texts(everything, "organisation_id")
    unknown: dict[Place, list[str]] = defaultdict(list)
    seats, candidates = Ids("seat", places), Ids("candidate", people)
    ways = (
        ("candidates", "conflicts", Ids("seat or organisation", [*places, *agencies])),
        ("candidates", "barred", seats),
        ("candidates", "wishes", seats),
        ("candidates", "pre_matched", Ids("seat or candidate", [*places, *people])),
        ("seats", "conflicts", Ids("candidate or organisation", [*people, *agencies])),
        ("seats", "pre_matched", candidates),
        ("seats", "wishes", candidates),
        ("seats", "unsuitable", candidates),
        ("fixed", "seat_id", seats),
    )
    for name, column, known in ways:
        for item in items[name]:
            _resolve(item, column, known, findings, unknown, strict=name == "fixed")
    _wishes(items["candidates"], "seats", findings)
    _wishes(items["seats"], "candidates", findings)
    _kinds_of_wishes(items, findings)
    _fixed(items, findings)
    _own_countries(items["candidates"], findings)
    if rules is not None:
        exclusions(rules, agencies, findings)
        _countries(rules, items, findings)
    _warn_of(unknown, findings)
    _groups(items["candidates"], findings)
    _agencies(everything, findings)
    _sides(items, findings)
    for name, column in (
        ("candidates", "languages"),
        ("candidates", "topics"),
        ("candidates", "expertise"),
        ("seats", "languages"),
    ):
        _silent(items[name], column, "seats" if name == "candidates" else "candidates", findings)


def _texts(rows: Iterable[Item], name: str) -> list[str]:
    return [text for item in rows if isinstance(text := item.value.get(name), str)]


def _warn_of(unknown: Mapping[Place, list[str]], findings: Findings) -> None:
    for place, ids in unknown.items():
        shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        findings.warn(place, f"nothing in the files has the id {shown}: it has no effect here")


def _doubles(rows: list[Item], key: str, findings: Findings) -> None:
    """Find items that stand twice, also in another case."""
    _lookalikes(rows, key, findings)
    first: dict[str, tuple[str, Item]] = {}
    for item in rows:
        id_ = item.value.get(key)
        if not isinstance(id_, str):
            continue
        before, other = first.setdefault(form_of(id_), (id_, item))
        if other is not item:
            as_well = "" if before == id_ else f", written {before}"
            findings.fault(item.at(key), f"{id_} is in {other.place} already{as_well}; use each id once", id_)


def _lookalikes(rows: list[Item], key: str, findings: Findings) -> None:
    """Warn of each id that only looks like another one: the matching takes them for two."""
    first: dict[str, tuple[str, Item]] = {}
    known = set()
    for item in rows:
        id_ = item.value.get(key)
        if not isinstance(id_, str) or form_of(id_) in known:
            continue
        known.add(form_of(id_))
        alike, twin = first.setdefault(look_of(id_), (id_, item))
        if twin is not item:
            where = f"{id_} looks like {alike} in {twin.place}, but has letters of another alphabet"
            findings.warn(item.at(key), f"{where}; if both are the same, write both alike")


def spellings(rows: list[Item], key: str, findings: Findings) -> None:
    """Take an id in two spellings, which the matching would take for two, as it is written first."""
    _lookalikes(rows, key, findings)
    first: dict[str, str] = {}
    for item in rows:
        id_ = item.value.get(key)
        if isinstance(id_, str) and (before := first.setdefault(form_of(id_), id_)) != id_:
            findings.understood(item.at(key), id_, f"{before}, as it is written first")
            item.value[key] = before


def _resolve(
    item: Item, column: str, known: Ids, findings: Findings, unknown: dict[Place, list[str]], *, strict: bool
) -> None:
    """Replace the ids in a column by those that are meant."""
    value = item.value.get(column)
    if isinstance(value, str):
        meant = _resolve_id(value, item.at(column), known, findings, unknown, strict=strict)
        item.value[column] = meant[0] if meant else value
    elif isinstance(value, list):
        found: list[Any] = []
        for number, text in enumerate(value):
            if isinstance(text, str):
                place = item.at(column, number) if item.place.row is None else item.at(column)
                found += _resolve_id(text, place, known, findings, unknown, strict=strict, listed=True)
            else:
                found.append(text)
        item.value[column] = found


def _resolve_id(
    text: str,
    place: Place,
    known: Ids,
    findings: Findings,
    unknown: dict[Place, list[str]],
    *,
    strict: bool,
    listed: bool = False,
) -> list[str]:
    """Return the ids that a text means: one, or several between commas. One that nothing has is a fault.

    An id that the system gave (a UUID) may be of something that the files do not hold: it is a warning.
    """
    found = known.find(text)
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()] if listed else []
    if found is None and len(pieces) > 1:
        return [id_ for piece in pieces for id_ in _resolve_id(piece, place, known, findings, unknown, strict=strict)]
    if found is not None:
        if found != text:
            findings.understood(place, text, found)
        return [found]
    if _is_uuid(text) and not strict:
        unknown[replace(place, row=None, path=place.path[:1])].append(text)
        return [text]
    findings.fault(place, known.remedy(text), text)
    return [text]


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _wishes(rows: list[Item], wanted: str, findings: Findings) -> None:
    """Count each wish once; more than can be counted are a fault. `wanted` names what is put in order."""
    for item in rows:
        wishes = item.value.get("wishes")
        if not isinstance(wishes, list) or not all(isinstance(wish, str) for wish in wishes):
            continue
        found = list(dict.fromkeys(wishes))
        if len(found) < len(wishes):
            twice = next(wish for wish in found if wishes.count(wish) > 1)
            findings.warn(item.at("wishes"), f"{twice} is several times in the list, and counts once")
            item.value["wishes"] = found
        if len(found) > MOST_WISHES:
            findings.fault(item.at("wishes"), f"there are {len(found)} {wanted} in order; {MOST_WISHES} is the most")


def _kinds_of_wishes(items: Mapping[str, list[Item]], findings: Findings) -> None:
    """Warn of a wish for something of another kind, such as a mentor for a study visit."""
    kinds = {name: {str(item.value.get("id")): item.value.get("kind") for item in items[name]} for name in SIDES}
    seat_for = {kind.value: seat.value for kind, seat in SEATS_FOR.items()}
    for item in items["candidates"]:
        wanted = seat_for.get(str(item.value.get("kind")))
        for wish in _listed(item.value.get("wishes")):
            kind = kinds["seats"].get(str(wish))
            if wanted is not None and kind is not None and kind != wanted:
                findings.warn(item.at("wishes"), f"{wish} is a {kind}, so this wish has no effect")
    for item in items["seats"]:
        seat = item.value.get("kind")
        for column in ("wishes", "unsuitable"):
            for wish in _listed(item.value.get(column)):
                kind = kinds["candidates"].get(str(wish))
                if kind is not None and seat_for.get(str(kind), seat) != seat:
                    findings.warn(item.at(column), f"{wish} is of the kind {kind}, so this has no effect")


def _fixed(items: Mapping[str, list[Item]], findings: Findings) -> None:
    """Find fixed pairs that contradict the candidate's row, and warn of more than a seat has places."""
    homes = {item.value.get("id"): item for item in items["candidates"]}
    pairs: dict[str, list[Item]] = defaultdict(list)
    for item in items["fixed"]:
        country, own = item.value.get("country"), homes.get(item.value.get("candidate_id"))
        home = None if own is None else own.value.get("country")
        if own is not None and None not in (country, home) and country != home:
            text = f"{item.value['candidate_id']} comes from {home} in {own.place}; write the same country in both"
            findings.fault(item.at("country"), text, str(country))
        pairs[str(item.value.get("seat_id"))].append(item)
    for seat in items["seats"]:
        found, places = pairs.get(str(seat.value.get("id")), []), seat.value.get("capacity")
        if isinstance(places, int) and len(found) > places:
            text = f"seat {seat.value['id']} has places: {places}, but fixed pairs: {len(found)}"
            findings.warn(found[places].at("seat_id"), text)


def past_weeks(items: Mapping[str, list[Item]], day: str, findings: Findings) -> None:
    """Warn of weeks before the day of the rules, in which nobody can travel, once for each sheet."""
    for name in SIDES:
        found: dict[Place, list[Item]] = defaultdict(list)
        for item in items[name]:
            weeks = item.value.get("weeks")
            if isinstance(weeks, list | dict) and any(isinstance(week, str) and week < day for week in weeks):
                found[_sheet_of(item)].append(item)
        for place, own in found.items():
            findings.warn(place, f"rows with weeks before {day}, the day of the rules: {_count(own)}; check the year")


def _own_countries(rows: list[Item], findings: Findings) -> None:
    """Warn of candidates who prefer their own country, which never hosts them."""
    for item in rows:
        country = item.value.get("country")
        if country != "EU" and country in _listed(item.value.get("preferred_countries")):
            text = f"{country} is the candidate's own country, so this preference has no effect"
            findings.warn(item.at("preferred_countries"), text)


def _sheet_of(item: Item) -> Place:
    """Return the place of an item's whole sheet."""
    return replace(item.place, row=None, path=item.place.path[:1])


def _count(rows: list[Item]) -> str:
    """Return how many rows there are, and which is the first."""
    first = rows[0].place.row
    return f"{len(rows)}{f', the first is row {first}' if first is not None else ''}"


def exclusions(rules: JsonPart, organisations: Iterable[str], findings: Findings) -> None:
    """Understand both sides of each exclusion: an organisation of the files, or a country.

    One that ends before it begins keeps nobody apart, and is a warning.
    """
    agencies, unknown = Ids("country or organisation", organisations), defaultdict[Place, list[str]](list)
    listed = rules.value.get("exclusions") if isinstance(rules.value, dict) else None
    for number, exclusion in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(exclusion, dict):
            continue
        since, until = exclusion.get("since"), exclusion.get("until")
        if is_day(since) and is_day(until) and str(until) < str(since):
            why = f"it ends on {until}, before it begins on {since}, so it keeps nobody apart"
            findings.warn(rules.at("exclusions", number, "until"), why)
        for side in ("first", "second"):
            text = exclusion.get(side)
            if not isinstance(text, str) or text in agencies.exact:
                continue
            place = rules.at("exclusions", number, side)
            try:
                code = COUNTRY.read(text)
            except Malformed as wrong:
                if " takes no part" in str(wrong) and agencies.find(text) is None:
                    findings.fault(place, str(wrong), text)
                    continue
                (exclusion[side],) = _resolve_id(text, place, agencies, findings, unknown, strict=False)
                continue
            if code != text:
                findings.understood(place, text, code)
            exclusion[side] = code
    _warn_of(unknown, findings)


def _countries(rules: JsonPart, items: Mapping[str, list[Item]], findings: Findings) -> None:
    """Warn of limits for a country from which nobody comes, and of a floor above its ceiling."""
    homes = {str(item.value.get("country")) for name in ("candidates", "fixed") for item in items[name]}
    if not isinstance(rules.value, dict):
        return
    limits = {name: rules.value.get(name) for name in ("ceilings", "floors")}
    for name, limit in limits.items():
        for country in limit if isinstance(limit, dict) else ():
            if country not in homes:
                findings.warn(rules.at(name, country), "no candidate of the files comes from this country")
    ceilings, floors = limits["ceilings"], limits["floors"]
    if isinstance(ceilings, dict) and isinstance(floors, dict):
        for country in ceilings.keys() & floors.keys():
            least, most = floors[country], ceilings[country]
            if isinstance(least, int) and isinstance(most, int) and least > most:
                text = f"the floor {least} is above the ceiling {most}, and cannot be met"
                findings.warn(rules.at("floors", country), text)


def _groups(rows: list[Item], findings: Findings) -> None:
    """Warn of groups whose size is not that of their members in the files."""
    members: dict[str, list[Item]] = defaultdict(list)
    for item in rows:
        if isinstance(group := item.value.get("group_id"), str):
            members[group].append(item)
    for group, own in members.items():
        stated = {str(item.value.get("group_size", 1)) for item in own}
        if stated != {str(len(own))}:
            sizes = ", ".join(sorted(stated))
            findings.warn(
                own[0].at("group_size"),
                f"members of group {group} in the files: {len(own)}, but its group_size is {sizes}",
            )


def _agencies(rows: list[Item], findings: Findings) -> None:
    """Warn of an organisation in several countries: two agencies of one name would count as the same."""
    countries: dict[str, dict[str, Item]] = defaultdict(dict)
    for item in rows:
        agency, country = item.value.get("organisation_id"), item.value.get("country")
        if isinstance(agency, str) and isinstance(country, str):
            countries[agency].setdefault(country, item)
    for agency, found in countries.items():
        if len(found) > 1:
            first = next(iter(found.values()))
            findings.warn(
                first.at("organisation_id"),
                f"organisation {agency} stands with {' and '.join(sorted(found))}: it counts as one agency, whose "
                "people do not visit each other; give different agencies different ids",
            )


def _sides(items: Mapping[str, list[Item]], findings: Findings) -> None:
    """Warn of candidates for whose kind there is no seat at all."""
    kinds = {str(item.value.get("kind")) for item in items["seats"]}
    for kind, seat in SEATS_FOR.items():
        found = [item for item in items["candidates"] if item.value.get("kind") == kind.value]
        if found and items["seats"] and seat.value not in kinds:
            findings.warn(
                replace(found[0].at("kind"), row=None),
                f"candidates of the kind {kind.value}: {len(found)}, but no seat of the kind {seat.value}",
            )


def _silent(rows: list[Item], column: str, others: str, findings: Findings) -> None:
    """Warn of rows that say nothing where hardly anybody fits without it, once for each sheet."""
    empty: dict[Place, list[Item]] = defaultdict(list)
    recorded = Recorded.of(findings)
    for item in rows:
        if not item.value.get(column) and item.at(column) not in recorded:
            empty[_sheet_of(item)].append(item)
    for place, found in empty.items():
        findings.warn(place, f"rows without {column}: {_count(found)}; few {others} fit them, or none")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _schemes(items: Mapping[str, list[Item]], findings: Findings) -> None:
    """Warn where candidates and seats name topics of different schemes, which never match."""
    used: dict[str, set[str]] = {}
    for name in ("candidates", "seats"):
        topics = {
            topic for item in items[name] for topic in _listed(item.value.get("topics")) if isinstance(topic, str)
        }
        used[name] = {
            scheme
            for scheme, known in PRIORITIES.items()
            if any(topic in known and sum(topic in other for other in PRIORITIES.values()) == 1 for topic in topics)
        }
    both = used["candidates"] | used["seats"]
    if len(both) > 1:
        place = (items["candidates"] or items["seats"])[0].place
        findings.warn(
            replace(place, row=None, path=()),
            f"topics of several schemes are mixed ({', '.join(sorted(both))}), and those of different schemes "
            "do not match",
        )
