"""Define the base classes of events and of their parts.

An event is a frozen pydantic model. Our own code may construct it with known fields only, so that a misspelt field is
an error where it is written; a reader ignores fields that it does not know, so that an owner may add one before its
readers learn it. The subject (the aggregate's id, the record's key) stands in the envelope, never in the payload.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from shared.contracts.codes import COUNTRIES, LANGUAGES, N_, PRIORITIES

Example = Mapping[str, JsonValue]
"""An example of an event's content, as JSON has it."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text is one of these codes and nothing else."""

    codes: tuple[str, ...]

    @classmethod
    def of(cls, codes: Iterable[str]) -> Self:
        """Return the codes in their order, each once."""
        return cls(tuple(dict.fromkeys(codes)))

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read one of the codes (pydantic's protocol)."""
        return core_schema.literal_schema(list(self.codes))


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A day or a moment is text of this pattern; without it pydantic reads a number as the time since 1970."""

    pattern: str
    error: Literal["date_parsing", "datetime_parsing"]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read JSON without a step in Python, since each event holds some (pydantic's protocol)."""
        value = handler(source)
        context = {"error": "it is not written out"}
        text = core_schema.custom_error_schema(
            core_schema.str_schema(strict=True, pattern=self.pattern), self.error, custom_error_context=context
        )
        return core_schema.json_or_python_schema(
            core_schema.chain_schema([text, value]),
            core_schema.no_info_before_validator_function(self._check, value),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the day or the moment itself (pydantic's protocol)."""
        while schema["type"] != "json-or-python":  # further bounds stand around it
            schema = schema["schema"]
        return handler(schema["python_schema"]["schema"])

    def _check(self, value: object) -> object:
        if isinstance(value, int | float) or (isinstance(value, str) and not re.match(self.pattern, value)):
            raise PydanticKnownError(self.error, {"error": "it is not written out"})
        return value


FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
"""No day of the programme lies before or after: whoever counts from one of its days stays within the calendar."""
_FIRST_MOMENT = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
_LAST_MOMENT = datetime.combine(LAST_DAY, datetime.min.time(), UTC)
LONGEST_PERIOD = timedelta(days=731)
"""Two years, one of them a leap year."""

Country = Annotated[
    str, OneOf.of(COUNTRIES), Field(description="Country, ISO 3166-1 alpha-2, or EU for an agency of the Union")
]
EMAIL_DOMAIN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$"
EmailDomain = Annotated[str, Field(pattern=EMAIL_DOMAIN, max_length=253, description="Domain of email addresses")]
Language = Annotated[str, OneOf.of(LANGUAGES), Field(description="Language, ISO 639-1")]
TopicCode = Annotated[
    str,
    OneOf.of(code for topics in PRIORITIES.values() for code in topics),
    Field(description="Priority topic, a code of the scheme that the call names"),
]
Scheme = Annotated[str, Field(pattern=r"^[a-z]+-[0-9]{4}$", description="Scheme of priority topics")]
Reference = Annotated[
    str,
    Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$", description="Reference that people use, not an identifier of a person"),
]
Count = Annotated[int, Field(ge=0)]
_MOMENT = WrittenOut(r"^\d{4}-\d{2}-\d{2}[Tt ]", "datetime_parsing")
IsoMoment = Annotated[AwareDatetime, _MOMENT]
"""A moment of any year."""
Instant = Annotated[AwareDatetime, Field(ge=_FIRST_MOMENT, le=_LAST_MOMENT), _MOMENT]
Due = Annotated[Instant, Field(description="Until when the next step is asked for; the owner of the state keeps it")]
Moment = Annotated[Instant, Field(description="When it is; the zone is that of whoever reads it")]
Day = Annotated[
    date,
    Field(ge=FIRST_DAY, le=LAST_DAY),
    WrittenOut(r"^\d{4}-\d{2}-\d{2}$", "date_parsing"),
    Field(description="Calendar day at the place where it happens"),
]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hexadecimal")]

EVENTS: dict[str, type["Event"]] = {}


class Part(BaseModel):
    """A value inside an event: frozen, compared by its content, without an identity of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class DatePeriod(Part):
    """A period from the first to the last day, both included, of at most two years."""

    start: Day
    end: Day

    @field_validator("end")
    @classmethod
    def _lawful(cls, end: date, info: ValidationInfo) -> date:
        start = info.data.get("start")
        if start is not None and end < start:
            raise ValueError(N_("The last day must not be before the first"))
        if start is not None and end - start > LONGEST_PERIOD:
            raise ValueError(N_("A period must be two years or shorter"))
        return end


class Event(BaseModel):
    """A fact published by the one service that owns it.

    A class that names the topic, or calls itself `abstract`, is what events have in common. All other classes below are
    events, each with a docstring, a `label` for people and an `example`, and are found by their name (the envelope's
    `ce_type`) in `EVENTS`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: ClassVar[str]
    type: ClassVar[str]
    abstract: ClassVar[bool] = False
    label: ClassVar[str]
    example: ClassVar[Example]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register an event under its name.

        Raises TypeError for a class without docstring, label or example, and for a name that is already taken.
        """
        super().__pydantic_init_subclass__(**kwargs)
        if "topic" in cls.__dict__ or cls.__dict__.get("abstract"):
            return
        if (
            not cls.__doc__
            or "label" not in cls.__dict__
            or not any("example" in base.__dict__ for base in cls.__mro__)
        ):
            raise TypeError(f"{cls.__name__} needs a docstring, a label and an example")
        if not re.fullmatch(r"[A-Z][A-Za-z]+", cls.__name__) or cls.__name__ in EVENTS:
            raise TypeError(f"{cls.__name__} is not a free name for an event")
        cls.type = cls.__name__
        EVENTS[cls.__name__] = cls

    @classmethod
    def read(cls, payload: bytes | str) -> Self:
        """Return the event in a record's value; unknown fields are ignored, in its parts too.

        Raises pydantic.ValidationError where the payload is not JSON or breaks the contract.
        """
        return cls.__pydantic_validator__.validate_json(payload, extra="ignore")  # type: ignore[no-any-return]  # pydantic leaves it without a type

    def write(self) -> bytes:
        """Return compact JSON in the order of the fields: the same event always gives the same bytes."""
        return self.__pydantic_serializer__.to_json(self)


def read(event_type: str, payload: bytes | str) -> Event:
    """Return the event of that type in a record's value.

    Raises KeyError for a type that this code does not know, pydantic.ValidationError for a payload against contract.
    """
    return EVENTS[event_type].read(payload)
