"""The next step of a case, who takes it and by when, derived from the facts of the case.

Pages, API, board and queue ask here, so that all of them say the same. `facts` holds what they know of a case, `owed`
what people are asked for and until when, `words` says it. What is asked for is listed in
`shared.contracts.lifecycle.DEADLINES`; the deadlines of notifications are kept from the events named there.
"""

from shared.next_steps.facts import CaseFacts, MatchFacts, PairFacts, VisitFacts
from shared.next_steps.owed import Owed, first_due, of_match, of_pair, of_visit, owed
from shared.next_steps.words import NextStep, match_step, next_step, owner_word, pair_step, visit_step

__all__ = [
    "CaseFacts",
    "MatchFacts",
    "NextStep",
    "Owed",
    "PairFacts",
    "VisitFacts",
    "first_due",
    "match_step",
    "next_step",
    "of_match",
    "of_pair",
    "of_visit",
    "owed",
    "owner_word",
    "pair_step",
    "visit_step",
]
