"""The forms of mentee and mentor, and how their values become what the actions take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.forms import SpanRow, period_error
from services.applications.mentorships.model.agreement import LONGEST_TEXT, Meeting, Rhythm, Terms, wrong_end
from services.applications.mentorships.model.goals import LONGEST_GOAL, LONGEST_NOTE
from services.applications.mentorships.model.meetings import MeetingTime
from services.applications.mentorships.model.sessions import SessionReport, minutes_problems, session_problems
from services.applications.mentorships.model.visit import MOST_PERIODS
from shared.contracts.base import DatePeriod
from shared.contracts.codes import Answer, Party, StatedReason
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.forms import (
    Between,
    BooleanField,
    DateField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NumberField,
    RadioField,
    SelectField,
    TextAreaField,
    TimeField,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class TermsForm(Form):
    """The terms that the pair adds to the agreement."""

    rhythm = RadioField(N_("How often do you meet?"), [Needed(N_("Choose how often you meet"))], choices=Rhythm)
    meeting = RadioField(N_("How do you meet?"), [Needed(N_("Choose how you meet"))], choices=Meeting)
    aims = TextAreaField(
        N_("What are your aims?"), [Longest(LONGEST_TEXT)], description=N_("In a few sentences. Do not name anybody")
    )
    confidentiality = TextAreaField(
        N_("What do you want to add about confidentiality?"),
        [Longest(LONGEST_TEXT)],
        description=N_("The agreement already says that your conversations stay between you"),
    )
    until = DateField(N_("Until when?"), description=N_("Leave it empty to keep the planned end"))

    def faults(self) -> Mapping[str, str]:
        """Return an end that is past or too far away, before the new version is shown."""
        problem = wrong_end(self.until.data, clock.today())
        return {"until": problem} if problem else {}

    @classmethod
    def of(cls, terms: Terms) -> TermsForm:
        """Return the form with the terms of a version."""
        return cls(data=terms.model_dump())

    def terms(self) -> Terms:
        """Return the entered terms."""
        return Terms(
            rhythm=Rhythm(self.rhythm.data),
            meeting=Meeting(self.meeting.data),
            aims=self.aims.data or "",
            confidentiality=self.confidentiality.data or "",
            until=self.until.data,
        )


class GoalForm(Form):
    """A goal of a mentorship."""

    text = TextAreaField(N_("What do you want to achieve?"), [Needed(N_("Enter the goal")), Longest(LONGEST_GOAL)])
    target = DateField(N_("Target date"))


class NoteForm(Form):
    """Progress towards a goal."""

    note = TextAreaField(
        N_("What was done, and what is the next step?"), [Needed(N_("Enter a note")), Longest(LONGEST_NOTE)]
    )
    percent = NumberField(
        N_("What is the progress, in percent?"),
        [Between(0, 100)],
        description=N_("Leave it empty if you do not know"),
    )


class GiveUpForm(Form):
    """The form to give up a goal, with a reason."""

    reason = TextAreaField(
        N_("Why are you giving it up?"), [Needed(N_("Enter why you are giving it up")), Longest(LONGEST_NOTE)]
    )


class SessionForm(Form):
    """A session that was held."""

    held_on = DateField(N_("When did you meet?"), [Needed(N_("Enter the day"))])
    minutes = NumberField(N_("How many minutes did it last?"), [Needed(N_("Enter the minutes, such as 60"))])
    on_site = BooleanField(N_("We met on site"))
    next_on = DateField(N_("When do you meet next?"), description=N_("Leave it empty if you have not agreed yet"))
    note = TextAreaField(N_("Note for both of you"), [Longest(1000)], description=N_("Only the two of you read it"))
    another = BooleanField(N_("This is another session on the same day"))

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong in any mentorship."""
        return session_problems(self.held_on.data, self.minutes.data, self.next_on.data, clock.today())

    def report(self) -> SessionReport:
        """Return the entered session."""
        assert self.held_on.data is not None
        assert self.minutes.data is not None
        return SessionReport(
            self.held_on.data, self.minutes.data, bool(self.on_site.data), self.note.data or "", self.next_on.data
        )


