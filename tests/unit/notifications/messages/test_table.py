"""The table of messages names real events, covers the process, links to pages and has no place for names."""

from __future__ import annotations

import re
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.notifications.cases.model import audience
from services.notifications.deadlines.model.rules import REMINDERS, changes, due_times
from services.notifications.deadlines.model.tasks import ACTIONS, PAGES, TASKS
from services.notifications.messages.model import examples
from services.notifications.messages.model.causes import SYSTEM, actor
from services.notifications.messages.model.decision import messages
from services.notifications.messages.model.examples import (
    case_of,
    check_table,
    example_for,
    preview,
    sample,
    sample_case,
)
from services.notifications.messages.model.facts import facts
from services.notifications.messages.model.links import LINKS, address
from services.notifications.messages.model.rule import When
from services.notifications.messages.model.table import BY_NAME, RULES, WITHOUT_MESSAGE
from services.notifications.messages.model.wording import wording
from services.notifications.messages.store.messages import MessageRow
from services.notifications.messages.views.bodies import bodies
from services.notifications.preferences.model.quiet_hours import urgent
from shared.contracts import EVENTS
from shared.contracts.access import AccessChanged
from shared.contracts.calls import Timers
from shared.contracts.codes import AudienceKind, DeadlineKind, Party
from shared.contracts.lifecycle import DEADLINES, TRANSITIONS
from shared.contracts.notifications import ABOUT_CASCADE, Purpose, WebhookChanged, WorkWaiting
from shared.contracts.registry import RegistryEvent
from shared.contracts.visits import VisitScheduled
from shared.i18n import gettext
from shared.time.zones import write_for
from tests.support import example_of

if TYPE_CHECKING:
    from services.notifications.events import RecordedEvent
    from services.notifications.messages.model.rule import Rule
    from shared.contracts import Event


def test_every_rule_has_a_name_of_its_own_and_a_real_event() -> None:
    """Names are unique and fit the contract; each event is registered."""
    assert len(BY_NAME) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,79}", rule.name)
        assert EVENTS[rule.event.type] is rule.event


def test_the_messages_that_the_portal_knows_by_name_are_in_the_table() -> None:
    """Every purpose that the portal knows by name is a row of the table."""
    assert {purpose.value for purpose in Purpose} <= BY_NAME.keys()
    managed = [rule for rule in RULES if rule.to is AudienceKind.LINE_MANAGER and rule.answers]
    of_cascade = {
        rule.name for rule in managed if "session" in " ".join((*rule.text, rule.when.words if rule.when else ""))
    }
    assert of_cascade == set(ABOUT_CASCADE)


def test_every_event_has_a_message_or_a_reason_why_not() -> None:
    """Each event either has a row or is listed with the reason why no message follows."""
    with_row = {rule.event.type for rule in RULES}
    assert set(EVENTS) - with_row == set(WITHOUT_MESSAGE)
    assert {transition.event for transition in TRANSITIONS} <= with_row | set(WITHOUT_MESSAGE)
    assert all(why.endswith(".") for why in WITHOUT_MESSAGE.values())


def test_every_deadline_has_words_a_page_and_a_reminder() -> None:
    """Tasks, pages and reminders cover exactly the deadlines of the contract."""
    assert set(TASKS) == set(REMINDERS) == set(DEADLINES) == set(DeadlineKind)
    assert set(PAGES) <= set(DEADLINES)
    assert set(PAGES.values()) <= {*LINKS, "outcome", "supply"}


def test_every_message_can_be_written() -> None:
    """Each row can be written for its made-up case, with at least one paragraph and a link to a page."""
    check_table()
    for rule in RULES:
        said = preview(rule, "http://localhost:8000")
        of_nobodys_case = issubclass(rule.event, AccessChanged | RegistryEvent | WebhookChanged | WorkWaiting)
        of_supply = rule.to in {AudienceKind.HOST_CONTACT, AudienceKind.MENTOR}
        assert said.subject.startswith("[") is (of_supply or not of_nobodys_case), rule.name
        assert said.paragraphs, rule.name
        assert all(text and "%(" not in text and "None" not in text for text in (said.subject, *said.paragraphs))
        assert re.fullmatch(r"http://localhost:8000/(applications|matching|notifications)/[\w/-]*", said.link), (
            rule.name
        )


