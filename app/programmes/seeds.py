"""Reading the seed folder: YAML that is refused with file, line and reason, or becomes records."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from app.http.refusals import field_errors
from app.programmes.crosscheck import check_together
from app.programmes.models import Department, DepartmentFile, PolicyFile, RateFile, ReadingFile
from app.rules.parameters import Parameters
from app.subsidy import RateSeries, ReadingSet

M = TypeVar("M", bound=BaseModel)


class SeedRefused(ValueError):
    """A seed file that cannot be used: which file, which line (1-based; None for the whole file) and why."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = path.name if line is None else f"{path.name} 第 {line} 行"
        super().__init__(f"{where}：{reason}")
        self.path, self.line, self.reason = path, line, reason


@dataclass(frozen=True, slots=True)
class Seeds:
    """The whole seed folder, every cross-reference checked."""

    policies: tuple[PolicyFile, ...]
    series: tuple[RateSeries, ...]
    departments: tuple[Department, ...]

    @property
    def parameters(self) -> Parameters:
        """All parameters of all documents."""
        return Parameters(record.parameter() for file in self.policies for record in file.parameters)


class _UniqueKeys(yaml.SafeLoader):
    """A mapping that names a key twice is refused: the second value would silently win.

    Every refusal has its line, also those that YAML leaves to Python, such as a day that no calendar has.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError:
            raise yaml.MarkedYAMLError(problem=f"“{node.value}”读不出来", problem_mark=node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                raise yaml.MarkedYAMLError(problem="键要写成文字", problem_mark=key.start_mark)
            if name in seen:
                raise yaml.MarkedYAMLError(problem=f"“{name}”写了两次", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True, slots=True)
class _Source:
    """One file with the tree of its YAML, so that a place in the data can be named by its line."""

    path: Path
    tree: yaml.Node
    data: Any

    def line(self, steps: Sequence[object]) -> int:
        """The line of the deepest node on the way that exists."""
        node = self.tree
        for step in steps:
            node = next((child for key, child in _children(node) if key == str(step)), node)
        return node.start_mark.line + 1

    def refuse(self, steps: Sequence[object], reason: str) -> SeedRefused:
        return SeedRefused(self.path, self.line(steps), reason)


def read_seeds(folder: Path) -> Seeds:
    """All seed files of a folder. Raises SeedRefused for the first thing that is wrong."""
    sets = _read(folder / "readings.yaml", ReadingFile)[1].programmes
    readings = {item.programme: item for item in sets}
    files = [_read(path, PolicyFile) for path in _files(folder / "policies")]
    departments = _read(folder / "departments.yaml", DepartmentFile)[1].departments
    series = [one for path in _files(folder / "rates") for one in _read(path, RateFile)[1].series]
    check_together([(source.refuse, file) for source, file in files], {one.name for one in departments})
    _refuse_doubles(folder / "readings.yaml", [one.programme for one in sets])
    _refuse_doubles(folder / "departments.yaml", [one.name for one in departments])
    _refuse_doubles(folder / "rates", [one.code for one in series])
    if unknown := readings.keys() - {programme.slug for _, file in files for programme in file.programmes}:
        raise SeedRefused(folder / "readings.yaml", None, f"没有政策“{min(unknown)}”")
    policies = tuple(_with_readings(file, readings) for _, file in files)
    return Seeds(policies, tuple(series), departments)


def _refuse_doubles(path: Path, names: Sequence[str]) -> None:
    if doubles := [name for name, count in Counter(names).items() if count > 1]:
        raise SeedRefused(path, None, f"“{doubles[0]}”写了两次，只留一处")


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise SeedRefused(folder, None, "没有找到 YAML 文件")
    return found


def _read(path: Path, model: type[M]) -> tuple[_Source, M]:
    source = _source(path)
    try:
        return source, model.model_validate(source.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        (refusal,) = field_errors([{**first, "loc": ("body", *first["loc"])}], source.data)
        raise source.refuse(first["loc"], f"{refusal.pointer} {refusal.detail}".strip()) from None


def read_record(path: Path, model: type[M]) -> M:
    """One seed file that stands by itself. Raises SeedRefused."""
    return _read(path, model)[1]


def _source(path: Path) -> _Source:
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=_UniqueKeys)
        if tree is None:
            raise SeedRefused(path, None, "文件是空的")
        return _Source(path, tree, yaml.load(text, Loader=_UniqueKeys))  # noqa: S506  a SafeLoader with one check more
    except OSError:
        raise SeedRefused(path, None, "文件不存在或读不出来") from None
    except UnicodeDecodeError:
        raise SeedRefused(path, None, "文件不是 UTF-8 编码") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SeedRefused(path, line, f"YAML 写法不对：{error.problem}") from None
    except yaml.YAMLError:  # The reader's, which has no mark: a character that YAML does not allow.
        raise SeedRefused(path, None, "文件中有 YAML 不允许的控制字符") from None


def _children(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), child) for key, child in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((str(index), child) for index, child in enumerate(node.value))


def _with_readings(file: PolicyFile, readings: dict[str, ReadingSet]) -> PolicyFile:
    programmes = tuple(p.model_copy(update={"readings": readings.get(p.slug)}) for p in file.programmes)
    return file.model_copy(update={"programmes": programmes})
