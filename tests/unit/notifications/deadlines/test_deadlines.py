"""Deadlines are announced once at their time, in whatever order events arrive, and have the right holder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.calendars.model.feed import etag, keys, unchanged
from services.notifications.cases.model import APPLICATIONS, VISITS, Case
from services.notifications.deadlines.model.rules import NOBODY, CaseDeadline, holder, merge, next_look
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.codes import Party, Role
from shared.identity import Grant

START = datetime(2030, 1, 1, tzinfo=UTC)
ID = UUID(int=5)
TIMES = st.integers(0, 60).map(lambda days: START + timedelta(days=days))


def deadline(**known: datetime | None) -> CaseDeadline:
    """Return a deadline for an endorsement."""
    return CaseDeadline(D.ENDORSEMENT, A.HOME_COORDINATOR, APPLICATIONS, ID, **known)  # type: ignore[arg-type]  # times only


@given(set_at=TIMES, due=TIMES, met=st.none() | TIMES)
def test_each_announcement_is_made_once(set_at: datetime, due: datetime, met: datetime | None) -> None:
    """The reminder is announced first, then the date, then nothing; nothing once the deadline is met."""
    item = deadline(set_at=set_at, due=due, met_at=met)
    first = next_look(item, ())
    if met is not None and met >= set_at:
        assert first is None
        return
    assert first == (item.remind_at or due)
    assert next_look(item, ("near",)) == due
    assert next_look(item, ("passed",)) is None
    assert next_look(item, ("near", "passed")) is None


@given(first=TIMES, second=TIMES, due=TIMES, met=TIMES)
def test_a_date_is_the_newest_in_whatever_order_events_arrive(
    first: datetime, second: datetime, due: datetime, met: datetime
) -> None:
    """Events in any order give the same deadline with the same next moment."""
    if first == second:
        return
    changes = [
        deadline(set_at=first, due=due),
        deadline(set_at=second, due=due + timedelta(days=9)),
        deadline(met_at=met),
    ]
    results = set()
    for order in permutations(changes):
        known = None
        for change in order:
            known = merge(known, change)
        assert known is not None
        results.add((known, next_look(known, ())))
    assert len(results) == 1


def test_a_holder_is_named_by_an_opaque_key() -> None:
    """People are named by application or profile, hosts by organisation, offices by country or agency."""
    visit = Case(ID, VISITS, application_id=ID, country="MD", host_country="EU", host_organisation_id=UUID(int=9))
    assert [holder(kind, visit).key for kind in (A.APPLICANT, A.HOST_CONTACT, A.HOME_COORDINATOR, A.HOST_DEPUTY)] == [
        f"application:{ID}",
        f"organisation:{UUID(int=9)}",
        "office:MD",
        f"deputy:{UUID(int=9)}",
    ]
    assert holder(A.MENTOR, visit).key == NOBODY
    pair = Case(ID, VISITS, application_id=ID, country="MD", host_country="FR", mentor_id=ID, guest=Party.MENTOR.value)
    assert (holder(A.APPLICANT, pair).key, holder(A.HOST_CONTACT, pair).key) == (f"mentor:{ID}", f"application:{ID}")


def test_a_feed_is_looked_up_by_what_its_owner_may_now() -> None:
    """Grants give the keys of a feed; a deputy has the office's visits and the deputy's deadlines."""
    day = START.date()
    grants = (
        Grant(Role.NATIONAL_COORDINATOR, day, "MD", deputy_for="other"),
        Grant(Role.CLEARANCE_OFFICER, day, "EU", str(ID)),
        Grant(Role.HOST_CONTACT, day, "FR", str(ID)),
        Grant(Role.OFFICER, day, "MD"),
    )
    found = keys(grants, ["a"], ["b"])
    assert found.days == {"office:MD", f"office:{ID}", f"organisation:{ID}", "application:a"}
    assert found.deadlines == {"deputy:MD", f"office:{ID}", f"organisation:{ID}", "application:a"}
    assert keys((), ["a"], ["b"]).days == frozenset()


def test_a_tag_is_compared_as_the_standard_has_it() -> None:
    """Lists, weak tags and the star match (RFC 9110, 13.1.2); another tag or none is a change."""
    tag = etag(b"BEGIN:VCALENDAR")
    assert all(unchanged(header, tag) for header in (tag, f"W/{tag}", f'"x", {tag}', "*"))
    assert not any(unchanged(header, tag) for header in (None, '"x"', tag[1:-1], ""))
