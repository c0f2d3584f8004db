"""The limits of a run on sheets fit into those of the gateway and of a container."""

from __future__ import annotations

import re

import yaml

from deploy.local.folder import ROOT
from services.matching.sheets.actions import AT_ONCE, MOST_MEMORY, SECONDS


def test_a_run_ends_before_the_gateway_gives_its_answer_up() -> None:
    """The sender reads the page's own sentence and not the gateway's."""
    rules = (ROOT / "deploy/gateway/Caddyfile").read_text(encoding="utf-8")
    (waits,) = re.findall(r"response_header_timeout \{\$TANDEM_ANSWER_WITHIN:(\d+)s\}", rules)
    assert int(waits) - SECONDS >= 5


def test_all_runs_at_once_fit_into_the_memory_of_a_container() -> None:
    """Otherwise the system would end a process of its choice, and the service with it."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    limit = int(compose["services"]["matching"]["mem_limit"].removesuffix("g")) * 1024**3
    assert limit - 400 * 1024**2 > AT_ONCE * MOST_MEMORY, "the service itself takes about 300 MB"
