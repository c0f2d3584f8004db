"""Store what mentee and mentor did: the portal's own facts, with the texts that stay here."""

from services.applications.mentorships.store import agreements, goals, meetings, pauses, sessions, visits

__all__ = ["agreements", "goals", "meetings", "pauses", "sessions", "visits"]
