"""Keep typed values in JSON columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.operators import OperatorType
    from sqlalchemy.types import TypeEngine


class JsonDocument(TypeDecorator[Any]):
    """A JSON column whose value is of the type `of`: a pydantic model, a dataclass, or a container of such.

    The value is checked when it is written and when it is read, so that a row never holds a document of another shape.
    """

    impl = JSONB
    cache_ok = True

    def __init__(self, of: Any) -> None:
        super().__init__(none_as_null=True)
        self.of = of
        self._adapter: TypeAdapter[Any] = TypeAdapter(of)
        # A type that cannot be read is an error at the start, not with the first row.
        self._adapter.rebuild(raise_errors=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's protocol
        """Return a value as JSON (SQLAlchemy's protocol)."""
        return self.as_json(value)

    def as_json(self, value: Any) -> Any:
        """Return a value as JSON, for statements that do not go through SQLAlchemy's parameters."""
        return None if value is None else self._adapter.dump_python(self._adapter.validate_python(value), mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's protocol
        """Return what was stored as a value of the type."""
        return None if value is None else self._adapter.validate_python(value)

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """Compare parts of the document as those of a plain JSON column (SQLAlchemy's protocol)."""
        return self.impl_instance.coerce_compared_value(op, value)