_OFFICE_AND_OWN = re.compile(r"\d{1,2} \w+ \d{4}, \d\d:\d\d CES?T \(your time: (\d{1,2} \w+, )?\d\d:\d\d\)")
_IN_COUNTRY = re.compile(r"\d\d:\d\d \([A-Z][^)]+\)|\d\d:\d\d in [A-Z]\w+")
_HOUR = re.compile(r"\d\d:\d\d")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_moment_in_an_email_is_in_the_readers_zone_too(rule: Rule) -> None:
    """Each deadline and hour has the reader's time beside the office's, or a country; none is a number of days only."""

    def read() -> tuple[tuple[str, ...], str]:
        write_for("AM")
        said = preview(rule, "http://localhost:8000")
        return (*said.paragraphs, said.cause), bodies(said, "Ana", "http://localhost:8000")["text"]

    texts, letter = copy_context().run(read)
    for text in texts:
        left = _IN_COUNTRY.sub("", _OFFICE_AND_OWN.sub("", text))
        assert not _HOUR.search(left), text
        assert not re.search(r"\b(with)?in \w+ (day|week|hour)s?\b", text), text
    assert "Your time zone: Armenia." in letter
    dues = {text for text in rule.text if re.search(r"%\((\w+_)?due\)s|%\((failing_since|pauses_at)\)s", text)}
    assert sum("your time" in text for text in texts) > len(dues)  # the cause has one more


def test_a_reader_in_the_offices_zone_reads_one_clock() -> None:
    """An email names no second time and no zone of the reader's if the clocks agree."""

    def read() -> str:
        write_for("FR")
        return bodies(preview(RULES[0], "http://localhost:8000"), "Ana", "http://localhost:8000")["text"]

    text = copy_context().run(read)
    assert "10:30 CET" in text
    assert "our time" not in text


def test_every_button_names_its_thing() -> None:
    """Each link has a verb and a thing; that of a reminder or a repeated question depends on the task."""
    assert set(ACTIONS) == set(DeadlineKind)
    verbs_alone = {"Answer", "Open the list", "Do it now", "Open task", "Accept or decline", "Accept or refuse"}
    for action in {rule.action for rule in RULES} | set(ACTIONS.values()):
        assert len(action.split()) > 1, action
        assert action not in verbs_alone
    near, again = BY_NAME["deadline_near"], BY_NAME["answer_asked"]
    for rule, other, action in (
        (near, {"kind": "agenda"}, "Open the agenda"),
        (near, {"kind": "home_clearance"}, "Decide on clearance"),
        (again, {"form": "report"}, "Write the report"),
        (again, {"form": "follow_up"}, "Complete the follow-up"),
    ):
        event = sample(rule.event)
        event = event._replace(data=rule.event.model_validate({**rule.event.example, **other}))
        said = wording(
            rule, sample_case(event), facts(event), to=AudienceKind.APPLICANT, at=event.time, origin="http://x"
        )
        assert said.action == action


def test_every_message_names_its_cause() -> None:
    """Each row has the cause of its event: what, in which case, when and by which role, in the table's own order."""
    for rule in RULES:
        event = sample(rule.event, example_for(rule))
        case, said = case_of(rule, event), preview(rule, "http://localhost:8000")
        assert said.cause.startswith(f"Cause: {rule.event.label}"), rule.name
        assert "16 January 2026, 10:30 CET" in said.cause
        assert (f"({case.reference})" in said.cause) is bool(case.reference)
        by = facts(event)["actor"]
        assert said.cause.endswith(f" By: {by}." if by else "CET."), rule.name
        for body in bodies(said, "Ana Popescu", "http://localhost:8000").values():
            words = " ".join(unescape(body).split())
            assert said.cause in words, rule.name
            assert f"You receive this email as: {said.role}." in words


