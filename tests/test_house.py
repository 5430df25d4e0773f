"""The rules of the house that no linter holds: what the tree may contain, and how long a thing in it may be."""

import ast
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
CODE = ("app", "bench", "migrations", "scripts", "tests")
KERNEL = ("app/rules/", "app/subsidy/")

# Environments, caches and data that stand in the folder but belong to no checkout.
NOT_OURS = {".git", ".hypothesis", ".schemathesis", ".venv", "__pycache__", "build", "dist", "node_modules", "var"}

MODULE_LINES = 400
FUNCTION_LINES = 60
KERNEL_FUNCTION_LINES = 40
NINETIETH_PERCENTILE_LINES = 30
SHAPELESS_NAMES = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

# Written in pieces, so that this file does not name what it forbids.
PACKAGE_HOSTS = re.compile(
    "|".join(
        re.escape(".".join(labels))
        for labels in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("deb", "debian", "org"),
            ("mirrors", "aliyun", "com"),
            ("tuna", "tsinghua", "edu", "cn"),
            ("mirrors", "ustc", "edu", "cn"),
        )
    ),
    re.IGNORECASE,
)
# A folder of one person's machine; `/tmp` alone (a mount point in a container) is none.
MACHINE_PATHS = re.compile(r"(?<![\w.~>-])/(?:home/\w|Users/\w|root/|work/|tmp/)|[A-Za-z]:\\Users\\")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree() -> tuple[Path, ...]:
    """Every file that a commit of this folder would hold; without git, every file but caches and environments."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listing = subprocess.run(
            [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            check=False,
        )
        if listing.returncode == 0:
            named = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
            return tuple(sorted(path for path in named if path.is_file()))
    return tuple(sorted(path for path in ROOT.rglob("*") if path.is_file() and not is_foreign(path)))


def is_foreign(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in NOT_OURS or part.endswith(("_cache", ".egg-info")) for part in parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_files() -> Iterator[tuple[Path, str]]:
    for path in tree():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8")


def python_files() -> list[Path]:
    return [path for path in tree() if path.suffix == ".py" and name_of(path).split("/")[0] in CODE]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, Function))


def line_count(function: Function) -> int:
    """Lines from `def` to the end, less the docstring: a contract may be as long as it needs."""
    first = function.body[0]
    is_documented = ast.get_docstring(function, clean=False) is not None
    documented = (first.end_lineno or 0) - first.lineno + 1 if is_documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def matches(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name_of(path)}:{number}: {found[0]}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := pattern.search(line))
    ]


def app_functions() -> list[tuple[str, Function]]:
    return [
        (name_of(path), function)
        for path in python_files()
        if name_of(path).startswith("app/")
        for function in functions(path)
    ]


def test_the_tree_is_the_whole_project() -> None:
    # Every other test here walks this list; an empty one would let them all pass.
    names = {name_of(path) for path in tree()}

    assert {"pyproject.toml", "Makefile", "LICENSE", "app/__init__.py", "app/main.py", "tests/test_house.py"} <= names
    assert not any(name.startswith((".venv/", "var/")) for name in names)


def test_imports_stand_at_the_top_of_a_file() -> None:
    late = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files()
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert late == []


def test_no_function_is_longer_than_its_room_allows() -> None:
    too_long = [
        f"{name}:{function.lineno} {function.name}: {line_count(function)}"
        for name, function in app_functions()
        if line_count(function) > (KERNEL_FUNCTION_LINES if name.startswith(KERNEL) else FUNCTION_LINES)
    ]

    assert too_long == []


def test_nine_of_ten_functions_fit_on_a_screen() -> None:
    lengths = sorted(line_count(function) for _, function in app_functions())

    assert lengths[math.ceil(0.9 * len(lengths)) - 1] <= NINETIETH_PERCENTILE_LINES


def test_no_module_is_a_well() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}

    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_every_module_is_named_after_what_it_holds() -> None:
    shapeless = [
        name_of(path)
        for path in python_files()
        if SHAPELESS_NAMES
        & {part for piece in path.relative_to(ROOT).with_suffix("").parts for part in piece.split("_")}
    ]

    assert shapeless == []


def test_no_file_names_the_host_of_a_package_index() -> None:
    assert matches(PACKAGE_HOSTS) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert matches(MACHINE_PATHS) == []


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ("cd /ho" + "me/li/yinqiao", True),
        ("open('/tm" + "p/out.txt')", True),
        ("see /wo" + "rk/notes", True),
        ("tmpfs: [/tmp]", False),
        ("GET /api/v1/work/items", False),
        ("https://example.org/home/page", False),
        ("/var/lib/yinqiao", False),
    ],
)
def test_a_folder_of_one_machine_is_told_from_a_path(line: str, *, is_refused: bool) -> None:
    assert bool(MACHINE_PATHS.search(line)) is is_refused


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_every_package_by_hash_and_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE).strip())

    assert [block.splitlines()[0] for block in blocks if not re.match(r"[a-z0-9.-]+==\S+", block)] == []
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert re.findall(r"https?:|file:|--index|--extra-index|--find-links|--trusted-host| @ ", text) == []


def pins(lock: str) -> set[tuple[str, str]]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, flags=re.MULTILINE))


def test_the_development_lock_holds_every_pin_of_the_runtime_lock() -> None:
    # A development environment serves `make demo` too, and must be the one that was tested.
    assert pins("requirements.lock") - pins("requirements-dev.lock") == set()


def test_the_benchmark_lock_agrees_with_the_runtime_lock() -> None:
    assert pins("requirements.lock") - pins("requirements-bench.lock") == set()


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):(?!=)(.*)$", makefile, flags=re.MULTILINE)

    assert [name for name, rest in targets if "# " not in rest] == []
    assert {"demo", "test", "bench", "lock"} <= {name for name, _ in targets}
