"""Tests of the model of calls: revisions never worsen an application, sentences are complete, copies keep days."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.application.model.answers import Answers
from services.applications.calls.model import Candidate, judge, rule_sentences
from services.applications.calls.model.copying import next_year
from services.applications.calls.model.entry import (
    FIELDS,
    SECTIONS,
    TITLES,
    CallEntry,
    changed_sections,
    entry_of,
    problems,
    section_fields,
    section_of,
    sentences,
    terms_of,
    with_values,
)
from services.applications.calls.model.facts import Facts
from services.applications.calls.model.questions import answer_text, problem, unanswered
from services.applications.calls.model.revision import Effect, differences, effect, not_revisable
from services.applications.calls.model.rule_fields import RULE_FIELDS, TIMER_FIELDS
from services.applications.calls.model.texts import best, missing_languages
from services.applications.register.store.entries import Fund
from shared.contracts import labels
from shared.contracts._examples import CALL_TERMS
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import DatePeriod
from shared.contracts.calls import (
    CallQuestion,
    CallTerms,
    CallText,
    ClosedDay,
    CountryQuota,
    CriterionWeight,
    EligibilityRules,
    Timers,
)
from shared.contracts.codes import (
    ApplicationKind,
    Criterion,
    EligibilityRule,
    LanguageLevel,
    Objective,
    RankGroup,
    ServiceKind,
    TieBreak,
    Wishes,
)
from shared.time.workdays import ZONE

TERMS = CallTerms.model_validate(CALL_TERMS)
COUNTRIES = ("AM", "AZ", "GE", "MD")
TOPICS = ("criminal_networks", "online_crime", "drug_trafficking")
COURSES = ("Digital evidence", "First responder")
LEVELS = [level for level in LanguageLevel if level is not LanguageLevel.NS]


def some(values: Any, *, least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw several of `values`, each once."""
    return st.lists(st.sampled_from(list(values)), min_size=least, unique=True).map(tuple)


periods = st.builds(
    lambda start, days: DatePeriod(start=start, end=start + timedelta(days=days)),
    st.dates(date(2026, 3, 1), date(2026, 9, 1)),
    st.integers(0, 60),
)
rules = st.builds(
    EligibilityRules,
    minimum_years=st.integers(0, 12),
    languages=some(("en", "fr", "de")),
    minimum_level=st.sampled_from(LEVELS),
    first_time_first=st.booleans(),
    cascade_commitment=st.booleans(),
    countries=some(COUNTRIES),
    services=some(ServiceKind),
    rank_groups=some(RankGroup),
    courses=some(COURSES),
)


def _number(code: str, *, required: bool = True) -> CallQuestion:
    """Return a question for a number."""
    return CallQuestion.model_validate(
        {
            "code": code,
            "kind": "number",
            "required": required,
            "texts": [{"language": "en", "question": f"{code}?"}],
        }
    )


questions = st.lists(
    st.builds(
        lambda code, required: _number(code, required=required),
        st.sampled_from(["size", "cases"]),
        st.booleans(),
    ),
    max_size=2,
    unique_by=lambda option: option.code,
).map(tuple)
terms = st.builds(
    lambda rules, kinds, topics, visit_periods, questions: TERMS.model_copy(
        update={
            "rules": rules,
            "kinds": kinds,
            "topics": topics,
            "visit_periods": tuple(visit_periods),
            "questions": questions,
        }
    ),
    rules,
    some(ApplicationKind, least=1),
    some(TOPICS, least=1),
    st.lists(periods, min_size=1, max_size=3),
    questions,
)
candidates = st.builds(
    Candidate,
    kind=st.sampled_from(ApplicationKind),
    country=st.sampled_from(COUNTRIES),
    partner_active=st.booleans(),
    years_in_field=st.integers(0, 12),
    languages=st.lists(
        st.builds(LanguageHeld, language=st.sampled_from(["en", "fr", "hy"]), level=st.sampled_from(LanguageLevel)),
        min_size=1,
        max_size=3,
    ),
    cascade_committed=st.booleans(),
    service=st.sampled_from(ServiceKind),
    rank_group=st.sampled_from(RankGroup),
    topics=some(TOPICS, least=1),
    periods=st.lists(periods, min_size=1, max_size=2),
    courses=some(COURSES),
)
given_answers = st.dictionaries(st.sampled_from(["size", "cases"]), st.integers(0, 9)).map(
    lambda option: Answers.model_validate({"questions": option})
)


