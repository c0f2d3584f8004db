"""The queries of pages and sweeps use an index."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from tests.integration.notifications.conftest import rows

if TYPE_CHECKING:
    from fastapi import FastAPI


async def test_lists_are_read_by_index(app: FastAPI) -> None:
    """The log, the queue, the inbox and the sweep of deadlines are read by index."""
    queries = {
        "message_at": "SELECT * FROM message ORDER BY at DESC, id DESC LIMIT 50",
        "message_about": f"SELECT * FROM message WHERE about = '{UUID(int=0)}' ORDER BY id",
        "message_reference": "SELECT * FROM message WHERE reference = 'X' ORDER BY at DESC, id DESC LIMIT 50",
        "message_rule": "SELECT * FROM message WHERE rule = 'x' ORDER BY at DESC, id DESC LIMIT 50",
        "unreachable_recipient_open": "SELECT * FROM unreachable_recipient WHERE settled_at IS NULL"
        " ORDER BY since, recipient LIMIT 50",
        "unreachable_recipient_country": "SELECT * FROM unreachable_recipient WHERE country = 'MD'"
        " ORDER BY since, recipient LIMIT 50",
        "bounce_at": "SELECT * FROM bounce WHERE at >= now() ORDER BY at DESC, id DESC LIMIT 20",
        "message_next_at": "SELECT * FROM message WHERE state = 'waiting' AND next_at <= now() ORDER BY next_at, id",
        "message_audience_key": "SELECT * FROM message WHERE state = 'waiting' "
        " AND audience_key = ANY(ARRAY['office:MD']) AND next_at <= now() ORDER BY audience_key, next_at, at, id",
        "notification_mail_id": f"SELECT * FROM notification WHERE mail_id = '{UUID(int=0)}' ORDER BY id",
        "notification_case_id": f"SELECT * FROM notification WHERE recipient = '{UUID(int=0)}'"
        f" AND case_id = '{UUID(int=0)}' ORDER BY at DESC, id DESC LIMIT 5",
        "notification_unread": f"SELECT * FROM notification WHERE recipient = '{UUID(int=0)}'"
        f" AND case_id = '{UUID(int=0)}' AND read_at IS NULL ORDER BY at DESC, id DESC LIMIT 5",
        "notification_added_at": f"SELECT max(added_at) FROM notification WHERE recipient = '{UUID(int=0)}'"
        " AND read_at IS NULL",
        "notification_sent_at": f"SELECT recipient, case_id, sent_at FROM notification"
        f" WHERE recipient = ANY(ARRAY['{UUID(int=0)}'::uuid]) AND sent_at > now() ORDER BY recipient, sent_at",
        "inbox_case_place": f"SELECT * FROM inbox_case WHERE recipient = '{UUID(int=0)}'"
        " ORDER BY has_unread DESC, newest_at DESC, case_id DESC LIMIT 21",
        "mail_preference_quiet": "SELECT 1 FROM mail_preference WHERE quiet IS NOT NULL LIMIT 1",
        "feed_key_hash_key": "SELECT * FROM feed WHERE key_hash = 'x'",
        "feed_person_key": f"SELECT * FROM feed WHERE person = '{UUID(int=0)}'",
        "appointment_seen_by": "SELECT * FROM appointment WHERE NOT over AND seen_by && ARRAY['programme']",
        "appointment_unplaced": "SELECT * FROM appointment WHERE seen_by IS NULL ORDER BY id LIMIT 9",
        "deadline_due": "SELECT * FROM deadline WHERE open AND due <= now() ORDER BY due, id LIMIT 500",
        "deputyship_place": "SELECT * FROM deputyship WHERE place = 'MD' AND since <= '2026-01-05'",
        "deadline_look_at": "SELECT id FROM deadline WHERE look_at <= now() ORDER BY look_at, id LIMIT 9",
        "deadline_holder_key": "SELECT * FROM deadline WHERE open AND holder_key = 'office:MD'"
        " ORDER BY due, id LIMIT 50",
        "deadline_country": "SELECT * FROM deadline WHERE open AND country = 'MD' ORDER BY due, id LIMIT 50",
        "deadline_unplaced": "SELECT * FROM deadline WHERE open AND holder_key IS NULL ORDER BY id LIMIT 9",
        "webhook_delivery_next_at": f"SELECT * FROM webhook_delivery WHERE endpoint_id = '{UUID(int=0)}'"
        " AND state = 'waiting' AND next_at <= now() ORDER BY next_at, position LIMIT 4",
        "webhook_delivery_state": f"SELECT * FROM webhook_delivery WHERE endpoint_id = '{UUID(int=0)}'"
        " AND state = 'failed' ORDER BY position DESC LIMIT 50",
        "webhook_delivery_queued_at": "SELECT * FROM webhook_delivery WHERE queued_at < now()"
        " ORDER BY queued_at, position LIMIT 9",
        "webhook_content_kept_at": "SELECT * FROM webhook_content WHERE kept_at < now() ORDER BY kept_at, id LIMIT 9",
    }
    for index, query in queries.items():
        async with app.state.service.bus.read() as session:
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            await session.execute(sa.text("SET LOCAL enable_sort = off"))
            plan = "\n".join(row[0] for row in (await session.execute(sa.text(f"EXPLAIN {query}"))).all())
        assert index in plan, plan
    assert await rows(app, "SELECT 1") == [(1,)]
