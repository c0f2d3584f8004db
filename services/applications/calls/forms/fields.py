"""The form of each section of a call, and its choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.calls.model.entry import TIMERS
from services.applications.calls.model.facts import need_open
from services.applications.calls.model.sentences import need_sentence
from services.applications.calls.model.texts import LANGUAGES as WRITTEN
from services.applications.forms import NotOptional
from shared import i18n
from shared.contracts import labels
from shared.contracts.codes import (
    COUNTRIES,
    LANGUAGES,
    PARTNERS,
    PRIORITIES,
    ApplicationKind,
    Criterion,
    LanguageLevel,
    Objective,
    RankGroup,
    ServiceKind,
)
from shared.i18n import N_, gettext
from shared.time import dates
from shared.web.forms import (
    Between,
    BooleanField,
    CheckboxesField,
    DateField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.applications.calls.model.entry import CallEntry
    from services.applications.calls.model.facts import Facts

Choices = list[tuple[str, str]]


def named_choices(codes: Any, name: Callable[[str], str]) -> Choices:
    """Return codes as choices, by their name in the reader's language."""
    return sorted(((code, name(code)) for code in codes), key=lambda choice: choice[1])


class PurposeForm(Form):
    """What the call takes applications for, and who pays."""

    kinds = CheckboxesField(
        N_("What it takes applications for"),
        [Needed(N_("Choose what the call takes applications for"))],
        choices=ApplicationKind,
    )
    fund_id = SelectField(N_("Fund that pays"), [Needed(N_("Choose the fund"))])


class TextRow(Row):
    """The call in one language."""

    language = SelectField(
        N_("Language"), [NotOptional()], choices=[(code, i18n.own_name(code)) for code in WRITTEN], blank=N_("Choose")
    )
    title = StringField(N_("Title"), [NotOptional(), Longest(200)])
    summary = TextAreaField(N_("What the call is about"), [Longest(5000)])


class TextsForm(Form):
    """Title and summary, in any of the languages of calls."""

    texts = FieldList(FormField(TextRow), min_entries=1, max_entries=len(WRITTEN))


class TopicsForm(Form):
    """Topics of one scheme, and the training needs that the call answers."""

    scheme = RadioField(
        N_("Scheme of topics"),
        [Needed(N_("Choose the scheme"))],
        description=N_("Only topics of the chosen scheme are kept"),
    )
    needs: CheckboxesField


class PeriodRow(Row):
    """When visits may be."""

    start = DateField(N_("First day"), [NotOptional()])
    end = DateField(N_("Last day"), [NotOptional()])


class ClosedDayRow(Row):
    """A day without visits in a country."""

    country = SelectField(N_("Country"), [NotOptional()])
    day = DateField(N_("Day"), [NotOptional()])


class DatesForm(Form):
    """When one can apply, when visits may be and how long they last."""

    opens = DateField(N_("Opens on"), [Needed(N_("Enter the day on which it opens"))])
    deadline = DateField(
        N_("Last day to apply"),
        [Needed(N_("Enter the last day to apply"))],
        description=N_("Applications are taken until the end of this day, by the time of the programme's seat"),
    )
    closes = DateField(
        N_("Closes on"),
        [Needed(N_("Enter the day on which it closes"))],
        description=N_("After the last cohort. Nothing closes by itself: you are asked."),
    )
    visit_periods = FieldList(FormField(PeriodRow), min_entries=1, max_entries=12)
    closed_days = FieldList(FormField(ClosedDayRow), min_entries=0, max_entries=60)
    minimum_days = NumberField(
        N_("A visit lasts at least (working days)"), [Needed(N_("Enter the days")), Between(1, 5)]
    )
    maximum_days = NumberField(
        N_("A visit lasts at most (working days)"), [Needed(N_("Enter the days")), Between(1, 5)]
    )


class WhoForm(Form):
    """Who may apply; nothing chosen means everybody."""

    countries = CheckboxesField(N_("Countries whose officers may apply"), description=N_("None chosen: all"))
    services = CheckboxesField(N_("Services"), choices=ServiceKind, description=N_("None chosen: all"))
    rank_groups = CheckboxesField(N_("Rank groups"), choices=RankGroup, description=N_("None chosen: all"))
    courses = TextAreaField(
        N_("E-learning courses of which one must be finished"),
        [Longest(2000)],
        description=N_("The name of each course on a line of its own, as the learning platform has it"),
    )


