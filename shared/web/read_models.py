"""Define the base of read models, and a page of them.

A read model is what a page shows and what the API beside it answers, made once by a room's `views`.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class ReadModel(BaseModel):
    """A typed answer. Every field is always there in the JSON; nothing is added that the model does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


T = TypeVar("T", bound=BaseModel)


class Page(ReadModel, Generic[T]):
    """One page of a list in a total order."""

    items: list[T]
    next: Annotated[
        str | None, Field(description="The `cursor` of the next page; null on the last one.", examples=[None])
    ]

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return the name of the schema, such as `PlacementPage`."""
        return f"{params[0].__name__}Page"
