"""Define the forms of the register, and turn them into entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.applications.refusals import faults_of
from services.applications.register.model import (
    FundEntry,
    OrganisationEntry,
    PersonEntry,
    grants,
    same_pair,
    wrong_term,
)
from services.applications.register.model.proposals import RefusedBecause
from shared.contracts import labels
from shared.contracts.codes import (
    COUNTRIES,
    OrganisationKind,
    RankGroup,
    Role,
    ServiceKind,
    Sex,
)
from shared.i18n import N_, gettext
from shared.web.forms import (
    BooleanField,
    DateField,
    EmailField,
    FieldList,
    Form,
    FormField,
    Longest,
    Needed,
    NotOptional,
    NumberField,
    RadioField,
    Row,
    SelectField,
    StringField,
    TextAreaField,
    options,
)
from shared.web.validation_texts import sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from wtforms.fields import Field

    from services.applications.register.model.entries import NamedOrganisation
    from shared.contracts.access import AccessGrant
    from shared.web.fields import Source

_ONE = N_("Choose one")
DAY_HINT = N_("For example, 27 3 2027")


def countries_of(countries: frozenset[str] | None) -> list[tuple[str, str]]:
    """Return the options for a choice among some countries; None means all."""
    return labels.countries(COUNTRIES if countries is None else countries)


def country_codes(countries: frozenset[str] | None) -> list[str]:
    """Return the codes of some countries by their names in the reader's language; None means all."""
    return [code for code, _ in countries_of(countries)]


def set_choices(field: SelectField | RadioField, source: Source, blank: str | None = None) -> None:
    """Set the choices of a field that are known only at run time; `blank` is the text of an empty choice."""
    field.choices = options(source, blank)  # type: ignore[assignment]  # WTForms takes a function, too


class NoteForm(Form):
    """A form whose change may need approval, with a note to the programme coordinator."""

    note = TextAreaField(
        N_("Note to the programme coordinator"), [Longest(1000)], description=N_("Why it changes, if it is not clear")
    )

    def __iter__(self) -> Iterator[Field]:
        """Yield the note last, beside the button that sends it."""
        return iter(sorted(super().__iter__(), key=lambda field: field.short_name == "note"))


class OrganisationForm(NoteForm):
    """An organisation."""

    name = StringField(
        N_("Name"), [Needed(N_("Enter the name")), Longest(200)], description=N_("As it is written in English")
    )
    kind = SelectField(N_("Type"), [Needed(N_("Choose the type"))], choices=OrganisationKind, blank=_ONE)
    country = SelectField(N_("Country"), [Needed(N_("Choose the country"))])
    city = StringField(N_("City"), [Longest(100)], render_kw={"size": 20})
    domains = TextAreaField(
        N_("Email domains"),
        [Longest(2000)],
        description=N_(
            "Domains of its people's service email addresses, one on each line. Line managers have "
            "one of these domains."
        ),
    )

    def entry(self, organisation_id: UUID | None, *, active: bool = True) -> OrganisationEntry:
        """Return the entry of a valid form; with an id it replaces that organisation."""
        return OrganisationEntry.model_validate(self._values() | {"id": organisation_id, "active": active})

    def faults(self) -> Mapping[str, str]:
        """Return what cannot be read."""
        return faults_of(OrganisationEntry, self._values())

    def _values(self) -> dict[str, object]:
        values: dict[str, object] = {name: self[name].data or "" for name in ("name", "kind", "country", "city")}
        return values | {"domains": (self.domains.data or "").split()}


class RoleRow(Row):
    """A role from a day on, with an optional last day."""

    role = SelectField(N_("Role"), [Needed(N_("Choose a role"))])
    since = DateField(N_("First day"), [Needed(N_("Enter the first day"))])
    until = DateField(N_("Last day"), description=N_("Leave empty if it has no end"))


_KNOWN = "known"
"""Any sign-in name: that of a person of the register is not part of the form."""
_REMEDIES = {
    "subject": N_("Enter it without spaces and without the signs / ? #"),
    "years_in_field": N_("Enter a whole number from 0 to 60"),
}


def sentences(error: ValidationError) -> dict[str, str]:
    """Return what to do about the values that an entry of a person does not take, by field."""
    found = {}
    for problem in error.errors():
        field = str(problem["loc"][0])
        if problem["type"] == "value_error":
            found[field] = sentence_of(problem)
        else:
            found[field] = gettext(_REMEDIES.get(field, N_("This cannot be read. Enter it again.")))
    return found


