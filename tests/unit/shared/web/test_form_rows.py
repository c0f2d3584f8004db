"""Test that rows keep what was typed in them, whatever buttons are pressed in whatever order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from shared.web.forms import DateField, FieldList, Form, FormField, NumberField, Row, StringField

MOST = 4


class StayRow(Row):
    """A row of each kind of field that can hold what cannot be read."""

    place = StringField("Place")
    years = NumberField("Years")
    day = DateField("Day")


class Stays(Form):
    """Rows and something beside them."""

    stays = FieldList(FormField(StayRow), min_entries=1, max_entries=MOST)
    note = StringField("Note")


class Sent:
    """A request that carries a form."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._form = FormData(dict(pairs))

    async def form(self) -> FormData:
        """Return the form."""
        return self._form


Typed = tuple[str, str, str, str, str]
BLANK: Typed = ("", "", "", "", "")
# What somebody may write: a number in words, the thirty-first of February, half a date.
TYPED = st.tuples(
    st.text("abcЖ 1=", max_size=5),
    st.sampled_from(["", "5", "five", "1e9"]),
    st.sampled_from(["", "31", "7"]),
    st.sampled_from(["", "2", "March"]),
    st.sampled_from(["", "2027", "27"]),
).map(lambda row: (row[0].strip(), *row[1:]))
BUTTONS = st.tuples(st.sampled_from(["add", "remove", "up", "down", "wrong"]), st.integers(-1, MOST + 1))


def pairs(rows: list[Typed]) -> list[tuple[str, str]]:
    """Return what a browser sends for these rows."""
    names = ("place", "years", "day-day", "day-month", "day-year")
    sent = [(f"stays-{n}-{name}", text) for n, row in enumerate(rows) for name, text in zip(names, row, strict=True)]
    return [*sent, ("note", "kept")]


def row_values(form: Stays) -> list[Typed]:
    """Return what the page would show in each row, in the fields' own names."""
    found = []
    for place, entry in enumerate(form.stays):
        inner: Any = entry.form
        assert (inner.place.name, inner.day.name) == (f"stays-{place}-place", f"stays-{place}-day")
        years = inner.years._value() if inner.years.data is not None or inner.years.raw_data else ""
        found.append((inner.place.data or "", str(years), *(inner.day.written[part] for part in DateField.parts)))
    return found


def after(rows: list[Typed], verb: str, place: int) -> list[Typed]:
    """Return what a button should do."""
    rows = list(rows)
    there = 0 <= place < len(rows)
    if verb == "add" and len(rows) < MOST:
        rows.append(BLANK)
    elif verb == "remove" and there:
        del rows[place]
    elif verb in {"up", "down"} and there:
        to = min(max(place + (1 if verb == "down" else -1), 0), len(rows) - 1)
        rows.insert(to, rows.pop(place))
    return rows or [BLANK]


@given(st.lists(TYPED, min_size=1, max_size=MOST), st.lists(BUTTONS, max_size=12))
async def test_no_order_of_buttons_loses_what_was_typed(rows: list[Typed], buttons: list[tuple[str, int]]) -> None:
    """Each button moves whole rows as they were written, readable or not; the page sends on what it shows."""
    for verb, place in buttons:
        button = "add:stays" if verb == "add" else f"{verb}:stays:{place}"
        request = Sent([*pairs(rows), ("row", button)])
        form = await Stays.read(request)  # type: ignore[arg-type]  # has all of a request that is used
        assert await form.rows_changed(request)  # type: ignore[arg-type]  # as above
        rows = after(rows, verb, place)
        assert row_values(form) == rows
        assert form.note.data == "kept"
        assert form.stays.focus is None or 0 <= form.stays.focus < len(rows)
