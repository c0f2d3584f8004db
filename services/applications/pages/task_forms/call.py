"""Which page asks what a call asks of its own?"""

from services.applications.pages import question_forms
from services.applications.pages.task_forms.parts import Task
from shared.contracts.codes import Section
from shared.web.i18n import N_

QUESTIONS = Task(
    Section.QUESTIONS,
    N_("Questions of this call"),
    question_forms.QuestionsForm,
    question_forms.fields,
    question_forms.changes,
    made=question_forms.form_of,
)
