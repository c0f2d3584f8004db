"""Check the invariants: they hold at the end of every run, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from services.matching.lifecycle.model.match import HELD
from services.reporting.answers.model.certificates import earned
from services.reporting.answers.store import answers
from services.reporting.cases import views as cases_views
from services.reporting.consumers import consumers as reporting_consumers
from services.reporting.figures.actions.counting import count_from_facts
from services.reporting.periods.model.periods import programme
from shared.bus.db.erasure import ErasureKeys
from shared.bus.outbox.verification import Finding, findings
from shared.contracts import TOPICS
from tests.simulation.services.handovers import emails, emails_of_restored, webhooks, webhooks_of_restored
from tests.simulation.services.installation import APPS

if TYPE_CHECKING:
    from uuid import UUID

    from tests.simulation.services.installation import Installation

_NEWEST = """
SELECT DISTINCT ON (aggregatetype, aggregateid) aggregatetype, aggregateid, sequence, id FROM journal
ORDER BY aggregatetype, aggregateid, sequence DESC
"""
_OVERDUE = """
SELECT topic, for_topic, for_subject FROM deferred_reaction w WHERE EXISTS
    (SELECT FROM applied_sequence a WHERE a.topic = w.for_topic AND a.subject = w.for_subject) ORDER BY id LIMIT 3
"""
BEGINNERS = frozenset(
    {
        "system:cascades", "system:clock", "system:deadlines", "system:digests", "system:figures", "system:first-start",
        "system:mail", "system:waves", "system:webhooks",
    }
)  # fmt: skip
"""The actors besides people whose facts have no event before them: work that time begins, not a reader."""
_REACTION = 5
"""The version of the id of a fact that follows from an event."""
_VISITS = "SELECT id FROM visit ORDER BY id"


async def violations(made: Installation) -> list[str]:
    """Return what does not hold."""
    wrong: list[str] = []
    for check in (
        _handled,
        _unsent,
        _chains,
        emails,
        webhooks,
        _seats,
        _certificates,
        _causes,
        _figures,
    ):
        wrong += [f"{check.__name__.strip('_')}: {each}" for each in await check(made)]
    return wrong


async def of_restored(made: Installation) -> list[str]:
    """Return what does not hold after a service was given an older database.

    Readers keep what its owner has forgotten, so cases may differ, but nothing is done twice.
    """
    wrong: list[str] = []
    for check in (
        _handled, _unsent, _chains, emails_of_restored, webhooks_of_restored, _rooms, _granted_once,
    ):  # fmt: skip
        wrong += [f"{check.__name__.strip('_')}: {each}" for each in await check(made)]
    return wrong


async def untold(made: Installation) -> list[str]:
    """Return what readers have applied otherwise than the owner now tells it, and say nowhere."""
    wrong: list[str] = []
    newest = {
        (row["aggregatetype"], row["aggregateid"]): (row["sequence"], row["id"])
        for service in APPS
        for row in await made.rows(service, _NEWEST)
    }
    for service in APPS:
        late = await made.rows(service, _OVERDUE)
        wrong += [f"{service}: a reaction waits for what is there: {dict(row)}" for row in late]
        rows = await made.rows(service, "SELECT topic, subject FROM dead_letter WHERE settled_at IS NULL")
        dead_letters = {(row["topic"], row["subject"]) for row in rows}
        said = {topic for process in made.running[service] for topic in process.service.reader.unknown()}
        missing = {topic for process in made.running[service] for topic in process.service.reader.missing()}
        for row in await made.rows(service, "SELECT * FROM applied_sequence ORDER BY topic, subject"):
            key, here = (row["topic"], row["subject"]), (row["sequence"], row["ce_id"])
            if newest.get(key) != here and key not in dead_letters and row["topic"] not in said | missing:
                wrong.append(f"{service} has {key} as {here}, its owner as {newest.get(key)}")
    return wrong[:12]


async def _handled(made: Installation) -> list[str]:
    """Every reader took every event once and in order; of a compacted topic newer states only.

    It reacted once to each, and once more for each time that the reaction was deferred and released. After a restore
    the newest events may be missing, but none before them.
    """
    wrong = []
    heads, whole = await _heads(made), not made.damage["restore"]
    for service, consumers in made.consumers.items():
        seen: dict[tuple[str, str], list[int]] = {}
        expected: Counter[tuple[str, str, int, UUID]] = Counter()
        reacted: Counter[tuple[str, str, int, UUID]] = Counter()
        released = Counter(row["event"] for row in await made.rows(service, "SELECT event FROM sim.deferred"))
        released.subtract(row["ce_id"] for row in await made.rows(service, "SELECT ce_id FROM deferred_reaction"))
        for row in await made.rows(service, "SELECT * FROM sim.handled ORDER BY place"):
            event = (row["topic"], row["subject"], row["sequence"], row["event"])
            if row["step"] == "react":
                reacted[event] += 1
                continue
            seen.setdefault((row["topic"], row["subject"]), []).append(row["sequence"])
            if consumers.readings[row["topic"]].react is not None:
                expected[event] = 1 + released[row["event"]]
        for topic, subject in sorted({*seen, *(key for key in heads if key[0] in consumers.readings)}):
            numbers, last = seen.get((topic, subject), []), heads.get((topic, subject), 0)
            if TOPICS[topic].compacted:
                right = numbers == sorted(set(numbers)) and (not whole or numbers[-1:] == [last])
            else:
                right = numbers == list(range(1, 1 + (last if whole else len(numbers))))
            if not right:
                wrong.append(f"{service} took {topic} {subject} as {numbers} of {last}")
        wrong += [
            f"{service} reacted {reacted[each]} times and not {expected[each]} to {each}"
            for each in sorted(expected.keys() | reacted.keys())
            if reacted[each] != expected[each]
        ]
    return wrong


async def _unsent(made: Installation) -> list[str]:
    """An event leaves the outbox once the log has acknowledged it; of compacted topics a newer one may do instead."""
    return [
        f"{service}: {row['topic']} {row['subject']} {row['sequence']} left the outbox"
        for service in APPS
        for row in await made.rows(service, "SELECT * FROM sim.unsent ORDER BY topic, subject, sequence")
        if not TOPICS[row["topic"]].compacted
    ]


async def _heads(made: Installation) -> dict[tuple[str, str], int]:
    return {
        (row["aggregatetype"], row["aggregateid"]): row["sequence"]
        for service in APPS
        for row in await made.rows(service, "SELECT * FROM aggregate WHERE sequence > 0")
    }


async def _chains(made: Installation) -> list[str]:
    """No journal's chain is broken."""
    wrong = []
    for service in APPS:
        async with made.apps[service].state.service.bus.read() as session:
            found = [each async for each in findings(session, ErasureKeys("")) if isinstance(each, Finding)]
        wrong += [f"{service}: {each}" for each in found]
    return wrong


