"""Under the rules of a call by default, the truth is the best that an officer can put into the form."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.applications.application.model.answers import Answers, profile_of
from services.applications.calls.model.entry import CallEntry
from services.applications.candidates.model import order_counts
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import WEIGHTS
from services.matching.engine.rules import criteria
from services.matching.interventions.model import OtherTerms, in_full
from services.matching.interventions.views.what_ifs import warnings
from services.matching.provisional.model.problem import Facts, Need, Place, problem, solve
from shared.contracts import _examples as ex
from shared.contracts.calls import CallTerms
from shared.contracts.codes import (
    PRIORITIES,
    ApplicationKind,
    ApplicationMode,
    Criterion,
    NotSuitableReason,
    Objective,
    Wishes,
)
from shared.contracts.offers import CandidateChoices, NotSuitable, OfferTerms
from shared.honesty import Cause, breaches_of, truth_is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shared.contracts.applications import ApplicationProfile

TODAY = date(2026, 1, 5)
HOMES, HOSTS = ("AM", "GE", "MD"), ("DE", "FR", "PL")
AREAS, TONGUES = ("analysis", "forensics", "asset_recovery"), ("en", "fr")
TOPICS = tuple(str(topic) for topic in PRIORITIES["empact-2026"])[:4]
STARTS = tuple(date(2026, 4, 6) + timedelta(weeks=after) for after in range(6))
STUDY_VISIT = ApplicationKind.STUDY_VISIT
CALL = UUID(int=1)
PLACES = tuple(UUID(int=100 + number) for number in range(4))

DEFAULT: dict[str, Any] = {
    **{name: value for name, value in CallEntry().model_dump(mode="json").items() if value is not None},
    **{name: ex.CALL_TERMS[name] for name in ("reference", "fund_id", "opens", "deadline", "closes", "texts")},
    "revision": 1,
    "kinds": ["study_visit"],
    "topics": list(TOPICS),
    "visit_periods": [{"start": "2026-04-01", "end": "2026-06-30"}],
}
"""A call that leaves everything about the matching as a new call has it."""


def _terms(**changes: Any) -> CallTerms:
    rules = {**DEFAULT["rules"], **changes.pop("rules", {})}
    return CallTerms.model_validate({**DEFAULT, **changes, "rules": rules})


def _weight(criterion: Criterion) -> dict[str, Any]:
    """Return the weights of a call that counts one more criterion for the host, much."""
    sides = {name: [weight.applicant, weight.host] for name, weight in WEIGHTS.items()}
    sides[criterion][1] = 20
    return {"weights": [{"criterion": name, "applicant": own, "host": host} for name, (own, host) in sides.items()]}


def _answers(dice: random.Random, terms: CallTerms) -> Answers:
    """Return what an officer writes, all of it true."""
    periods = [{"start": start, "end": start + timedelta(days=4)} for start in dice.sample(STARTS, dice.randint(2, 4))]
    return Answers.model_validate(
        {
            "service": dice.choice(("police", "customs")),
            "organisation_id": UUID(int=dice.randint(10, 12)),
            "rank_group": dice.choice(("operational", "supervisor")),
            "years_in_field": 5,
            "expertise": [
                {"area": area, "level": dice.randint(1, 3), "years": dice.randint(0, 9)}
                for area in dice.sample(AREAS, 2)
            ],
            "languages": [{"language": "en", "level": dice.choice(("B1", "B2", "C1"))}],
            "topics": dice.sample(terms.topics, dice.randint(1, 3)),
            "preferred_countries": dice.sample(HOSTS, dice.randint(0, 2)),
            "took_part_before": dice.random() < 0.5,
            "periods": periods,
            "wishes": dice.sample(PLACES, dice.randint(0, len(PLACES))) if terms.wishes is not Wishes.SCORES else [],
        }
    )


def _untruths(dice: random.Random, true: Answers, terms: CallTerms) -> Iterator[dict[str, Any]]:
    """Yield what the officer might state instead, of all that nobody verifies."""
    topics, periods = list(true.topics), [period.model_dump(mode="json") for period in true.periods]
    yield {"topics": topics[::-1]}
    yield {"topics": dice.sample(topics, len(topics))}
    for topic in topics:
        yield {"topics": [topic]}
        yield {"topics": [topic, *(other for other in topics if other != topic)]}
    yield {"topics": dice.sample(terms.topics, len(terms.topics))}
    yield from ({"topics": [*topics, topic]} for topic in terms.topics if topic not in topics)
    yield {"periods": [{"start": STARTS[0], "end": STARTS[-1] + timedelta(days=4)}]}
    yield from ({"periods": [period]} for period in periods)
    yield {"blackouts": periods[:1]}
    yield from ({"preferred_countries": countries} for countries in ([], list(HOSTS), [dice.choice(HOSTS)]))
    yield {"took_part_before": not true.took_part_before}
    yield {"conflicts": [UUID(int=dice.randint(20, 22))]}
    yield {"topics": dice.sample(terms.topics, 2), "took_part_before": False, "preferred_countries": []}
    if terms.wishes is not Wishes.SCORES:
        yield {"wishes": []}
        yield {"wishes": true.wishes[::-1]}
        yield {"wishes": true.wishes[1:]}
        yield from ({"wishes": [place]} for place in PLACES)
        yield from ({"wishes": dice.sample(PLACES, len(PLACES))} for _ in range(6))
        yield {"wishes": dice.sample(PLACES, 2), "topics": topics[::-1], "preferred_countries": []}


def _profile(answers: Answers, terms: CallTerms, number: int, country: str) -> ApplicationProfile:
    return profile_of(
        answers,
        terms,
        call_id=CALL,
        reference=f"{country}-2026-{number:04}",
        kind=STUDY_VISIT,
        country=country,
        first_time=True,
    )


def _place(dice: random.Random, number: int, terms: CallTerms) -> Place:
    offer = ex.OFFER_TERMS | {
        "call_id": str(CALL),
        "country": dice.choice(HOSTS),
        "organisation_id": UUID(int=dice.randint(20, 22)),
        "topics": dice.sample(terms.topics, 2),
        "expertise": dice.sample(AREAS, 2),
        "places": dice.randint(1, 3),
        "group_size": 1,
        "languages": [{"language": "en", "level": "B1"}],
        "periods": [
            {"start": start, "end": start + timedelta(days=4), "places_per_week": 3} for start in dice.sample(STARTS, 4)
        ],
        "excluded_rank_groups": [],
        "deadline": None,
        "conflicts": [],
        "prematched_with": None,
    }
    return Place(UUID(int=100 + number), OfferTerms.model_validate(offer))


def _chosen(dice: random.Random, place: Place) -> Place:
    """Return the place with an order of its host, who finds a candidate not suitable as well."""
    people = [UUID(int=number) for number in dice.sample(range(1000, 1009), 5)]
    refused = NotSuitable(application_id=people.pop(), reason=NotSuitableReason.OTHER)
    return replace(place, choices=CandidateChoices(wishes=tuple(people), not_suitable=(refused,)))


def _gains(terms: CallTerms, worlds: int, needs: tuple[Need, ...] = (), seed: int = 0, *, chosen: bool = False) -> int:
    """Return how many untruths gave an officer a better place than the truth, by the officer's true order.

    A place that the truth rules out is no gain. While a call promises safety, no place may value the officer otherwise.
    """
    gained = 0
    for world in range(worlds):
        dice = random.Random(f"honesty/{seed}/{world}")
        people = [(_answers(dice, terms), dice.choice(HOMES)) for _ in range(9)]
        facts = Facts(
            call_id=CALL,
            terms=terms,
            day=TODAY,
            cohort=0,
            candidates={UUID(int=n): _profile(own, terms, n, home) for n, (own, home) in enumerate(people, 1000)},
            places={place.id: place for place in (_place(dice, number, terms) for number in range(4))},
            needs=needs,
        )
        if chosen:
            facts = replace(facts, places={id_: _chosen(dice, place) for id_, place in facts.places.items()})
        market = Market(problem(facts, STUDY_VISIT, ()))
        matching = solve(facts)[STUDY_VISIT].matching
        for number, (own, home) in enumerate(people, 1000):
            order = [market.seats[seat].id for seat in market.row(number - 1000).seats]
            keys = dict(zip(order, market.row(number - 1000).keys, strict=True))
            places = market.own_order[market.pairs.row(number - 1000)].tolist()
            ranks = dict(zip(order, places, strict=True))
            true_rank = _rank(ranks, matching.get(str(UUID(int=number))))
            for untruth in _untruths(dice, own, terms):
                stated = Answers.model_validate(own.model_dump(mode="json") | untruth)
                profile = _profile(stated, terms, number, home)
                other = replace(facts, candidates={**facts.candidates, UUID(int=number): profile})
                if truth_is_safe(terms):
                    row = Market(problem(other, STUDY_VISIT, ())).row(number - 1000)
                    seats = [market.seats[seat].id for seat in row.seats]
                    assert all(keys.get(seat, key) == key for seat, key in zip(seats, row.keys, strict=True)), untruth
                place = solve(other)[STUDY_VISIT].matching.get(str(UUID(int=number)))
                gained += _rank(ranks, place) < true_rank
    return gained


def _rank(ranks: Mapping[str, int], place: str | None) -> int:
    """Return the true rank of a place; places that are worth the same to the officer share one."""
    return ranks.get(place or "", max(ranks.values(), default=0) + 1)


def test_no_untruth_gains_a_place_by_default() -> None:
    """No order, week, country, topic or earlier participation that is misstated gives a better place."""
    terms = _terms()
    assert truth_is_safe(terms)
    assert _gains(terms, 6) == 0


@pytest.mark.parametrize("rule", [Wishes.WISHES_FIRST, Wishes.WISHES_AMONG_EQUALS])
def test_no_other_order_of_placements_gains_a_better_one(rule: Wishes) -> None:
    """No other order of placements, no empty one and no other untruth gives a better place by the true order."""
    terms = _terms(wishes=rule)
    assert truth_is_safe(terms)
    assert _gains(terms, 2) == 0


@pytest.mark.parametrize("rule", list(Wishes))
def test_orders_of_hosts_keep_the_promise(rule: Wishes) -> None:
    """No untruth gives a better place either if hosts put officers in order and find some not suitable."""
    terms = _terms(wishes=rule)
    assert truth_is_safe(terms)
    assert _gains(terms, 1, seed=7, chosen=True) == 0


def test_wishes_change_who_gets_which_place() -> None:
    """The worlds of the test above are no empty ones: the same officers get other places once their wishes count."""
    found = {rule: _matched(_terms(wishes=rule)) for rule in Wishes}
    assert found[Wishes.SCORES] != found[Wishes.WISHES_FIRST] != found[Wishes.WISHES_AMONG_EQUALS]


def test_nothing_is_promised_where_wishes_stand_beside_a_breach() -> None:
    """Wishes under the highest sum, or beside a quota, are promised no more than any other answer."""
    for changes in ({"objective": "most_good"}, {"quotas": [{"country": "AM", "floor": 0, "ceiling": 1}]}):
        assert not truth_is_safe(_terms(wishes=Wishes.WISHES_FIRST, **changes))


def _matched(terms: CallTerms) -> list[Mapping[str, str]]:
    """Return the matchings of some worlds in which every officer orders all places."""
    found = []
    for world in range(4):
        dice = random.Random(f"wishes/{world}")
        people = [(_answers(dice, _terms()), dice.choice(HOMES), dice.sample(PLACES, 4)) for _ in range(9)]
        facts = Facts(
            call_id=CALL,
            terms=terms,
            day=TODAY,
            cohort=0,
            candidates={
                UUID(int=n): _profile(own.model_copy(update={"wishes": tuple(wishes)}), terms, n, home)
                for n, (own, home, wishes) in enumerate(people, 1000)
            },
            places={place.id: place for place in (_place(dice, number, terms) for number in range(4))},
        )
        found.append(solve(facts)[STUDY_VISIT].matching)
    return found


_UNSAFE: Mapping[Cause, Callable[[], CallTerms]] = {
    Cause.OBJECTIVE: lambda: _terms(objective="most_good"),
    Cause.WEIGHT: lambda: _terms(**_weight(Criterion.TOPIC)),
    Cause.FIRST_TIME_FIRST: lambda: _terms(rules={"first_time_first": True}),
    Cause.NEEDS: lambda: _terms(needs=[UUID(int=5)]),
    Cause.EXCHANGES: lambda: _terms(
        ties="exchanges", wishes="wishes_first", weights=[{"criterion": "topic", "applicant": 1, "host": 0}]
    ),
    Cause.QUOTAS: lambda: _terms(quotas=[{"country": home, "floor": 0, "ceiling": 1} for home in HOMES]),
}


@pytest.mark.parametrize("cause", tuple(Cause))
def test_each_setting_that_is_warned_of_lets_an_untruth_gain(cause: Cause) -> None:
    """Under each rule that a coordinator is warned of the same untruths do gain places."""
    terms = _UNSAFE[cause]()
    assert [breach.cause for breach in breaches_of(terms)] == [cause]
    assert all(breach.warning for breach in breaches_of(terms))
    needs = tuple(Need(home, topic, None) for home in HOMES for topic in TOPICS[:2]) if cause is Cause.NEEDS else ()
    first = 5 if cause is Cause.EXCHANGES else 1  # worlds in which equals want to exchange are rarer
    assert any(_gains(terms, 1, needs, seed) for seed in range(first, 40))


@pytest.mark.parametrize(
    "criterion",
    [Criterion.TOPIC, Criterion.WEEKS, Criterion.PREFERRED_COUNTRY, Criterion.FIRST_TIME, Criterion.TRAINING_NEED],
)
def test_a_weight_on_a_mere_statement_is_named(criterion: Criterion) -> None:
    """Each criterion that counts an officer's own word is named where a host weighs it; a need only once cited."""
    terms = _terms(**_weight(criterion))
    if criterion is Criterion.TRAINING_NEED:
        assert truth_is_safe(terms)
        terms = _terms(**_weight(criterion), needs=[UUID(int=5)])
        assert [breach.cause for breach in breaches_of(terms)] == [Cause.NEEDS]
    else:
        assert [breach.criterion for breach in breaches_of(terms)] == [criterion]
    assert not truth_is_safe(terms)


