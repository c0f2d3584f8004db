"""Webhooks are signed, bounded, filtered and retried as the specification and the programme require."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifications.messages.model.examples import sample
from services.notifications.settings import Settings
from services.notifications.webhooks.model import webhook
from services.notifications.webhooks.model.webhook import AttemptResult
from shared.contracts import EVENTS
from shared.contracts.codes import WebhookReach
from tests.support import settings_for

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REACHES = st.sampled_from(list(WebhookReach))
TYPES = st.sampled_from(sorted(EVENTS))


@pytest.mark.parametrize("name", ["FigurePublished", "PeriodPublished", "ApplicationSubmitted"])
def test_the_specifications_library_takes_what_we_sign(name: str) -> None:
    """The specification's library verifies id, time, body and signature."""
    event, secret = sample(EVENTS[name]), webhook.new_secret()
    body = webhook.body_of(event)
    sent = webhook.headers("msg_1", datetime.now(UTC), body, [secret])
    read = Webhook(secret).verify(body, sent)
    assert (read["type"], read["timestamp"]) == (name, "2026-01-16T09:30:00Z")
    assert read["data"]["id"] == str(event.id)
    data = event.data.model_dump(mode="json")
    if name == "PeriodPublished":
        data["period"]["figures_digest"] = None
    assert read["data"]["data"] == data


@pytest.mark.parametrize("name", ["PeriodSubmitted", "PeriodPublished", "PeriodRestated"])
def test_a_period_does_not_tell_which_events_were_counted(name: str) -> None:
    """No endpoint gets the events behind a statement, nor a digest that runs over hidden numbers."""
    data = orjson.loads(webhook.body_of(sample(EVENTS[name])))["data"]
    assert "counted" not in data["data"]
    assert data.get("omitted") == (None if name == "PeriodPublished" else "counted")
    assert data["data"]["period"]["figures_digest"] is None
    assert EVENTS[name].model_validate(data["data"])


@pytest.mark.parametrize("what", ["body", "id", "time", "secret"])
def test_the_specifications_library_refuses_what_was_changed(what: str) -> None:
    """Another byte, id, time or secret makes the signature invalid."""
    secret, body = webhook.new_secret(), b'{"type":"FigurePublished"}'
    sent = webhook.headers("msg_1", datetime.now(UTC), body, [secret])
    if what == "body":
        body = body.replace(b"Published", b"published")
    elif what == "id":
        sent["webhook-id"] = "msg_2"
    elif what == "time":
        sent["webhook-timestamp"] = str(int(sent["webhook-timestamp"]) - 1)
    else:
        secret = webhook.new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, sent)


def test_either_secret_verifies_while_both_count() -> None:
    """Two secrets give two signatures, the newest first; without a secret nothing is sent."""
    old, new = webhook.new_secret(), webhook.new_secret()
    sent = webhook.headers("msg_1", datetime.now(UTC), b"{}", [new, old])
    assert [Webhook(secret).verify(b"{}", sent) for secret in (old, new)] == [{}, {}]
    with pytest.raises(ValueError, match="no secret"):
        webhook.headers("msg_1", NOW, b"{}", [])


def test_a_secret_has_the_specified_form() -> None:
    """A secret is `whsec_` and 24 to 64 random bytes in base64."""
    import base64  # noqa: PLC0415 - of this test only

    made = {webhook.new_secret() for _ in range(20)}
    assert len(made) == 20
    assert {24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64 for secret in made} == {True}


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_a_body_is_bounded_and_says_what_it_left_out(added: int, removed: int) -> None:
    """The longest fields of a long event are left out and named in `omitted`."""
    event = sample(EVENTS["FigureRestated"])
    ids = {"added": (UUID(int=7),) * added, "removed": (UUID(int=8),) * removed}
    body = webhook.body_of(event._replace(data=event.data.model_copy(update=ids)))
    assert len(body) <= webhook.LARGEST
    data = orjson.loads(body)["data"]
    left_out = data.get("omitted", "").split(",") if "omitted" in data else []
    assert set(left_out) == {"added", "removed"} - set(data["data"])
    assert "figure" in data["data"]
    if added + removed < 400:  # 39 bytes each
        assert left_out == []