class RulesForm(Form):
    """What an officer must bring."""

    minimum_years = NumberField(N_("Years in the field, at least"), [Needed(N_("Enter the years")), Between(0, 40)])
    languages = CheckboxesField(
        N_("Languages of which one is asked for"), description=N_("None chosen: any foreign language")
    )
    minimum_level = SelectField(
        N_("At this level or higher"), choices=[level for level in LanguageLevel if level is not LanguageLevel.NS]
    )
    cascade_commitment = BooleanField(N_("Officers commit themselves to pass the knowledge on"))
    first_time_first = BooleanField(N_("Those who take part for the first time come first"))


class QuotaRow(Row):
    """A country's quota."""

    country = SelectField(N_("Country"), [NotOptional()])
    floor = NumberField(N_("At least"), [NotOptional(), Between(0, 10_000)])
    ceiling = NumberField(N_("At most"), [Between(0, 10_000)], description=N_("Empty: no limit"))


class QuotasForm(Form):
    """How many officers of a country are placed, and what a group and an offer take."""

    quotas = FieldList(FormField(QuotaRow), min_entries=0, max_entries=60)
    share_of_offer = NumberField(
        N_("Most of one offer's places that go to one country (per cent)"),
        [Needed(N_("Enter the share")), Between(1, 100)],
        description=N_("At least one place always may. Groups are exempt."),
    )
    group_size = NumberField(N_("Members of a group, at most"), [Needed(N_("Enter the number")), Between(1, 5)])
    reserves = NumberField(
        N_("Reserves for each place"),
        [Needed(N_("Enter the number, or 0 for none")), Between(0, 5)],
        description=N_("So many more are cleared beforehand where a cohort is committed with reserves."),
    )


class WeightRow(Row):
    """What one criterion counts."""

    applicant = NumberField(N_("For the applicant"), [NotOptional(), Between(0, 1000)])
    host = NumberField(N_("For the host or mentor"), [NotOptional(), Between(0, 1000)])


class WeightsForm(Form):
    """What the matching aims at, and what each criterion counts."""

    objective = RadioField(N_("What the matching aims at"), [Needed(N_("Choose the aim"))], choices=Objective)


class TimersForm(Form):
    """The deadlines; a field a timer is added by `timed`."""


TIMER_LABELS: dict[str, str] = {
    "endorse_wd": N_("Endorsement by the home country (working days)"),
    "information_wd": N_("Answer of an officer who was asked (working days)"),
    "information_reminder_wd": N_("Reminder of that (working days)"),
    "eligibility_wd": N_("Eligibility confirmed (working days)"),
    "appeal_wd": N_("Time to appeal (working days)"),
    "appeal_decision_wd": N_("Decision on an appeal (working days)"),
    "offer_endorse_wd": N_("Endorsement of a placement (working days)"),
    "deputy_wd": N_("Time of the deputy after that of a country (working days)"),
    "availability_after_days": N_("“Still available?” is asked after (days)"),
    "availability_answer_wd": N_("Answer to that (working days)"),
    "clearance_wd": N_("Clearance by each country (working days)"),
    "answer_wd": N_("Answer to an offer (working days)"),
    "answer_grace_seconds": N_("Grace for answers given in time (seconds)"),
    "notice_weeks": N_("Notice between confirmation and start (weeks)"),
    "agenda_weeks": N_("Agenda agreed before the start (weeks)"),
    "preparation_weeks": N_("Papers before travel, before the start (weeks)"),
    "agreement_wd": N_("Mentoring agreement signed (working days)"),
    "attendance_days": N_("Attendance recorded (days)"),
    "evaluation_days": N_("Evaluation by guest and host (days)"),
    "report_days": N_("Report of the guest (days)"),
    "follow_up_months": N_("Follow-up after (months)"),
    "follow_up_window_days": N_("Follow-up open before and after its day (days)"),
    "cascade_months": N_("Cascade sessions reported after the end for (months)"),
}
_MOST = {
    "answer_grace_seconds": 3600,
    "notice_weeks": 52,
    "agenda_weeks": 52,
    "preparation_weeks": 52,
    "follow_up_months": 24,
    "cascade_months": 36,
}


def timers_form(section: str, more: dict[str, Any]) -> type[TimersForm]:
    """Return the form of a section of timers, with `more` fields after them."""
    fields = {
        name: NumberField(TIMER_LABELS[name], [Needed(N_("Enter a number")), Between(0, _MOST.get(name, 400))])
        for name in TIMERS[section]
    }
    return type("TimersForm", (TimersForm,), fields | more)


def weights_form() -> type[WeightsForm]:
    """Return the form of the weights, with a field for each criterion."""
    rows = {f"{criterion}": FormField(WeightRow, label=criterion.label) for criterion in Criterion}
    return type("WeightsForm", (WeightsForm,), rows)