def test_the_programme_weighs_only_verified_facts_for_hosts() -> None:
    """By default no criterion that rests on a mere statement has a weight on the host's side."""
    declared = {measure.criterion: measure.verified for measure in criteria.CRITERIA}
    assert set(declared) == set(Criterion) == set(WEIGHTS)
    assert [criterion for criterion, weight in WEIGHTS.items() if weight.host and not declared[criterion]] == []
    assert {criterion for criterion, verified in declared.items() if verified} > {Criterion.EXPERTISE}


def test_members_of_a_group_and_a_draft_call_are_judged_too() -> None:
    """A group is promised nothing, a call that is still being written is judged like one that is published."""
    assert truth_is_safe(CallEntry())
    assert not truth_is_safe(_terms(), ApplicationMode.GROUP)
    assert truth_is_safe(_terms(), ApplicationMode.PRE_MATCHED)
    assert not truth_is_safe(CallEntry(objective=Objective.MOST_GOOD))


def test_a_what_if_warns_of_terms_under_which_an_untruth_gains() -> None:
    """The terms of a safe call bring no warning; another aim, a quota or a need that counts bring one each."""
    safe = in_full(_terms())
    assert warnings(safe) == []
    assert len(warnings(safe.model_copy(update={"objective": Objective.MOST_GOOD}))) == 1
    assert len(warnings(in_full(_UNSAFE[Cause.QUOTAS]()))) == 1
    assert len(warnings(in_full(_UNSAFE[Cause.NEEDS]()))) == 1
    assert "Topic wanted" in warnings(in_full(_UNSAFE[Cause.WEIGHT]()))[0]


