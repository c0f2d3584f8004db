"""The page with a call's own questions: one field a question, made from the call's terms."""

from typing import Any

from wtforms import Form as WTForm
from wtforms.fields import Field
from wtforms.validators import ValidationError

from services.applications.application.model.answers import Answers
from services.applications.calls.model import questions as model
from services.applications.field_forms import as_sent
from shared.contracts.calls import CallQuestion, CallTerms
from shared.contracts.codes import QuestionKind
from shared.i18n import N_
from shared.web.forms import Form, Needed, NumberField, RadioField, SelectField, TextAreaField

PREFIX = "q_"
# So many answers are seen at once; more fold out.
_RADIOS = 6


class _AnswerCheck:
    """Holds an answer against its question."""

    def __init__(self, question: CallQuestion) -> None:
        self.question = question

    def __call__(self, form: WTForm, field: Field) -> None:  # noqa: ARG002 - the protocol's
        """WTForms' protocol."""
        wrong = model.problem(self.question, field.data)
        if wrong is not None:
            raise ValidationError(wrong)


class QuestionsForm(Form):
    """The call's own questions; `form_of` adds a field for each."""


def form_of(terms: CallTerms) -> type[QuestionsForm]:
    """Return the form that asks the questions of a call, in the reader's language."""
    fields = {f"{PREFIX}{question.code}": _field(question) for question in terms.questions}
    return type("QuestionsForm", (QuestionsForm,), fields)


def _field(question: CallQuestion) -> Any:
    text = model.in_reader_language(question)
    checks: list[Any] = [Needed(N_("Answer this question"))] if question.required else []
    checks.append(_AnswerCheck(question))
    options: dict[str, Any] = {"description": text.hint}
    match question.kind:
        case QuestionKind.NUMBER:
            return NumberField(text.question, checks, **options)
        case QuestionKind.CHOICE:
            choices = list(model.choices(question).items())
            if len(choices) > _RADIOS or not question.required:
                return SelectField(text.question, checks, choices=choices, blank=N_("Choose one"), **options)
            return RadioField(text.question, checks, choices=choices, **options)
        case _:
            return TextAreaField(text.question, checks, **options)


def fields(answers: Answers) -> dict[str, object]:
    """Return the answers as the form's fields; what was typed and is not accepted goes before."""
    typed = answers.unaccepted.get("questions")
    given = typed if isinstance(typed, dict) and typed else answers.questions
    return {f"{PREFIX}{code}": answer for code, answer in given.items()}


def changes(form: Form) -> dict[str, object]:
    """Return the form's fields as answers; what was not answered is left out."""
    sent = {field.name.removeprefix(PREFIX): as_sent(field) for field in form if field.name.startswith(PREFIX)}
    return {"questions": {code: answer for code, answer in sent.items() if answer not in (None, "")}}


def field_of(name: str) -> str:
    """Return the field at which an error of the model belongs: `questions.unit` at `q_unit`."""
    first, _, code = name.partition(".")
    return f"{PREFIX}{code}" if first == "questions" and code else first
