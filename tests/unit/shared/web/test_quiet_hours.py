"""Two versions of the hours without mail are compared as people read them."""

from __future__ import annotations

from shared.web.forms import RadioField
from shared.web.quiet_hours import QuietHoursForm


class Settings(QuietHoursForm):
    """Settings with another choice, which stands before the hours on the page."""

    choice = RadioField("Which messages?", choices=[("all", "All"), ("few", "A few")])


def test_hours_that_are_not_chosen_are_not_compared() -> None:
    """A side without hours of its own shows none, and what else differs comes first, as on the page."""
    mine = Settings(data={"choice": "few", **QuietHoursForm.holding("22:00-06:00")})
    mine.compare("It has changed.", Settings(data={"choice": "all", **QuietHoursForm.holding("none")}))
    assert [(each.label, each.written, each.saved) for each in mine.differences] == [
        ("Which messages?", "A few", "All"),
        ("When should we send no emails?", "My own hours", "None, emails may come at any hour"),
        ("My own hours: from", "22:00", ""),
        ("My own hours: until", "06:00", ""),
    ]
    usual = Settings(data={"choice": "few", **QuietHoursForm.holding("country", ("21:00", "07:00"))})
    usual.compare("It has changed.", Settings(data={"choice": "few", **QuietHoursForm.holding("none")}))
    assert [each.label for each in usual.differences] == ["When should we send no emails?"]
