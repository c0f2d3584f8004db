"""Test that people see their own cases and no others."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.codes import Role
from shared.identity import Grant, Principal, scope

SINCE = date(2026, 1, 1)
COUNTRIES = ["AM", "GE", "MD", "PL", "EU"]
AGENCY = str(uuid4())
OTHER_AGENCY = str(uuid4())


def holding(role: Role, country: str | None = None, organisation_id: str | None = None) -> Principal:
    """Return a principal with that one role."""
    return Principal("somebody", (Grant(role, SINCE, country, organisation_id),))


@given(st.sets(st.sampled_from(COUNTRIES)))
def test_a_national_coordinator_sees_the_own_countries_only(own: set[str]) -> None:
    """Each country is visible exactly if it is one's own, a deputy's included."""
    principal = Principal(
        "somebody",
        tuple(Grant(Role.NATIONAL_COORDINATOR, SINCE, country=country, deputy_for="other") for country in sorted(own)),
    )
    assert (scope.countries_visible(principal) or frozenset()) == own
    for country in COUNTRIES:
        assert scope.may_see_country(principal, country) is (country in own)
        assert scope.may_coordinate(principal, country) is (country in own - {scope.EU})
        assert scope.may_see_organisation(principal, OTHER_AGENCY, country) is (country in own)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROGRAMME_COORDINATOR])
def test_no_other_role_sees_everything(role: Role) -> None:
    """A role without country or organisation opens one's own case only; only the programme coordinator sees all."""
    principal = holding(role)
    assert scope.countries_visible(principal) == frozenset()
    assert scope.organisations_visible(principal) == frozenset()
    assert not scope.may_see_case(principal, country="AM", organisation_id=AGENCY, subject="another")
    assert scope.may_see_case(principal, country="AM", subject="somebody")


def test_a_country_counts_only_with_the_role_it_came_with() -> None:
    """An officer or host contact of a country does not see that country's cases."""
    for role in Role:
        sees = role in {Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR}
        assert scope.may_see_country(holding(role, country="AM"), "AM") is sees


def test_the_programme_coordinator_sees_all_but_endorses_and_clears_nothing() -> None:
    """Seeing everything is not acting for everybody: endorsement and clearance stay with their owners."""
    principal = holding(Role.PROGRAMME_COORDINATOR)
    assert scope.countries_visible(principal) is None
    assert scope.organisations_visible(principal) is None
    assert scope.may_see_case(principal)
    assert scope.may_coordinate(principal, "AM")
    assert not scope.may_clear(principal, "AM")
    assert not scope.may_act_for_organisation(principal, AGENCY)


def test_an_eu_agency_is_cleared_by_its_own_officer() -> None:
    """A clearance officer clears for their agency, and neither for another agency nor for a country."""
    officer = holding(Role.CLEARANCE_OFFICER, country="EU", organisation_id=AGENCY)
    assert scope.may_clear(officer, "EU", AGENCY)
    assert not scope.may_clear(officer, "EU", OTHER_AGENCY)
    assert not scope.may_clear(officer, "EU")
    assert not scope.may_clear(officer, "AM", AGENCY)
    assert scope.may_see_organisation(officer, AGENCY)
    assert not scope.may_act_for_organisation(officer, AGENCY)
    assert not scope.may_clear(holding(Role.NATIONAL_COORDINATOR, country="EU"), "EU", AGENCY)


def test_a_country_is_cleared_by_its_coordinator() -> None:
    """A national coordinator clears for their country, whatever agency it is."""
    coordinator = holding(Role.NATIONAL_COORDINATOR, country="AM")
    assert scope.may_clear(coordinator, "AM")
    assert scope.may_clear(coordinator, "AM", AGENCY)
    assert not scope.may_clear(coordinator, "GE")


def test_a_host_sees_the_own_organisation_only() -> None:
    """A host contact publishes and sees for their organisation, not for a neighbour in the same country."""
    host = holding(Role.HOST_CONTACT, country="PL", organisation_id=AGENCY)
    assert scope.may_act_for_organisation(host, AGENCY)
    assert scope.may_see_organisation(host, AGENCY, "PL")
    assert not scope.may_see_organisation(host, OTHER_AGENCY, "PL")
    assert not scope.may_act_for_organisation(host, OTHER_AGENCY)


def test_only_the_person_is_oneself() -> None:
    """A case without a person is nobody's own."""
    assert scope.is_self(Principal("somebody"), "somebody")
    assert not scope.is_self(Principal("somebody"), "another")
    assert not scope.is_self(Principal("somebody"), None)