@pytest.mark.parametrize("rule", list(Wishes))
@pytest.mark.parametrize("cause", [None, Cause.QUOTAS, Cause.WEIGHT, Cause.NEEDS])
def test_a_what_if_of_another_rule_of_wishes_warns_as_the_call_would(rule: Wishes, cause: Cause | None) -> None:
    """Under a rule of wishes that is tried the warnings are those of a call that has it."""
    own = _terms() if cause is None else _UNSAFE[cause]()
    tried = OtherTerms(wishes=rule).applied(own)
    assert tried.wishes is rule
    assert warnings(in_full(tried)) == [breach.warning for breach in breaches_of(tried)]
    assert truth_is_safe(tried) is (cause is None)


@pytest.mark.parametrize("rule", list(Wishes))
@pytest.mark.parametrize("host", [None, 1000, 798, 300])
@pytest.mark.parametrize("first", [False, True])
def test_the_page_offers_an_order_where_the_matching_counts_it(rule: Wishes, host: int | None, first: bool) -> None:  # noqa: FBT001 - parametrised
    """A host is offered an order of candidates where weights leave room for it in the matching, and nowhere else."""
    five = [Criterion.EXPERTISE, Criterion.LANGUAGE, Criterion.SERVICE, Criterion.RANK_GROUP, Criterion.RECIPROCITY]
    weights = [] if host is None else [{"criterion": name, "applicant": 1, "host": host} for name in five]
    terms = _terms(wishes=rule, weights=weights, rules={"first_time_first": first})
    facts = Facts(call_id=CALL, terms=terms, day=TODAY, cohort=0, candidates={}, places={})
    assert order_counts(terms) is problem(facts, STUDY_VISIT, ()).rules.choices_count
