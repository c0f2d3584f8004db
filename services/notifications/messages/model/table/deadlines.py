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
        N_("Due by %(due)s: %(kind)s"),
        (N_("There is something left to do for %(reference)s, by %(due)s:"), N_("%(task)s")),
        "application",
        N_("Do it now"),
    ),
    Rule(
        "deadline_passed",
        notifications.DeadlinePassed,
        NamedAudience.OWNER,
        N_("Overdue: %(kind)s"),
        (
            N_("This was asked for by %(due)s, for %(reference)s, and is not done:"),
            N_("%(task)s"),
            N_("If you can still do it, please do it now."),
        ),
        "application",
        N_("Do it now"),
    ),
    Rule(
        "deadline_escalated",
        notifications.DeadlinePassed,
        NamedAudience.ESCALATION,
        N_("Nobody has answered: %(kind)s"),
        (
            N_("This was asked for by %(due)s, for %(reference)s, and is not done. It is with: %(owner)s."),
            N_("%(task)s"),
            N_("You may do it for them, or ask them."),
            N_("If you do not either by %(next_due)s, the programme coordinator is asked."),
        ),
        "application",
        N_("Open it"),
    ),
)

DIGEST_RULES = (
    Rule(
        DIGEST,
        notifications.WorkWaiting,
        NamedAudience.OWNER,
        N_("What waits for you today"),
        (N_("This waits for you or your deputy:"),),
        "due",
        N_("Open what waits for you"),
        mandatory=False,
    ),
)
