"""Generate the placements and mentors' profiles of the sample programme from a random source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.cli.sample import texts
from deploy.cli.sample.organisations import HOSTS, PARTNERS
from deploy.cli.sample.plan import CALLS, FINISHED, NATIVE, OPEN, Mentor, Offer, period
from deploy.cli.sample.protagonists import GROUP_HOST, RING
from shared.contracts.codes import Expertise, RankGroup

if TYPE_CHECKING:
    import random

    from deploy.cli.sample.days import Days
    from deploy.cli.sample.organisations import Organisation
    from deploy.cli.sample.plan import Call, Person


def offers(chance: random.Random, days: Days) -> list[Offer]:
    """Eleven in the first call; in the second one of every host but one, and of two agencies of partner countries.

    In the second call places are scarce. One host can receive a group.
    """
    by_key = {body.key: body for body in (*HOSTS, *PARTNERS)}
    first = [by_key[key] for key in ("fr", "de", "es", "it", "pl", "ro", "ee", "pt", "cz", "lt", "eu")]
    second = [
        by_key[key]
        for key in ("fr", "fr", "de", "es", "it", "nl", "pl", "ro", "se", "cz", "gr", "fi", "lt", "eu", *RING)
    ]
    found = []
    for call, hosts in zip(CALLS, (first, second), strict=False):
        for place, host in enumerate(hosts):
            again = place > 0 and hosts[place - 1] is host
            late = call.key == OPEN and host.key in {"eu", "fi"}
            state = {"eu": "submitted", "fi": "returned"}[host.key] if late else "published"
            day = -3 if late else call.published + (4 if place % 2 else 8)
            if call.key == OPEN and (again or host.key in _AFTER_THE_FIRST_COHORT):
                day = _AGAIN
            entry = _entry(chance, call, host, days, again=again)
            if call.key == OPEN and host.key in _MORE_PLACES:
                entry["places"] = entry["periods"][0]["places_per_week"] = _MORE_PLACES[host.key]
            if call.key == OPEN and host.key == GROUP_HOST:
                entry["group_size"] = 3
            if call.key == OPEN and host.key in {*_MORE_PLACES, *RING}:
                entry["excluded_rank_groups"] = []  # the officers of the story may come, whatever their rank
            found.append(Offer(call.key, host.key, day, state, entry))
    return found


_MORE_PLACES = {"fr": 3, GROUP_HOST: 5}
_AFTER_THE_FIRST_COHORT, _AGAIN = frozenset({"es", "it", "nl", "gr", GROUP_HOST, *RING}), -30
"""These hosts publish their placements only after the first cohort of the second call.

So does a host with its second placement: whatever the first cohort takes, Ani finds places in France.
"""


def _entry(chance: random.Random, call: Call, host: Organisation, days: Days, *, again: bool) -> dict[str, Any]:
    own = host.topics or ("criminal_networks",)
    topics = list(reversed(own)) if again else list(own)
    finished = call.key == FINISHED
    first, last = call.visits
    return {
        "title": texts.TITLE[topics[0]],
        "unit": chance.choice(texts.UNITS),
        "city": host.city,
        "outline": texts.OUTLINE[topics[0]],
        "security": "A pass is made at the gate; bring the service card.",
        "topics": topics,
        "expertise": [area.value for area in host.expertise or (Expertise.ANALYSIS,)],
        "places": chance.randint(5, 6) if finished else 1,
        "periods": [
            {
                **period(days, call.key, first, last - chance.randint(0, 7)),
                "places_per_week": 2 if finished else 1,
            }
        ],
        "languages": [
            {"language": language, "level": chance.choice(("B1", "B2", "B2")) if language == "en" else "B2"}
            for language in host.languages
        ],
        "excluded_rank_groups": ["senior_management"] if chance.random() < 0.25 else [],
        "days": chance.choice((3, 4, 5, 5)),
        "costs_borne": chance.sample(["accommodation", "meals", "local_transport"], chance.randint(1, 3)),
    }


def profiles(chance: random.Random, mentors: list[Person], days: Days) -> list[Mentor]:
    """Ten in the first call, fourteen in the second: each mentor once, the persona in both."""
    by_key = {host.key: host for host in HOSTS}
    persona = [mentor for mentor in mentors if mentor.subject.startswith("persona")]
    # Colleagues of the persona come last, so that in the first call nobody else is from that agency.
    others = sorted(
        (mentor for mentor in mentors if mentor not in persona), key=lambda mentor: mentor.organisation == "lt"
    )
    found = []
    for call, those in zip(CALLS, (persona + others[:9], persona + others[9:]), strict=False):
        for place, person in enumerate(those):
            host = by_key[person.organisation or ""]
            known = {"en", NATIVE[host.country]}
            entry = {
                "service": host.service.value,
                "rank_group": (person.rank_group or RankGroup.SUPERVISOR).value,
                "expertise": [
                    {"area": area.value, "level": 3 if number else 2, "years": max(5, person.years or 5)}
                    for number, area in enumerate(host.expertise)
                ],
                "languages": [
                    {"language": NATIVE[host.country], "level": "NS"},
                    {"language": "en", "level": "C1"},
                    *({"language": language, "level": "C1"} for language in host.languages if language not in known),
                ],
                "minimum_level": "B1",
                "capacity": 2 if person in persona else chance.choice((1, 1, 2)),
                "periods": [period(days, call.key, call.published + 30, call.published + 200)],
                "topics": list(host.topics),
                "about": chance.choice(texts.ABOUT),
            }
            found.append(Mentor(call.key, person.subject, call.published + (5 if place % 2 else 9), entry))
    return found
