"""The forms of decisions on applications."""

from __future__ import annotations

from wtforms import HiddenField, SelectField, TextAreaField

from services.applications.application.forms.tasks import choices
from shared.contracts.codes import NotEndorsedReason, Section
from shared.i18n import N_
from shared.web.forms import Form, Longest, Needed


class EndorseForm(Form):
    """An endorsement."""

    note = TextAreaField(
        N_("Note for the other reviewers"), [Longest(1000)], description=N_("The officer does not see it")
    )


class ManagerForm(Form):
    """The line manager's address, as the coordinator read it."""

    address = HiddenField(N_("Address"), [Needed(N_("Enter the address"))])


class NotEndorseForm(Form):
    """The reason not to endorse."""

    reason = SelectField(
        N_("Why are you not endorsing it?"), [Needed(N_("Choose a reason"))], choices=lambda: choices(NotEndorsedReason)
    )
    text = TextAreaField(N_("What should the officer know?"), [Longest(1000)], description=N_("The officer reads it"))


class ReturnForm(Form):
    """A remark for each section that needs one."""

    contact = TextAreaField(N_("Contact details"), [Longest(1000)])
    service = TextAreaField(N_("Service and rank"), [Longest(1000)])
    line_manager = TextAreaField(N_("Line manager"), [Longest(1000)])
    expertise = TextAreaField(N_("Expertise"), [Longest(1000)])
    languages = TextAreaField(N_("Languages"), [Longest(1000)])
    topics = TextAreaField(N_("Topics and countries"), [Longest(1000)])
    periods = TextAreaField(N_("Periods"), [Longest(1000)])
    objectives = TextAreaField(N_("Objectives"), [Longest(1000)])
    cascade = TextAreaField(N_("How it is passed on"), [Longest(1000)])
    questions = TextAreaField(N_("Questions of this call"), [Longest(1000)])

    @property
    def remarks(self) -> dict[Section, str]:
        """The remarks by section; empty where there is none."""
        return {Section(field.name): field.data or "" for field in self}


# The sections on which a coordinator can ask for information, as `ReturnForm` has them.
ASKABLE = tuple(Section(name) for name in vars(ReturnForm) if name in set(Section))


class ReturnAllForm(Form):
    """The same remark to several officers."""

    section = SelectField(
        N_("Which part is it about?"), [Needed(N_("Choose a part"))], choices=lambda: choices(ASKABLE)
    )
    remark = TextAreaField(
        N_("What information do you need?"),
        [Needed(N_("Enter what information you need")), Longest(1000)],
        description=N_("All of the officers read it"),
    )


class ConfirmForm(Form):
    """A confirmation without any question."""
