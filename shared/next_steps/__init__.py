"""The next step of a case or a record, who takes it and by when, derived from its facts.

Pages, API, board and queue ask here, so that all of them say the same. `facts` holds what they know of a case, `owed`
what people are asked for and until when, `words` says it. `supply` and `programme` say it of placements, mentors,
calls, partners, periods and proposals. What is asked for is listed in `shared.contracts.lifecycle.DEADLINES`; the
deadlines of notifications are kept from the events named there.
"""

from shared.next_steps.facts import CaseFacts, MatchFacts, PairFacts, VisitFacts
from shared.next_steps.owed import (
    Dues,
    Owed,
    attendance_due,
    first_due,
    first_dues,
    of_match,
    of_pair,
    of_visit,
    owed,
    preparation_due,
    results_due,
    to_come,
)
from shared.next_steps.programme import (
    CallFacts,
    PartnerFacts,
    PeriodFacts,
    ProposalFacts,
    call_standing,
    partner_standing,
    period_standing,
    proposal_standing,
    shown_call_state,
)
from shared.next_steps.supply import MentorFacts, PlacementFacts, placement_standing, profile_standing
from shared.next_steps.words import Described, NextStep, match_step, next_step, owner_word, pair_step, visit_step

__all__ = [
    "CallFacts",
    "CaseFacts",
    "Described",
    "Dues",
    "MatchFacts",
    "MentorFacts",
    "NextStep",
    "Owed",
    "PairFacts",
    "PartnerFacts",
    "PeriodFacts",
    "PlacementFacts",
    "ProposalFacts",
    "VisitFacts",
    "attendance_due",
    "call_standing",
    "first_due",
    "first_dues",
    "match_step",
    "next_step",
    "of_match",
    "of_pair",
    "of_visit",
    "owed",
    "owner_word",
    "pair_step",
    "partner_standing",
    "period_standing",
    "placement_standing",
    "preparation_due",
    "profile_standing",
    "proposal_standing",
    "results_due",
    "shown_call_state",
    "to_come",
    "visit_step",
]