@pytest.mark.parametrize(
    ("event", "changes", "role"),
    [
        ("ApplicationEndorsed", {"acting_as": "coordinator"}, "National coordinator of the home country"),
        ("ApplicationEndorsed", {"acting_as": "programme"}, "Programme coordinator"),
        ("OfferReturned", {"acting_as": "coordinator"}, "National coordinator of the host country"),
        ("OfferReturned", {"acting_as": "deputy"}, "Deputy coordinator of the host country"),
        ("ClearanceGiven", {"side": "host", "acting_as": "deputy"}, "Deputy coordinator of the host country"),
        ("ClearanceGiven", {"side": "home", "acting_as": "programme"}, "Programme coordinator"),
        ("MatchDeclined", {"by": "mentor"}, "Mentor"),
        ("OfferRevised", {}, "Host agency contact"),
        ("MatchExpired", {}, "Tandem, by the programme's rules"),
        ("VisitNoShow", {}, "Host agency contact"),
        ("MatchProposed", {}, None),
        ("AccessChanged", {}, None),
    ],
)
def test_a_cause_names_the_role_that_acted(event: str, changes: dict[str, str], role: str | None) -> None:
    """The role is the one that the event names, or the only one that may cause it; nobody where several may."""
    model = EVENTS[event]
    assert actor(model.model_validate({**example_of(model), **changes})) == role


def test_every_actor_is_a_role_of_the_translated_labels() -> None:
    """No event, whatever it says and with a row or without, names a role that mails cannot name in each language."""
    translated = {*(code.label for codes in (AudienceKind, Party) for code in codes), SYSTEM}
    for model in EVENTS.values():
        assert actor(model.model_validate(model.example)) in {*translated, None}, model.type


