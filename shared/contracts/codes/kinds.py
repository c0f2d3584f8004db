"""List the kinds of applications, answers and documents."""

from shared.contracts.codes._base import N_, Code


class ApplicationKind(Code):
    """The kind of an application; a call says which kinds it takes."""

    STUDY_VISIT = "study_visit", N_("Study visit")
    MENTEE = "mentee", N_("Mentoring")


class QuestionKind(Code):
    """The kinds of answers to a call's own questions."""

    TEXT = "text", N_("Text")
    NUMBER = "number", N_("Number")
    CHOICE = "choice", N_("Choice")


class ApplicationMode(Code):
    """The way of applying: alone, with a named counterpart, or in a group of up to five."""

    OPEN = "open", N_("Open")
    PRE_MATCHED = "pre_matched", N_("Pre-matched")
    GROUP = "group", N_("Group")


class CompanionAnswer(Code):
    """The result of naming a counterpart or inviting a person into a group."""

    CONFIRMED = "confirmed", N_("Confirmed")
    DECLINED = "declined", N_("Declined")
    MISMATCH = "mismatch", N_("Names somebody else")
    LEFT = "left", N_("Left")
    REMOVED = "removed", N_("Withdrawn")


class Answer(Code):
    """The answer to a match that is offered."""

    ACCEPT = "accept", N_("Accept")
    DECLINE = "decline", N_("Decline")


class Section(Code):
    """The sections of an application or an offer, as the task list shows them."""

    CONTACT = "contact", N_("Contact")
    SERVICE = "service", N_("Service and rank")
    EXPERTISE = "expertise", N_("Expertise")
    LANGUAGES = "languages", N_("Languages")
    TOPICS = "topics", N_("Topics")
    PERIODS = "periods", N_("Periods")
    OBJECTIVES = "objectives", N_("Objectives")
    CASCADE = "cascade", N_("Plan to pass on knowledge")
    LINE_MANAGER = "line_manager", N_("Line manager")
    QUESTIONS = "questions", N_("The call's own questions")
    COUNTERPART = "counterpart", N_("Counterpart or group")
    PLACES = "places", N_("Places and periods")
    AGENDA = "agenda", N_("Outline of the agenda")
    COSTS = "costs", N_("Costs")
    SECURITY = "security", N_("Security requirements")


class CostBorne(Code):
    """A cost that a host pays."""

    ACCOMMODATION = "accommodation", N_("Accommodation")
    MEALS = "meals", N_("Meals")
    LOCAL_TRANSPORT = "local_transport", N_("Local transport")
    INTERPRETATION = "interpretation", N_("Interpretation")


class IdentityField(Code):
    """The fields of a guest's identity that may be released to another country or agency."""

    NAME = "name", N_("Name")
    NATIONAL_RANK = "national_rank", N_("National rank")
    UNIT = "unit", N_("Unit")
    SERVICE_EMAIL = "service_email", N_("Service email")
    EMERGENCY_CONTACT = "emergency_contact", N_("Emergency contact")
    ACCESS_NEEDS = "access_needs", N_("Access needs")


class ReleasePurpose(Code):
    """The purpose of a release of identity."""

    VETTING = "vetting", N_("Vetting by the host country")
    PREPARATION = "preparation", N_("Preparation of the visit")
    MENTORING = "mentoring", N_("Mentoring")
    EMERGENCY = "emergency", N_("Emergency on the days of the visit")


class LegalBasis(Code):
    """The lawful ground of a release (Regulation (EU) 2018/1725, Article 5)."""

    PUBLIC_TASK = "public_task", N_("Task in the public interest")
    CONSENT = "consent", N_("Consent")
    VITAL_INTEREST = "vital_interest", N_("Vital interests")


class PreparationItem(Code):
    """An item that must be ready before travel."""

    AUTHORISATION = "authorisation", N_("Authorisation by the sending agency")
    INVITATION = "invitation", N_("Invitation and visa letter")
    VISA = "visa", N_("Visa")
    INSURANCE = "insurance", N_("Insurance")
    COSTS = "costs", N_("Who pays what")
    EMERGENCY_CONTACT = "emergency_contact", N_("Emergency contact")
    ARRIVAL = "arrival", N_("Where and when to arrive")
    ACCESS_NEEDS = "access_needs", N_("Access needs")


class TestPhase(Code):
    """Before or after the visit (Kirkpatrick level 2)."""

    __test__ = False  # or pytest would collect it by its name

    PRE = "pre", N_("Before")
    POST = "post", N_("After")


class Applied(Code):
    """The guest's use on the job of the knowledge gained (Kirkpatrick level 3)."""

    YES = "yes", N_("Yes")
    PARTLY = "partly", N_("Partly")
    NO = "no", N_("No")


class Outcome(Code):
    """The first final outcome of an application, published once."""

    PLACE_CONFIRMED = "place_confirmed", N_("Place confirmed")
    NOT_ENDORSED = "not_endorsed", N_("Not endorsed")
    INELIGIBLE = "ineligible", N_("Not eligible")
    UNPLACED_AT_CLOSE = "unplaced_at_close", N_("No place when the call closed")
    WITHDRAWN = "withdrawn", N_("Withdrawn")
    CANCELLED = "cancelled", N_("Cancelled")


class AppealOutcome(Code):
    """The result of an appeal."""

    UPHELD = "upheld", N_("Appeal upheld")
    DISMISSED = "dismissed", N_("Appeal dismissed")


class CascadeFormat(Code):
    """The way in which knowledge was passed on at home."""

    BRIEFING = "briefing", N_("Briefing")
    TRAINING = "training", N_("Training")
    MATERIAL = "material", N_("Written material")
    E_LEARNING = "e_learning", N_("E-learning")


class AnswerForm(Code):
    """The forms about a visit or a mentorship, for people who took part or answer for somebody."""

    EVALUATION = "evaluation", N_("Evaluation")
    REPORT = "report", N_("Report")
    FOLLOW_UP = "follow_up", N_("Follow-up")
    CASCADE = "cascade", N_("Confirmation of training sessions at home")


class PeriodKind(Code):
    """The lengths of reporting periods."""

    QUARTER = "quarter", N_("Quarter")
    HALF_YEAR = "half_year", N_("Half-year")
    YEAR = "year", N_("Year")


class Channel(Code):
    """The channels of a notification."""

    MAIL = "mail", N_("Email")
    CALENDAR = "calendar", N_("Email with a calendar invitation")
    WEBHOOK = "webhook", N_("Webhook")


class WebhookReach(Code):
    """The receivers of a webhook's events."""

    INSIDE = "inside", N_("Inside the programme")
    OUTSIDE = "outside", N_("Outside the programme")


class WebhookChange(Code):
    """A change of a webhook's endpoint."""

    REGISTERED = "registered", N_("Registered")
    CHANGED = "changed", N_("Changed")
    ROTATED = "rotated", N_("Given a new secret")
    FAILING = "failing", N_("Pause announced, as it accepts nothing")
    PAUSED = "paused", N_("Paused")
    RESUMED = "resumed", N_("Resumed")
    REMOVED = "removed", N_("Removed")
