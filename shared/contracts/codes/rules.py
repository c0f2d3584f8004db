"""List the rules by which an application is judged and matched."""

from shared.contracts.codes._base import N_, Code


class EligibilityRule(Code):
    """Rules of a call that an application meets or does not."""

    YEARS_IN_FIELD = "years_in_field", N_("Years in the field")
    LANGUAGE = "language", N_("Language at the level of the call")
    CASCADE = "cascade", N_("Commitment to pass the knowledge on")
    COUNTRY = "country", N_("Country takes part in the call")
    SERVICE = "service", N_("Service takes part in the call")
    RANK_GROUP = "rank_group", N_("Rank group takes part in the call")
    KIND = "kind", N_("The call takes this kind of application")
    TOPICS = "topics", N_("Topics belong to the call")
    PERIODS = "periods", N_("A possible period lies in the call's periods")
    COURSE = "course", N_("Finished course")
    PARTNER_ACTIVE = "partner_active", N_("Partner is active")


class HardRule(Code):
    """Rules that a pair of applicant and offer or mentor must meet; a receipt shows how many remain after each rule.

    The order is that of the funnel. An exclusion that is confidential shows as `not_available`.
    """

    PARTNER_ACTIVE = "partner_active", N_("Partner is active")
    CROSS_BORDER = "cross_border", N_("In another country")
    SAME_AGENCY = "same_agency", N_("Not in the same agency")
    CONFLICT_OF_INTEREST = "conflict_of_interest", N_("No conflict of interest")
    EXCLUDED_PAIR = "excluded_pair", N_("Not excluded by the programme")
    NOT_AVAILABLE = "not_available", N_("Available")
    TOPIC = "topic", N_("A wanted topic")
    COMMON_LANGUAGE = "common_language", N_("A common language at the required level")
    SHARED_EXPERTISE = "shared_expertise", N_("A shared area of expertise")
    COMMON_WEEKS = "common_weeks", N_("A common week")
    RANK_GROUP = "rank_group", N_("Rank group is accepted")
    GROUP_SIZE = "group_size", N_("Group is small enough")
    PRE_MATCHED = "pre_matched", N_("The counterpart that both name")
    DECLINED_BEFORE = "declined_before", N_("Not declined before")
    CAPACITY = "capacity", N_("A free place")
    QUOTA = "quota", N_("Within the country's quota")
    SHARE_OF_OFFER = "share_of_offer", N_("Within one country's share of a placement")


class Criterion(Code):
    """Reasons for points in a match; a call sets the weight of each."""

    TOPIC = "topic", N_("Topic wanted")
    EXPERTISE = "expertise", N_("Expertise shared")
    EXPERTISE_GAP = "expertise_gap", N_("Room to learn")
    LANGUAGE = "language", N_("Language level")
    PREFERRED_COUNTRY = "preferred_country", N_("Preferred country")
    WEEKS = "weeks", N_("Weeks in common")
    FIRST_TIME = "first_time", N_("First participation")
    TRAINING_NEED = "training_need", N_("Training need answered")
    RECIPROCITY = "reciprocity", N_("Reciprocity of days")
    RANK_GROUP = "rank_group", N_("Rank group")
    SERVICE = "service", N_("Same service")


class Change(Code):
    """The kinds of smallest change that would have matched an application."""

    LANGUAGE_LEVEL = "language_level", N_("A higher level in a language")
    HOST_LANGUAGE_LEVEL = "host_language_level", N_("A lower level required by the host")
    MORE_PLACES = "more_places", N_("More places")
    OTHER_WEEKS = "other_weeks", N_("Other weeks")
    MORE_EXPERTISE = "more_expertise", N_("One more area of expertise")
    MORE_TOPICS = "more_topics", N_("One more topic")
    RANK_GROUP = "rank_group", N_("Rank group accepted by the host")
    QUOTA = "quota", N_("A higher quota")
    SMALLER_GROUP = "smaller_group", N_("A smaller group")
    LARGER_GROUP = "larger_group", N_("Larger groups accepted by the host")
    PLACES_IN_WEEK = "places_in_week", N_("More places in one week")
    AVAILABILITY = "availability", N_("Availability")