class PersonForm(NoteForm):
    """A person with roles."""

    subject = StringField(
        N_("Sign-in name"),
        [Needed(N_("Enter the person's sign-in name")), Longest(200)],
        description=N_("As the sign-in service knows the person. You cannot change it later"),
    )
    name = StringField(
        N_("Name"),
        [Needed(N_("Enter the name")), Longest(200)],
        description=N_("In Latin letters, as in the passport"),
    )
    own_name = StringField(N_("Name in their own script"), [Longest(200)])
    email = EmailField(
        N_("Service email"),
        [Needed(N_("Enter the service email")), Longest(254)],
        description=N_("A new address is valid after its owner has confirmed it. We send an email with a link"),
    )
    language = SelectField(N_("Contact language"), default="en")
    country = SelectField(N_("Country"), default="")
    organisation_id = SelectField(N_("Organisation"), default="")
    service = SelectField(N_("Service"), choices=ServiceKind, blank=N_("Not known"), default="")
    unit = StringField(N_("Unit"), [Longest(200)])
    rank_group = SelectField(N_("Rank group"), choices=RankGroup, blank=N_("Not known"), default="")
    national_rank = StringField(N_("Rank, as it is called in the country"), [Longest(200)])
    years_in_field = NumberField(N_("Years in the field"), render_kw={"size": 3})
    sex = SelectField(
        N_("Sex"),
        choices=Sex,
        blank=N_("Not stated"),
        default="",
        description=N_("For statistics only. You can leave it empty"),
    )
    roles = FieldList(FormField(RoleRow), min_entries=0, max_entries=10)

    def offer(
        self,
        *,
        countries: Sequence[tuple[str, str]],
        organisations: Sequence[NamedOrganisation],
        roles: Sequence[Role],
        anywhere: bool,
    ) -> None:
        """Set the choices. `anywhere`: people without a country, too."""
        self.language.choices = labels.written(self.language.data)
        several = len(countries) > 1 or anywhere
        set_choices(
            self.country, countries, blank=(N_("None (programme-wide)") if anywhere else _ONE) if several else None
        )
        organisation_options = [
            (str(organisation.id), f"{organisation.name} ({labels.country(organisation.country)})")
            for organisation in organisations
        ]
        set_choices(self.organisation_id, organisation_options, blank=N_("None"))
        for row in self.roles:
            set_choices(row.form.role, roles, blank=_ONE)

    def entry(self, subject: str | None) -> PersonEntry:
        """Return the entry of a valid form without its grants; a `subject` is that of a person of the register.

        Raises pydantic.ValidationError for values that an entry does not take.
        """
        texts = ("subject", "name", "own_name", "email", "unit", "national_rank")
        values = {name: self[name].data or "" for name in texts if name in self}
        values |= {
            name: self[name].data or None for name in ("country", "organisation_id", "service", "rank_group", "sex")
        }
        values |= {"language": self.language.data or "en", "years_in_field": self.years_in_field.data}
        return PersonEntry.model_validate(values if subject is None else values | {"subject": subject})

    def faults(self) -> Mapping[str, str]:
        """Return what an entry does not take, with what to do about it."""
        try:
            self.entry(None if "subject" in self else _KNOWN)
        except ValidationError as error:
            return sentences(error)
        return {}

    def role_inputs(self) -> list[grants.RoleInput]:
        """Return the roles of the rows of a valid form."""
        return [
            grants.RoleInput(Role(row.form.role.data), row.form.since.data, row.form.until.data)
            for row in self.roles
            if row.form.since.data is not None
        ]


def person_form(entry: PersonEntry, roles: Sequence[Role], day: date) -> PersonForm:
    """Return the form about a person: the entry, and the grants that the form may change."""
    rows = [_row(grant) for grant in entry.grants if grants.editable(grant, roles, day)]
    values = {name: getattr(entry, name) for name in type(entry).model_fields if name != "grants"}
    values |= {"organisation_id": str(entry.organisation_id or ""), "country": entry.country or "", "roles": rows}
    return PersonForm(data=values)


def _row(grant: AccessGrant) -> dict[str, Any]:
    return {"role": grant.role.value, "since": grant.since, "until": grant.until}


class LeaveForm(NoteForm):
    """A person leaves."""

    last_day = DateField(N_("Last day with access"), [Needed(N_("Enter the last day"))], description=DAY_HINT)
    successor = SelectField(
        N_("Who takes over these roles?"),
        default="",
        description=N_("This person gets the same roles from the next day. Leave empty if nobody does"),
    )


