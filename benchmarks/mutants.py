"""Plant random faults and see which test finds each: ``python benchmarks/mutants.py``.

A mutant is one expression or statement of the code that decides numbers (physics, checker, rules,
dual, compiled kernels), changed at random: the same seed draws the same mutants of the same
source. Each goes into a copy of the tree, where the tests named for its group run until the first
that fails. Mutants that nobody could tell from the original are listed, with the reason, in
``equivalent_mutants.toml``. Exits 1 when any other survives.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).parent / "equivalent_mutants.toml"
# What the copy does without.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", ".nox", "notebooks", "results.parquet", "dist"
)
# A mutant that never ends is found too: by whoever waits for it.
HANG_SECONDS = 900.0


@dataclass(frozen=True)
class Group:
    """Sources of one kind, and the tests that should know them: the quickest first."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


def modules(folder: str, names: str) -> tuple[str, ...]:
    """Return the files of modules of a folder, all of which there must be."""
    files = tuple(f"{folder}/{name}.py" for name in names.split())
    missing = [name for name in files if not (ROOT / name).is_file()]
    if missing:
        raise FileNotFoundError(f"benchmarks/mutants.py: no file {', '.join(missing)}")
    return files


GROUPS = {
    "physics": Group(
        ("qkdopt/physics/*.py",),
        ("tests/physics", "tests/checker", "tests/instance", "tests/cli/test_golden.py"),
    ),
    "checker": Group(
        ("qkdopt/checker/*.py",),
        (
            "tests/checker",
            "tests/instance",
            "tests/channel_sets/protection/test_protect.py",
            "tests/best_known",
        ),
    ),
    "rules": Group(
        modules(
            "qkdopt/milp",
            "constraints strengthen loads objectives linearise integer_program scales",
        ),
        ("tests/milp", "tests/optimize/test_truth.py", "tests/optimize"),
    ),
    "dual": Group(
        modules(
            "qkdopt/bounds", "cuts dual served classes branching master paths path_cuts listing"
        ),
        ("tests/bounds", "tests/milp/test_loads.py", "tests/optimize/test_truth.py"),
    ),
    "programs": Group(
        (
            *modules(
                "qkdopt/bounds",
                "linear_program levels expansion keyless moves_limit demand_classes key_program "
                "key_bound key_classes install_program install_bound install_columns",
            ),
            *modules("qkdopt/heuristics", "channel_program"),
        ),
        (
            *modules(
                "tests/bounds",
                "test_linear_program test_levels test_key_bound test_moves_limit "
                "test_install_bound",
            ),
            "tests/bounds",
            "tests/dimensioning",
            "tests/milp/test_shared_keys.py",
            "tests/optimize/test_around.py",
            "tests/checker/test_without_key.py",
            "tests/heuristics/test_channel_program.py",
        ),
    ),
    "kernel": Group(
        (
            *modules("qkdopt/heuristics/annealing", "kernel moves"),
            *modules(
                "qkdopt/heuristics/route_annealing",
                "arrays colouring_kernel kernel recolouring_kernel triples",
            ),
            *modules("qkdopt/heuristics", "channel_choice placement"),
            *modules("qkdopt/problem", "network_state load_states"),
            "qkdopt/physics/compiled_keyrate.py",
            *modules(
                "qkdopt/simulation",
                "departures failures kernel light assignment policies rates_around_event",
            ),
        ),
        (),
    ),
}
# Groups that are drawn from where none is named: with another list, the seed draws other mutants.
USUAL = ("physics", "checker", "rules", "dual", "kernel")
# A kernel has the tests of its own folder.
FOLDERS = {
    "qkdopt/heuristics/annealing": (
        "tests/heuristics/annealing",
        "tests/heuristics",
        "tests/cli/test_golden.py",
    ),
    "qkdopt/heuristics/route_annealing": ("tests/heuristics/route_annealing",),
    "qkdopt/heuristics": ("tests/heuristics", "tests/cli/test_golden.py"),
    "qkdopt/problem": (
        "tests/problem",
        "tests/bounds",
        "tests/milp",
        "tests/simulation/test_kernel.py",
    ),
    "qkdopt/physics": ("tests/physics/test_compiled_keyrate.py",),
    "qkdopt/simulation": modules(
        "tests/simulation", "test_kernel test_statistics test_events test_trace"
    ),
}

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
OTHER_NAMES = {
    "min": "max", "minimum": "maximum", "argmin": "argmax", "floor": "ceil", "any": "all",
}  # fmt: skip
OTHER_NAMES |= {other: name for name, other in OTHER_NAMES.items()}