EMPTY_REGISTER = Facts(funds={}, needs={})


def failed(of: CallTerms, candidate: Candidate) -> set[EligibilityRule]:
    """Return the rules that are not met."""
    return {check.rule for check in judge(of, candidate) if not check.held}


@given(old=terms, new=terms, of=candidates, answers=given_answers, favour=st.booleans())
def test_a_revision_never_worsens_a_submitted_application(
    old: CallTerms, new: CallTerms, of: Candidate, answers: Answers, *, favour: bool
) -> None:
    """After any revision no rule fails that was met before, and no new question is left open."""
    found = effect(old, new, of, answers)
    by = new if favour and found.effect is Effect.BETTER else old
    assert failed(by, of) <= failed(old, of)
    assert set(unanswered(by, answers.questions)) <= set(unanswered(old, answers.questions)) or by is old
    if found.effect is Effect.BETTER:
        assert failed(new, of) < failed(old, of)


def test_one_question_left_open_does_not_hide_another() -> None:
    """A revision that removes a failed rule but asks for another answer is no gain."""
    before, after = ([_number(code)] for code in ("size", "cases"))
    strict = EligibilityRules(courses=COURSES[:1])
    old = TERMS.model_copy(update={"rules": strict, "questions": tuple(before)})
    new = TERMS.model_copy(update={"rules": EligibilityRules(), "questions": tuple(after)})
    untaught = Candidate(
        kind=ApplicationKind.STUDY_VISIT,
        country=COUNTRIES[0],
        partner_active=True,
        years_in_field=12,
        languages=[LanguageHeld(language="en", level=LanguageLevel.C2)],
        cascade_committed=True,
        service=ServiceKind.POLICE,
        rank_group=RankGroup.OPERATIONAL,
        topics=TERMS.topics,
        periods=list(TERMS.visit_periods),
        courses=(),
    )
    nothing, answered = Answers(), Answers.model_validate({"questions": {"cases": 3}})
    assert effect(old, new, untaught, answered).effect is Effect.BETTER
    assert effect(old, new, untaught, nothing).effect is Effect.WORSE


@given(old=terms, of=candidates, answers=given_answers)
def test_a_revision_with_the_same_rules_has_no_effect(old: CallTerms, of: Candidate, answers: Answers) -> None:
    """A revision that changes no rule has no effect on any application."""
    assert effect(old, old.model_copy(update={"reserves": 5}), of, answers).effect is Effect.SAME


@given(of=terms)
def test_every_rule_has_a_sentence(of: CallTerms) -> None:
    """Every rule of a call has its sentence, names its condition, and is in exactly one section."""
    said_ = sentences(of, EMPTY_REGISTER)
    everything = [entry for section in ("purpose", "dates", "who", "rules") for entry in said_[section]]
    for sentence in rule_sentences(of):
        in_sections = everything.count(sentence)
        assert in_sections == 1 or "topics of the call" in sentence, sentence
    text = " ".join(everything)
    wanted = [labels.country(code) for code in of.rules.countries]
    wanted += [labels.label(code) for code in (*of.rules.services, *of.rules.rank_groups, *of.kinds)]
    wanted += [labels.tongue(code) for code in of.rules.languages] + list(of.rules.courses)
    assert all(entry in text for entry in wanted)
    assert set(said_) == set(SECTIONS) == set(TITLES)
    assert all(said_[section] for section in SECTIONS)


@given(first=terms, second=terms)
def test_differences_between_revisions_have_sentences(first: CallTerms, second: CallTerms) -> None:
    """Two revisions that judge differently have a difference in sentences, and equal ones have none."""
    assert differences(first, first, EMPTY_REGISTER) == []
    if first.rules != second.rules:
        unordered = ("countries", "services", "rank_groups", "languages", "courses")
        sections = {two.section for two in differences(first, second, EMPTY_REGISTER)}
        if any(set(getattr(first.rules, name)) != set(getattr(second.rules, name)) for name in unordered):
            assert sections & {"who", "rules"}
        if first.rules.minimum_years != second.rules.minimum_years:
            assert "rules" in sections


