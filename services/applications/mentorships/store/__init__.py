"""What have mentee and mentor done? Own facts, with the texts that stay in the portal; one module a thing."""

from services.applications.mentorships.store import agreements, goals, meetings, pauses, sessions, visits

__all__ = ["agreements", "goals", "meetings", "pauses", "sessions", "visits"]