def test_a_preview_shows_the_made_up_case_of_its_row() -> None:
    """The made-up case of each row fits its condition and audience and fills its dates."""
    for rule in RULES:
        event = sample(rule.event, example_for(rule))
        found = messages(event.data, about=event.id, at=event.time, case=case_of(rule, event), facts=facts(event))
        assert rule in {message.rule for message in found}, rule.name
    assert "It needs your endorsement" in preview(BY_NAME["application_changed_to_endorse"], "").paragraphs[-1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_preview_names_its_true_reader(rule: Rule) -> None:
    """The foot of a preview says as what the audience gets the email, and a personal link leads to its own page."""
    event = sample(rule.event, example_for(rule))
    case = case_of(rule, event)
    found = messages(event.data, about=event.id, at=event.time, case=case, facts=facts(event))
    readers = {gettext(message.audience.kind.label) for message in found if message.rule is rule}
    said = preview(rule, "")
    assert said.role in readers
    if rule.answers:
        own = {AudienceKind.LINE_MANAGER: "/applications/line-manager"}
        assert said.link == own.get(AudienceKind(rule.to), "/applications/available")


def test_previews_have_likely_dates() -> None:
    """An early return is shorter than planned, the test after a visit is due after it, a manager gets their form."""
    early = preview(BY_NAME["visit_returned_early"], "").paragraphs
    assert early == (
        "The visit of MD-2026-0042 ended early. Attended: 3 days. Planned: 5 days.",
        "The reason: Operational duty.",
    )
    assert "by 29 March 2026" in preview(BY_NAME["test_after_asked"], "").paragraphs[0]
    assert preview(BY_NAME["answer_asked_manager"], "").action == "Complete the follow-up"
    assert len(preview(BY_NAME["visit_move_expired"], "").paragraphs) == 1


def test_the_urgency_of_every_row_is_known() -> None:
    """Urgency can be decided for each row at any hour; a day is due at its end."""
    for rule in RULES:
        event = sample(rule.event, example_for(rule))
        said = facts(event)
        assert urgent(rule, said, event.time) in {True, False}
        assert said["due"] is None or datetime.fromisoformat(str(said["due"])).utcoffset() is not None, rule.name


def test_a_row_that_never_applies_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition that never holds stops the start."""
    never: Rule = replace(RULES[0], when=When("never", lambda _: False))
    monkeypatch.setattr(examples, "RULES", (never,))
    with pytest.raises(ValueError, match="never holds"):
        check_table()


def test_a_message_with_an_unknown_word_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt word in a text stops the start with the name of the message."""
    wrong: Rule = replace(RULES[0], text=("Dear %(nmae)s",))
    monkeypatch.setattr(examples, "RULES", (wrong,))
    with pytest.raises(ValueError, match=wrong.name):
        check_table()


def test_no_subject_and_no_paragraph_has_a_place_for_a_name() -> None:
    """No text of the table has a placeholder for a name; names are in the greeting only."""
    for rule in RULES:
        for text in (rule.subject, rule.action, *rule.text):
            assert not re.search(r"%\((\w*name\w*|officer|guest|person|email|address)\)s", text), rule.name


def test_a_paragraph_without_its_word_is_left_out() -> None:
    """A missing cause leaves no empty sentence."""
    said = preview(BY_NAME["visit_no_show"], "")
    assert not [text for text in said.paragraphs if text.startswith("The reason")]


def test_text_and_html_say_the_same() -> None:
    """Both parts have every paragraph and the link; the HTML is escaped."""
    said = replace(preview(RULES[0], "http://x"), paragraphs=("Fish & chips <b>", "All of it (http://x/due?a=1&b=2)"))
    parts = bodies(said, "A & B", "http://x")
    assert "Fish & chips <b>" in parts["text"]
    assert "Fish &amp; chips &lt;b&gt;" in parts["html"]
    assert '<a class="link" href="http://x/due?a=1&amp;b=2" style="color:#173f5f">All of it</a>' in parts["html"]
    assert "All of it (http://x/due?a=1&b=2)" in parts["text"]
    assert "Dear A & B," in parts["text"]
    assert parts["text"].count(said.link) == 1
    assert said.link in parts["html"]


def test_a_paragraph_is_wrapped_and_an_address_stays_whole() -> None:
    """Lines have at most 76 characters; only an address may be longer."""
    long = "https://tandem.example/applications/" + "x" * 80
    said = replace(preview(RULES[0], "http://x"), paragraphs=(f"{'word ' * 40}MD-2026-0001 {long}", "short"))
    lines = bodies(said, "A", "http://x")["text"].split("\n")
    assert long in lines
    assert [len(line) for line in lines if line.startswith("word")] == [74, 74, 62]
    assert "MD-2026-0001" in " ".join(lines)
    assert lines[lines.index(long) + 1 : lines.index(long) + 3] == ["", "short"]


def test_a_message_has_the_same_id_whenever_it_is_worked_out() -> None:
    """The id depends on event, rule and audience only."""
    event = sample(EVENTS["ApplicationSubmitted"])
    case = sample_case(event)
    first, again = (
        messages(event.data, about=event.id, at=event.time, case=case, facts=facts(event)) for _ in range(2)
    )
    assert [message.id for message in first] == [message.id for message in again]
    assert len({message.id for message in first}) == len(first) == 2


def _audiences(event: Event) -> set[str]:
    envelope = sample(type(event))._replace(data=event)
    return {
        message.audience.kind.value
        for message in messages(
            event, about=envelope.id, at=envelope.time, case=sample_case(envelope), facts=facts(envelope)
        )
    }


def test_only_the_other_side_of_a_match_gets_its_message() -> None:
    """Only the actual other side of a match gets a message."""
    model = EVENTS["MatchOffered"]
    visit = model.model_validate(model.example)
    pairing = {**example_of(model)["pairing"], "kind": "mentee", "offer_id": None, "mentor_id": str(UUID(int=7))}
    mentee = model.model_validate({**model.example, "pairing": pairing})
    assert _audiences(visit) == {"applicant", "host_contact"}
    assert _audiences(mentee) == {"applicant", "mentor"}


def test_nobody_learns_of_a_match_that_was_never_offered() -> None:
    """A match cancelled before its offer is announced to the coordinator, not to the officer."""
    model = EVENTS["MatchCancelled"]
    assert _audiences(model.model_validate({**model.example, "was": "proposed"})) == {"home_coordinator"}
    cleared = _audiences(model.model_validate({**model.example, "was": "cleared"}))
    assert cleared == {"home_coordinator", "host_coordinator"}
    replaced = EVENTS["MatchSuperseded"]
    assert _audiences(replaced.model_validate({**replaced.example, "was": "cleared"})) == {"home_coordinator"}
    assert "applicant" in _audiences(replaced.model_validate(replaced.example))
    assert "applicant" in _audiences(model.model_validate({**model.example, "was": "offered"}))


def _about(kind: DeadlineKind, event: RecordedEvent) -> RecordedEvent:
    """Return an event about that deadline where it closes or reopens an answer; other events unchanged."""
    if event.type not in {"AnswerClosed", "AnswerReopened"}:
        return event
    form = {DeadlineKind.REPORT: "report", DeadlineKind.FOLLOW_UP: "follow_up"}.get(kind, "evaluation")
    by = "national_coordinator" if kind is DeadlineKind.RESULTS else "guest"
    model = EVENTS[event.type]
    return event._replace(data=model.model_validate({**model.example, "form": form, "respondent": by}))


def test_every_event_that_sets_a_deadline_by_the_contract_does() -> None:
    """The example of each setting event gives a date and an owner; each meeting event meets one."""
    for kind, deadline in DEADLINES.items():
        for name in deadline.set_by:
            event = _about(kind, sample(EVENTS[name]))
            if name in {"AppealDecided", "ApplicationChanged", "ClearanceGiven"} and kind not in due_times(
                event, Timers()
            ):
                continue  # the example is one that sets none this time
            assert kind in due_times(event, Timers()), (kind, name)
            assert any(change.kind is kind and change.set_at for change in changes(event, Timers())), (kind, name)
        for name in deadline.met_by:
            event = _about(kind, sample(EVENTS[name]))
            if kind is DeadlineKind.RESULTS and name == "EvaluationSubmitted":  # the example is the guest's own
                by_coordinator = {**EVENTS[name].example, "respondent": "national_coordinator"}
                event = event._replace(data=EVENTS[name].model_validate(by_coordinator))
            assert any(change.kind is kind and change.met_at for change in changes(event, Timers())), (kind, name)


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        ("submitted", {DeadlineKind.ENDORSEMENT}),
        ("returned_for_information", {DeadlineKind.INFORMATION}),
        ("endorsed", {DeadlineKind.ELIGIBILITY}),
        ("not_endorsed", set()),
    ],
)
def test_an_appeal_starts_the_deadline_of_where_it_leads(state: str, kinds: set[DeadlineKind]) -> None:
    """An upheld appeal makes the next step due again; a dismissed one makes nothing due."""
    due = "2026-03-13T23:00:00Z" if kinds else None
    model = EVENTS["AppealDecided"]
    event = sample(model)._replace(data=model.model_validate({**model.example, "state": state, "due": due}))
    assert set(due_times(event, Timers())) == kinds
    messages_ = _audiences(event.data)
    assert ("home_coordinator" in messages_) is (state == "submitted")