CHANGED: dict[str, object] = {
    "kinds": (ApplicationKind.MENTEE,),
    "fund_id": UUID(int=1),
    "texts": (CallText(language="en", title="Another title"),),
    "scheme": "empact-2022",
    "topics": ("online_crime", "drug_trafficking"),
    "needs": (),
    "opens": date(2025, 12, 24),
    "deadline": datetime(2026, 2, 20, tzinfo=UTC),
    "closes": date(2027, 1, 4),
    "visit_periods": (DatePeriod(start=date(2026, 9, 1), end=date(2026, 9, 4)),),
    "closed_days": (ClosedDay(country="UA", day=date(2026, 8, 24)),),
    "minimum_days": 1,
    "maximum_days": 4,
    "quotas": (CountryQuota(country="AM", floor=3),),
    "share_of_offer": 77,
    "group_size": 2,
    "reserves": 5,
    "objective": Objective.MOST_GOOD,
    "wishes": Wishes.WISHES_FIRST,
    "ties": TieBreak.EXCHANGES,
    "weights": (CriterionWeight(criterion=Criterion.TOPIC, applicant=7, host=8),),
    "questions": (_number("staff"),),
    "sessions_to_complete": 44,
    "evaluation_form": 99,
    "countries": ("GE",),
    "services": (ServiceKind.CUSTOMS,),
    "rank_groups": (RankGroup.STRATEGIC,),
    "courses": ("First responder",),
    "minimum_years": 33,
    "languages": ("de",),
    "minimum_level": LanguageLevel.C2,
    "cascade_commitment": not TERMS.rules.cascade_commitment,
    "first_time_first": not TERMS.rules.first_time_first,
    **dict.fromkeys(TIMER_FIELDS, 11),
}
"""For each field of a call another value than that of `TERMS`."""


@pytest.mark.parametrize(("name", "value"), CHANGED.items())
def test_a_change_of_any_field_has_a_sentence(name: str, value: object) -> None:
    """A change of any field by a revision is listed in the section of the field."""
    entry = entry_of(TERMS)
    fund = Fund(id=UUID(int=1), name="Another fund", payer="A payer", since=date(2026, 1, 1))
    register = Facts(funds={UUID(int=1): fund}, needs={})
    part = "rules" if name in RULE_FIELDS else "timers" if name in TIMER_FIELDS else None
    changes = {name: value} if part is None else {part: getattr(entry, part).model_copy(update={name: value})}
    assert [found.section for found in differences(TERMS, entry.model_copy(update=changes), register)] == [
        section_of(name)
    ]


def test_the_changed_fields_are_all_fields() -> None:
    """The cases of the test above are all fields of a call."""
    assert set(CHANGED) == set(FIELDS)


days = st.dates(date(2024, 1, 1), date(2031, 12, 31))


@given(opens=days, gaps=st.lists(st.integers(0, 90), min_size=4, max_size=9), hour=st.integers(0, 23))
def test_a_copy_keeps_weekday_and_order(opens: date, gaps: list[int], hour: int) -> None:
    """Every date falls on the same weekday a year later, at the same time of day, and in the same order."""
    points = [opens + timedelta(days=sum(gaps[:count])) for count in range(len(gaps))]
    ends = points[2:]
    visits = tuple(DatePeriod(start=a, end=b) for a, b in zip(ends[::2], ends[1::2], strict=False))
    local = datetime(points[1].year, points[1].month, points[1].day, hour, 30, tzinfo=ZONE)
    entry = CallEntry(opens=opens, deadline=local.astimezone(UTC), closes=points[-1], visit_periods=visits)
    new = next_year(entry, {}).entry
    assert new.opens is not None
    assert new.closes is not None
    assert new.deadline is not None
    assert (
        new.deadline.astimezone(ZONE).hour == hour
        or local.fold
        or local.utcoffset() != new.deadline.astimezone(ZONE).utcoffset()
    )
    before = [opens, local.date(), points[-1], *itertools.chain(*((visit.start, visit.end) for visit in visits))]
    moved = itertools.chain(*((period.start, period.end) for period in new.visit_periods))
    after = [new.opens, new.deadline.astimezone(ZONE).date(), new.closes, *moved]
    assert [day.weekday() for day in before] == [day.weekday() for day in after]
    assert all(later - day == timedelta(weeks=52) for day, later in zip(before, after, strict=True))


