"""How does a program act for mentee and mentor: what they write down (records), and what they decide (course)?"""

from services.applications.api.mentorships import course, records
from services.applications.api.mentorships.parts import router

__all__ = ["course", "records", "router"]