def test_an_audience_that_a_case_does_not_have_is_nobody() -> None:
    """A study visit has no message to a mentor, and an unknown country none at all."""
    case = sample_case(sample(EVENTS["MatchOffered"]))
    assert audience(AudienceKind.MENTOR, case) is None
    assert audience(AudienceKind.HOST_COORDINATOR, replace(case, host_country=None)) is None
    hosted = audience(AudienceKind.HOST_COORDINATOR, replace(case, host_country="EU"))
    assert hosted is not None  # whose clearance officer: that of the agency
    assert hosted.organisation_id == case.host_organisation_id
    assert address("", "mentor", case, own=True) == "/applications/"


def test_a_ready_party_gets_no_reminder_of_the_preparation() -> None:
    """Each side's preparation meets its own deadline only."""
    scheduled, ready = sample(EVENTS["VisitScheduled"]), sample(EVENTS["PartPrepared"])
    reminders = [change for change in changes(scheduled, Timers()) if change.kind is DeadlineKind.PREPARATION]
    assert {change.owner.value for change in reminders} == {"applicant", "host_contact", "home_coordinator"}
    assert isinstance(scheduled.data, VisitScheduled)
    assert {change.due.date() for change in reminders if change.due} == {scheduled.data.plan.start - timedelta(weeks=3)}
    model = EVENTS["PartPrepared"]
    event = ready._replace(data=model.model_validate({**model.example, "parties": ["host"]}))
    met = [change.owner.value for change in changes(event, Timers()) if change.kind is DeadlineKind.PREPARATION]
    assert met == ["host_contact"]


