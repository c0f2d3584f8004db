"""The background loops of matching, which the harness runs and restarts; every service lists its own here."""

from services.matching.background.flows import run_flow_process
from services.matching.cohorts.actions.job import work_cohorts
from services.matching.interventions.actions.what_ifs import work_what_ifs
from services.matching.lifecycle.actions.deadlines import keep_deadlines
from services.matching.options.actions import work_options
from services.matching.provisional.worker import match_live
from services.matching.scheduling.actions.planner import look_for_dates

workers = [run_flow_process, match_live, keep_deadlines, look_for_dates, work_what_ifs, work_cohorts, work_options]
