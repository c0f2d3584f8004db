"""The dates of visits: of one at once, of many to the proven optimum, and again when facts have changed."""

from services.matching.engine.schedule.optimum import Progress
from services.matching.engine.schedule.options import Cost
from services.matching.engine.schedule.plan import Choice, Draft, Move, Plan, choices
from services.matching.engine.schedule.request import Scheduled, SchedulePolicy, Unscheduled, VisitRequest
from services.matching.engine.schedule.single import schedule, weeks

__all__ = [
    "Choice",
    "Cost",
    "Draft",
    "Move",
    "Plan",
    "Progress",
    "SchedulePolicy",
    "Scheduled",
    "Unscheduled",
    "VisitRequest",
    "choices",
    "schedule",
    "weeks",
]
