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
from shared.bus import Bus
from shared.bus.db.erasure import ErasureKeys
from shared.bus.db.journal import IN_ORDER, partition_of
from shared.bus.inbox.apply import Applier
from shared.bus.log.envelope import StoredRecord, headers_of
from shared.bus.outbox.verification import Finding, findings
from shared.contracts import TOPICS
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
_VISITS = "SELECT id FROM visit ORDER BY id"
COPIES = 2
"""An email may have one more copy, after a crash or where the server did not answer."""


async def violations(made: Installation) -> list[str]:
    """Return what does not hold."""
    wrong: list[str] = []
    for check in (_handled, _unsent, _chains, _emails, _webhooks, _seats, _certificates, _causes, _figures):
        wrong += [f"{check.__name__[1:]}: {each}" for each in await check(made)]
    return wrong


async def of_restored(made: Installation) -> list[str]:
    """Return what does not hold after a service was given an older database: its journal is whole all the same."""
    return [f"{check.__name__[1:]}: {each}" for check in (_unsent, _chains) for each in await check(made)]


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

    It reacted once to each, and once more for each time that the reaction was deferred.
    """
    wrong = []
    heads = await _heads(made)
    for service, consumers in made.consumers.items():
        seen: dict[tuple[str, str], list[int]] = {}
        expected: Counter[tuple[str, str, int, UUID]] = Counter()
        reacted: Counter[tuple[str, str, int, UUID]] = Counter()
        deferred = Counter(row["event"] for row in await made.rows(service, "SELECT event FROM sim.deferred"))
        for row in await made.rows(service, "SELECT * FROM sim.handled ORDER BY place"):
            event = (row["topic"], row["subject"], row["sequence"], row["event"])
            if row["step"] == "react":
                reacted[event] += 1
                continue
            seen.setdefault((row["topic"], row["subject"]), []).append(row["sequence"])
            if consumers.readings[row["topic"]].react is not None:
                expected[event] = 1 + deferred[row["event"]]
        for (topic, subject), last in heads.items():
            if topic not in consumers.readings:
                continue
            numbers = seen.get((topic, subject), [])
            compacted = TOPICS[topic].compacted and numbers == sorted(set(numbers)) and numbers[-1:] == [last]
            if numbers != list(range(1, last + 1)) and not compacted:
                wrong.append(f"{service} took {topic} {subject} as {numbers} of {last}")
        wrong += [
            f"{service} reacted {reacted[each]} times and not {expected[each]} to {each}"
            for each in sorted(expected.keys() | reacted.keys())
            if reacted[each] != expected[each]
        ]
        wrong += [
            f"{service} took {topic} {subject}, which no owner has" for topic, subject in sorted(seen.keys() - heads)
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


async def _emails(made: Installation) -> list[str]:
    """No email went out more than twice, and none a second time without a cause."""
    copies = Counter((message, address) for message, address, _ in made.mail.taken)
    subjects = {message: subject for message, _, subject in made.mail.taken}
    excuses = made.damage["kill"] + made.damage["lose"] + made.damage["stall"] + made.damage["mail"]
    return [
        f"{count} copies of an email to {address}: {subjects[message]} {message}"
        for (message, address), count in sorted(copies.items())
        if count > (COPIES if excuses else 1)
    ]


async def _webhooks(made: Installation) -> list[str]:
    """A webhook is repeated only after crashes and stalls, a slot's worth at a time."""
    copies = Counter(made.receiver.taken)
    excuses = made.damage["kill"] + made.damage["lose"] + made.damage["stall"] + made.damage["slow"]
    return [f"{count} copies of {id_}" for id_, count in sorted(copies.items()) if count > 1 + excuses]


