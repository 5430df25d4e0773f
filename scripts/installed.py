"""Exit 1 when .venv has lost a package that one of its recorded lock files pins, a file of one, or pip itself.

Runs on the standard library of the environment it examines, before anything else there can be trusted. A pin whose
environment marker does not hold here was never installed, so it is not asked for.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock", "bench": "requirements-bench.lock"}
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?P<marker> *;)?", re.MULTILINE)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_whole(package: Distribution) -> bool:
    return all(Path(str(file.locate())).exists() for file in package.files or [] if file.suffix != ".pyc")


def wanted(venv: Path) -> Iterator[tuple[str, str]]:
    for kind, lock in LOCKS.items():
        if (venv / f".yinqiao-{kind}").exists():
            for pin in PIN.finditer(Path(lock).read_text(encoding="utf-8")):
                if not pin["marker"]:
                    yield canonical(pin[1]), pin[2]


def is_intact(venv: Path) -> bool:
    present = {canonical(found.metadata["Name"]): found for found in distributions()}
    if any(name not in present or present[name].version != version for name, version in wanted(venv)):
        return False
    return "pip" in present and all(is_whole(package) for package in present.values())


if __name__ == "__main__":
    sys.exit(0 if is_intact(Path(sys.argv[1])) else 1)
