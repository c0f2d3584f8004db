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
            N_("One of the programme's webhooks has taken nothing since %(failing_since)s."),
            N_("If it takes no event before %(pauses_at)s, it is paused."),
            N_("Its events are kept. Ask the people who run the receiver to repair it, then send a test."),
        ),
        "webhook",
        N_("Look at the webhook"),
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
            N_("Nothing is sent to one of the programme's webhooks for now. Its page says why."),
            N_("Its events are kept. Have its receiver mended, send a test, and resume it: they then go out."),
        ),
        "webhook",
        N_("Look at the webhook"),
        when=When(
            N_("where it paused by itself"),
            lambda data: data.change is WebhookChange.PAUSED and data.cause is not WebhookPauseCause.BY_HAND,
        ),
    ),
)
