"""Rules on grants, deputies, the yearly confirmation and tables of needs hold for any input."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.applications.needs.model import Cell, plan, read_table
from services.applications.register.model import grants as register_grants
from services.applications.register.model.proposals import differences
from shared.contracts.access import AccessGrant
from shared.contracts.codes import Role

TODAY = date(2027, 3, 1)
OLD, NEW = UUID(int=1), UUID(int=2)
DAYS = st.dates(TODAY - timedelta(days=800), TODAY + timedelta(days=800))
HEADER = ["country", "topic", "level", "quantity", "from", "until"]


@st.composite
def grants(draw: st.DrawFn) -> tuple[AccessGrant, ...]:
    """Draw some grants of one person in Armenia."""
    found = []
    for role in draw(st.lists(st.sampled_from(list(Role)), max_size=5)):
        since = draw(DAYS)
        until = draw(st.none() | st.dates(since, since + timedelta(days=900)))
        wide = role in register_grants.PROGRAMME_WIDE
        found.append(
            AccessGrant(
                role=role,
                country=None if wide else "AM",
                organisation_id=None if wide else draw(st.sampled_from([None, OLD])),
                since=since,
                until=until,
            )
        )
    return tuple(found)


@given(grants(), DAYS)
def test_a_leaver_has_no_roles_after_the_last_day(before_leaving: tuple[AccessGrant, ...], last: date) -> None:
    """A leaver has the same roles until the last day, and none afterwards."""
    left = register_grants.end_grants(before_leaving, last)
    assert not any(register_grants.active(grant, last + timedelta(days=1)) for grant in left)
    on_last = [grant.role for grant in before_leaving if register_grants.active(grant, last)]
    assert [grant.role for grant in left if register_grants.active(grant, last)] == on_last


@given(grants(), DAYS)
def test_a_transfer_ends_roles_in_the_old_country(before_transfer: tuple[AccessGrant, ...], day: date) -> None:
    """From the day on no role is left in the old country, and officers and mentors keep theirs abroad."""
    moved = register_grants.transfer_grants(
        before_transfer, country="GE", organisation_id=NEW, from_country="AM", day=day
    )
    assert not any(register_grants.active(grant, day) and grant.country == "AM" for grant in moved)
    kept = {Role.OFFICER, Role.MENTOR} | register_grants.PROGRAMME_WIDE
    before = sorted(
        grant.role for grant in before_transfer if register_grants.active(grant, day) and grant.role in kept
    )
    assert sorted(grant.role for grant in moved if register_grants.active(grant, day)) == before
    assert all(grant.until is None or grant.since <= grant.until for grant in moved)


@given(grants(), grants())
def test_a_form_changes_only_what_it_may(known: tuple[AccessGrant, ...], wanted: tuple[AccessGrant, ...]) -> None:
    """Roles that the writer may not grant, and ended ones, stay unchanged."""
    may = register_grants.PROPOSED_BY_COUNTRY
    inputs = [register_grants.RoleInput(grant.role, grant.since, grant.until) for grant in wanted if grant.role in may]
    made = register_grants.replace_roles(known, inputs, roles=may, country="AM", organisation_id=OLD, day=TODAY)
    kept = [grant for grant in known if not register_grants.editable(grant, may, TODAY)]
    assert list(made[: len(kept)]) == kept
    assert [(grant.role, grant.since, grant.until) for grant in made[len(kept) :]] == [
        (h.role, h.since, h.until) for h in inputs
    ]


@given(DAYS, DAYS, DAYS, DAYS)
def test_deputies_never_overlap(first: date, last: date, since: date, until: date) -> None:
    """A deputy is named for free days from today on, or the wrong field is named."""
    own = AccessGrant(role=Role.NATIONAL_COORDINATOR, country="AM", since=date(2020, 1, 1))
    there = own.model_copy(update={"since": min(first, last), "until": max(first, last), "deputy_for": "h"})
    made, wrong = register_grants.deputy(own, "h", since, until, others=[there], today=TODAY)
    assert (made is None) == bool(wrong)
    if made is not None:
        assert not register_grants.overlap(made, there)
        assert made.until is not None
        assert TODAY <= made.since <= made.until
        assert made.until - made.since <= register_grants.LONGEST_DEPUTY


@given(DAYS)
def test_access_is_due_then_overdue_then_lapsed(confirmed: date) -> None:
    """Access is due after eleven months, overdue after a year, and lapses thirty days later."""
    times = register_grants.ConfirmationTimes()
    assert confirmed < times.due(confirmed) < times.lapses(confirmed)
    assert confirmed >= times.lapsed_before(times.lapses(confirmed))
    assert confirmed < times.lapsed_before(times.lapses(confirmed) + timedelta(days=1))
    assert confirmed <= times.due_before(times.due(confirmed))


@given(st.dictionaries(st.text(max_size=3), st.integers()), st.dictionaries(st.text(max_size=3), st.integers()))
def test_differences_lead_from_one_to_the_other(before: dict[str, int], after: dict[str, int]) -> None:
    """The differences applied to the first state give the second, and equal fields are not named."""
    found = differences(before, after)
    merged = before | {name: new for name, (_, new) in found.items()}
    assert {name: value for name, value in merged.items() if value is not None} == after
    assert all(old != new for old, new in found.values())


CELLS = st.builds(Cell, st.sampled_from(["", "AM", "XX", "online_crime", "2", "9", "2027-01-01", "1/2/27", "=A1", "é"]))


@given(st.lists(st.lists(CELLS, max_size=8), max_size=6))
def test_any_table_is_read_to_entries_or_named_errors(lines: list[list[Cell]]) -> None:
    """Every row of any table has an entry or problems with its number in the spreadsheet."""
    read = read_table([[Cell(name) for name in HEADER], *lines])
    assert bool(read.problem) == (not any(any(cell.text for cell in line) for line in lines))
    for row in read.rows:
        assert (row.entry is None) == bool(row.problems)
        assert all(problem.row == row.number and problem.remedy for problem in row.problems)


def test_a_plan_changes_only_what_differs() -> None:
    """A need with the same quantity stays; another quantity, or a withdrawn need, is changed."""
    line = [Cell(text) for text in ("AM", "online_crime", "2", "12", "2027-01-01", "2027-12-31")]
    (row,) = read_table([[Cell(name) for name in HEADER], line]).rows
    assert row.entry is not None
    key = row.entry.key
    assert plan([row], {}, None).does == 1
    assert plan([row], {key: (12, False)}, None).unchanged == (row,)
    assert plan([row], {key: (3, False)}, None).changed == ((row, 3),)
    assert plan([row], {key: (12, True)}, None).changed == ((row, 12),)
    assert plan([row], {}, frozenset({"GE"})).wrong[0].column == "country"
