"""Go through the parts of the trial in their order, and keep a row of the table for each."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import httpx2

from deploy.cli.journey.cast import CAST
from tests.compose import visitor
from tests.compose.belongings import Belongings
from tests.compose.checkout import lay_out
from tests.compose.engine import TrialFailed
from tests.compose.health import Installation, staying
from tests.compose.stall import stall
from tests.compose.stand_ins import OURS, StandIns, named
from tests.compose.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.compose.engine import Engine

_BUILD = ("build", "--network", "host", "--tag", OURS, "--file", "deploy/compose/Dockerfile", ".")

_SIGN_IN_PATIENCE = 300.0
_MOST_MEGABYTES = 800
"""The most that the image may have on top of its base."""


@dataclass(frozen=True)
class Row:
    """One part of the trial: what was done, in how many seconds, and what was seen."""

    part: str
    seconds: float
    seen: str
    failed: bool = False


@dataclass
class Trial:
    """One trial of the installation on an engine; `checkout` is where its files are laid out."""

    engine: Engine
    checkout: Path
    rows: list[Row] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Return whether a part failed."""
        return any(row.failed for row in self.rows)

    @property
    def _installation(self) -> Installation:
        return Installation(self.engine, self.checkout)

    @property
    def _tokens(self) -> Path:
        return self.engine.folder / "tokens.json"

    def run(self) -> None:
        """Do everything. What the rest stands on ends the trial where it fails; the other parts go on."""
        lay_out(self.checkout)
        begin = (
            ("Build the base of the image, fetch Compose", self._base),
            ("Build the image", self._image),
            ("Build stand-ins for the images of others", self._others),
            ("Make the secrets", self._secrets),
            ("`docker compose up` from nothing", self._first_start),
        )
        if not all(self._part(words, act) for words, act in begin):
            return
        self._part("Sign in with a browser for the first time, a page of each service, sign out", self._first_sign_in)
        self._part("Ask for another password by mail", self._forgotten_password)
        self._part("A program's own token", self._program)
        self._part("`tandem journey`", self._journey)
        for name in staying():
            self._part(f"Kill {name}", partial(self._kill, name))
        self._part("`docker compose down`, then `up`", self._down_and_up)
        self._part("Restart the engine", self._restart)
        self._part("`--scale applications=2`, `docker pause` of one", self._stall)
        self._part("Load the compiled loops of matching", self._loops)
        self._part("`tandem verify`", self._verify)

    def end(self) -> None:
        """Take the containers and their data down, if they ever came up."""
        if self.engine.compose and (self.checkout / ".secrets").exists():
            self._part("`docker compose down --volumes`", self._remove)

    def table(self) -> str:
        """Return the rows as a table of Markdown."""
        lines = ["| Part | Took | Seen |", "|---|---|---|"]
        for row in self.rows:
            seen = " ".join(row.seen.split()).replace("|", "/")
            lines.append(f"| {row.part} | {row.seconds:.0f} s | {'**Failed**: ' if row.failed else ''}{seen} |")
        return "\n".join(lines) + "\n"

    def _part(self, words: str, act: Callable[[], str]) -> bool:
        start = time.monotonic()
        try:
            seen, failed = act(), False
        except TrialFailed as error:
            seen, failed = str(error), True
            self._note_logs()
        row = Row(words, time.monotonic() - start, seen, failed)
        self.rows.append(row)
        print(f"{row.seconds:6.0f} s  {words}: {'FAILED: ' if failed else ''}{seen}", flush=True)
        return not failed

    def _note_logs(self) -> None:
        """Write the newest lines of every container to the trial's log, for the person who looks for the cause."""
        if self.engine.compose and (self.checkout / ".secrets").exists():
            with suppress(TrialFailed):
                self.engine.composed(self.checkout, "logs", "--no-color", "--tail", "60")

    def _base(self) -> str:
        StandIns(self.engine).base()
        return "Debian with Python stands in for the image of Python"

    def _image(self) -> str:
        self.engine.docker(*_BUILD[:-1], self.checkout, patience=3600)
        whole, base = self._megabytes(OURS), self._megabytes(named()["python"])
        said = f"{whole} MB, {whole - base} of them on top of its base"
        if whole - base > _MOST_MEGABYTES:
            raise TrialFailed(said)
        return said

    def _megabytes(self, image: str) -> int:
        return round(int(self.engine.docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6)

    def _others(self) -> str:
        StandIns(self.engine).others()
        return "each has the name in docker-compose.yml"

    def _secrets(self) -> str:
        make = ("python", "-m", "deploy.compose.secrets", "/here/.secrets")
        user = f"{self.checkout.stat().st_uid}:{self.checkout.stat().st_gid}"
        said = self.engine.docker("run", "--rm", "--user", user, "--volume", f"{self.checkout}:/here", OURS, *make)
        return said.strip()

    def _secret(self, name: str) -> str:
        return (self.checkout / ".secrets" / name).read_text("utf-8")

    def _first_start(self) -> str:
        self.engine.up(self.checkout)
        healthy = self._installation.until_healthy()
        return f"every container is healthy, {healthy:.0f} s after `up` returned"

    def _first_sign_in(self) -> str:
        visitor.sign_in(self._secret("initial_password"))
        return "Keycloak asked for a new password; every page came"

    def _forgotten_password(self) -> str:
        visitor.forget_password()
        return f"Keycloak's mail came after {self._installation.until_mail():.0f} s"

    def _program(self) -> str:
        answers = visitor.program(self._secret("keycloak_admin_password"))
        if (answers.figures, answers.people) != (200, 403):
            raise TrialFailed(f"figures: {answers.figures}, people: {answers.people}; expected 200 and 403")
        return "client credentials with the scope of figures: figures are answered, people are refused (403)"

    def _give_tokens(self) -> None:
        first = self._secret("initial_password")
        tokens = {member.subject: visitor.token_of(member.subject, first) for member in CAST}
        tokens[visitor.PERSON] = visitor.token_of(visitor.PERSON, visitor.NEW_PASSWORD)
        self._tokens.write_text(json.dumps(tokens), "utf-8")
        self._tokens.chmod(0o644)

    def _until_tokens(self) -> int:
        """Ask for the tokens again and again until all come; return how many times one was refused."""
        end, refused = time.monotonic() + _SIGN_IN_PATIENCE, 0
        while True:
            try:
                self._give_tokens()
            except (TrialFailed, httpx2.HTTPError):
                refused += 1
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
            else:
                return refused

    def _journey(self) -> str:
        self._until_tokens()
        given = {
            "TANDEM_KAFKA": "not needed",
            "TANDEM_ORIGIN": visitor.ORIGIN,
            "TANDEM_MAIL_URL": visitor.MAIL,
            "TANDEM_TOKENS_FILE": "/tokens.json",
        }
        variables = [part for name, value in given.items() for part in ("--env", f"{name}={value}")]
        mounted = ("--volume", f"{self._tokens}:/tokens.json:ro")
        said = self.engine.docker("run", "--rm", "--network", "host", *mounted, *variables, OURS, "tandem", "journey")
        mail = "; the invitation came by mail" if "invitation is in the mail" in said else ""
        mail += "; the invitation waits for the morning" if "also the invitation" in said else ""
        return said.strip().splitlines()[-1].rstrip(".") + mail

    def _compared(self, word: str, act: Callable[[], str]) -> str:
        """Do something while entries are made, and return what was seen and what was lost."""
        self._until_tokens()
        before = Belongings.of(self.engine, self.checkout)
        if not before.found["mails"]:
            raise TrialFailed("There is no mail that could be lost.")
        with Writer(self._tokens, word) as writer:
            time.sleep(2)
            seen = act()
        seen += f", has every event {self._installation.until_caught_up():.0f} s later"
        lost = {before.lost(Belongings.of(self.engine, self.checkout)), writer.lost()} - {"nothing"}
        if lost:
            raise TrialFailed(f"{seen}; lost: {', '.join(sorted(lost))}")
        return f"{seen}; lost: nothing of {before}, and none of {len(writer.confirmed)} entries made meanwhile"

    def _kill(self, name: str) -> str:
        def act() -> str:
            start = time.monotonic()
            self._installation.kill(name)
            self._installation.until_answering()
            answering = time.monotonic() - start
            self._installation.until_healthy()
            healthy = time.monotonic() - start
            refused = self._until_tokens()
            signing = f", Keycloak refused {refused} sign-ins after that" if refused else ""
            return f"everything answers after {answering:.0f} s, is healthy after {healthy:.0f} s{signing}"

        return self._compared(f"kill of {name}", act)

    def _down_and_up(self) -> str:
        def act() -> str:
            self.engine.composed(self.checkout, "down")
            start = time.monotonic()
            self.engine.up(self.checkout)
            self._installation.until_healthy()
            healthy = time.monotonic() - start
            if "Topics created: 0." not in self.engine.composed(self.checkout, "logs", "--no-color", "setup"):
                raise TrialFailed("Kafka lost its topics: the set-up made them anew.")
            return f"healthy {healthy:.0f} s after `up` began, Kafka has its topics"

        seen = self._compared("down and up", act)
        visitor.sign_in()
        return f"{seen}; the new password signs in"

    def _restart(self) -> str:
        def act() -> str:
            self.engine.stop()
            start = time.monotonic()
            self.engine.start()
            self._installation.until_healthy()
            return f"healthy {time.monotonic() - start:.0f} s after the engine started"

        seen = self._compared("restart of the engine", act)
        visitor.sign_in()
        return f"{seen}; the new password signs in"

    def _stall(self) -> str:
        outcome = stall(self._installation)
        if outcome.slow:
            raise TrialFailed(str(outcome))
        return str(outcome)

    def _loops(self) -> str:
        """Compare the loops of the image with the same loops compiled first, both on the read-only root."""
        ready = self._loops_after("deploy/compose/kernels.sh")
        compiled = self._loops_after("env", "NUMBA_CACHE_DIR=/tmp/compiled")
        said = f"{ready:.0f} s with those of the image, {compiled:.0f} s where they are compiled first"
        if 2 * ready > compiled:
            raise TrialFailed(said)
        return said

    def _loops_after(self, *before: str) -> float:
        start = time.monotonic()
        match = ("python", "-m", "services.matching.engine.kernels")
        self.engine.composed(self.checkout, "exec", "-T", "matching", *before, *match)
        return time.monotonic() - start

    def _verify(self) -> str:
        said = self.engine.composed(self.checkout, "run", "--rm", "tools", "verify")
        return said.strip().splitlines()[-1]

    def _remove(self) -> str:
        self.engine.composed(self.checkout, "down", "--volumes", "--remove-orphans")
        return "containers and volumes are gone"
