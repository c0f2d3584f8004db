"""Gather all code lists of the programme: the words that stand in events, each with a plain English label.

A new code may be added (readers first, then the owner); one that was ever used is never removed and never given
another meaning.
"""

from shared.contracts.codes._base import N_, Code
from shared.contracts.codes.countries import COUNTRIES, MEMBER_STATES, PARTNERS, UNION
from shared.contracts.codes.kinds import (
    Answer,
    AnswerForm,
    AppealOutcome,
    ApplicationKind,
    ApplicationMode,
    Applied,
    CascadeFormat,
    Channel,
    CompanionAnswer,
    CostBorne,
    IdentityField,
    LegalBasis,
    Outcome,
    PeriodKind,
    PreparationItem,
    QuestionKind,
    ReleasePurpose,
    Section,
    TestPhase,
    WebhookChange,
    WebhookReach,
)
from shared.contracts.codes.people import (
    ActingAs,
    AudienceKind,
    FollowUpBy,
    OrganisationKind,
    PartnerStatus,
    Party,
    RankGroup,
    Respondent,
    Role,
    ServiceKind,
    Sex,
    Side,
)
from shared.contracts.codes.priorities import (
    EMPACT_2022,
    EMPACT_2026,
    PRIORITIES,
    current_scheme,
    successor,
    topic_label,
)
from shared.contracts.codes.reasons import (
    CascadeRefusal,
    CloseCause,
    FailureCause,
    MoveDropCause,
    NotEndorsedReason,
    PauseCause,
    PeriodReturnReason,
    Reason,
    RestatementReason,
    RevocationReason,
    StatedReason,
    UnschedulableCause,
    VoidReason,
    WaiverReason,
    WebhookPauseCause,
    published,
)
from shared.contracts.codes.rules import (
    Change,
    Criterion,
    DeadlineKind,
    EligibilityRule,
    FloorCause,
    HardRule,
    Objective,
)
from shared.contracts.codes.skills import LANGUAGES, Expertise, LanguageLevel
from shared.contracts.codes.states import (
    ApplicationState,
    CallState,
    MatchState,
    MentorshipState,
    MentorState,
    OfferState,
    PeriodState,
    ProposalKind,
    ProposalState,
    VisitState,
)


def label(code: Code) -> str:
    """Return the plain English label of a code, to be translated where it is shown."""
    return code.label


def country_label(code: str) -> str:
    """Return the English name of a country of the programme, or the code itself."""
    return COUNTRIES.get(code, code)


def language_label(code: str) -> str:
    """Return the English name of a language, or the code itself."""
    return LANGUAGES.get(code, code)


__all__ = [
    "COUNTRIES",
    "EMPACT_2022",
    "EMPACT_2026",
    "LANGUAGES",
    "MEMBER_STATES",
    "N_",
    "PARTNERS",
    "PRIORITIES",
    "UNION",
    "ActingAs",
    "Answer",
    "AnswerForm",
    "AppealOutcome",
    "ApplicationKind",
    "ApplicationMode",
    "ApplicationState",
    "Applied",
    "AudienceKind",
    "CallState",
    "CascadeFormat",
    "CascadeRefusal",
    "Change",
    "Channel",
    "CloseCause",
    "Code",
    "CompanionAnswer",
    "CostBorne",
    "Criterion",
    "DeadlineKind",
    "EligibilityRule",
    "Expertise",
    "FailureCause",
    "FloorCause",
    "FollowUpBy",
    "HardRule",
    "IdentityField",
    "LanguageLevel",
    "LegalBasis",
    "MatchState",
    "MentorState",
    "MentorshipState",
    "MoveDropCause",
    "NotEndorsedReason",
    "Objective",
    "OfferState",
    "OrganisationKind",
    "Outcome",
    "PartnerStatus",
    "Party",
    "PauseCause",
    "PeriodKind",
    "PeriodReturnReason",
    "PeriodState",
    "PreparationItem",
    "ProposalKind",
    "ProposalState",
    "QuestionKind",
    "RankGroup",
    "Reason",
    "ReleasePurpose",
    "Respondent",
    "RestatementReason",
    "RevocationReason",
    "Role",
    "Section",
    "ServiceKind",
    "Sex",
    "Side",
    "StatedReason",
    "TestPhase",
    "UnschedulableCause",
    "VisitState",
    "VoidReason",
    "WaiverReason",
    "WebhookChange",
    "WebhookPauseCause",
    "WebhookReach",
    "country_label",
    "current_scheme",
    "label",
    "language_label",
    "published",
    "successor",
    "topic_label",
]