@dataclass(frozen=True)
class Mutant:
    """One change: bytes ``start`` to ``end`` of a file are replaced."""

    file: str
    line: int
    source: str
    before: str
    after: str
    start: int
    end: int
    text: str

    @property
    def operator(self) -> str:
        """What was changed, in one line."""
        return f"{self.before}  ->  {self.after}"


def one_line(text: str) -> str:
    """Return a text on one line, cut where it gets long."""
    text = " ".join(text.split())
    return text if len(text) <= 100 else text[:97] + "..."


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in SWAPPED:
        yield changed(node, op=SWAPPED[type(node.op)]())
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            ops = [*node.ops]
            ops[k] = SWAPPED[type(op)]()
            yield changed(node, ops=ops)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(node.value + 1 if type(node.value) is int else 2.0 * node.value or 1.0)
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in OTHER_NAMES:
            yield changed(node, func=ast.Name(OTHER_NAMES[node.func.id]))
        if isinstance(node.func, ast.Attribute) and node.func.attr in OTHER_NAMES:
            yield changed(node, func=changed(node.func, attr=OTHER_NAMES[node.func.attr]))
    if isinstance(node, ast.Return):
        yield from parts_of_return(node)
    if isinstance(node, ast.AugAssign):
        yield ast.Pass()


def parts_of_return(node: ast.Return) -> Iterator[ast.AST]:
    """Yield returns of a part of what is returned, or of its opposite."""
    value = node.value
    if isinstance(value, ast.BinOp):
        yield ast.Return(value.left)
    if isinstance(value, ast.BoolOp):
        yield ast.Return(value.values[0])
    if isinstance(value, ast.IfExp):
        yield ast.Return(value.body)
        yield ast.Return(value.orelse)
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        yield ast.Return(ast.Constant(not value.value))