def topics_form() -> type[TopicsForm]:
    """Return the form with a list of topics for each scheme; the chosen scheme's counts.

    All lists are shown, since the page works without JavaScript.
    """
    fields = {topics_field(scheme): CheckboxesField(scheme) for scheme in sorted(PRIORITIES, reverse=True)}
    # Made last, so that they stand below the topics that they are needs for.
    fields["needs"] = CheckboxesField(
        N_("Training needs that it answers"),
        description=N_("From the OTNA. An officer for whose country and topic there is a need gets points for it."),
    )
    return type("TopicsForm", (TopicsForm,), fields)


def topics_field(scheme: str) -> str:
    """Return the name of the field of a scheme's topics."""
    return "topics_" + scheme.replace("-", "_")


def rows_of(form: Form, name: str) -> list[dict[str, Any]]:
    """Return what the rows of a form say."""
    field = form[name]
    assert isinstance(field, FieldList)
    return [entry.data for entry in field]


def prepare(form: Form, facts: Facts, entry: CallEntry) -> None:
    """Give a form the choices that depend on the register."""
    if isinstance(form, PurposeForm):
        chosen = entry.fund_id
        paying = [(str(id_), fund.name) for id_, fund in facts.funds.items() if fund.active or id_ == chosen]
        form.fund_id.choices = [("", gettext("Choose")), *paying]
    if isinstance(form, TopicsForm):
        _prepare_topics(form, facts, entry)
    if isinstance(form, WhoForm):
        others = sorted(set(entry.rules.countries) - set(PARTNERS))
        form.countries.choices = named_choices((*PARTNERS, *others), labels.country)
    if isinstance(form, RulesForm):
        form.languages.choices = named_choices(LANGUAGES, labels.tongue)
    if isinstance(form, DatesForm):
        for row in form.closed_days:
            row.form.country.choices = [("", gettext("Choose")), *named_choices(COUNTRIES, labels.country)]
    if isinstance(form, QuotasForm):
        usual = set(entry.rules.countries) or set(PARTNERS)
        chosen_too = {quota.country for quota in entry.quotas}
        among = named_choices((usual | chosen_too) & set(COUNTRIES), labels.country)
        for row in form.quotas:
            row.form.country.choices = [("", gettext("Choose")), *among]


def _prepare_topics(form: TopicsForm, facts: Facts, entry: CallEntry) -> None:
    form.scheme.choices = []
    for scheme, topics in sorted(PRIORITIES.items(), reverse=True):
        first, last = min(one.since for one in topics.values()), max(one.until for one in topics.values())
        values = {"scheme": scheme.upper(), "since": dates.day(first), "until": dates.day(last)}
        form.scheme.choices.append((scheme, gettext("%(scheme)s (counts from %(since)s to %(until)s)") % values))
        field = form[topics_field(scheme)]
        assert isinstance(field, CheckboxesField)
        field.label.text = gettext("Topics of %(scheme)s") % {"scheme": scheme.upper()}
        field.choices = [(code, gettext(topic.label)) for code, topic in topics.items()]
    open_ = [(str(id_), need_sentence(need)) for id_, need in facts.needs.items() if need_open(need, entry)]
    form.needs.choices = open_
    if not open_:
        del form.needs


def check_rows(form: Form) -> None:
    """Put an error at rows that are only half filled in (`validate` sees single fields only)."""
    if isinstance(form, TextsForm):
        rows = rows_of(form, "texts")
        if any(bool(row["language"]) != bool(row["title"]) for row in rows):
            form.refuse("texts", gettext("Each language needs a title, and each title its language"))
    if isinstance(form, DatesForm) and any(
        bool(row["start"]) != bool(row["end"]) for row in rows_of(form, "visit_periods")
    ):
        form.refuse("visit_periods", gettext("Each period needs a first and a last day"))
    if isinstance(form, DatesForm) and any(
        bool(row["country"]) != bool(row["day"]) for row in rows_of(form, "closed_days")
    ):
        form.refuse("closed_days", gettext("Each closed day needs its country and its date"))
    quotas = rows_of(form, "quotas") if isinstance(form, QuotasForm) else []
    if any(not row["country"] and (row["floor"], row["ceiling"]) != (None, None) for row in quotas):
        form.refuse("quotas", gettext("Choose the country of each quota"))


def field_of(form: Form, name: str) -> str:
    """Return the field at which a problem of the model belongs.

    `rules.languages` belongs at `languages`, `topics` at its scheme's.
    """
    last = name.split(".")[1] if name.startswith(("rules.", "timers.")) else name.split(".", maxsplit=1)[0]
    if last == "topics" and isinstance(form, TopicsForm):
        return topics_field(str(form["scheme"].data))
    return last
