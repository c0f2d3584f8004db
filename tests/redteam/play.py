"""Play a programme against the real service over HTTP, and attack what the donor fetched."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from services.reporting.indicators.model.figure import joined, parts_of, split
from shared.contracts.codes import GROUPINGS, VALUES, Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident
from tests.redteam import knowledge
from tests.redteam.attacker import Fetched, Pinned, pinned, targets
from tests.redteam.programme import (
    COVERS,
    GROUPED,
    Mentorship,
    Officer,
    changed_levels,
    chosen_levels,
    correction,
    ending,
    events,
    fetched_as,
    mentoring_events,
    programme,
    standing_for,
    suspension,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from tests.integration.reporting.conftest import House
    from tests.redteam.programme import Programme, Step

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

    async def begin(self, programme: Programme, dice: random.Random) -> None:
        self.levels, self.changes, self.dice = programme.levels, programme.changes, dice
        self.author = await self.house.grant(Role.EVALUATOR, name="author of figures")
        self.other = await self.house.grant(Role.PROGRAMME_COORDINATOR, name="approver of figures")
        self.donor = await self.house.grant(Role.DONOR)
        self.protector = await self.house.grant(Role.DATA_PROTECTION_OFFICER)
        await self._choose(self.levels)

    async def take(self, step: Step, moment: int) -> bool:
        """Let officers become known, publish or restate the period, and fetch it; return whether it was released."""
        late = moment > 0
        made = [each for officer in step.known for each in events(officer, late=late)]
        made += [each for mentorship in step.mentorships for each in mentoring_events(mentorship)]
        made += [correction(officer) for officer in step.voided]
        made += [each for officer, reason in step.ended for each in ending(officer, reason)]
        await feed_events(self.house, made)
        if step.suspended:
            await self.house.feed.deliver((suspension(step.suspended), step.suspended))
        for officer in step.erased:
            await self._erase(officer)
        self.known.officers += [(moment, self._grouped(officer)) for officer in step.known]
        self.known.voided += [(moment, self._grouped(officer)) for officer in step.voided]
        self.known.ended += [(moment, self._grouped(officer), reason) for officer, reason in step.ended]
        self.known.mentorships += [(moment, self._grouped(mentorship)) for mentorship in step.mentorships]
        if not self.statements:
            await self._choose_levels(step.label)
        released = await (self._restate if step.label in self.statements else self._publish)(step.label)
        if released:
            self.statements[step.label] = self.statements.get(step.label, 0) + 1
            self.fetched.append(await self._fetch(step.label, moment))
        for label in set(COVERS) - set(self.statements):
            await self._closed(f"{API}/figures", period=label)
        await self._closed(f"{API}/figures", period="programme")
        for end in ("", ".csv"):
            await self._closed(f"/reporting/compare/calls{end}")
        if self.statements:
            await self._groupings_are_fixed()
            await self._compare()
        return released

    async def _choose_levels(self, label: str) -> None:
        """Choose groupings late: others first, then, after figures were submitted and returned, those that stay."""
        if not self.changes:
            return
        for levels in (*self.changes, self.levels):
            await self._choose({each: levels.get(each, VALUES) for each in GROUPED.values()})
            if levels is not self.levels and await self._all((self.author, f"{label}/submit")):
                await self._groupings_are_fixed()
                returned = await self.other.post(f"/reporting/periods/{label}/return", data={"reason": "other"})
                assert returned.status_code == 303, returned.text

    async def _choose(self, levels: Mapping[str, str]) -> None:
        self.present = levels
        for dimension, level in levels.items():
            chosen = await self.other.post(f"/reporting/groupings/{dimension}", data={"level": level})
            assert chosen.status_code == 303, chosen.text

    async def _groupings_are_fixed(self) -> None:
        """Try to choose another level of a dimension; nothing may change it now."""
        for dimension in GROUPED.values():
            other = next(each.code for each in GROUPINGS[dimension] if each.code != self.present.get(dimension, VALUES))
            answer = await self.other.post(f"/reporting/groupings/{dimension}", data={"level": other})
            assert answer.status_code == 409, answer.text

    async def _erase(self, officer: Officer) -> None:
        """Erase what a person wrote, as the data protection officer does; nothing was written in these programmes."""
        address = f"/reporting/words/{ident('application', officer.number)}/erasure"
        answer = await self.protector.post(address, data={"form": "all", "why": "asked by the person"})
        assert answer.status_code == 303, answer.text

    async def _compare(self) -> None:
        """Compare published periods as the donor does: the page may know no more than their figures tell."""
        newest = {each.label: each.figures for each in self.fetched}
        labels = self.dice.sample(sorted(newest), min(len(newest), self.dice.randint(2, 4)))
        if len(labels) < 2:
            return
        answer = await self.donor.get("/reporting/compare.csv", params={"period": labels})
        assert answer.status_code == 200, answer.text
        for row in csv.DictReader(io.StringIO(answer.text)):
            first, own = (newest[label][row["indicator"]]["value"] for label in (labels[0], row["period"]))
            assert row["value"] == (own or ""), f"{row} of {own}"
            differs = first is not None and own is not None and row["period"] != labels[0]
            assert Decimal(row["difference"] or 0) == (Decimal(own) - Decimal(first) if differs else 0), (
                f"{row} of {first}"
            )

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
    if grouped:
        played_out.levels, played_out.changes = chosen_levels(seed), changed_levels(seed)
    await played.begin(played_out, random.Random(f"comparisons of {seed}"))
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
