"""List the groups into which figures put countries, topics, ranks and languages where single values tell of few people.

Each dimension of a figure that has many values has one or two coarser levels. The finest level is the values
themselves. A value stands in one group of a level, so that groups add up as values do.
"""

from dataclasses import dataclass
from functools import cache

from shared.contracts.codes._base import N_
from shared.contracts.codes.countries import MEMBER_STATES, PARTNERS, UNION
from shared.contracts.codes.people import RankGroup
from shared.contracts.codes.priorities import EMPACT_2022, EMPACT_2026, PRIORITIES
from shared.contracts.codes.skills import LANGUAGES

VALUES = "values"
"""The finest level: each value by itself."""
OTHER = "other_group"
"""The group of a value that no group of a level names."""


@dataclass(frozen=True, slots=True)
class Group:
    """Values that are counted together."""

    code: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A way to group the values of a dimension; without groups, each value is shown separately."""

    code: str
    label: str
    groups: tuple[Group, ...] = ()


_NORTH = ("DK", "EE", "FI", "LT", "LV", "SE")
_WEST = ("AT", "BE", "DE", "FR", "IE", "LU", "NL")
_SOUTH = ("CY", "ES", "GR", "HR", "IT", "MT", "PT", "SI")
_EAST = ("BG", "CZ", "HU", "PL", "RO", "SK")
_REGIONS = (
    Group("eu_north", N_("EU north"), _NORTH),
    Group("eu_west", N_("EU west"), _WEST),
    Group("eu_south", N_("EU south"), _SOUTH),
    Group("eu_east", N_("EU east"), _EAST),
    Group("eu_agencies", N_("EU agencies"), (UNION,)),
)
_PARTNERSHIP = Group("eastern_partnership", N_("Eastern Partnership"), tuple(PARTNERS))
_SIDES = Level(
    "side",
    N_("EU and Eastern Partnership"),
    (Group("european_union", N_("European Union"), (*MEMBER_STATES, UNION)), _PARTNERSHIP),
)
_TRAFFICKING = ("drug_trafficking", "migrant_smuggling_thb", "firearms_explosives")
_ONLINE = ("online_crime", "economic_financial_crime")
_NETWORKS = ("criminal_networks", "environmental_crime")


def _family(*codes: str) -> tuple[str, ...]:
    """Return topics and those of the earlier scheme that they succeed."""
    older = (topic.code for topic in PRIORITIES[EMPACT_2022].values() if topic.successors[0] in codes)
    return tuple(dict.fromkeys((*(code for code in PRIORITIES[EMPACT_2026] if code in codes), *older)))


_UNION_LANGUAGES = (
    "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt", "lv", "mt", "nl", "pl", "pt",
    "ro", "sk", "sl", "sv",
)  # fmt: skip
_EACH = Level(VALUES, N_("Each by itself"))

GROUPINGS: dict[str, tuple[Level, ...]] = {
    "country-of-service": (
        _EACH,
        Level(
            "region",
            N_("Regions"),
            (
                Group("south_caucasus", N_("South Caucasus"), ("AM", "AZ", "GE")),
                Group("eastern_neighbours", N_("Eastern neighbours"), ("BY", "MD", "UA")),
                *_REGIONS,
            ),
        ),
        _SIDES,
    ),
    "host-country": (_EACH, Level("region", N_("Regions"), (*_REGIONS, _PARTNERSHIP)), _SIDES),
    "priority-topic": (
        _EACH,
        Level(
            "family",
            N_("Families of topics"),
            (
                Group("trafficking_and_smuggling", N_("Trafficking and smuggling"), _family(*_TRAFFICKING)),
                Group("online_and_financial_crime", N_("Online and financial crime"), _family(*_ONLINE)),
                Group("networks_and_environment", N_("Criminal networks and environment"), _family(*_NETWORKS)),
            ),
        ),
    ),
    "rank-group": (
        _EACH,
        Level(
            "band",
            N_("Bands of rank"),
            (
                Group(
                    "operations_and_supervision",
                    N_("Operational and supervisor"),
                    (RankGroup.OPERATIONAL.value, RankGroup.SUPERVISOR.value),
                ),
                Group(
                    "management",
                    N_("Management and strategic"),
                    (
                        RankGroup.MIDDLE_MANAGEMENT.value,
                        RankGroup.SENIOR_MANAGEMENT.value,
                        RankGroup.STRATEGIC.value,
                    ),
                ),
            ),
        ),
    ),
    "language": (
        _EACH,
        Level(
            "family",
            N_("Groups of languages"),
            (
                Group("english", N_("English"), ("en",)),
                Group("union_languages", N_("Other languages of the EU"), _UNION_LANGUAGES),
                Group(
                    "other_languages",
                    N_("Languages of other countries"),
                    tuple(code for code in LANGUAGES if code not in {"en", *_UNION_LANGUAGES}),
                ),
            ),
        ),
    ),
}
"""The levels of each dimension that can be grouped, the finest first. Others (sex, result) have few values."""


@cache
def group_of(dimension: str, level: str) -> dict[str, str]:
    """Return the group of each value at a level; empty at the finest. Raises `KeyError` for what is not listed."""
    found = next((each for each in GROUPINGS[dimension] if each.code == level), None)
    if found is None:
        raise KeyError(level)
    return {value: group.code for group in found.groups for value in group.values}


@cache
def group_labels(dimension: str) -> dict[str, str]:
    """Return the plain English label of each group of a dimension."""
    labels = {group.code: group.label for level in GROUPINGS.get(dimension, ()) for group in level.groups}
    return {**labels, OTHER: N_("Other")} if labels else {}


@cache
def group_members(dimension: str, code: str) -> tuple[str, ...]:
    """Return the values that a group holds; empty for what is no group."""
    levels = GROUPINGS.get(dimension, ())
    return next((group.values for level in levels for group in level.groups if group.code == code), ())