class WishMissed(Code):
    """The causes for which somebody with a match did not get the place that the person wants most."""

    OUTRANKED = "outranked", N_("its places went to others whom the host puts first")
    SHARE_OF_OFFER = "share_of_offer", N_("the country's share of it went to others whom the host puts first")
    FLOOR = "floor", N_("the minimum number for a country put others first")
    HIGHEST_SUM = "highest_sum", N_("the total of points is higher this way")
    GROUP = "group", N_("it could not take the whole group")
    PLAN = "plan", N_("the programme coordinator chose this plan for the whole cohort")
    UNSUITABLE = "unsuitable", N_("it does not meet all rules, or is no longer open")
    POINTS = "points", N_("another place gives more points")
    EQUAL = "equal", N_("its places went to others with as many points")


MOST_WISHES = 20
"""So many placements or mentors can an application put in order, and a host or mentor so many candidates."""
MOST_WEIGHT_BESIDE_ORDER = 3994
"""Weights of hosts above this in all leave no room beside an order of hosts: points decide alone then."""


class Wishes(Code):
    """The rules by which a call counts the order in which an applicant puts placements or mentors."""

    SCORES = "scores", N_("Points only: officers put nothing in order")
    WISHES_FIRST = "wishes_first", N_("Wishes first, then points")
    WISHES_AMONG_EQUALS = "wishes_among_equals", N_("Points first, wishes among equal points")


class TieBreak(Code):
    """The ways in which a stable matching decides among people with equal points."""

    LOTS = "lots", N_("By lot")
    EXCHANGES = "exchanges", N_("By lot, then by exchanges from which nobody loses")


class Objective(Code):
    """The objective that a call's matching optimises (a programme's choice)."""

    STABLE = "stable", N_("Stable: nobody has a reason to prefer another partner who prefers them too")
    MOST_GOOD = "most_good", N_("Most benefit: the highest total of points")


class CohortOption(Code):
    """The solutions of one cohort from which the programme coordinator chooses.

    Three lie between stable and the highest sum: the highest sum with at most so many of its blocking pairs. `EVEN`
    gives countries match rates that are as equal as possible.
    """

    STABLE = "stable", N_("Stable")
    TENTH = "tenth", N_("Few blocking pairs")
    QUARTER = "quarter", N_("Some blocking pairs")
    HALF = "half", N_("Many blocking pairs")
    HIGHEST_SUM = "highest_sum", N_("Highest sum")
    EVEN = "even", N_("Equal chances")


class FloorCause(Code):
    """The cause for which a country's floor was not met."""

    CEILING = "ceiling", N_("The country's ceiling is below its floor")
    TOO_FEW_ELIGIBLE = "too_few_eligible", N_("Too few eligible applications")
    NO_FEASIBLE_PLACE = "no_feasible_place", N_("No place meets the rules for enough of them")
    PLACES_TAKEN = "places_taken", N_("The places that fit are taken")


class DeadlineKind(Code):
    """Deadlines with a reminder, an escalation or an end of a state."""

    ENDORSEMENT = "endorsement", N_("Endorsement")
    INFORMATION = "information", N_("Answer to a question")
    ELIGIBILITY = "eligibility", N_("Eligibility")
    APPEAL = "appeal", N_("Appeal")
    APPEAL_DECISION = "appeal_decision", N_("Decision on an appeal")
    OFFER_ENDORSEMENT = "offer_endorsement", N_("Endorsement of a placement")
    AVAILABILITY = "availability", N_("Answer about availability")
    HOME_CLEARANCE = "home_clearance", N_("Clearance by the home country")
    HOST_CLEARANCE = "host_clearance", N_("Clearance by the host country")
    ANSWER = "answer", N_("Answer to an offer")
    MOVE = "move", N_("Answer to new dates")
    AGENDA = "agenda", N_("Agreement on the agenda")
    PREPARATION = "preparation", N_("Preparation for travel")
    AGREEMENT = "agreement", N_("Signature of the agreement")
    ATTENDANCE = "attendance", N_("Record of attendance")
    EVALUATION = "evaluation", N_("Evaluation")
    REPORT = "report", N_("Report")
    FOLLOW_UP = "follow_up", N_("Follow-up")
    TEST = "test", N_("Test")
    RESULTS = "results", N_("Evaluation by the sending country")
