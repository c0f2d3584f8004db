"""Code lists have labels, values, orders and schemes."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import codes, labels
from shared.contracts.codes import priorities


def test_every_code_has_a_label_and_is_its_value() -> None:
    """A code is a lower-case word (a language level apart) that can be looked up by its value."""
    lists = [value for value in vars(codes).values() if isinstance(value, type) and issubclass(value, codes.Code)]
    assert len(lists) > 40
    for known in lists:
        for code in known:
            assert known(str(code)) is code
            assert codes.label(code)
            assert code == code.lower() or known is codes.LanguageLevel


def test_health_and_clearance_stay_in_the_portal() -> None:
    """The published form of a stated reason reveals nothing about health or clearance."""
    assert codes.published(codes.StatedReason.HEALTH) is codes.Reason.PERSONAL
    assert codes.published(codes.StatedReason.CLEARANCE) is codes.Reason.PERSONAL
    others = set(codes.StatedReason) - {codes.StatedReason.HEALTH, codes.StatedReason.CLEARANCE}
    assert all(codes.published(reason).value == reason.value for reason in others)
    assert not {"health", "clearance"} & set(codes.Reason)


@given(st.sampled_from(codes.LanguageLevel), st.sampled_from(codes.LanguageLevel))
def test_levels_are_in_order(first: codes.LanguageLevel, other: codes.LanguageLevel) -> None:
    """A1 < A2 < B1 < B2 < C1 < C2 < native."""
    order = ["A1", "A2", "B1", "B2", "C1", "C2", "NS"]
    assert first.reaches(other) == (order.index(first) >= order.index(other))


def test_topics_have_a_scheme_with_dates_and_successors() -> None:
    """Each older topic is followed by topics of the newest scheme, and a day belongs to one scheme."""
    assert codes.current_scheme(date(2025, 12, 31)) == codes.EMPACT_2022
    assert codes.current_scheme(date(2026, 1, 1)) == codes.EMPACT_2026
    assert codes.current_scheme(date(2040, 1, 1)) == codes.EMPACT_2026
    for scheme, topics in codes.PRIORITIES.items():
        for code in topics:
            newest, follower = codes.successor(scheme, code)
            assert follower in codes.PRIORITIES[newest]
            assert newest == codes.EMPACT_2026
    assert codes.successor(codes.EMPACT_2022, "cyber_attacks") == (codes.EMPACT_2026, "online_crime")


def test_labels_of_topics() -> None:
    """Topics have labels too, and an unknown one is shown as it is."""
    assert codes.topic_label(codes.EMPACT_2026, "online_crime") == "Online crime"
    assert codes.topic_label("empact-1999", "spam") == "spam"
    assert len(codes.MEMBER_STATES) == 27
    assert len(codes.PARTNERS) == 6
    assert all(isinstance(priority, priorities.Topic) for priority in codes.PRIORITIES[codes.EMPACT_2026].values())


def test_restricted_expertise_is_marked() -> None:
    """Undercover work and witness protection are shown as restricted to others."""
    restricted = {area.value for area in codes.Expertise if area.restricted}
    assert restricted == {"undercover_surveillance", "witness_protection"}


def test_every_topic_has_its_name_without_a_scheme() -> None:
    """A topic is called by its name in the newest scheme that has it; a code that no scheme has is read as words."""
    for scheme, topics in priorities.PRIORITIES.items():
        for code, topic in topics.items():
            assert labels.topic(code) == priorities.PRIORITIES[priorities.EMPACT_2026].get(code, topic).label
            assert labels.topic(code, scheme) == topic.label
    assert labels.topic("no_such_topic") == "No such topic"