class MeetingForm(Form):
    """The time of the next session. It shares a page with `SessionForm`: fields that both have get ids of their own."""

    day = DateField(N_("On which day?"), [Needed(N_("Enter the day"))])
    clock = TimeField(N_("At what time?"), [Needed(N_("Enter a time such as 14:30"))])
    minutes = NumberField(
        N_("How many minutes will it take?"), [Needed(N_("Enter the minutes, such as 60"))], id="planned-minutes"
    )
    on_site = BooleanField(N_("We meet on site"), id="planned-on-site")

    def faults(self) -> Mapping[str, str]:
        """Return a length that no session has; the day is judged by the clock of the writer's country."""
        return minutes_problems(self.minutes.data)

    def meeting_time(self) -> MeetingTime:
        """Return the entered time."""
        assert self.day.data is not None
        assert self.clock.data is not None
        assert self.minutes.data is not None
        return MeetingTime(self.day.data, self.clock.data, self.minutes.data, bool(self.on_site.data))


class DisputeForm(Form):
    """The form to dispute a session, with a reason."""

    text = TextAreaField(
        N_("What is not right?"),
        [Needed(N_("Enter what is not right")), Longest(LONGEST_NOTE)],
        description=N_("For example: this did not take place, or it lasted an hour. Only the two of you read it."),
    )


class PauseForm(Form):
    """The form to pause the mentorship, with a reason."""

    reason = SelectField(N_("Why?"), [Needed(N_("Choose a reason"))], choices=StatedReason, blank=N_("Choose a reason"))
    text = TextAreaField(
        N_("More details"),
        [Longest(1000)],
        description=N_("For the two of you. Reports and emails show only the reason"),
    )


class CompleteForm(Form):
    """The confirmation to complete a mentorship; it has no fields."""


class VisitForm(Form):
    """A visit that one of the pair proposes."""

    guest = RadioField(N_("Who travels?"), [Needed(N_("Choose who travels"))])
    days = RadioField(
        N_("How many working days?"),
        [Needed(N_("Choose how many days"))],
        choices=[(str(count), str(count)) for count in range(1, 6)],
    )
    periods = FieldList(FormField(SpanRow), min_entries=1, max_entries=MOST_PERIODS)
    note = TextAreaField(N_("What is the visit for?"), [Longest(1000)], description=N_("Only the two of you read it"))

    def faults(self) -> Mapping[str, str]:
        """Return the periods that are half written or end before they begin, and an error where there is none."""
        text = gettext(
            "Period %(number)s needs a first day and a last day. The last day must not be before the first day."
        )
        wrong = {}
        for place, row in enumerate(self.periods.data):
            start, end = row["start"], row["end"]
            if (start or end) and not (start and end and period_error(start, end) is None):
                wrong[f"periods.{place}"] = text % {"number": place + 1}
        if not wrong and not self.date_periods():
            wrong["periods"] = gettext("Enter at least one period")
        return wrong

    def date_periods(self) -> tuple[DatePeriod, ...]:
        """Return the periods of a valid form, without empty rows."""
        return tuple(DatePeriod(**row) for row in self.periods.data if row["start"] and row["end"])


class VisitAnswerForm(Form):
    """Yes or no to a proposed visit."""

    answer = RadioField(
        N_("Do you agree to this visit?"),
        [Needed(N_("Choose whether you agree"))],
        choices=[(Answer.ACCEPT.value, N_("Yes, I agree")), (Answer.DECLINE.value, N_("No, it does not suit me"))],
    )
    text = TextAreaField(N_("If not, why?"), [Longest(1000)], description=N_("Only the two of you read it"))


def new_visit_form(guest: Party) -> VisitForm:
    """Return the form of a visit with its initial values."""
    return VisitForm(data={"guest": guest.value, "days": "3", "periods": [{}]})
