"""The Prometheus metrics of matching, all named `tandem_matching_…`.

A module of its own, so that each is registered once.
"""

from prometheus_client import Counter, Histogram

FOLLOWED = Counter("tandem_matching_followed", "Changes of a call that its matching followed one by one")
SCRATCH = Counter("tandem_matching_scratch", "Matchings of a call worked out from scratch")
CHECKED = Counter("tandem_matching_checked", "Followed matchings held against a run from scratch")
DIFFERED = Counter("tandem_matching_differed", "Of those, the ones that were not equal: this must not happen")
SECONDS = Histogram("tandem_matching_seconds", "From the facts of a call to its provisional matching")
