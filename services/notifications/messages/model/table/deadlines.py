"""Messages about deadlines that are near or have passed, and the morning mail with all that waits for a coordinator."""

from services.notifications.messages.model.rule import NamedAudience, Rule
from shared.contracts import notifications
from shared.i18n import N_

DIGEST = "work_waiting"

RULES = (
    Rule(
        "deadline_near",
        notifications.DeadlineNear,
        NamedAudience.OWNER,
        N_("Due by %(due_day)s: %(kind)s"),
        (N_("There is something left to do for %(reference)s, by %(due)s:"), N_("%(task)s")),
        "application",
        N_("Open the application"),
    ),
    Rule(
        "deadline_passed",
        notifications.DeadlinePassed,
        NamedAudience.OWNER,
        N_("Overdue: %(kind)s"),
        (
            N_("This was due by %(due)s for %(reference)s and is not done:"),
            N_("%(task)s"),
            N_("If you can still do it, please do it now."),
        ),
        "application",
        N_("Open the application"),
    ),
    Rule(
        "deadline_escalated",
        notifications.DeadlinePassed,
        NamedAudience.ESCALATION,
        N_("Still not done: %(kind)s"),
        (
            N_("This was due by %(due)s for %(reference)s and is not done. It is assigned to: %(owner)s."),
            N_("%(task)s"),
            N_("You can do it for them, or ask them."),
            N_("If you do not do it by %(next_due)s either, we ask the programme coordinator."),
        ),
        "application",
        N_("Open the application"),
    ),
)

DIGEST_RULES = (
    Rule(
        DIGEST,
        notifications.WorkWaiting,
        NamedAudience.OWNER,
        N_("Your tasks today"),
        (N_("These tasks are waiting for you or your deputy:"),),
        "due",
        N_("Open your tasks"),
        mandatory=False,
    ),
)