@pytest.mark.parametrize(("by", "subject"), [("guest", "You gave up your place"), ("host", "Your place was cancelled")])
def test_a_cancelled_place_has_one_message_about_the_application(by: str, subject: str) -> None:
    """The officer gets one message, which depends on who cancelled (decision 0012)."""
    model = EVENTS["MatchCancelled"]
    event = sample(model)._replace(data=model.model_validate({**model.example, "was": "confirmed", "by": by}))
    case = sample_case(event)
    messages_ = messages(event.data, about=event.id, at=event.time, case=case, facts=facts(event))
    mine = [message for message in messages_ if message.audience.kind is AudienceKind.APPLICANT]
    assert [message.rule.subject for message in mine] == [subject]


def _rows(event: Event) -> set[str]:
    envelope = sample(type(event))._replace(data=event)
    case = sample_case(envelope)
    found = messages(event, about=envelope.id, at=envelope.time, case=case, facts=facts(envelope))
    return {message.rule.name for message in found}


@pytest.mark.parametrize(
    ("changes", "row", "next_step"),
    [
        (
            {"outcome": "dismissed", "state": "ineligible", "due": None},
            "appeal_decided",
            "cannot appeal against it again",
        ),
        (
            {"state": "submitted"},
            "appeal_upheld",
            "Your national coordinator reviews the application again by 13 March",
        ),
        ({"state": "endorsed"}, "appeal_upheld_to_check", "checks it against the rules of the call, by 13 March"),
        ({"state": "eligible", "due": None}, "appeal_upheld_continues", "Its page shows the next step"),
        ({"state": "unplaced", "due": None, "call_closed": True}, "appeal_upheld_after_close", "the next open call"),
    ],
)
def test_a_decided_appeal_names_what_follows(changes: dict[str, Any], row: str, next_step: str) -> None:
    """The officer gets one message, in whole sentences, with the next step."""
    model = EVENTS["AppealDecided"]
    event = model.model_validate({**model.example, "due": "2026-03-13T22:59:59Z", **changes})
    assert _rows(event) - {"appeal_upheld_to_endorse"} == {row}
    assert next_step in " ".join(preview(BY_NAME[row], "").paragraphs)


@pytest.mark.parametrize(
    ("cause", "row"),
    [
        ("refused", "visit_move_dropped"),
        ("expired", "visit_move_expired"),
        ("no_lawful_week", "visit_move_impossible"),
    ],
)
def test_a_visit_that_keeps_its_dates_has_a_sentence_for_each_cause(cause: str, row: str) -> None:
    """Guest and host get one message each, with the cause as a sentence of its own."""
    model = EVENTS["VisitMoveDropped"]
    assert _rows(model.model_validate({**model.example, "cause": cause})) == {row, f"{row}_host"}
    for name in (row, f"{row}_host"):
        assert "%(cause)s" not in BY_NAME[name].text[0]


