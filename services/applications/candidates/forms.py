"""The form in which a host or mentor puts candidates in order, and names those who are not suitable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.applications.application.forms.tasks import offer
from services.applications.candidates.model import LONGEST_WORDS, Choices, Unsuitable
from shared.contracts.codes import MOST_WISHES, NotSuitableReason
from shared.contracts.offers import MOST_NOT_SUITABLE
from shared.i18n import N_, gettext, ngettext
from shared.web.forms import FieldList, Form, FormField, Longest, NotOptional, Row, SelectField, StringField

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_IN_EACH_ROW = 50
"""Up to so many candidates are offered in each row: hundreds in a hundred rows would be a page of megabytes."""


class OrderRow(Row):
    """One candidate in the order."""

    candidate = SelectField(N_("Candidate"), [NotOptional()], default="")


class UnsuitableRow(Row):
    """One candidate who is not suitable."""

    candidate = SelectField(N_("Candidate"), [NotOptional()], default="")
    reason = SelectField(N_("Reason"), [NotOptional()], choices=NotSuitableReason, blank=N_("Choose one"), default="")
    text = StringField(N_("Note for your own side"), [Longest(LONGEST_WORDS)])


class CandidatesForm(Form):
    """Candidates in order, and those who are not suitable; `full` if one more was to be put in a full order."""

    full = False
    order = FieldList(
        FormField(OrderRow), N_("Your order, best candidate first"), min_entries=1, max_entries=MOST_WISHES
    )
    not_suitable = FieldList(
        FormField(UnsuitableRow), N_("Candidates who are not suitable"), min_entries=0, max_entries=MOST_NOT_SUITABLE
    )

    def offer(self, candidates: Iterable[tuple[UUID, str]], members: Iterable[tuple[UUID, str]]) -> None:
        """Offer these candidates, each by id and name, and the members of groups where they are not suitable.

        Of many a row that names one offers this one only.
        """
        alone = [("", gettext("Choose one")), *((str(id_), name) for id_, name in candidates)]
        for name, known in (
            ("order", alone),
            ("not_suitable", [*alone, *((str(id_), member) for id_, member in members)]),
        ):
            offer(self, name, known, "candidate")
            if len(known) > MOST_IN_EACH_ROW:
                for row in _rows(self[name]):
                    cell = row.form["candidate"]
                    named = [each for each in known[1:] if each[0] == cell.data]
                    cell.choices = [known[0], *named] if named else known

    def append(self, candidate: str) -> None:
        """Put a candidate last in the order, unless it is there; `check` says that the order is full."""
        order = self["order"]
        assert isinstance(order, FieldList)
        if any(row.form["candidate"].data == candidate for row in order):
            return
        free = next((row for row in order if not row.form["candidate"].data), None)
        if free is not None:
            free.form["candidate"].data = candidate
        elif len(order) < MOST_WISHES:
            order.append_entry({"candidate": candidate})
        else:
            self.full = True

    def check(self) -> bool:
        """Return whether the form can be read; put an error where a row is half written."""
        valid = self.validate()
        if self.full:
            text = ngettext(
                "Your order is full: it has %(num)d candidate. Remove one first.",
                "Your order is full: it has %(num)d candidates. Remove one first.",
                MOST_WISHES,
            )
            self.refuse("order", text % {"num": MOST_WISHES})
        if any(any(row) and not (row[0] and row[1]) for row in self._refusals()):
            self.refuse("not_suitable", gettext("Choose a candidate and a reason in each row"))
        return valid and not self.problems()

    def choices(self) -> Choices:
        """Return what the form says, once it was checked."""
        return Choices(
            order=tuple(UUID(row.form["candidate"].data) for row in _rows(self["order"]) if row.form["candidate"].data),
            not_suitable=tuple(
                Unsuitable(application_id=UUID(candidate), reason=NotSuitableReason(reason), text=text)
                for candidate, reason, text in self._refusals()
                if candidate
            ),
        )

    def _refusals(self) -> list[tuple[str, str, str]]:
        """Return candidate, reason and note of each row of those who are not suitable; empty where nothing stands."""
        cells = [
            [row.form[name].data for name in ("candidate", "reason", "text")] for row in _rows(self["not_suitable"])
        ]
        return [(str(first or ""), str(why or ""), str(note or "").strip()) for first, why, note in cells]


def _rows(field: Any) -> Iterable[Any]:
    assert isinstance(field, FieldList)
    return field


def filled(choices: Choices) -> CandidatesForm:
    """Return the form with what was saved."""
    return CandidatesForm(
        data={
            "order": [{"candidate": str(id_)} for id_ in choices.order] or [{}],
            "not_suitable": [
                {"candidate": str(each.application_id), "reason": each.reason.value, "text": each.text}
                for each in choices.not_suitable
            ],
        }
    )
