"""What do mentee and mentor see and do in their mentorship? One module a thing, all on one router."""

from services.applications.pages.mentorships import agreement, course, goals, listed, meetings, sessions, show, visit
from services.applications.pages.mentorships.parts import router

__all__ = ["agreement", "course", "goals", "listed", "meetings", "router", "sessions", "show", "visit"]
