"""Define a transition and the actors who make one."""

from dataclasses import dataclass

from shared.contracts.base import EVENTS
from shared.contracts.codes import ApplicationState, Code, DeadlineKind
from shared.contracts.codes._base import N_


class Actor(Code):
    """The actor of a transition; the last ones are the services themselves."""

    OFFICER = "officer", N_("Officer")
    HOME_COORDINATOR = "home_coordinator", N_("National coordinator of the home country")
    HOST_COORDINATOR = "host_coordinator", N_("National coordinator of the host country")
    HOST = "host", N_("Host agency")
    MENTOR = "mentor", N_("Mentor")
    MENTEE = "mentee", N_("Mentee")
    LINE_MANAGER = "line_manager", N_("Line manager")
    PROGRAMME = "programme", N_("Programme coordinator")
    EVALUATOR = "evaluator", N_("Evaluator")
    ENGINE = "engine", N_("Matching")
    PORTAL = "portal", N_("The portal")
    REPORTING = "reporting", N_("Reporting")
    NOTIFICATIONS = "notifications", N_("Notifications")
    CLOCK = "clock", N_("Deadline")


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: `sources` are the states it may start from (empty: no state of its own), `target` the one it leads to.

    `deadline` is the one that it meets, `then` what follows, in plain English.
    """

    event: str
    by: tuple[Actor, ...]
    sources: tuple[str | None, ...] = ()
    target: str | None = None
    deadline: DeadlineKind | None = None
    then: str = ""

    @property
    def topic(self) -> str:
        """Return the topic of the event."""
        return EVENTS[self.event].topic


OPEN: tuple[ApplicationState, ...] = (
    ApplicationState.SUBMITTED,
    ApplicationState.RETURNED_FOR_INFORMATION,
    ApplicationState.ENDORSED,
    ApplicationState.ELIGIBLE,
    ApplicationState.IN_MATCHING,
    ApplicationState.WAITLISTED,
    ApplicationState.MATCHED,
    ApplicationState.OFFERED,
    ApplicationState.ACCEPTED,
    ApplicationState.SCHEDULED,
    ApplicationState.UNDER_WAY,
)
"""The states of an open application: from submitted to under way."""

BEFORE_OFFERED = OPEN[: OPEN.index(ApplicationState.OFFERED)]
