"""The pages of a mentorship, all on one router."""

from services.applications.mentorships.pages import agreement, course, goals, meetings, mentorship, sessions, visit
from services.applications.mentorships.pages import list as mentorships_list
from services.applications.mentorships.pages.common import router

__all__ = ["agreement", "course", "goals", "meetings", "mentorship", "mentorships_list", "router", "sessions", "visit"]
