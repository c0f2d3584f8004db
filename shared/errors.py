"""Raise an error of the rules as an HTTP status with a sentence for the reader."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Self

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProblemCode(StrEnum):
    """The kind of problem that an answer reports, with its HTTP status.

    The first code of a status is its default. `shared/web/problem_types.py` has the texts of each.
    """

    status: int

    MALFORMED_REQUEST = "malformed-request", 400
    MALFORMED_JSON = "malformed-json", 400
    NOT_SIGNED_IN = "not-signed-in", 401
    SIGN_IN_FAILED = "sign-in-failed", 401
    NOT_ALLOWED = "not-allowed", 403
    LINK_NOT_VALID = "link-not-valid", 403
    FORM_EXPIRED = "form-expired", 403
    OWN_CASE = "own-case", 403
    NOT_FOUND = "not-found", 404
    METHOD_NOT_ALLOWED = "method-not-allowed", 405
    WRONG_STATE = "wrong-state", 409
    EDIT_CONFLICT = "edit-conflict", 409
    ALREADY_DONE = "already-done", 409
    DUPLICATE = "duplicate", 409
    LIMIT_REACHED = "limit-reached", 409
    TOO_EARLY = "too-early", 409
    DEADLINE_PASSED = "deadline-passed", 409
    CALL_CLOSED = "call-closed", 409
    STEP_MISSING = "step-missing", 409
    IN_PROGRESS = "in-progress", 409
    NOT_PUBLISHED = "not-published", 409
    SECOND_PERSON_NEEDED = "second-person-needed", 409
    KEY_REUSED = "key-reused", 409
    ANSWER_UNAVAILABLE = "answer-unavailable", 409
    GONE = "gone", 410
    OUTDATED = "outdated", 412
    TOO_LARGE = "too-large", 413
    WRONG_CONTENT_TYPE = "wrong-content-type", 415
    INVALID_INPUT = "invalid-input", 422
    VERSION_NEEDED = "version-needed", 428
    TOO_MANY_REQUESTS = "too-many-requests", 429
    INTERNAL_ERROR = "internal-error", 500
    UNAVAILABLE = "unavailable", 503
    BUSY = "busy", 503

    def __new__(cls, code: str, status: int) -> Self:
        """Make a member from its text and its status."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        return member


_DEFAULTS: dict[int, ProblemCode] = {}
for _code in ProblemCode:
    _DEFAULTS.setdefault(_code.status, _code)


def default_code(status: int) -> ProblemCode:
    """Return the code of an HTTP status that comes without one."""
    general = ProblemCode.INTERNAL_ERROR if status >= 500 else ProblemCode.MALFORMED_REQUEST
    return _DEFAULTS.get(status, general)


class Refused(HTTPException):
    """A request that the rules do not allow: a sentence for the reader, and errors by field (name -> sentence).

    `code` says what kind of problem it is; its status goes before `status`, and title and advice follow from it.
    `present` are the fields of a form that name what its sender read, with their present values, where the same action
    is possible with those.
    """

    def __init__(
        self,
        detail: str,
        status: int = 409,
        fields: Mapping[str, str] | None = None,
        *,
        code: ProblemCode | None = None,
        headers: Mapping[str, str] | None = None,
        present: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code or default_code(status)
        self.present = dict(present or {})
        super().__init__(self.code.status if code else status, detail, headers)
        self.fields = dict(fields or {})
