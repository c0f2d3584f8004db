"""Play a programme against the real service over HTTP, and attack what the donor fetched."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from services.reporting.indicators.model.figure import joined, parts_of, split
from shared.contracts.codes import Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.redteam import knowledge
from tests.redteam.attacker import Fetched, Pinned, pinned, targets
from tests.redteam.programme import (
    COVERS,
    GROUPED,
    Mentorship,
    Officer,
    chosen_levels,
    correction,
    events,
    fetched_as,
    mentoring_events,
    programme,
    standing_for,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from tests.integration.reporting.conftest import House
    from tests.redteam.programme import Step

OWN = ("TANDEM-ND-01", "TANDEM-ND-02", "TANDEM-ND-03", "TANDEM-RC-01")
API = "/reporting/api/v1"
T = TypeVar("T", Officer, Mentorship)


@dataclass
class Result:
    """The outcome of one programme: what was pinned, how many counts were tried, what was published or refused."""

    seed: int
    pinned: list[Pinned] = field(default_factory=list)
    tried: int = 0
    shown: int = 0
    published: int = 0
    refused: int = 0


class _Play:
    def __init__(self, house: House) -> None:
        self.house = house
        self.fetched: list[Fetched] = []
        self.known = knowledge.RealProgramme()
        self.statements: dict[str, int] = {}

    async def begin(self, levels: Mapping[str, str]) -> None:
        self.levels = levels
        self.author = await self.house.grant(Role.EVALUATOR, name="author of figures")
        self.other = await self.house.grant(Role.PROGRAMME_COORDINATOR, name="approver of figures")
        self.donor = await self.house.grant(Role.DONOR)
        for dimension, level in levels.items():
            chosen = await self.other.post(f"/reporting/groupings/{dimension}", data={"level": level})
            assert chosen.status_code == 303, chosen.text

    async def take(self, step: Step, moment: int) -> bool:
        """Let officers become known, publish or restate the period, and fetch it; return whether it was released."""
        late = moment > 0
        made = [each for officer in step.known for each in events(officer, late=late)]
        made += [each for mentorship in step.mentorships for each in mentoring_events(mentorship)]
        await feed_events(self.house, [*made, *(correction(officer) for officer in step.voided)])
        self.known.officers += [(moment, self._grouped(officer)) for officer in step.known]
        self.known.voided += [(moment, self._grouped(officer)) for officer in step.voided]
        self.known.mentorships += [(moment, self._grouped(mentorship)) for mentorship in step.mentorships]
        released = await (self._restate if step.label in self.statements else self._publish)(step.label)
        if released:
            self.statements[step.label] = self.statements.get(step.label, 0) + 1
            self.fetched.append(await self._fetch(step.label, moment))
        for label in set(COVERS) - set(self.statements):
            await self._closed(f"{API}/figures", period=label)
        await self._closed(f"{API}/figures", period="programme")
        await self._closed("/reporting/compare/calls.csv")
        return released

    def _grouped(self, about: T) -> T:
        """Return an officer or a mentorship as figures know them: a group's values are one."""
        names = {each.name for each in fields(about)} & GROUPED.keys()
        grouped: dict[str, Any] = {each: standing_for(self.levels, each, getattr(about, each)) for each in names}
        return replace(about, **grouped)

    def _as_fetched(self, figure: dict[str, Any]) -> dict[str, Any]:
        """Return a figure with the values that stand for the groups of its parts."""
        return {
            **figure,
            "breakdowns": {
                name: [{**part, "value_of": self._value(name, part["value_of"])} for part in parts]
                for name, parts in figure["breakdowns"].items()
            },
        }

    def _value(self, dimension: str, value: str) -> str:
        if value == "rolled_up":
            return value
        pairs = zip(parts_of(dimension), split(value), strict=True)
        return joined(fetched_as(self.levels, part, each) for part, each in pairs)

    async def _closed(self, path: str, **params: str) -> None:
        answer = await self.donor.get(path, params=params)
        assert answer.status_code in {403, 409}, f"{path} {params} is open: {answer.status_code}"

    async def _publish(self, label: str) -> bool:
        return await self._all((self.author, f"{label}/submit"), (self.other, f"{label}/approve"), (
            self.author, f"{label}/publish"))  # fmt: skip

    async def _restate(self, label: str) -> bool:
        at = f"{label}/restatement"
        proposed = await self.author.post(f"/reporting/periods/{at}/propose", data={"reason": "late_facts"})
        if proposed.status_code == 409:
            return False
        if await self._all((self.other, f"{at}/approve")):
            return True
        assert await self._all((self.author, f"{at}/withdraw"))
        return False

    async def _all(self, *steps: tuple[httpx2.AsyncClient, str]) -> bool:
        for who, path in steps:
            answer = await who.post(f"/reporting/periods/{path}")
            if answer.status_code == 409:
                return False
            assert answer.status_code == 303, answer.text
        return True

    async def _fetch(self, label: str, moment: int) -> Fetched:
        """Return all that the donor can fetch of a statement: the agreed figures, and the others one by one."""
        answer = await self.donor.get(f"{API}/figures", params={"period": label})
        assert answer.status_code == 200, answer.text
        figures: dict[str, dict[str, Any]] = {each["indicator"]: each for each in answer.json()["figures"]}
        for indicator in OWN:
            figures[indicator] = (
                await self.donor.get(f"{API}/indicators/{indicator}", params={"period": label})
            ).json()
        statement = self.statements[label]
        file = await self.donor.get(f"/reporting/feeds/{label}/{answer.json()['statement']}/figures.json")
        kept = {each["indicator"]: each for each in file.json()["figures"]}
        assert all(kept[name] == figures[name] for name in kept), "the file says what the API says"
        return Fetched(label, statement, moment, {name: self._as_fetched(each) for name, each in figures.items()})


async def play(house: House, seed: int, *, grouped: bool = False) -> Result:
    """Return what an attacker pins in the programme of a seed; `grouped`: published by chosen groupings."""
    played, result = _Play(house), Result(seed)
    played_out = programme(seed)
    played_out.levels = chosen_levels(seed) if grouped else {}
    await played.begin(played_out.levels)
    for moment, step in enumerate(played_out.steps):
        if await played.take(step, moment):
            result.published += 1
        else:
            result.refused += 1
    result.shown = sum(each["hidden"] is None for fetched in played.fetched for each in fetched.figures.values())
    statements = [(each.label, each.moment) for each in played.fetched]
    for attack in (
        knowledge.visits,
        knowledge.applications,
        knowledge.decisions,
        knowledge.evaluations,
        knowledge.mentoring,
    ):
        attacker = attack(played.fetched, played_out)
        wanted = targets(attacker.world, knowledge.cells(attacker), statements)
        caught, tried = pinned(attacker, wanted, knowledge.real(played.known, attacker.world))
        result.pinned += caught
        result.tried += tried
    return result
