"""Options of a cohort: calculated in the background, compared, and committed with true receipts."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, cast

import pytest

from services.matching.cohorts.actions import commit
from services.matching.cohorts.model import reproduce
from services.matching.cohorts.store import runs
from services.matching.engine.problem import document
from services.matching.options import actions, store
from services.matching.options.model import ORDER, ChosenOption, compute
from services.matching.provisional.snapshot import load
from shared.contracts import _examples as ex
from shared.contracts.codes import CohortOption, Role, WishMissed
from shared.contracts.receipts import MatchExplained, NoMatchExplained
from shared.errors import Refused
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from services.matching.options.model import CohortOptionResult
    from services.matching.options.store import OptionSet
    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

TOPICS = ("criminal_networks", "online_crime", "drug_trafficking")
WEIGHTS = [
    {"criterion": "preferred_country", "applicant": 10, "host": 0},
    {"criterion": "expertise", "applicant": 0, "host": 3},
]
API = "/matching/api/v1"


async def _crossed(world: World, topics: int = 3) -> None:
    """Make pairs of officers who both prefer France, where the stable plan has fewer points than the other way round.

    The host in France slightly prefers the first officer, whom the host in Estonia prefers by far.
    """
    rules: Any = {**cast("dict[str, Any]", ex.CALL_TERMS["rules"]), "first_time_first": False}
    values: dict[str, Any] = {"topics": list(TOPICS), "weights": WEIGHTS, "share_of_offer": 100}
    await world.call(**values, rules=rules)
    for number in range(topics):
        own: dict[str, Any] = {"topics": [TOPICS[number]], "preferred_countries": ["FR"]}
        both = [{"area": "analysis", "level": 3, "years": 9}, {"area": "forensics", "level": 3, "years": 9}]
        less = [{"area": "analysis", "level": 3, "years": 4}, {"area": "forensics", "level": 1, "years": 0}]
        await world.officer("MD", expertise=both, **own)
        await world.officer("GE", expertise=less, **own)
        await world.offer("FR", places=1, topics=[TOPICS[number]], expertise=["analysis"])
        await world.offer("EE", places=1, topics=[TOPICS[number]], expertise=["forensics"])
    await world.officer("UA", topics=[TOPICS[0]], preferred_countries=["FR"], expertise=[_little()])
    await world.match_calls()


def _little() -> dict[str, Any]:
    return {"area": "analysis", "level": 1, "years": 0}


async def _calculated(world: World, *, apart: bool = False) -> OptionSet:
    options_id = await actions.ask(world.bus, "carla", world.call_id)
    assert await actions.work_once(world.bus, apart=apart)
    async with world.bus.read() as session:
        row = await store.option_set(session, options_id)
    assert row is not None
    assert row.state == "done", row.problem
    return row


def _by_kind(row: OptionSet) -> dict[CohortOption, CohortOptionResult]:
    assert row.outcome is not None
    return {option.option: option for option in row.outcome.options}


async def _receipts(world: World) -> list[MatchExplained | NoMatchExplained]:
    found = await world.rows("SELECT type, payload FROM journal WHERE aggregatetype = 'exchange.receipts' ORDER BY id")
    kinds = {each.type: each for each in (MatchExplained, NoMatchExplained)}
    return [kinds[row.type].model_validate_json(row.payload) for row in found]


async def test_options_lie_between_stable_and_highest_sum(world: World) -> None:
    """Blocking pairs and points rise together; rates, first choices and refusals are there for each option."""
    await _crossed(world)
    found = _by_kind(await _calculated(world))
    assert {CohortOption.STABLE, CohortOption.TENTH, CohortOption.HALF, CohortOption.HIGHEST_SUM} <= found.keys()
    ends = [found[kind] for kind in ORDER if kind in found and kind is not CohortOption.EVEN]
    assert [option.blocking for option in ends] == sorted({option.blocking for option in ends})
    assert [option.total for option in ends] == sorted({option.total for option in ends})
    assert ends[0].blocking == 0
    assert ends[-1].bound == ends[-1].total
    for option in ends:
        assert {rate.code: rate.applications for rate in option.countries} == {"GE": 3, "MD": 3, "UA": 1}
        assert sum(rate.matched for rate in option.countries) == option.matched == len(option.pairs) == 6
        assert sum(rate.matched for rate in option.services) == 6
        assert [trial.percent for trial in option.refusals] == [10, 20]
    even = found[CohortOption.EVEN]
    assert even.least_ppm == 660_000
    assert {rate.code: rate.matched for rate in even.countries}["UA"] == 1
    assert not ends[0].moved
    assert len(ends[-1].moved) == 6


async def test_another_process_calculates_the_same(world: World) -> None:
    """A calculation in a process of its own has the same outcome as one here; asking again gives the same one."""
    await _crossed(world, topics=1)
    row = await _calculated(world, apart=True)
    snapshot = await load(world.bus, world.call_id)
    assert snapshot is not None
    assert row.outcome == compute(snapshot.facts)
    assert row.version == snapshot.version
    assert await actions.ask(world.bus, "carla", world.call_id) == row.id
    await world.officer("AM")
    assert await actions.ask(world.bus, "carla", world.call_id) != row.id


@pytest.mark.parametrize("kind", [CohortOption.STABLE, CohortOption.HALF, CohortOption.HIGHEST_SUM, CohortOption.EVEN])
async def test_a_committed_option_is_explained_and_repeated(world: World, kind: CohortOption) -> None:
    """Its pairs are proposed, each receipt says what is true of it, and the stored run gives the same pairs again."""
    await _crossed(world)
    row = await _calculated(world)
    option = _by_kind(row)[kind]
    committed = await commit.commit_cohort(
        world.bus, "carla", world.call_id, option.pairs, option=ChosenOption(options_id=row.id, option=kind)
    )
    proposed = await world.rows("SELECT application_id, seat_id FROM match WHERE state = 'proposed'")
    assert {each.application_id: each.seat_id for each in proposed} == option.pairs
    receipts = await _receipts(world)
    assert len(receipts) == 7
    for receipt in receipts:
        if isinstance(receipt, NoMatchExplained):
            assert (receipt.counterfactuals == ()) or kind is not CohortOption.HALF
        elif receipt.rank > 1:
            assert receipt.missed is not None
            first_is_held_by_better = receipt.missed.why is WishMissed.OUTRANKED
            others = WishMissed.HIGHEST_SUM if kind is CohortOption.HIGHEST_SUM else WishMissed.PLAN
            assert first_is_held_by_better or (receipt.missed.why is others and kind is not CohortOption.STABLE)
    async with world.bus.read() as session:
        for run_id in committed.runs.values():
            run, kept = await runs.run(session, run_id), await runs.inputs(session, run_id)
            assert run is not None
            assert kept is not None
            assert run.event.option is kind
            opened = kept.opened()
            again = reproduce(
                opened["engine"],
                opened["digest"],
                document.loads(zlib.decompress(kept.problem)),
                dict(opened["pairs"]),
                opened["overrides"],
            )
            assert again.same
    (event,) = [run.event for run in await _runs(world)]
    assert (event.matched, event.score, event.blocking_pairs) == (option.matched, option.total, option.blocking)


async def _runs(world: World) -> list[runs.Run]:
    async with world.bus.read() as session:
        return [run for run in await runs.runs(session, world.call_id) if run.event.applications]


async def test_an_option_is_committed_as_a_whole_and_while_facts_are_the_same(world: World) -> None:
    """Some of its pairs, or an option from older facts, are refused; nothing is proposed."""
    await _crossed(world)
    row = await _calculated(world)
    option = _by_kind(row)[CohortOption.HIGHEST_SUM]
    choice = ChosenOption(options_id=row.id, option=CohortOption.HIGHEST_SUM)
    some = dict(list(option.pairs.items())[:2])
    with pytest.raises(Refused, match="matching has changed"):
        await commit.commit_cohort(world.bus, "carla", world.call_id, some, option=choice)
    await world.officer("AM", topics=[TOPICS[0]])
    with pytest.raises(Refused, match="Calculate them again"):
        await commit.commit_cohort(world.bus, "carla", world.call_id, option.pairs, option=choice)
    wrong = ChosenOption(options_id=new_id(), option=CohortOption.STABLE)
    with pytest.raises(Refused, match="no such option"):
        await commit.commit_cohort(world.bus, "carla", world.call_id, option.pairs, option=wrong)
    assert await world.rows("SELECT id FROM match") == []


async def test_the_pages_lead_from_calculation_to_commit(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The page calculates, shows chart and tables, opens an option beside the present plan and commits it once."""
    await _crossed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/options/{world.call_id}"
    assert address in (await browser.get(f"/matching/cohorts/{world.call_id}")).text
    page = (await browser.get(address)).text
    assert "Calculate options" in page
    form = {"csrf_token": _token(page)}
    assert (await browser.post(address, data=form)).headers["location"] == address
    assert "Cancel calculation" in (await browser.get(address)).text
    await actions.work_once(world.bus, apart=False)
    page = (await browser.get(address)).text
    assert "<svg" in page
    assert "blocking pairs" in page
    assert "Equal chances" in page
    opened = re.findall(rf'href="(/matching/options/[\w-]+/options/{CohortOption.HALF.value})"', page)[0]
    shown = (await browser.get(opened)).text
    assert "Gets a more wanted place" in shown
    assert "Commit option" in shown
    sent = {"csrf_token": _token(shown), "pair": re.findall(r'name="pair" value="([^"]+)"', shown)}
    assert len(sent["pair"]) == 6
    first, second = [await browser.post(f"{opened}/commit", data=sent) for _ in range(2)]
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert len(await world.rows("SELECT id FROM match WHERE state = 'proposed'")) == 6
    assert "Many blocking pairs" in (await browser.get(first.headers["location"])).text
    assert "has changed since" in (await browser.get(address)).text


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_a_program_calculates_and_commits_an_option(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The API answers 202 and then the options; an option is committed with the versions of its applications."""
    await _crossed(world, topics=1)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    csrf = {"X-CSRF-Token": _token((await browser.get(f"/matching/options/{world.call_id}")).text)}
    begun = await browser.post(f"{API}/options", json={"call_id": str(world.call_id)}, headers=csrf)
    assert begun.status_code == 202, begun.text
    await actions.work_once(world.bus, apart=False)
    answer = (await browser.get(f"{API}/options/{begun.json()['id']}")).json()
    assert answer["state"] == "done"
    option = answer["outcome"]["options"][-1]
    versions = {
        each["id"]: each["version"]
        for each in (await browser.get(f"{API}/applications?call_id={world.call_id}")).json()["items"]
    }
    body = {
        "call_id": str(world.call_id),
        "option": {"options_id": answer["id"], "option": option["option"]},
        "pairs": [
            {"application_id": name, "seat_id": seat, "version": versions[name]}
            for name, seat in option["pairs"].items()
        ],
    }
    done = await browser.post(f"{API}/cohorts", json=body, headers=csrf)
    assert done.status_code == 201, done.text
    assert done.json()["matches"].keys() == option["pairs"].keys()


async def test_a_calculation_is_cancelled_and_begun_again(world: World) -> None:
    """A cancelled calculation has no outcome and is not worked on; a new one is another."""
    await _crossed(world, topics=1)
    options_id = await actions.ask(world.bus, "carla", world.call_id)
    assert await actions.ask(world.bus, "bruno", world.call_id) == options_id
    await actions.cancel(world.bus, "carla", options_id)
    await actions.cancel(world.bus, "carla", options_id)
    with pytest.raises(Refused):
        await actions.cancel(world.bus, "bruno", options_id)
    assert not await actions.work_once(world.bus, apart=False)
    assert await actions.ask(world.bus, "carla", world.call_id) != options_id


async def test_only_the_programme_coordinator_has_options(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A national coordinator can neither see, nor calculate, nor commit options."""
    await _crossed(world, topics=1)
    row = await _calculated(world)
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    csrf = {"X-CSRF-Token": "none"}
    for path in (
        f"/matching/options/{world.call_id}",
        f"/matching/options/{row.id}/options/stable",
        f"{API}/options/{row.id}",
    ):
        assert (await browser.get(path)).status_code == 403
    for path in (
        f"/matching/options/{world.call_id}",
        f"/matching/options/{row.id}/options/stable/commit",
        f"{API}/options",
    ):
        assert (await browser.post(path, json={}, headers=csrf)).status_code == 403