async def _seats(made: Installation) -> list[str]:
    """No place is taken by more people than it has room for, and nobody has two."""
    states = [state.value for state in HELD]
    rows = await made.rows(
        "matching",
        "SELECT m.seat_id, count(*) AS taken, max(coalesce(s.terms->>'places', s.terms->>'capacity')::int) AS room"
        " FROM match m JOIN seat s ON s.id = m.seat_id"
        " WHERE m.state = ANY($1) AND NOT m.reserve GROUP BY m.seat_id ORDER BY m.seat_id",
        states,
    )
    wrong = [f"{row['taken']} of {row['room']} at {row['seat_id']}" for row in rows if row["taken"] > row["room"]]
    twice = await made.rows(
        "applications",
        "SELECT application_id, count(*) AS many FROM match WHERE state = ANY($1) AND NOT reserve"
        " GROUP BY application_id HAVING count(*) > 1",
        states,
    )
    return wrong + [f"{row['application_id']} has {row['many']} matches" for row in twice]


async def _certificates(made: Installation) -> list[str]:
    """A certificate is granted once for a visit for which all forms are there, and the portal has it."""
    rows = await made.rows(
        "reporting",
        "SELECT aggregateid, count(*) AS many FROM journal WHERE type = 'CertificateGranted'"
        " GROUP BY aggregateid HAVING count(*) > 1",
    )
    wrong = [f"{row['many']} for {row['aggregateid']}" for row in rows]
    async with made.apps["reporting"].state.service.bus.read() as session:
        cases = await cases_views.cases(session, [row["id"] for row in await made.rows("applications", _VISITS)])
        certified = await answers.certificates(session, list(cases))
        received = await answers.received(session, list(cases))
    return wrong + [
        f"none for {each.id}"
        for each in cases.values()
        if each.id not in certified and earned(each, received.get(each.id, {}))
    ]


async def _causes(made: Installation) -> list[str]:
    """A fact that names a cause names an event that exists."""
    known: set[str] = set()
    caused: list[tuple[str, str, str]] = []
    for service in APPS:
        for row in await made.rows(service, "SELECT id, type, causationid FROM journal"):
            known.add(str(row["id"]))
            if row["causationid"] is not None:
                caused.append((service, row["type"], str(row["causationid"])))
    return [f"{service}: {type_} was caused by {cause}" for service, type_, cause in caused if cause not in known]


async def _figures(made: Installation) -> list[str]:
    """The figures are those that a reader counts who takes the journals alone."""
    machine = made.machine
    address = machine.databases.new(machine.empty("reporting"))
    made.addresses["recount"] = address
    settings = made.settings("reporting").model_copy(
        update={"database_url": type(made.settings("reporting").database_url)(address)}
    )
    bus = Bus("reporting", settings)
    try:
        records = await _journals(made)
        async with bus.transaction("system:reporting") as tx:
            await Applier(bus, reporting_consumers).apply(tx, records)
        period = programme(date(2026, 1, 1), date(2026, 12, 31))
        async with bus.read() as session:
            again = await count_from_facts(session, period)
        async with made.apps["reporting"].state.service.bus.read() as session:
            figures = await count_from_facts(session, period)
    finally:
        await bus.close()
    return [
        f"{figure.definition.id} is {figure.total}, counted again {other.total}"
        for figure, other in zip(figures, again, strict=True)
        if list(figure.cells()) != list(other.cells())
    ]


async def _journals(made: Installation) -> list[StoredRecord]:
    """Return the records of all journals that reporting reads, as they were first sent."""
    records: list[StoredRecord] = []
    for service in APPS:
        rows = await made.rows(service, f"SELECT * FROM journal ORDER BY {IN_ORDER}")
        for row in rows:
            topic, subject = row["aggregatetype"], row["aggregateid"]
            if topic in reporting_consumers.readings:
                headers = headers_of(
                    service, row["id"], row["type"], subject, row["occurred_at"], row["sequence"],
                    row["correlationid"], row["causationid"], None,
                )  # fmt: skip
                records.append(
                    StoredRecord(
                        topic, partition_of(topic, subject), len(records), subject.encode(), row["payload"].encode(),
                        headers,
                    )
                )  # fmt: skip
    return records
