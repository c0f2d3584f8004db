"""Messages about webhooks that fail or were paused."""

from services.notifications.messages.model.rule import Rule, When
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import WebhookChange, WebhookPauseCause
from shared.contracts.notifications import WebhookChanged
from shared.i18n import N_

RULES = (
    Rule(
        "webhook_failing",
        WebhookChanged,
        A.PROGRAMME_COORDINATOR,
        N_("A webhook is failing"),
        (
            N_("One of the programme's webhooks has delivered nothing since %(failing_since)s."),
            N_("If it delivers no event before %(pauses_at)s, it is paused."),
            N_("Its events are kept. Ask the people who run the receiver to repair it. Then send a test."),
        ),
        "webhook",
        N_("View webhook"),
        when=When(
            N_("where it has failed for some time"),
            lambda data: data.change is WebhookChange.FAILING,
        ),
    ),
    Rule(
        "webhook_paused",
        WebhookChanged,
        A.PROGRAMME_COORDINATOR,
        N_("A webhook is paused"),
        (
            N_("Nothing is sent to one of the programme's webhooks for now. Its page shows why."),
            N_(
                "Its events are kept. Have the receiver repaired, send a test, and resume the webhook. The "
                "events are sent then."
            ),
        ),
        "webhook",
        N_("View webhook"),
        when=When(
            N_("where it was paused automatically"),
            lambda data: data.change is WebhookChange.PAUSED and data.cause is not WebhookPauseCause.BY_HAND,
        ),
    ),
)