@pytest.mark.parametrize(
    ("silent", "silences", "rows"),
    [
        (["guest"], 1, {"match_expired", "match_expired_host"}),
        (["guest"], 2, {"match_expired_again", "match_expired_host"}),
        (["host"], 0, {"match_expired_by_other", "match_expired_host_own"}),
        (["host"], 1, {"match_expired_by_other", "match_expired_host_own"}),
        (["guest", "host"], 1, {"match_expired", "match_expired_host_own"}),
        (["guest", "host"], 2, {"match_expired_again", "match_expired_host_own"}),
        (["mentee"], 1, {"match_expired", "mentee_expired"}),
        (["mentor"], 0, {"match_expired_by_other", "mentee_expired_own"}),
        (["mentee", "mentor"], 2, {"match_expired_again", "mentee_expired_own"}),
    ],
)
def test_a_missing_answer_has_one_true_message_a_reader(silent: list[str], silences: int, rows: set[str]) -> None:
    """Officer and other side each get one message, by who did not answer and how often the officer did not."""
    model = EVENTS["MatchExpired"]
    pairing = example_of(model)["pairing"]
    if not {"mentee", "mentor"}.isdisjoint(silent):
        pairing = {**pairing, "kind": "mentee", "offer_id": None, "mentor_id": str(UUID(int=7))}
    event = model.model_validate({**model.example, "pairing": pairing, "silent": silent, "silences": silences})
    assert _rows(event) == rows
    officer = next(row for row in rows if row in {"match_expired", "match_expired_again", "match_expired_by_other"})
    words = " ".join(preview(BY_NAME[officer], "").paragraphs)
    assert ("stays in the matching" in words) is (officer != "match_expired_again")
    assert ("If you do not answer a second time" in words) is (officer == "match_expired")


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("guest", {"match_declined_own", "match_declined_host"}),
        ("host", {"match_declined", "match_declined_host_own"}),
        ("mentee", {"match_declined_own", "mentee_declined"}),
        ("mentor", {"match_declined", "mentee_declined_own"}),
    ],
)
def test_a_declined_match_has_one_true_message_a_reader(by: str, rows: set[str]) -> None:
    """The side that declined reads that it did, and the other side reads that the other did."""
    model = EVENTS["MatchDeclined"]
    pairing = example_of(model)["pairing"]
    if by in {"mentee", "mentor"}:
        pairing = {**pairing, "kind": "mentee", "offer_id": None, "mentor_id": str(UUID(int=7))}
    assert _rows(model.model_validate({**model.example, "pairing": pairing, "by": by})) == rows


@pytest.mark.parametrize("was", ["offered", "confirmed"])
def test_an_ended_application_brings_no_message_about_another_place(was: str) -> None:
    """If a match ends with its application, the officer's one message is the one about the application."""
    model = EVENTS["MatchCancelled"]
    ended = {**model.example, "was": was, "by": "programme", "application_ended": True}
    assert "applicant" not in _audiences(model.model_validate(ended))
    assert "applicant" in _audiences(model.model_validate({**ended, "application_ended": False}))
    assert "applicant" in _audiences(EVENTS["ApplicationVoided"].model_validate(EVENTS["ApplicationVoided"].example))


def test_the_mornings_summary_names_pages_in_a_mail_only() -> None:
    """The digest names addresses in mails and not in the portal."""
    event = sample(WorkWaiting)._replace(
        data=WorkWaiting.model_validate(
            {**WorkWaiting.example, "waiting": [{"kind": "endorsement", "count": 3, "over": 1}]}
        )
    )

    def last_paragraph(origin: str) -> str:
        case, to = sample_case(event), AudienceKind.HOME_COORDINATOR
        return wording(BY_NAME["work_waiting"], case, facts(event), to=to, at=event.time, origin=origin).paragraphs[-1]

    assert last_paragraph("") == "Endorsement: 3, overdue: 1"
    assert last_paragraph("https://tandem.example") == (
        "Endorsement: 3, overdue: 1 (https://tandem.example/notifications/due?kind=endorsement)"
    )


@pytest.mark.parametrize(("kind", "own"), [(AudienceKind.LINE_MANAGER, True), (AudienceKind.APPLICANT, False)])
def test_a_line_manager_is_reminded_with_a_link_of_the_own(kind: AudienceKind, own: bool) -> None:  # noqa: FBT001 - a case
    """A reminder has an answering link only for people without an account."""
    about = UUID(int=1)
    given: dict[str, Any] = {"audience_json": {"kind": kind, "application_id": about}, "case_json": {}, "facts": {}}
    message = MessageRow(id=about, rule="deadline_near", **given)
    assert message.answers is own
