"""Check that the working tree keeps the promises of its contracts; CI and developers run it.

    python -m shared.contracts.check [--base REVISION]

Compares the code with the schemas and topics of a revision (default: HEAD), and checks that the generated files are up
to date.
"""

import argparse
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from shared.contracts.compat import Breach, Topics, breaches, topic_breaches
from shared.contracts.generate import ROOT, SCHEMAS, stale
from shared.contracts.schema import JsonSchema, schemas

_TOPICS = "shared/contracts/topics.yaml"


class NoSuchRevision(ValueError):
    """The revision to compare with is not in this repository."""


def base(revision: str, root: Path = ROOT) -> tuple[dict[str, JsonSchema], Topics]:
    """Return the schemas by event name and the topics by name of a revision; both empty where it has none yet.

    Raises NoSuchRevision where the repository does not know the revision.
    """
    if not _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
        raise NoSuchRevision(revision)
    names = _git(root, "ls-tree", "--name-only", revision, "--", SCHEMAS, _TOPICS).decode().split()
    if not names:
        return {}, {}
    old: dict[str, JsonSchema] = {}
    topics: Topics = {}
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", revision, "--", *names))) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                continue
            if member.name == _TOPICS:
                topics = yaml.safe_load(content.read())
            elif member.name.endswith(".json"):
                old[Path(member.name).stem] = json.load(content)
    return old, topics


def compare(old: Mapping[str, JsonSchema], old_topics: Topics, root: Path = ROOT) -> list[Breach]:
    """Return what the working tree's code and topics would break of older ones, in order."""
    topics = yaml.safe_load((root / _TOPICS).read_text(encoding="utf-8"))
    return [*topic_breaches(old_topics, topics), *breaches(old, schemas())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check; return 0 if all is well, 1 for a breach or a stale file, 2 for an unknown revision."""
    parser = argparse.ArgumentParser(
        prog="python -m shared.contracts.check", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--base", metavar="REVISION", help="the revision to compare with (default: HEAD)")
    revision = parser.parse_args(arguments).base
    try:
        old, topics = base(revision or "HEAD")
    except NoSuchRevision:
        if revision:
            sys.stderr.write(f"{revision}: there is no such revision here; fetch it, or name another with --base\n")
            return 2
        old, topics = {}, {}
    lines = [str(breach) for breach in compare(old, topics)]
    lines += [f"{path}: not up to date. Run `python -m shared.contracts.generate` and commit it." for path in stale()]
    for line in lines:
        sys.stderr.write(line + "\n")
    if lines:
        return 1
    known = f"{len(old)} events of {revision or 'HEAD'}" if old else "no older contracts to compare with"
    sys.stdout.write(f"contracts: {len(schemas())} events, compatible ({known}), generated files up to date\n")
    return 0


def _git(root: Path, *arguments: str) -> bytes:
    """Return what git prints; empty where it fails."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=False, capture_output=True).stdout  # noqa: S603 - git with our own arguments


if __name__ == "__main__":
    sys.exit(main())