async def _seats(made: Installation) -> list[str]:
    """No place is taken by more people than it has room for, and nobody has two."""
    twice = await made.rows(
        "applications",
        "SELECT application_id, count(*) AS many FROM match WHERE state = ANY($1) AND NOT reserve"
        " GROUP BY application_id HAVING count(*) > 1",
        [state.value for state in HELD],
    )
    return await _rooms(made) + [f"{row['application_id']} has {row['many']} matches" for row in twice]


async def _rooms(made: Installation) -> list[str]:
    """At no commit was a place taken by more people than it had room for, or had a person two."""
    rows = await made.rows("matching", "SELECT * FROM sim.overfull ORDER BY at, which")
    return [f"{row['taken']} of {row['room']} at {row['which']}, {row['at']}" for row in rows]


async def _certificates(made: Installation) -> list[str]:
    """A certificate is granted once for a visit for which all forms are there, and the portal has it."""
    async with made.apps["reporting"].state.service.bus.read() as session:
        cases = await cases_views.cases(session, [row["id"] for row in await made.rows("applications", _VISITS)])
        certified = await answers.certificates(session, list(cases))
        received = await answers.received(session, list(cases))
    return await _granted_once(made) + [
        f"none for {each.id}"
        for each in cases.values()
        if each.id not in certified and earned(each, received.get(each.id, {}))
    ]


async def _granted_once(made: Installation) -> list[str]:
    """No certificate is granted twice."""
    rows = await made.rows(
        "reporting",
        "SELECT aggregateid, count(*) AS many FROM journal WHERE type = 'CertificateGranted'"
        " GROUP BY aggregateid HAVING count(*) > 1",
    )
    return [f"{row['many']} for {row['aggregateid']}" for row in rows]


async def _causes(made: Installation) -> list[str]:
    """A fact that names a cause names an event that exists, and only people and time bring about one without."""
    known: set[str] = set()
    caused: list[tuple[str, str, str]] = []
    wrong: list[str] = []
    for service in APPS:
        for row in await made.rows(service, "SELECT id, type, actor, causationid FROM journal ORDER BY id"):
            known.add(str(row["id"]))
            if row["causationid"] is not None:
                caused.append((service, row["type"], str(row["causationid"])))
            elif row["id"].version == _REACTION or (
                row["actor"].startswith("system:") and row["actor"] not in BEGINNERS
            ):
                wrong.append(f"{service}: {row['type']} {row['id']} by {row['actor']} has no cause")
    return wrong + [
        f"{service}: {type_} was caused by {cause}" for service, type_, cause in caused if cause not in known
    ]


async def _figures(made: Installation) -> list[str]:
    """The figures are those that a reader counts who takes the journals alone."""
    period = programme(date(2026, 1, 1), date(2026, 12, 31))
    async with made.recount("reporting", reporting_consumers) as bus, bus.read() as session:
        again = await count_from_facts(session, period)
    async with made.apps["reporting"].state.service.bus.read() as session:
        figures = await count_from_facts(session, period)
    return [
        f"{figure.definition.id} is {figure.total}, counted again {other.total}"
        for figure, other in zip(figures, again, strict=True)
        if list(figure.cells()) != list(other.cells())
    ]
