"""List the priority topics of each scheme, and the successors of older topics.

The schemes are the Council's priorities of the EMPACT policy cycles 2022-2025 and 2026-2029 (Council of the European
Union, June 2025, for the latter). A call names its scheme; a figure over several calls maps older topics to their
successors.
"""

from dataclasses import dataclass
from datetime import date

from shared.contracts.codes._base import N_


@dataclass(frozen=True, slots=True)
class Topic:
    """A priority topic of one scheme; `successors` are codes of the next scheme, the closest first."""

    scheme: str
    code: str
    label: str
    since: date
    until: date
    successors: tuple[str, ...] = ()


_FIRST, _LAST = date(2022, 1, 1), date(2025, 12, 31)
_NEXT, _END = date(2026, 1, 1), date(2029, 12, 31)

EMPACT_2022, EMPACT_2026 = "empact-2022", "empact-2026"

_OLD = (
    ("high_risk_criminal_networks", N_("High-risk criminal networks"), ("criminal_networks",)),
    ("cyber_attacks", N_("Cyber-attacks"), ("online_crime",)),
    ("trafficking_in_human_beings", N_("Trafficking in human beings"), ("migrant_smuggling_thb",)),
    ("child_sexual_exploitation", N_("Child sexual exploitation"), ("online_crime",)),
    ("migrant_smuggling", N_("Migrant smuggling"), ("migrant_smuggling_thb",)),
    ("drugs_trafficking", N_("Drugs trafficking"), ("drug_trafficking",)),
    (
        "fraud_economic_financial_crimes",
        N_("Fraud, economic and financial crimes"),
        ("economic_financial_crime", "online_crime"),
    ),
    ("organised_property_crime", N_("Organised property crime"), ("criminal_networks",)),
    ("environmental_crime", N_("Environmental crime"), ("environmental_crime",)),
    ("firearms_trafficking", N_("Firearms trafficking"), ("firearms_explosives",)),
)
_NEW = (
    ("criminal_networks", N_("Most threatening criminal networks and individuals")),
    ("online_crime", N_("Online crime")),
    ("drug_trafficking", N_("Drug trafficking")),
    ("migrant_smuggling_thb", N_("Migrant smuggling and trafficking in human beings")),
    ("firearms_explosives", N_("Firearms and explosives")),
    ("environmental_crime", N_("Environmental crime")),
    ("economic_financial_crime", N_("Economic and financial crime")),
)

PRIORITIES: dict[str, dict[str, Topic]] = {
    EMPACT_2022: {code: Topic(EMPACT_2022, code, label, _FIRST, _LAST, nexts) for code, label, nexts in _OLD},
    EMPACT_2026: {code: Topic(EMPACT_2026, code, label, _NEXT, _END) for code, label in _NEW},
}
"""The topics of each scheme, by scheme and code."""


def topic_label(scheme: str, code: str) -> str:
    """Return the label of a topic in plain English, or its code where the scheme or the topic is unknown."""
    topic = PRIORITIES.get(scheme, {}).get(code)
    return topic.label if topic else code


def current_scheme(day: date) -> str:
    """Return the scheme that is valid on that day, or the newest one where none is."""
    for scheme, topics in PRIORITIES.items():
        if any(topic.since <= day <= topic.until for topic in topics.values()):
            return scheme
    return EMPACT_2026


def successor(scheme: str, code: str) -> tuple[str, str]:
    """Return scheme and code of the closest topic in the newest scheme; a topic of that scheme is its own."""
    topic = PRIORITIES[scheme][code]
    return (EMPACT_2026, topic.successors[0]) if topic.successors else (scheme, code)
