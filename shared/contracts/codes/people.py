"""List roles, organisations, services and ranks of the people who take part."""

from shared.contracts.codes._base import N_, Code


class Role(Code):
    """The role of a person. A line manager has no account, only single-use links (domain.md, "People and roles")."""

    OFFICER = "officer", N_("Officer")
    MENTOR = "mentor", N_("Mentor")
    NATIONAL_COORDINATOR = "national_coordinator", N_("National coordinator")
    HOST_CONTACT = "host_contact", N_("Host agency contact")
    PROGRAMME_COORDINATOR = "programme_coordinator", N_("Programme coordinator")
    EVALUATOR = "evaluator", N_("Evaluator")
    DONOR = "donor", N_("Donor")
    ANASPOC = "anaspoc", N_("ANASPOC contact")
    CLEARANCE_OFFICER = "clearance_officer", N_("Clearance officer")
    DATA_PROTECTION_OFFICER = "data_protection_officer", N_("Data protection officer")
    AUDITOR = "auditor", N_("Auditor")


class OrganisationKind(Code):
    """The kind of an organisation; an EU agency counts as abroad for everybody."""

    AGENCY = "agency", N_("Law enforcement agency")
    ACADEMY = "academy", N_("Academy")
    PROSECUTION = "prosecution", N_("Prosecution office")
    COURT = "court", N_("Court")
    MINISTRY = "ministry", N_("Ministry")
    EU_AGENCY = "eu_agency", N_("EU agency")


class ServiceKind(Code):
    """The service an officer belongs to."""

    POLICE = "police", N_("Police")
    BORDER_GUARD = "border_guard", N_("Border guard")
    COAST_GUARD = "coast_guard", N_("Coast guard")
    CUSTOMS = "customs", N_("Customs")
    TAX = "tax", N_("Tax")
    PROSECUTION = "prosecution", N_("Prosecution")
    JUDICIARY = "judiciary", N_("Judiciary")
    FINANCIAL_INTELLIGENCE = "financial_intelligence", N_("Financial intelligence")
    FORENSIC = "forensic", N_("Forensic service")
    ACADEMY = "academy", N_("Academy")
    MINISTRY = "ministry", N_("Ministry")


class RankGroup(Code):
    """Ranks of all services in five groups, so that no national rank is in an event."""

    OPERATIONAL = "operational", N_("Operational")
    SUPERVISOR = "supervisor", N_("Supervisor")
    MIDDLE_MANAGEMENT = "middle_management", N_("Middle management")
    SENIOR_MANAGEMENT = "senior_management", N_("Senior management")
    STRATEGIC = "strategic", N_("Strategic")


class Sex(Code):
    """Asked only for the donors' disaggregation; optional."""

    FEMALE = "female", N_("Female")
    MALE = "male", N_("Male")


class PartnerStatus(Code):
    """The status of a partner country in the programme, from a date."""

    ACTIVE = "active", N_("Active")
    SUSPENDED = "suspended", N_("Suspended")
    REINSTATED = "reinstated", N_("Reinstated")


class Side(Code):
    """The two sides of a match."""

    HOME = "home", N_("Home")
    HOST = "host", N_("Host")


class Party(Code):
    """The party that gives an answer, signs, confirms or asks for something about a match."""

    GUEST = "guest", N_("Guest")
    HOST = "host", N_("Host agency")
    MENTEE = "mentee", N_("Mentee")
    MENTOR = "mentor", N_("Mentor")
    HOME_COORDINATOR = "home_coordinator", N_("National coordinator of the home country")
    HOST_COORDINATOR = "host_coordinator", N_("National coordinator of the host country")
    PROGRAMME = "programme", N_("Programme coordinator")
    CLOCK = "clock", N_("Deadline")


class ActingAs(Code):
    """The capacity in which a coordinator decided: after silence the deputy, then the programme coordinator."""

    COORDINATOR = "coordinator", N_("National coordinator")
    DEPUTY = "deputy", N_("Deputy")
    PROGRAMME = "programme", N_("Programme coordinator")


class Respondent(Code):
    """The respondent of an evaluation."""

    GUEST = "guest", N_("Guest")
    HOST = "host", N_("Host")
    MENTOR = "mentor", N_("Mentor")
    MENTEE = "mentee", N_("Mentee")
    LINE_MANAGER = "line_manager", N_("Line manager")
    NATIONAL_COORDINATOR = "national_coordinator", N_("National coordinator")


class FollowUpBy(Code):
    """The respondent of the follow-up six months later."""

    SELF = "self", N_("The officer")
    MANAGER = "manager", N_("The line manager")


class AudienceKind(Code):
    """The addressee of a notification; the portal knows who that is."""

    APPLICANT = "applicant", N_("Applicant")
    HOME_COORDINATOR = "home_coordinator", N_("National coordinator of the home country")
    HOST_COORDINATOR = "host_coordinator", N_("National coordinator of the host country")
    HOME_DEPUTY = "home_deputy", N_("Deputy coordinator of the home country")
    HOST_DEPUTY = "host_deputy", N_("Deputy coordinator of the host country")
    HOST_CONTACT = "host_contact", N_("Host agency contact")
    MENTOR = "mentor", N_("Mentor")
    PROGRAMME_COORDINATOR = "programme_coordinator", N_("Programme coordinator")
    LINE_MANAGER = "line_manager", N_("Line manager")
    COMPANION = "companion", N_("Counterpart or member of a group")
    PERSON = "person", N_("The person concerned")
