"""Test that AccessChanged reaches every service, and that queries return a principal's own cases only."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from shared.bus import Envelope
from shared.bus.db.bus import engine_for
from shared.contracts.access import AccessChanged, AccessGrant
from shared.contracts.codes import PartnerStatus, Role
from shared.contracts.registry import PartnerStatusChanged
from shared.identity import Grant, Principal, access_table, consume_access, consume_partners, load_principal, scope
from shared.ids import new_id
from shared.time import clock
from tests.support import create_all

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.bus import Bus

DAY = date(2026, 3, 1)
HOST = UUID("01900000-0000-7000-8000-000000000001")


@pytest.fixture
def bus(app: FastAPI) -> Bus:
    """The bus of the service under test."""
    bus: Bus = app.state.service.bus
    return bus


def changed(subject: str, *grants: AccessGrant, sequence: int = 1) -> Envelope:
    """Return an AccessChanged as the reader hands it over."""
    return Envelope(
        id=new_id(),
        type="AccessChanged",
        source="/tandem/applications",
        subject=subject,
        time=datetime(2026, 3, 1, 9, sequence, tzinfo=UTC),
        sequence=sequence,
        topic="exchange.access",
        correlationid=subject,
        causationid=None,
        traceparent=None,
        data=AccessChanged(grants=grants),
    )


async def principal(bus: Bus, subject: str) -> Principal:
    """Return what the service makes of a subject now."""
    async with bus.read() as session:
        return await load_principal(session, subject)


async def test_the_newest_state_of_each_subject_counts(bus: Bus) -> None:
    """A batch with several changes of one subject leaves the last; a later one without grants takes all away."""
    coordinator = AccessGrant(role=Role.NATIONAL_COORDINATOR, country="AM", since=DAY)
    host = AccessGrant(role=Role.HOST_CONTACT, country="PL", organisation_id=HOST, since=DAY)
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, [changed("a", host), changed("b", host), changed("a", coordinator, sequence=2)])
    a, b = await principal(bus, "a"), await principal(bus, "b")
    assert a.countries(Role.NATIONAL_COORDINATOR) == {"AM"}
    assert not a.has(Role.HOST_CONTACT)
    assert b.organisations(Role.HOST_CONTACT) == {str(HOST)}
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, [changed("b", sequence=2)])
        await consume_access(tx, [])
    assert (await principal(bus, "b")).grants == ()
    assert (await principal(bus, "stranger")) == Principal("stranger")


async def test_a_deputy_counts_on_the_deputys_days(bus: Bus) -> None:
    """Grants that have not begun or are over stay in the table and count on their days only."""
    today = clock.today()
    week = timedelta(days=7)
    deputy = AccessGrant(
        role=Role.NATIONAL_COORDINATOR, country="GE", since=today, until=today, deputy_for="persona-georgia"
    )
    later = AccessGrant(role=Role.EVALUATOR, since=today + week)
    over = AccessGrant(role=Role.DONOR, since=today - week, until=today - timedelta(days=1))
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, [changed("a", deputy, later, over)])
    now = await principal(bus, "a")
    assert now.roles == {Role.NATIONAL_COORDINATOR}
    assert [grant.deputy_for for grant in now.grants] == ["persona-georgia"]


async def test_thousands_of_changes_are_one_statement(bus: Bus) -> None:
    """A full batch goes in at once and well within a second."""
    grant = AccessGrant(role=Role.OFFICER, country="AM", since=DAY)
    events = [changed(f"subject-{number}", grant) for number in range(2000)]
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, events)
    assert (await principal(bus, "subject-1999")).has(Role.OFFICER)


def test_the_tables_belong_to_the_service() -> None:
    """Each service has the tables in its own metadata, with an index for what is asked."""
    metadata = sa.MetaData()
    table = access_table(metadata)
    assert set(metadata.tables) == {"access", "suspension", "used_ticket"}
    assert [column.name for column in table.primary_key] == ["subject"]


async def test_holders_of_a_role_are_found_by_index(bus: Bus) -> None:
    """An index finds the holders of a role in a country, so that it stays quick with many people."""
    grant = AccessGrant(role=Role.OFFICER, country="AM", since=DAY)
    coordinator = AccessGrant(role=Role.NATIONAL_COORDINATOR, country="GE", since=DAY)
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, [changed(f"subject-{number}", grant) for number in range(3000)])
        await consume_access(tx, [changed("georgia", grant, coordinator)])
        connection = await tx.session.connection()
        # Few rows are read quicker than an index; the question is whether the index answers.
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        wanted = 'SELECT subject FROM access WHERE grants @> \'[{"role": "national_coordinator", "country": "GE"}]\''
        assert list(await connection.scalars(sa.text(wanted))) == ["georgia"]
        plan = "\n".join(await connection.scalars(sa.text(f"EXPLAIN {wanted}")))
    assert "access_grants" in plan


async def test_queries_and_single_cases_agree(database: str) -> None:
    """For every kind of principal the SQL condition finds exactly the cases that `covers` lets through."""
    metadata = sa.MetaData()
    cases = sa.Table(
        "case_seen",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("home", sa.Text),
        sa.Column("host", sa.Text),
        sa.Column("organisation_id", sa.Uuid),
        sa.Column("person", sa.Text),
    )
    other = uuid4()
    marks: list[dict[str, str | UUID | None]] = [
        {"home": home, "host": host, "organisation_id": organisation, "person": person}
        for home in ("AM", "GE")
        for host in ("PL", "EU", None)
        for organisation in (HOST, other, None)
        for person in ("somebody", "another", None)
    ]
    rows: list[dict[str, Any]] = [{"id": number, **row} for number, row in enumerate(marks)]
    principals = [
        Principal("somebody", (Grant(role, DAY, country, organisation),))
        for role in Role
        for country in ("AM", "PL", "EU", None)
        for organisation in (str(HOST), None)
    ]
    await create_all(database, metadata)
    engine = engine_for(database)
    async with engine.begin() as connection:
        await connection.execute(sa.insert(cases), rows)
        for principal in principals:
            reach = scope.reach(principal)
            clause = reach.clause(
                country=[cases.c.home, cases.c.host], organisation=[cases.c.organisation_id], subject=[cases.c.person]
            )
            found = set(await connection.scalars(sa.select(cases.c.id).where(clause)))
            expected = {
                row["id"]
                for row in rows
                if reach.covers(country=row["home"], organisation_id=row["organisation_id"], subject=row["person"])
                or reach.covers(country=row["host"])
            }
            assert found == expected
    await engine.dispose()


def partner(country: str, status: PartnerStatus, *, since: date) -> Envelope:
    """Return a PartnerStatusChanged as the reader hands it over."""
    event = PartnerStatusChanged(country=country, status=status, since=since)
    return changed(country)._replace(topic="exchange.registry", type=event.type, data=event)


async def test_a_suspension_keeps_a_country_s_grants_from_counting(bus: Bus) -> None:
    """From its day on grants for the country do not count, others do; reinstated, they count as before."""
    today = clock.today()
    home = AccessGrant(role=Role.OFFICER, country="BY", since=DAY)
    abroad = AccessGrant(role=Role.MENTOR, country="PL", since=DAY)
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, [changed("a", home), changed("b", home, abroad)])
        await consume_partners(tx, [partner("BY", PartnerStatus.SUSPENDED, since=today + timedelta(days=1))])
    assert (await principal(bus, "a")).has(Role.OFFICER)
    async with bus.transaction("system:tests") as tx:
        await consume_partners(tx, [partner("BY", PartnerStatus.SUSPENDED, since=today)])
    a, b = await principal(bus, "a"), await principal(bus, "b")
    assert (a.roles, b.roles) == (frozenset(), frozenset({Role.MENTOR}))
    assert [grant.role for grant in a.suspended] == [Role.OFFICER]
    assert not a.counts(time.time() - 60)
    assert not a.counts(None)
    assert a.counts(time.time() + 60)
    assert b.counts(time.time() - 60)
    async with bus.transaction("system:tests") as tx:
        await consume_partners(tx, [partner("BY", PartnerStatus.REINSTATED, since=today)])
    a = await principal(bus, "a")
    assert a.roles == {Role.OFFICER}
    assert not a.counts(time.time() - 60)
    assert a.counts(None)


async def test_the_same_suspension_read_again_signs_nobody_out(bus: Bus) -> None:
    """A rebuild or a replay leaves the moment at which sign-ins ended."""
    home = AccessGrant(role=Role.OFFICER, country="BY", since=DAY)
    event = partner("BY", PartnerStatus.SUSPENDED, since=clock.today())
    async with bus.transaction("system:tests") as tx:
        await consume_access(tx, [changed("a", home)])
        await consume_partners(tx, [event])
    before = (await principal(bus, "a")).not_before
    async with bus.transaction("system:tests") as tx:
        await consume_partners(tx, [event, event])
    assert (await principal(bus, "a")).not_before == before
