"""The bodies that programs send ask for the same as the forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from services.reporting.answers.api import EvaluationIn, EvaluationTexts, FollowUpTexts, ReportTexts
from services.reporting.answers.model.forms import HEADINGS

if TYPE_CHECKING:
    from pydantic import BaseModel


@pytest.mark.parametrize(
    ("form", "body"), [("evaluation", EvaluationTexts), ("report", ReportTexts), ("follow_up", FollowUpTexts)]
)
def test_a_body_has_each_heading_of_its_form(form: str, body: type[BaseModel]) -> None:
    """The texts of a body are the headings of the form, and the same ones are required."""
    needed = {name: field.is_required() for name, field in body.model_fields.items()}
    assert needed == {heading.name: heading.needed for heading in HEADINGS[form]}


@pytest.mark.parametrize("wrong", [{"overall": 6}, {"answers": {"learnt_new": 0}}, {"texts": {"worked_well": "All"}}])
def test_a_body_refuses_what_the_form_does_not_ask(wrong: dict[str, object]) -> None:
    """A score above 5 or below 1, and a text under an unknown heading, are refused."""
    with pytest.raises(ValidationError):
        EvaluationIn.model_validate({"overall": 5, **wrong})
