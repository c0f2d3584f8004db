"""How does the provisional matching follow one event, equal to a run from scratch?"""
