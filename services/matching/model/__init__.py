"""The rules of matching, pure: what becomes of a match, a visit, a mentorship, and what the engine is asked."""
