"""What does matching do by itself? The loops that the harness runs and starts again."""

from services.matching.cohorts import work_cohorts
from services.matching.flows import keep_flows_apart
from services.matching.live import match_live
from services.matching.planner import look_for_dates
from services.matching.sweep import keep_deadlines
from services.matching.what_ifs import work_what_ifs

workers = [keep_flows_apart, match_live, keep_deadlines, look_for_dates, work_what_ifs, work_cohorts]