def test_a_copy_uses_the_successors_of_topics() -> None:
    """A call of the old scheme becomes one of the new, with the successor of each topic, once."""
    old = CallEntry(opens=date(2025, 3, 3), scheme="empact-2022", topics=("cyber_attacks", "child_sexual_exploitation"))
    copy = next_year(old, {})
    assert copy.entry.scheme == "empact-2026"
    assert copy.entry.topics == ("online_crime",)


@pytest.mark.parametrize("level", LEVELS)
def test_timers_and_levels_have_sentences(level: LanguageLevel) -> None:
    """Every timer of a call has a sentence and is in one section, and every level is named in the rule."""
    assert set(TIMER_FIELDS) == set(Timers.model_fields) <= {*SECTIONS["timers"], *SECTIONS["after"]}
    sevens = Timers.model_validate(dict.fromkeys(Timers.model_fields, 7))
    for name, spec in TIMER_FIELDS.items():
        assert spec.label
        assert "7" in spec.sentences(name, sevens, EMPTY_REGISTER)[0]
    assert set(RULE_FIELDS) == set(EligibilityRules.model_fields) - {"schema_version"}
    of = TERMS.model_copy(update={"rules": EligibilityRules(minimum_level=level)})
    assert any(level.value in sentence for sentence in rule_sentences(of))


def test_an_entry_survives_publication() -> None:
    """The published terms of an entry are read back as the same entry, whose sections have every field."""
    entry = entry_of(TERMS)
    again = terms_of(entry, reference=TERMS.reference, revision=TERMS.revision)
    assert again == TERMS
    copied = CallEntry()
    for section in SECTIONS:
        copied = with_values(copied, section_fields(entry, section))
    assert copied == entry
    assert changed_sections(entry, entry.model_copy(update={"reserves": 4})) == {"quotas"}
    assert changed_sections(entry, entry.model_copy(update={"timers": Timers(report_days=9)})) == {"after"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kinds": ()}, "kinds"),
        ({"texts": ()}, "texts"),
        ({"texts": (CallText(language="fr", title="Échange"),)}, "texts"),
        ({"texts": (CallText(language="en", title="One"), CallText(language="en", title="Two"))}, "texts"),
        ({"topics": ("cyber_attacks",)}, "topics"),
        ({"scheme": "empact-2022", "topics": ("cyber_attacks",)}, "topics"),
        ({"scheme": "empact-1999"}, "scheme"),
        ({"opens": date(2026, 3, 1)}, "deadline"),
        ({"closes": date(2026, 1, 6)}, "closes"),
        ({"visit_periods": ()}, "visit_periods"),
        ({"visit_periods": (DatePeriod(start=date(2028, 5, 1), end=date(2028, 5, 4)),)}, "visit_periods"),
        ({"closed_days": (ClosedDay(country="UA", day=date(2026, 8, 24)),) * 2}, "closed_days"),
        ({"minimum_days": 5, "maximum_days": 2}, "maximum_days"),
        ({"rules": EligibilityRules(minimum_level=LanguageLevel.NS)}, "rules.minimum_level"),
        ({"rules": EligibilityRules(schema_version=2)}, "rules.schema_version"),
        ({"rules": EligibilityRules(courses=("One, two",))}, "rules.courses"),
        ({"timers": Timers(agenda_weeks=9)}, "timers.agenda_weeks"),
        ({"timers": Timers(information_reminder_wd=10)}, "timers.information_reminder_wd"),
    ],
)
def test_contradictions_are_named_at_their_fields(changes: dict[str, Any], field: str) -> None:
    """Each contradiction is named at a field of a section, and the valid call has none."""
    whole = entry_of(TERMS)
    assert problems(whole) == {}
    found = problems(whole.model_copy(update=changes))
    assert field in found
    assert all(section_of(name) in SECTIONS for name in found)


NUMBER = CallQuestion.model_validate(
    {"code": "size", "kind": "number", "minimum": 2, "maximum": 9, "texts": [{"language": "en", "question": "Size?"}]}
)
TEXT = CallQuestion.model_validate(
    {"code": "why", "kind": "text", "longest": 5, "texts": [{"language": "en", "question": "Why?"}]}
)
CHOICE = CallQuestion.model_validate(
    {
        "code": "kit",
        "kind": "choice",
        "choices": ["own", "none"],
        "texts": [{"language": "en", "question": "Kit?", "choices": ["Our own", "None"]}],
    }
)


