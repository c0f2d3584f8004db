"""Messages to officers and their companions about each other, and to line managers who are named."""

from services.notifications.messages.model.rule import NamedAudience, Rule, When
from shared.contracts import applications as on
from shared.contracts.codes import AnswerForm, ApplicationMode, CompanionAnswer
from shared.contracts.codes import AudienceKind as A
from shared.contracts.notifications import Purpose
from shared.i18n import N_

_SEE = N_("See who has named you")
_WHO = N_("See who applies with you")


def _mode(mode: ApplicationMode, words: str) -> When:
    return When(words, lambda data: data.mode is mode)


def _answer(answer: CompanionAnswer, words: str) -> When:
    return When(words, lambda data: data.answer is answer)


def _matter(matter: AnswerForm, words: str) -> When:
    return When(words, lambda data: data.matter is matter)


RULES = (
    Rule(
        "line_manager_link",
        on.LineManagerLinkAsked,
        A.LINE_MANAGER,
        N_("Your new link"),
        (N_("You asked for a new link. It is only for you. Please do not share it."),),
        "application",
        N_("Complete the follow-up"),
        when=_matter(AnswerForm.FOLLOW_UP, N_("to the follow-up")),
        answers=True,
        urgent=True,
    ),
    Rule(
        Purpose.CASCADE_LINK.value,
        on.LineManagerLinkAsked,
        A.LINE_MANAGER,
        N_("Your new link"),
        (N_("You asked for a new link. It is only for you. Please do not share it."),),
        "application",
        N_("Confirm the training session"),
        when=_matter(AnswerForm.CASCADE, N_("to training sessions at home")),
        answers=True,
        urgent=True,
    ),
    Rule(
        "line_manager_named",
        on.LineManagerNamed,
        A.LINE_MANAGER,
        N_("You were named as line manager"),
        (
            N_("An officer of your service is applying for an exchange programme and has named you as line manager."),
            N_(
                "You do not need to do anything now. Six months after the officer takes part, we ask you how "
                "the new knowledge is used at work."
            ),
            N_("If this is not correct, please tell the officer. The notice below shows what data we hold about you."),
        ),
        "privacy",
        N_("Read the privacy notice"),
    ),
    Rule(
        "counterpart_named",
        on.CompanionAsked,
        NamedAudience.COMPANION,
        N_("An officer has named you as counterpart"),
        (
            N_("An officer from %(country)s is applying for an exchange together with you."),
            N_("If you agreed to apply together, name this officer in your application too. If not, decline."),
        ),
        "companions",
        _SEE,
        when=_mode(ApplicationMode.PRE_MATCHED, N_("as a counterpart")),
    ),
    Rule(
        "group_invited",
        on.CompanionAsked,
        NamedAudience.COMPANION,
        N_("You are invited to a group"),
        (
            N_("An officer from %(country)s invites you to a group for an exchange."),
            N_("Please accept or decline. Each member writes and sends their own application."),
        ),
        "companions",
        _SEE,
        when=_mode(ApplicationMode.GROUP, N_("into a group")),
    ),
    Rule(
        "companion_confirmed",
        on.CompanionAnswered,
        A.APPLICANT,
        N_("Somebody will apply with you"),
        (N_("A person you named has confirmed that you apply together."),),
        "company",
        _WHO,
        when=_answer(CompanionAnswer.CONFIRMED, N_("where it was confirmed")),
    ),
    Rule(
        "companion_declined",
        on.CompanionAnswered,
        A.APPLICANT,
        N_("Somebody has declined to apply with you"),
        (N_("A person you named does not apply together with you. You can name somebody else, or apply alone."),),
        "company",
        _WHO,
        when=_answer(CompanionAnswer.DECLINED, N_("where it was declined")),
    ),
    Rule(
        "companion_left",
        on.CompanionAnswered,
        A.APPLICANT,
        N_("Somebody no longer applies with you"),
        (N_("A person you applied with has left. Your own application stays as it is."),),
        "company",
        _WHO,
        when=_answer(CompanionAnswer.LEFT, N_("where somebody left")),
    ),
    Rule(
        "companion_mismatch",
        on.CompanionAnswered,
        A.APPLICANT,
        N_("You and your counterpart do not name each other"),
        (
            N_("The person you named as counterpart has named somebody else."),
            N_("Please speak with each other. Until you name each other, your application takes part like any other."),
        ),
        "company",
        _WHO,
        when=_answer(CompanionAnswer.MISMATCH, N_("where the names do not match")),
    ),
    Rule(
        "companion_mismatch_other",
        on.CompanionAnswered,
        NamedAudience.COMPANION,
        N_("Somebody names you, and you name somebody else"),
        (
            N_("An officer from %(country)s has named you as counterpart, but you have named somebody else."),
            N_("Please speak with each other. Nothing happens until two people name each other."),
        ),
        "companions",
        _SEE,
        when=_answer(CompanionAnswer.MISMATCH, N_("where the names do not match")),
    ),
    Rule(
        "companion_removed",
        on.CompanionAnswered,
        NamedAudience.COMPANION,
        N_("You no longer apply together"),
        (
            N_("An officer who named you no longer applies together with you."),
            N_("If you have an application of your own, it stays as it is."),
        ),
        "companions",
        _SEE,
        when=_answer(CompanionAnswer.REMOVED, N_("where it was withdrawn")),
    ),
)