def changed(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def code_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that decide what is computed: no annotation, decorator, text or message."""
    skipped = (ast.JoinedStr, ast.Raise, ast.Assert, ast.Import, ast.ImportFrom)
    if isinstance(node, skipped):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from code_nodes(child)


def mutants_of(path: Path) -> list[Mutant]:
    """Return every mutant of a source file."""
    text = path.read_text(encoding="utf-8")
    data = text.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in code_nodes(ast.parse(text)):
        for new in variants(node):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            before, after = ast.unparse(node), ast.unparse(new)
            statement = isinstance(node, ast.stmt)
            found.append(
                Mutant(
                    file=path.relative_to(ROOT).as_posix(),
                    line=node.lineno,
                    source=text.splitlines()[node.lineno - 1].strip(),
                    before=one_line(before),
                    after=one_line(after),
                    start=start,
                    end=end,
                    text=after if statement else f"({after})",
                )
            )
    return found


def draw(
    groups: Sequence[str], count: int, seed: int, patterns: Sequence[str] = ("*",)
) -> list[tuple[str, Mutant]]:
    """Draw mutants on different lines, as many of each group with a file of these patterns.

    Raises
    ------
    ValueError
        No file of the groups is of any pattern.
    """
    generator = random.Random(seed)
    lines = {name: mutants_by_line(name, patterns) for name in groups}
    named = [name for name in groups if lines[name]]
    if not named:
        raise ValueError(f"no source of {', '.join(groups)} is of {', '.join(patterns)}")
    drawn = []
    for place, name in enumerate(named):
        share = count // len(named) + (place < count % len(named))
        chosen = generator.sample(sorted(lines[name]), min(share, len(lines[name])))
        drawn += [(name, generator.choice(lines[name][line])) for line in chosen]
    return drawn


def mutants_by_line(group: str, patterns: Sequence[str]) -> dict[tuple[str, int], list[Mutant]]:
    """Return the mutants of a group's sources of some patterns, by file and line."""
    lines: dict[tuple[str, int], list[Mutant]] = {}
    for source in GROUPS[group].sources:
        for path in sorted(ROOT.glob(source)):
            name = path.relative_to(ROOT).as_posix()
            if any(fnmatch(name, pattern) for pattern in patterns):
                for mutant in mutants_of(path):
                    lines.setdefault((mutant.file, mutant.line), []).append(mutant)
    return lines


def tests_of(group: str, mutant: Mutant) -> tuple[str, ...]:
    """Return the tests of a mutant, in their order."""
    own = FOLDERS.get(str(Path(mutant.file).parent)) if group == "kernel" else None
    return own or GROUPS[group].tests


def verdict(group: str, mutant: Mutant) -> str | None:
    """Run the tests on a mutant; return what found it, None when it survives."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder) / "tree"
        # With the compiled kernels, which are kept where no source beside them changes.
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        target = tree / mutant.file
        data = target.read_bytes()
        target.write_bytes(data[: mutant.start] + mutant.text.encode() + data[mutant.end :])
        return run_tests(tree, tests_of(group, mutant))


def run_tests(tree: Path, tests: tuple[str, ...]) -> str | None:
    """Run tests in a tree until the first that fails and return its name."""
    options = (
        "-q",
        "-n0",
        "-x",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        "--no-header",
        "-rfE",
    )
    with (tree / "told.txt").open("w", encoding="utf-8") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, "-rfE", *tests],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            return "it never ends"
        finally:
            # A group of its own: what tests left running goes as well.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status == 0:
        return None
    lines = (tree / "told.txt").read_text(encoding="utf-8")
    named = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", lines, flags=re.MULTILINE)
    if named:
        return named[1]
    last = re.search(r'File "\S*(tests/\S+\.py)", line \d+ in (test_\w+)', lines)
    where = f" in {last[1]}::{last[2]}" if last else ""
    return f"a crash with status {status}{where}"


def equivalents() -> dict[tuple[str, str, str, str], str]:
    """Reasons of the mutants that nobody could tell from the original, by their content."""
    rows = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {
        (row["file"], row["source"], row["before"], row["after"]): row["reason"] for row in rows
    }


def main() -> None:
    """Print a line per mutant, then how many were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=50)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument(
        "--groups", default=",".join(USUAL), help=f"Comma-separated, of {', '.join(GROUPS)}."
    )
    parser.add_argument(
        "--files", default="*", help="Sources drawn from: patterns of their paths, comma-separated."
    )
    parser.add_argument("--only", default="", help="Numbers of drawn mutants, comma-separated.")
    parser.add_argument("--list", action="store_true", help="Draw, and run nothing.")
    options = parser.parse_args()
    reasons = equivalents()
    patterns = options.files.split(",")
    drawn = draw(options.groups.split(","), options.mutants, options.seed, patterns)
    only = {int(number) for number in options.only.split(",") if number} or set(range(len(drawn)))
    killed = equivalent = survived = 0
    for number, (group, mutant) in enumerate(drawn):
        if number not in only:
            continue
        print(f"{number:3d} {mutant.file}:{mutant.line}  {mutant.operator}", flush=True)
        reason = reasons.get((mutant.file, mutant.source, mutant.before, mutant.after))
        if options.list:
            continue
        if reason is not None:
            equivalent += 1
            print(f"    equivalent: {reason}", flush=True)
            continue
        began = time.monotonic()
        found = verdict(group, mutant)
        seconds = time.monotonic() - began
        killed += found is not None
        survived += found is None
        print(
            f"    killed by {found} ({seconds:.0f} s)"
            if found
            else f"    SURVIVED ({seconds:.0f} s): {mutant.source}",
            flush=True,
        )
    print(f"{killed} killed, {equivalent} equivalent, {survived} survived")
    sys.exit(bool(survived))


if __name__ == "__main__":
    main()