@given(given_=st.integers(-20, 20) | st.text(max_size=8))
def test_invalid_answers_have_a_message(given_: int | str) -> None:
    """Numbers in range, texts within the limit and listed choices are valid, and all others have a message."""
    assert (problem(NUMBER, given_) is None) == (given_ == "" or (isinstance(given_, int) and 2 <= given_ <= 9))
    assert (problem(TEXT, given_) is None) == (len(str(given_)) <= 5)
    assert (problem(CHOICE, given_) is None) == (given_ in ("", "own", "none"))


def test_answers_are_shown_in_words() -> None:
    """A choice is shown by its name, a number as it is, nothing as nothing."""
    assert answer_text(CHOICE, "own") == "Our own"
    assert answer_text(NUMBER, 7) == "7"
    assert answer_text(TEXT, None) == ""


@given(
    codes=st.lists(st.sampled_from(["en", "hy", "ka", "ru"]), unique=True), wanted=st.sampled_from(["en", "hy", "uk"])
)
def test_the_text_is_the_readers_else_english_else_the_first(codes: list[str], wanted: str) -> None:
    """A text in one language is enough, and missing languages are named."""
    texts = [CallText(language=code, title=code) for code in codes]
    text = best(texts, wanted)
    expected = wanted if wanted in codes else "en" if "en" in codes else codes[0] if codes else None
    assert (None if text is None else text.language) == expected
    assert set(missing_languages(texts)).isdisjoint(codes)


def test_fixed_terms_cannot_be_revised() -> None:
    """Kinds with applications, a past opening day, a past deadline and the scheme are refused."""
    at = datetime(2026, 1, 20, tzinfo=UTC)
    entry = entry_of(TERMS)
    used = {ApplicationKind.MENTEE}
    assert not_revisable(TERMS, entry, at=at, used=used) == {}
    only = entry.model_copy(update={"kinds": (ApplicationKind.STUDY_VISIT,)})
    assert set(not_revisable(TERMS, only, at=at, used=used)) == {"kinds"}
    assert not_revisable(TERMS, only, at=at, used=set()) == {}
    later = entry.model_copy(update={"opens": date(2026, 1, 25)})
    assert set(not_revisable(TERMS, later, at=at, used=used)) == {"opens"}
    early = datetime(2025, 12, 1, tzinfo=UTC)
    assert not_revisable(TERMS, later, at=early, used=used) == {}
    past = entry.model_copy(update={"opens": date(2025, 11, 1)})
    assert set(not_revisable(TERMS, past, at=early, used=used)) == {"opens"}
    over = entry.model_copy(update={"deadline": datetime(2026, 1, 19, tzinfo=UTC)})
    assert set(not_revisable(TERMS, over, at=at, used=used)) == {"deadline"}
    other = entry.model_copy(update={"scheme": "empact-2022"})
    assert set(not_revisable(TERMS, other, at=at, used=used)) == {"scheme"}
    wishes = entry.model_copy(update={"wishes": Wishes.WISHES_FIRST})
    assert set(not_revisable(TERMS, wishes, at=at, used=used)) == {"wishes"}
    assert not_revisable(TERMS, wishes, at=early, used=used) == {}


@pytest.mark.parametrize("rule", list(Wishes))
def test_wishes_do_not_stand_beside_the_highest_sum(rule: Wishes) -> None:
    """A call that counts points only for its aim cannot say that wishes count."""
    highest = entry_of(TERMS).model_copy(update={"objective": Objective.MOST_GOOD, "wishes": rule})
    assert ("wishes" in problems(highest)) is (rule is not Wishes.SCORES)
    stable = highest.model_copy(update={"objective": Objective.STABLE})
    assert "wishes" not in problems(stable)


@pytest.mark.parametrize("ties", list(TieBreak))
def test_exchanges_do_not_stand_beside_the_highest_sum(ties: TieBreak) -> None:
    """A call with the highest sum as its aim cannot say that equals exchange their places."""
    highest = entry_of(TERMS).model_copy(update={"objective": Objective.MOST_GOOD, "ties": ties})
    assert ("ties" in problems(highest)) is (ties is TieBreak.EXCHANGES)
    assert "ties" not in problems(highest.model_copy(update={"objective": Objective.STABLE}))
