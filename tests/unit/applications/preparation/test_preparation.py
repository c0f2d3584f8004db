"""The right side is asked for each item before travel, and readiness follows the dates of the visit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal  # noqa: TC003 - hypothesis reads the annotations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.preparation import model as preparation_model
from services.applications.preparation.model import costs
from services.applications.preparation.model import letters as preparation_letters
from services.applications.transitions import NotNow
from shared.contracts import _examples as ex
from shared.contracts.codes import Party, VisitState
from shared.contracts.codes import PreparationItem as Item
from shared.ids import new_id

START, END = date(2027, 3, 1), date(2027, 3, 5)
TODAY = date(2027, 1, 11)
CALL, OTHER = UUID(ex.CALL), new_id()
DAYS = st.dates(date(2027, 2, 1), date(2027, 4, 30))


def facts(
    lines: str | None = None, letters: dict[str, tuple[date, date]] | None = None, **sheets: object
) -> preparation_model.Facts:
    """Return the facts of a visit in March."""
    read = {Item(name): preparation_model.read_sheet(Item(name), details, TODAY) for name, details in sheets.items()}  # type: ignore[arg-type]  # dicts
    return preparation_model.Facts(START, END, read, lines, letters or {})


def item_state(item: Item, known: preparation_model.Facts) -> preparation_model.Readiness:
    """Return the state of one item."""
    return next(
        standing.ready
        for standing in preparation_model.checklist(preparation_model.DEFAULT_ITEMS, known).standings
        if standing.item is item
    )


@given(DAYS, DAYS)
def test_an_insurance_is_enough_exactly_if_it_covers_all_days(first: date, last: date) -> None:
    """It covers the first to the last day of the visit; an end before the start is refused at its field."""
    written = {"insurer": "Ingo", "policy_number": "1", "valid_from": first, "valid_until": last}
    if last < first:
        with pytest.raises(preparation_model.InvalidSheet) as wrong:
            facts(insurance=written)
        assert list(wrong.value.fields) == ["valid_until"]
        return
    expected = (
        preparation_model.Readiness.THERE if first <= START and last >= END else preparation_model.Readiness.PROBLEM
    )
    assert item_state(Item.INSURANCE, facts(insurance=written)) is expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"result": "not_needed"}, preparation_model.Readiness.THERE),
        ({"result": "needed"}, preparation_model.Readiness.UNDER_WAY),
        ({"result": "applied", "applied_on": TODAY}, preparation_model.Readiness.UNDER_WAY),
        (
            {"result": "granted", "decided_on": TODAY, "valid_from": START, "valid_until": END},
            preparation_model.Readiness.THERE,
        ),
        (
            {"result": "granted", "decided_on": TODAY, "valid_from": END, "valid_until": END},
            preparation_model.Readiness.PROBLEM,
        ),
        ({"result": "refused", "decided_on": TODAY}, preparation_model.Readiness.PROBLEM),
    ],
)
def test_a_visa_in_all_its_states(written: dict[str, object], expected: preparation_model.Readiness) -> None:
    """A visa that is not needed or covers the days is ready, and a refused or other one needs attention."""
    assert item_state(Item.VISA, facts(visa=written)) is expected


@pytest.mark.parametrize(
    ("item", "written", "field"),
    [
        ("visa", {"result": "granted", "decided_on": TODAY, "valid_until": END}, "valid_from"),
        ("visa", {"result": "applied", "applied_on": TODAY + timedelta(days=1)}, "applied_on"),
        ("authorisation", {"reference": "12", "given_on": TODAY + timedelta(days=1)}, "given_on"),
        ("authorisation", {"given_on": TODAY}, "reference"),
        ("emergency_contact", {"name": "Aram", "phone": "call me"}, "phone"),
        ("arrival", {"contact_name": "C", "place": "Gate", "at": "morning"}, "at"),
        ("arrival", {"contact_name": "C", "place": "Gate", "at": "09:00", "contact_email": "c"}, "contact_email"),
        ("access_needs", {"text": "x", "colour": "red"}, "colour"),
    ],
)
def test_invalid_input_is_refused_at_its_field(item: str, written: dict[str, object], field: str) -> None:
    """Each mistake is reported at the field where it can be corrected."""
    with pytest.raises(preparation_model.InvalidSheet) as wrong:
        preparation_model.read_sheet(Item(item), written, TODAY)
    assert list(wrong.value.fields) == [field]
    assert wrong.value.fields[field]


def test_letters_follow_the_dates_and_the_visa() -> None:
    """An invitation for these dates is enough unless a visa letter is needed, and other dates need a new one."""
    now, before = (START, END), (START - timedelta(days=7), END - timedelta(days=7))
    assert item_state(Item.INVITATION, facts()) is preparation_model.Readiness.MISSING
    assert item_state(Item.INVITATION, facts(letters={"invitation": now})) is preparation_model.Readiness.THERE
    assert item_state(Item.INVITATION, facts(letters={"invitation": before})) is preparation_model.Readiness.PROBLEM
    needed = {"visa": {"result": "needed"}, "letters": {"invitation": now}}
    assert item_state(Item.INVITATION, facts(**needed)) is preparation_model.Readiness.UNDER_WAY  # type: ignore[arg-type]  # as above
    both = {"visa": {"result": "needed"}, "letters": {"invitation": now, "visa": now}}
    assert item_state(Item.INVITATION, facts(**both)) is preparation_model.Readiness.THERE  # type: ignore[arg-type]  # as above


def test_changed_costs_are_confirmed_again() -> None:
    """A list that changed after the sender confirmed it must be confirmed again."""
    assert item_state(Item.COSTS, facts(lines="one", costs={"lines": "one"})) is preparation_model.Readiness.THERE
    assert item_state(Item.COSTS, facts(lines="two", costs={"lines": "one"})) is preparation_model.Readiness.PROBLEM
    assert item_state(Item.COSTS, facts(lines="two")) is preparation_model.Readiness.MISSING


@given(st.sets(st.sampled_from(Item)))
def test_a_side_is_ready_exactly_if_nothing_of_its_own_is_open(wanted: set[Item]) -> None:
    """With nothing written, exactly the sides without required items are ready."""
    found = preparation_model.checklist(wanted, facts())
    owing = {preparation_model.OWNERS[item] for item in wanted}
    assert set(found.ready) == {Party.GUEST, Party.HOST, preparation_model.SENDER} - owing
    assert found.complete == (not wanted)
    assert set(found.required) == wanted


RULES = st.lists(
    st.builds(
        preparation_model.Rule,
        st.sampled_from(Item),
        st.booleans(),
        st.sampled_from([None, CALL, OTHER]),
        st.sampled_from([None, "AM", "GE"]),
        st.sampled_from([None, "FR", "LT"]),
    ),
    max_size=8,
    unique_by=lambda row: (row.item, row.call_id, row.country, row.host_country),
)


@given(RULES)
def test_the_most_exact_rule_decides(rules: list[preparation_model.Rule]) -> None:
    """No applicable rule is more exact than the one that decides, and rules about others change nothing."""
    found = preparation_model.required_items(rules, CALL, "AM", "FR")
    for item in Item:
        holding = [rule for rule in rules if rule.item is item and rule.applies_to(CALL, "AM", "FR")]
        best = max((rule.specificity for rule in holding), default=None)
        if best is None:
            assert (item in found) == (item in preparation_model.DEFAULT_ITEMS)
        else:
            assert (item in found) in {rule.required for rule in holding if rule.specificity == best}


@given(st.decimals(0, 999_999, places=2))
def test_amounts_are_read_in_all_notations(amount: Decimal) -> None:
    """An amount may have a point or a comma, and spaces between thousands."""
    assert costs.amount(str(amount)) == costs.amount(f"{amount:,}".replace(",", " ").replace(".", ",")) == amount


@pytest.mark.parametrize("written", ["", "ten", "1.234", "-1", "1e9", "NaN", "1000000"])
def test_invalid_amounts_are_refused(written: str) -> None:
    """Words, fractions of a cent, negative and excessive amounts are refused."""
    with pytest.raises(ValueError, match="amount"):
        costs.amount(written)


LINES = st.lists(
    st.builds(
        costs.Line,
        st.uuids(),
        st.sampled_from(costs.CostItem),
        st.sampled_from(costs.Payer),
        st.sampled_from(["EUR", "AMD"]),
        st.decimals(0, 1000, places=2),
        st.none() | st.decimals(0, 1000, places=2),
    ),
    max_size=10,
    unique_by=lambda row: row.id,
)


@given(LINES)
def test_totals_add_up_and_never_mix_currencies(lines: list[costs.Line]) -> None:
    """Every planned cost is in exactly one total, and the digest depends on the planned list only, in any order."""
    found = costs.totals(lines)
    assert sum(rule.planned for rule in found) == sum(line.planned for line in lines)
    assert len({(rule.payer, rule.currency) for rule in found}) == len(found)
    assert costs.list_digest(lines) == costs.list_digest(reversed(lines))
    assert (costs.list_digest(lines) is None) == (not lines)


@given(st.booleans(), st.booleans(), st.sampled_from(VisitState))
def test_a_letter_counts_only_for_a_visit_with_its_dates(newest: bool, same: bool, visit: VisitState) -> None:  # noqa: FBT001 - what hypothesis draws
    """The newest letter of its kind counts, for the present dates of a visit that is not cancelled."""
    found = preparation_letters.validity(newest=newest, same_dates=same, visit=visit)
    off = visit in {VisitState.CANCELLED, VisitState.VOIDED, VisitState.UNSCHEDULABLE}
    assert (found is preparation_letters.LetterValidity.COUNTS) == (newest and same and not off)


@given(st.dates(START - timedelta(days=9), END + timedelta(days=9)), st.sampled_from(VisitState))
def test_the_emergency_contact_is_seen_on_the_days_of_the_visit_only(today: date, state: VisitState) -> None:
    """The contact is hidden on the day before and after, and for a cancelled visit."""
    open_ = state in {VisitState.SCHEDULED, VisitState.UNDER_WAY} and START <= today <= END
    if open_:
        preparation_model.may_see_emergency(state, START, END, today)
        return
    with pytest.raises(NotNow):
        preparation_model.may_see_emergency(state, START, END, today)
