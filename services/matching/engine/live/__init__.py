"""Follow events with the provisional matching, with results equal to a run from scratch."""
