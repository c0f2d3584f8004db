"""The filters and order in the address of a coordinator's queue, for its page and its API route."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.applications.overview.model import FIRST, Place, QueueFilters
from shared.contracts.base import OneOf
from shared.contracts.codes import COUNTRIES, ApplicationKind, ApplicationMode, ApplicationState, RankGroup, ServiceKind
from shared.i18n import N_
from shared.web.paging import LONGEST
from shared.web.query import one_of

HERE = "/applications/cases"
ELIGIBILITY = "eligibility"
"""The name of the list of endorsed applications in the address of a case."""
SORTS = ("reference", "country", "call", "state", "age", "due")
"""The columns by which the queue can be sorted."""


class QueueParameters(BaseModel):
    """The filters of the queue in the API."""

    model_config = ConfigDict(extra="ignore")

    state: ApplicationState | None = None
    needs: Annotated[
        Literal["me", "silence"] | None,
        Field(description="`me`: you can decide now. `silence`: it came to the programme because nobody decided."),
    ] = None
    due: Literal["overdue", "week", "later"] | None = None
    age: Annotated[
        Literal["week", "month", "older"] | None, Field(description="Since it was submitted: up to a week, a month.")
    ] = None
    country: Annotated[str, OneOf.of(COUNTRIES)] | None = None
    call: UUID | None = None
    kind: ApplicationKind | None = None
    mode: ApplicationMode | None = None
    rank_group: RankGroup | None = None
    service: ServiceKind | None = None
    organisation: UUID | None = None
    first_time: Literal["yes", "no"] | None = None
    q: Annotated[str | None, Field(max_length=50, description="A part of the reference.")] = None

    @property
    def filters(self) -> QueueFilters:
        """The filters as the store takes them."""
        return QueueFilters(
            state=self.state,
            needs=self.needs,
            due=self.due,
            age=self.age,
            country=self.country,
            call_id=self.call,
            kind=self.kind,
            mode=self.mode,
            rank_group=self.rank_group,
            service=self.service,
            organisation_id=self.organisation,
            first_time={"yes": True, "no": False}.get(self.first_time or ""),
            reference=self.q,
        )


class QueueQuery(QueueParameters):
    """The query of a queue's address; an empty value is no filter."""

    q: str | None = None
    sort: str = FIRST
    all: Literal["1"] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def nothing(cls, value: Any) -> Any:
        """Turn an empty choice of the form into no filter."""
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("sort", mode="before")
    @classmethod
    def an_order(cls, value: Any) -> Any:
        """Turn an empty order into the queue's own. Raises `ValueError` for a column that it is not sorted by."""
        if value and value != FIRST and str(value).removeprefix("-") not in SORTS:
            raise ValueError(N_("Choose a column by which this list can be sorted"))
        return value or FIRST

    @property
    def filters(self) -> QueueFilters:
        """The filters as the store takes them."""
        return replace(super().filters, sort=self.sort)

    def address(self, **changes: str | None) -> str:
        """Return the address of the queue with these filters, some changed; None removes one."""
        text = self._text(**changes)
        return HERE + (f"?{text}" if text else "")

    @property
    def parameters(self) -> dict[str, str]:
        """The filters and the order as an address has them."""
        names = QueueQuery.model_fields.keys() - {"all"}
        query = {name: value for name, value in self.model_dump(mode="json", include=names).items() if value}
        if query.get("sort") == FIRST:
            query.pop("sort")
        return query

    def _text(self, **changes: str | None) -> str:
        return urlencode({name: value for name, value in (self.parameters | changes).items() if value})


class PlaceQuery(BaseModel):
    """The query of one page of a list that is cut by keys: its number, and the cursor after or before which it is."""

    model_config = ConfigDict(extra="ignore")

    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    after: Annotated[str | None, Field(max_length=LONGEST)] = None
    before: Annotated[str | None, Field(max_length=LONGEST)] = None

    @property
    def place(self) -> Place:
        """The page as the store takes it."""
        return Place(self.page, self.after, self.before)

    @property
    def cursor(self) -> dict[str, str]:
        """The cursor as an address has it."""
        return {name: value for name, value in (("after", self.after), ("before", self.before)) if value}


class PlacedQuery(QueueQuery, PlaceQuery):
    """The query of one page of a queue."""

    @property
    def beside(self) -> str:
        """The query with which a case is opened beside this page of the list."""
        return self._text(beside="1", page=str(self.page) if self.page > 1 else None, **self.cursor)


class BesideQuery(PlacedQuery):
    """The query of a case that is opened beside a page of a list: `beside` names it, the queue with its filters."""

    beside_list: Annotated[Literal["1", "eligibility"] | None, Field(alias="beside")] = None


class BesideAppeals(BaseModel):
    """The query of an appeal that is opened beside a page of the list of appeals: with `beside` its filter and page."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, one_of("waits", "open", "upheld", "dismissed")] = ""
    beside_list: Annotated[Literal["1"] | None, Field(alias="beside")] = None
    page: Annotated[int, Field(ge=1, le=1000)] = 1
