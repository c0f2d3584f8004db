"""The history of an application: for its officer without what reviewers wrote for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model.answers import WITH_WHOM
from services.applications.application.model.states import FINAL
from services.applications.display import TimelineEntry
from shared.contracts import labels
from shared.contracts.codes import (
    ActingAs,
    ApplicationState,
    NotEndorsedReason,
    Reason,
    Section,
    StatedReason,
    VoidReason,
)
from shared.i18n import N_, gettext
from shared.web.states import state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.applications.application.store.applications import Step
    from shared.identity import Principal

_TITLES = {
    "ApplicationSubmitted": N_("Submitted"),
    "ApplicationReturned": N_("Returned for information"),
    "ApplicationResubmitted": N_("Submitted again"),
    "ApplicationEndorsed": N_("Endorsed"),
    "ApplicationNotEndorsed": N_("Not endorsed"),
    "ApplicationFoundEligible": N_("Found eligible"),
    "ApplicationFoundIneligible": N_("Found not eligible"),
    "ApplicationWithdrawn": N_("Withdrawn"),
    "ApplicationCancelled": N_("Cancelled by the programme"),
    "ApplicationDecided": N_("Decided"),
    "ApplicationVoided": N_("Entered in error"),
    "ApplicationChanged": N_("Changed by the officer"),
    "AppealFiled": N_("Appeal filed"),
    "AppealDecided": N_("Appeal decided"),
    "CallRevised": N_("The call's new rules apply because they favour this application"),
}
_OFFICERS = frozenset(
    {"ApplicationSubmitted", "ApplicationResubmitted", "ApplicationWithdrawn", "ApplicationChanged", "AppealFiled"}
)
_PROGRAMMES = frozenset(
    {"ApplicationFoundEligible", "ApplicationFoundIneligible", "ApplicationCancelled", "CallRevised"}
)


def history(steps: Sequence[Step], reader: Principal, *, internal: bool) -> list[TimelineEntry]:
    """Return the steps for `timeline`, the newest first; with `internal` also the reviewers' notes."""
    return [_event_row(step, reader, internal=internal) for step in steps]


def step_title(event: str) -> str:
    """Return the title of a step by the type of its event."""
    return gettext(_TITLES.get(event, event))


def _event_row(step: Step, reader: Principal, *, internal: bool) -> TimelineEntry:
    texts = [reason_word(step.reason), step.text]
    texts += [f"{labels.label(Section(section))}: {text}" for section, text in step.remarks.items()]
    if internal and step.note:
        texts.append(gettext("For reviewers: %(note)s") % {"note": step.note})
    reached, title = ApplicationState(step.state), step_title(step.event)
    ends = reached in FINAL and state("application", reached).word != title
    return TimelineEntry(
        title,
        step.at,
        _by(step, reader),
        ". ".join(text.rstrip(".") for text in texts if text) or None,
        state("application", reached) if ends else None,
    )


def _by(step: Step, reader: Principal) -> str:
    """Return who did it, as a role: the history names no coordinator."""
    if step.actor == reader.subject:
        return gettext("You")
    if step.actor.startswith("system:"):
        return gettext("Automatically at the deadline")
    if step.event in _OFFICERS:
        return gettext("Officer")
    if step.event in _PROGRAMMES:
        return gettext("Programme coordinator")
    return labels.label(ActingAs(step.acting_as)) if step.acting_as else gettext("Programme coordinator")


def reason_word(code: str | None) -> str:
    """Return a reason's code in words; empty for None."""
    if code is None:
        return ""
    if code == WITH_WHOM:
        return gettext("Who the officer applies with")
    for codes in (NotEndorsedReason, StatedReason, VoidReason, Reason):
        if code in set(codes):
            return labels.label(codes(code))
    return labels.label(code)