class TransferForm(NoteForm):
    """A person moves to another organisation."""

    organisation_id = SelectField(N_("New organisation"), [Needed(N_("Choose the organisation"))])
    day = DateField(N_("First day in the new organisation"), [Needed(N_("Enter the first day"))], description=DAY_HINT)


class WordForm(NoteForm):
    """A change that needs only a confirmation."""


class ApproveForm(Form):
    """An approval needs no more than its button."""


class RefuseForm(Form):
    """The form to refuse a proposal, with a reason."""

    reason = SelectField(N_("Why?"), [Needed(N_("Choose a reason"))], choices=RefusedBecause, blank=_ONE)
    text = TextAreaField(
        N_("What should the proposer know?"), [Longest(1000)], description=N_("The proposer reads it. Say what to do")
    )


class FundForm(Form):
    """A fund."""

    name = StringField(N_("Name"), [Needed(N_("Enter the name")), Longest(200)])
    payer = StringField(N_("Who pays"), [Needed(N_("Enter who pays")), Longest(200)])
    since = DateField(N_("First day"), [Needed(N_("Enter the first day"))], description=DAY_HINT)
    until = DateField(N_("Last day"), description=N_("Leave empty if it has no end"))
    active = BooleanField(N_("Calls can use it"), default=True)

    def entry(self, fund_id: UUID | None) -> FundEntry:
        """Return the entry of a valid form; with an id it replaces that fund."""
        return FundEntry.model_validate(self._values() | {"id": fund_id})

    def faults(self) -> Mapping[str, str]:
        """Return what cannot be read, and a time that ends before it begins."""
        return faults_of(FundEntry, self._values()) | wrong_term(self.since.data, self.until.data)

    def _values(self) -> dict[str, object]:
        return {name: self[name].data for name in ("name", "payer", "since", "until", "active")}


_OF_COUNTRIES, _OF_ORGANISATIONS = (
    N_("If two countries are kept apart"),
    N_("If two organisations are kept apart"),
)


class ExclusionForm(Form):
    """A pair that is never matched."""

    between = RadioField(
        N_("What is kept apart?"),
        [Needed(N_("Choose what is kept apart"))],
        choices=(("countries", N_("Two countries")), ("organisations", N_("Two organisations"))),
    )
    first_country = SelectField(N_("One country"), [NotOptional()], default="", description=_OF_COUNTRIES)
    second_country = SelectField(N_("The other country"), [NotOptional()], default="", description=_OF_COUNTRIES)
    first_organisation = SelectField(N_("One organisation"), [NotOptional()], default="", description=_OF_ORGANISATIONS)
    second_organisation = SelectField(
        N_("The other organisation"), [NotOptional()], default="", description=_OF_ORGANISATIONS
    )
    since = DateField(N_("First day"), [Needed(N_("Enter the first day"))], description=DAY_HINT)
    until = DateField(N_("Last day"), description=N_("Leave empty if it has no end"))
    confidential = BooleanField(
        N_("Confidential"),
        description=N_("Everybody else sees only “not available”"),
    )

    def offer(self, organisations: Sequence[NamedOrganisation]) -> None:
        """Set the choices."""
        organisation_options = [
            (str(organisation.id), f"{organisation.name} ({labels.country(organisation.country)})")
            for organisation in organisations
        ]
        for field in (self.first_country, self.second_country):
            set_choices(field, labels.countries(), blank=_ONE)
        for field in (self.first_organisation, self.second_organisation):
            set_choices(field, organisation_options, blank=_ONE)

    def faults(self) -> Mapping[str, str]:
        """Return which of the pair are missing, two that are the same, and a time that ends before it begins."""
        found = wrong_term(self.since.data, self.until.data)
        if not self.between.data:
            return found
        kind, pair = self.pair()
        names = [f"{place}_{'country' if kind == 'countries' else 'organisation'}" for place in ("first", "second")]
        found |= {name: gettext("Choose one") for name, chosen in zip(names, pair, strict=True) if not chosen}
        return found | same_pair(pair[0], pair[1], names[1])

    def pair(self) -> tuple[str, tuple[str, str]]:
        """Return the kind of pair, and its two values."""
        kind = "country" if self.between.data == "countries" else "organisation"
        return self.between.data, (self[f"first_{kind}"].data or "", self[f"second_{kind}"].data or "")
