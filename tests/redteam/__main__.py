"""Attack many programmes: `python -m tests.redteam --programmes 10000`, or one with `--seed N`.

Exit 0 if no count of few people was pinned. Each programme that gives one is printed with its seed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import sys
from time import monotonic

import structlog

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.reporting.app import create_app
from services.reporting.consumers import consumers
from services.reporting.settings import Settings
from tests.conftest import Administrator, Databases
from tests.integration.reporting.conftest import House
from tests.local_run import quick_folder
from tests.portal_of_strangers import strangers_portal
from tests.redteam.play import Result, play
from tests.support import Feed, settings_for


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.redteam", description=__doc__)
    parser.add_argument("--programmes", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--grouped", action="store_true", help="publish by chosen groupings")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.programmes) if options.seed is None else (options.seed,)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    folder = quick_folder("tandem-redteam-")
    folder.chmod(0o755)
    server = Postgres(folder / "postgres", free_port(), secrets.token_urlsafe(16), log=folder / "log", durable=False)
    server.start()
    administrator = Administrator(server.url("postgres"))
    try:
        with strangers_portal() as portal:
            return _attack(Databases(server, administrator), portal, seeds, grouped=options.grouped)
    finally:
        administrator.close()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _attack(databases: Databases, portal: str, seeds: range | tuple[int, ...], *, grouped: bool) -> int:
    template = databases.of_service("reporting")
    started, caught, tried, published, refused, shown = monotonic(), 0, 0, 0, 0, 0
    for place, seed in enumerate(seeds, 1):
        address = databases.new(template)
        result = asyncio.run(_result(address, portal, seed, grouped=grouped))
        databases.drop(address)
        caught += bool(result.pinned)
        tried, published = tried + result.tried, published + result.published
        refused, shown = refused + result.refused, shown + result.shown
        for each in result.pinned:
            sys.stdout.write(f"seed {seed}: {each}\n")
        if place % 10 == 0 or place == len(seeds) or result.pinned:
            sys.stdout.write(
                f"{place} programmes in {monotonic() - started:.0f} s: {caught} pinned, of {tried} counts of few;"
                f" {published} statements released with {shown} totals shown, {refused} refused or unchanged\n"
            )
            sys.stdout.flush()
    return 1 if caught else 0


async def _result(address: str, portal: str, seed: int, *, grouped: bool) -> Result:
    app = create_app(Settings(**settings_for(address, portal_url=portal)), background=False)
    try:
        return await play(House(app, Feed(app.state.service.bus, consumers)), seed, grouped=grouped)
    finally:
        await app.state.service.bus.close()


if __name__ == "__main__":
    sys.exit(main())