@given(REACHES, TYPES)
def test_nothing_about_a_case_leaves_the_programme(reach: WebhookReach, name: str) -> None:
    """Outside endpoints get only figures and periods; sign-ins are sent to none."""
    figures = EVENTS[name].topic in {"exchange.figures", "exchange.periods"}
    if reach is WebhookReach.OUTSIDE:
        assert webhook.wants(reach, [name], name) == figures
    if EVENTS[name].topic in {"exchange.access", "exchange.counting"}:
        assert not webhook.wants(reach, [name], name)
    if webhook.wants(reach, [name], name):
        assert webhook.chosen(reach, [name, name]) == (name,)
    else:
        with pytest.raises(ValueError, match=name):
            webhook.chosen(reach, [name])


@given(st.lists(TYPES), TYPES)
def test_an_endpoint_gets_what_it_chose(names: list[str], name: str) -> None:
    """An endpoint gets no event of a type that it did not choose."""
    assert not webhook.wants(WebhookReach.INSIDE, names, name) or name in names


@given(
    st.integers(1, 12),
    st.lists(st.floats(0, 90_000), min_size=1, max_size=10),
    st.floats(0, 1),
    st.none() | st.floats(0, 1e9),
)
def test_a_pause_is_never_shorter_than_the_schedule_and_bounded(
    tried: int, schedule: list[float], chance: float, retry_after: float | None
) -> None:
    """A pause is up to a fifth longer than the schedule, or as the receiver asked, at most a day."""
    wait = webhook.pause(tried, schedule, chance, retry_after)
    if tried > len(schedule):
        assert wait is None
        return
    planned = schedule[tried - 1]
    assert wait is not None
    assert wait >= planned
    assert wait <= max(planned * 1.2 + 1e-6, min(retry_after or 0, 86_400))
    assert retry_after is None or wait >= min(retry_after, 86_400)


def test_the_schedule_is_the_specifications() -> None:
    """The pauses are those of the specification's example; the setting replaces them."""
    assert webhook.SCHEDULE == (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
    settings = Settings(**settings_for("postgresql://x/y"))
    assert settings.schedule == webhook.SCHEDULE
    assert Settings(**settings_for("postgresql://x/y", webhook_schedule="0.1,2")).schedule == (0.1, 2)
    for wrong in ({"webhook_schedule": "soon"}, {"webhook_allowed_networks": "10.0.0.1/8"}):
        with pytest.raises(ValueError, match="TANDEM_WEBHOOK_"):
            Settings(**settings_for("postgresql://x/y", **wrong))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 7 ", 7),
        ("999999999", 86_400),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("Mon, 02 Mar 2099 08:00:00 GMT", 86_400),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_and_bounded(text: str | None, seconds: float | None) -> None:
    """Retry-After is read as seconds or as a date; anything else is ignored."""
    assert webhook.retry_after_seconds(text, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_sender(text: str) -> None:
    """Any Retry-After is read without an error, and bounded."""
    seconds = webhook.retry_after_seconds(text, NOW)
    assert seconds is None or timedelta() <= timedelta(seconds=seconds) <= timedelta(days=1)


@given(st.binary(max_size=3000))
def test_an_excerpt_can_be_stored_and_shown(raw: bytes) -> None:
    """An excerpt is bounded, on one line and printable."""
    said = webhook.excerpt(raw)
    assert len(said) <= 500
    assert said == "" or said.isprintable()


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, AttemptResult.DELIVERED),
        (204, AttemptResult.DELIVERED),
        (301, AttemptResult.REDIRECTED),
        (400, AttemptResult.REFUSED),
        (410, AttemptResult.GONE),
        (503, AttemptResult.REFUSED),
    ],
)
def test_only_2xx_is_taken(status: int, result: AttemptResult) -> None:
    """Only 2xx is a delivery; a redirect is not followed, and 410 ends the endpoint."""
    assert webhook.result_of(status) is result
