"""Test that grants count exactly in their period, and that a principal carries only those that count."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.codes import Role
from shared.identity import Grant, Principal

T0 = date(2026, 3, 1)
days = st.integers(-400, 400).map(lambda by: T0 + timedelta(days=by))
grants = st.builds(
    Grant,
    role=st.sampled_from(list(Role)),
    since=days,
    country=st.sampled_from(["AM", "GE", "PL", None]),
    organisation_id=st.sampled_from(["o-1", "o-2", None]),
    until=st.none() | days,
    deputy_for=st.sampled_from(["persona-coordinator", None]),
)


@given(st.lists(grants, max_size=8), days)
def test_only_active_grants_count(own_grants: list[Grant], at: date) -> None:
    """A principal has a role exactly if one of its grants has begun and is not over."""
    principal = Principal.on("somebody", own_grants, at)
    for role in Role:
        holds = any(g.role is role and g.since <= at and (g.until is None or g.until >= at) for g in own_grants)
        assert principal.has(role) is holds
        assert (role in principal.roles) is holds


@given(grants, days)
def test_the_last_day_is_covered(grant: Grant, until: date) -> None:
    """A grant holds on its last day, and no longer on the day after."""
    ending = Grant(grant.role, until - timedelta(days=1), until=until)
    assert ending.active(until)
    assert not ending.active(until + timedelta(days=1))


def test_countries_and_organisations_belong_to_their_role() -> None:
    """A country that comes with one role does not count for another."""
    principal = Principal(
        "somebody",
        (
            Grant(Role.NATIONAL_COORDINATOR, T0, country="AM"),
            Grant(Role.NATIONAL_COORDINATOR, T0, country="GE"),
            Grant(Role.HOST_CONTACT, T0, country="PL", organisation_id="o-1"),
        ),
    )
    assert principal.countries(Role.NATIONAL_COORDINATOR) == {"AM", "GE"}
    assert principal.countries(Role.OFFICER) == frozenset()
    assert principal.organisations(Role.HOST_CONTACT) == {"o-1"}
    assert principal.organisations(Role.CLEARANCE_OFFICER) == frozenset()


def test_nobody_without_grants_has_a_role() -> None:
    """A person who signed in but was granted nothing has no role at all."""
    assert not Principal("stranger").has(*Role)
