"""Print figures that say how easy the code of services, shared and deploy is to read (migrations are left out).

They are signs to look at, not limits: no test asks for them. `python -m tests.signs` prints:

- modules and statements. A docstring is no statement.
- complexity, the mean over all functions, methods and functions inside functions. Two counts. "Branches" follows ruff's
  C901: 1, and 1 more for each `if` and `elif`, loop, `except`, `else` of a `try`, case of a `match` (not for a last
  case that takes anything) and function inside. "Decisions" adds those that are made inside expressions: each further
  part of an `and` or `or`, each conditional expression, each loop and each condition of a comprehension.
- imports: how many different modules a module imports, the mean over all modules. `from a import b` counts as `a.b`
  where that is a module of ours, else as `a`. Imports inside functions and for type checking count too.
- modules of fewer than 25 lines without a reason, and of more than 600, each by name. An `__init__.py` without a
  statement is left out. Reasons of short modules are a name that Python gives (`__main__.py`), a name that the layout
  gives (a layer of a room, a file that each service has), and a sentence `A module of its own, ...` in the docstring.
- module docstrings whose first line has a question mark, and those whose first line ends with one.
- how often a variable or parameter called `one` gets a value, and how often the name occurs at all.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.rooms import OWN

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("services", "shared", "deploy")
FEW, MANY = 25, 600
REASON = "A module of its own, "

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Loop = ast.For | ast.AsyncFor | ast.While


@dataclass(frozen=True)
class Module:
    """A module: its path from the root, how many lines it has, and its syntax tree."""

    path: Path
    lines: int
    tree: ast.Module

    @property
    def name(self) -> str:
        """The name by which it is imported."""
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    @property
    def statements(self) -> int:
        """The number of statements, without docstrings."""
        nodes = list(ast.walk(self.tree))
        documented = [node for node in nodes if isinstance(node, ast.Module | ast.ClassDef | _Function)]
        return sum(isinstance(node, ast.stmt) for node in nodes) - sum(
            ast.get_docstring(node, clean=False) is not None for node in documented
        )


def modules() -> list[Module]:
    """Return all modules that count, by path."""
    found = []
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        if "migrations" not in path.parts:
            text = path.read_text(encoding="utf-8")
            found.append(Module(path.relative_to(ROOT), len(text.splitlines()), ast.parse(text)))
    return found


def branches(statements: list[ast.stmt]) -> int:
    """Return how many branches some statements have, as ruff's C901 counts them."""
    count = 0
    for statement in statements:
        match statement:
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
                count += 1 + branches(statement.body) + branches(statement.orelse)
            case ast.Try() | ast.TryStar():
                count += bool(statement.orelse) + len(statement.handlers)
                count += sum(branches(handler.body) for handler in statement.handlers)
                count += branches([*statement.body, *statement.orelse, *statement.finalbody])
            case ast.With() | ast.AsyncWith():
                count += branches(statement.body)
            case ast.Match(cases=cases):
                count += len(cases) - _takes_anything(cases[-1]) + sum(branches(case.body) for case in cases)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                count += 1 + branches(statement.body)
            case ast.ClassDef():
                count += branches([part for part in statement.body if isinstance(part, _Function)])
    return count


def _takes_anything(case: ast.match_case) -> bool:
    return case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None


def decisions(function: _Function) -> int:
    """Return how many decisions are made inside the expressions of a function."""
    count = 0
    for node in ast.walk(function):
        match node:
            case ast.BoolOp(values=values):
                count += len(values) - 1
            case ast.IfExp():
                count += 1
            case ast.comprehension(ifs=conditions):
                count += 1 + len(conditions)
    return count


def imported(module: Module, ours: set[str]) -> set[str]:
    """Return the names of the modules that a module imports."""
    names: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {part if part in ours else str(node.module) for part in parts}
    return names


def first_line(module: Module) -> str:
    """Return the first line of the module's docstring."""
    return (ast.get_docstring(module.tree) or "").partition("\n")[0]


def has_reason(module: Module) -> bool:
    """Return whether a short module has a reason to be one: its name, or a sentence of its docstring."""
    *folders, name = module.path.with_suffix("").parts
    services = [path.parent for path in ROOT.glob("services/*/app.py")]
    by_layout = folders[0] == "services" and (
        (len(folders) == 3 and name in OWN)
        or (len(folders) == 2 and all((service / f"{name}.py").exists() for service in services))
    )
    return by_layout or name.startswith("__") or REASON in " ".join((ast.get_docstring(module.tree) or "").split())


def uses_of(name: str, module: Module) -> tuple[int, int]:
    """Return how often a variable or parameter of a name gets a value, and how often the name occurs."""
    names = [node for node in ast.walk(module.tree) if isinstance(node, ast.Name) and node.id == name]
    parameters = sum(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(module.tree))
    return parameters + sum(isinstance(node.ctx, ast.Store) for node in names), parameters + len(names)


def main() -> None:
    """Print the figures, then the modules that are short or long."""
    found = [module for module in modules() if module.statements or _is_no_package(module)]
    ours = {module.name for module in found}
    functions = [node for module in found for node in ast.walk(module.tree) if isinstance(node, _Function)]
    in_branches = sum(1 + branches(function.body) for function in functions)
    in_expressions = sum(decisions(function) for function in functions)
    lines = [first_line(module) for module in found]
    short = [module for module in found if module.lines < FEW and not has_reason(module)]
    long = [module for module in found if module.lines > MANY]
    figures = {
        "modules": len(found),
        "statements": sum(module.statements for module in found),
        "functions": len(functions),
        "complexity, branches": f"{in_branches / len(functions):.2f}",
        "complexity, decisions": f"{(in_branches + in_expressions) / len(functions):.2f}",
        "imports a module": f"{sum(len(imported(module, ours)) for module in found) / len(found):.1f}",
        "docstrings with ?": sum("?" in line for line in lines),
        "docstrings ending in ?": sum(line.endswith("?") for line in lines),
        "`one` gets a value": sum(uses_of("one", module)[0] for module in found),
        "`one` occurs": sum(uses_of("one", module)[1] for module in found),
        "short without a reason": len(short),
        f"modules over {MANY} lines": len(long),
    }
    for name, figure in figures.items():
        print(f"{name:24}{figure:>9}")
    for title, listed in ((f"Under {FEW} lines without a reason", short), (f"Over {MANY} lines", long)):
        print(f"\n{title}:")
        for module in listed:
            print(f"{module.lines:6}  {module.path}")


def _is_no_package(module: Module) -> bool:
    return module.path.name != "__init__.py"


if __name__ == "__main__":
    main()
