"""What may stand in the archive that a workbook is, checked before the parser opens it. The standard library alone.

The parser unpacks whatever the archive holds and lays a sheet out as a full rectangle; two cells at opposite corners
would be 17 thousand million. So sizes are counted here by unpacking once, and cells far out are found by their names.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, Final
from xml.etree import ElementTree

from app.institutions.workbook.limits import Limits

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 1 << 16
_SMALL_PART: Final = 8 << 20
_DECLARATION: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
_WIDE_NAME: Final = re.compile(
    rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"'](?!utf-?8|us-ascii|iso-8859-1|gb)", re.IGNORECASE
)
# Columns behind IV or rows of six digits, where the cell has content: an empty formatted one does no harm.
_FAR: Final = re.compile(
    rb""" r=["']((?:[A-Z]{3}|[J-Z][A-Z]|I[W-Z])[0-9]{1,9}|[A-Z]{1,3}[0-9]{6,9})["'][^>/]*>(?!\s*</)"""
)
_CELL: Final = rb"""<(?:\w+:)?c\s(?=[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["'])"""
_FAULTY: Final = re.compile(_CELL + rb"""(?=[^>]*?\bt=["']e["'])[^>]*>(?:<f[^>]*>(?:[^<]*</f>)?)?<v>([^<]{0,20})""")
_UNCOMPUTED: Final = re.compile(
    _CELL + rb"""(?![^>]*?\bt=["']str["'])[^>]*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"""
)
_PERCENT_FORMATS: Final = frozenset({"9", "10"})
_ACTIVE: Final = ("vbaproject", "vbadata", "activex", "macrosheets", "dialogsheets", "xlm")
_LINKING: Final = "external"
_HARMLESS_LINK: Final = "/hyperlink"


class Refused(Exception):
    """A file that is not read on; `code` is one of `refusals.BY_CODE`, `said` fills its sentence."""

    def __init__(self, code: str, **said: object) -> None:
        super().__init__(code)
        self.code = code
        self.said = said


@dataclass(slots=True)
class Marks:
    """What the parser does not tell of a sheet: (row, column) from 1 -> error text, and the percentages."""

    faulty: dict[tuple[int, int], str] = field(default_factory=dict)
    percent: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Archive:
    """A workbook that may be parsed: marks by sheet name, names of hidden sheets, and how its days are counted."""

    marks: Mapping[str, Marks]
    from_1904: bool


def inspect(file: BinaryIO, limits: Limits) -> Archive:
    """Everything about the archive, or Refused."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive, limits)
            _check_parts(archive, entries, limits)
            return _described(archive, entries, limits)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ElementTree.ParseError, ValueError) as error:
        raise Refused("workbook_unreadable") from error
    except (KeyError, OSError, RuntimeError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise Refused("workbook_unreadable") from error


def _entries(archive: zipfile.ZipFile, limits: Limits) -> dict[str, zipfile.ZipInfo]:
    """The parts by lower-case name with plain slashes, as the parser looks them up."""
    listed = archive.infolist()
    if len(listed) > limits.entries:
        raise Refused("workbook_too_large", what=f"内含 {len(listed)} 个部件，最多 {limits.entries} 个")
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in listed:
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or ".." in PurePosixPath(name).parts or "\x00" in entry.orig_filename:
            raise Refused("workbook_unsafe", what="含有指向文件之外的路径")
        if entries.setdefault(name.lower(), entry) is not entry:
            raise Refused("workbook_unsafe", what="同一部件出现两次")
    _check_kind(entries)
    _check_sizes(entries, limits)
    return entries


def _check_kind(entries: Mapping[str, zipfile.ZipInfo]) -> None:
    if any(entry.flag_bits & 1 for entry in entries.values()):
        raise Refused("workbook_protected")
    if any(word in name for name in entries for word in _ACTIVE):
        raise Refused("workbook_macro")
    if any(name.startswith("xl/externallinks/") for name in entries):
        raise Refused("workbook_links")
    if "xl/workbook.bin" in entries:
        raise Refused("old_workbook", kind="xlsb")
    if "content.xml" in entries and "mimetype" in entries:
        raise Refused("old_workbook", kind="ods")
    if "[content_types].xml" not in entries or not any(name.startswith("xl/") for name in entries):
        raise Refused("not_a_workbook")


def _check_sizes(entries: Mapping[str, zipfile.ZipInfo], limits: Limits) -> None:
    total = sum(entry.file_size for entry in entries.values())
    if total > limits.unpacked:
        raise Refused("workbook_too_large", what=f"展开后有 {total >> 20} MB，最多 {limits.unpacked >> 20} MB")
    for entry in entries.values():
        if entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * max(entry.compress_size, 1):
            raise Refused("workbook_unsafe", what="压缩得异常紧")


def _check_parts(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], limits: Limits) -> None:
    """Unpack every part that the parser may read: no declarations, no links, no macros by another name."""
    for name, entry in entries.items():
        if not name.endswith((".xml", ".rels", ".vml")):
            continue
        for number, chunk in enumerate(_chunks(archive, entry)):
            if number == 0 and (chunk.startswith(_WIDE) or _WIDE_NAME.match(chunk.lstrip(b"\xef\xbb\xbf \r\n\t"))):
                raise Refused("workbook_unreadable")
            if _DECLARATION.search(chunk):
                raise Refused("workbook_unsafe", what="含有 DTD 或实体声明")
        if name.endswith(".rels"):
            _check_relations(_tree(archive, entry))
    if b"macroenabled" in _small(archive, entries["[content_types].xml"]).lower():
        raise Refused("workbook_macro")


def _check_relations(tree: ElementTree.Element) -> None:
    for relation in tree:
        mode, kind = relation.get("TargetMode", ""), relation.get("Type", "")
        if mode.lower() == _LINKING and not kind.endswith(_HARMLESS_LINK):
            raise Refused("workbook_links")


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces that overlap enough to hold a declaration or a short cell whole."""
    carried = b""
    with archive.open(entry) as part:
        while piece := part.read(_CHUNK):
            chunk = carried + piece
            yield chunk
            cut = chunk.rfind(b"<c ", max(len(chunk) - _OVERLAP, 0))
            carried = chunk[cut:] if cut > 0 else chunk[-64:]


def _small(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > _SMALL_PART:
        raise Refused("workbook_too_large", what="工作簿的目录部件过大")
    return archive.read(entry)


def _tree(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> ElementTree.Element:
    """A small part as a tree. Declarations have been refused before, so nothing is expanded."""
    return ElementTree.fromstring(_small(archive, entry))  # noqa: S314


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _described(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], limits: Limits) -> Archive:
    book = entries.get("xl/workbook.xml")
    if book is None:
        raise Refused("workbook_unreadable")
    tree = _tree(archive, book)
    sheets = [element for element in tree.iter() if _local(element) == "sheet"]
    if len(sheets) > limits.sheets:
        raise Refused("workbook_too_large", what=f"有 {len(sheets)} 张表，最多 {limits.sheets} 张")
    styles = entries.get("xl/styles.xml")
    percent = _percent_styles(_tree(archive, styles)) if styles else frozenset()
    targets = _targets(archive, entries)
    marks = {}
    for sheet in sheets:
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        part = entries.get(targets.get(key, ""))
        marks[sheet.get("name", "")] = _marks(archive, part, percent, limits) if part else Marks()
    from_1904 = any(element.get("date1904") in ("1", "true") for element in tree.iter())
    return Archive(marks, from_1904)


def _targets(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> dict[str, str]:
    part = entries.get("xl/_rels/workbook.xml.rels")
    if part is None:
        raise Refused("workbook_unreadable")
    found = {relation.get("Id", ""): relation.get("Target", "") for relation in _tree(archive, part)}
    return {key: _placed(target) for key, target in found.items()}


def _placed(target: str) -> str:
    plain = target.replace("\\", "/").lower()
    return plain.lstrip("/") if plain.startswith("/") else f"xl/{plain.removeprefix('./')}"


def _percent_styles(tree: ElementTree.Element) -> frozenset[str]:
    """Numbers of the cell formats that show a percentage: 0.85 then means 85 %."""
    formats = set(_PERCENT_FORMATS)
    formats |= {
        element.get("numFmtId", "")
        for element in tree.iter()
        if _local(element) == "numFmt" and "%" in element.get("formatCode", "")
    }
    used = next((element for element in tree.iter() if _local(element) == "cellXfs"), None)
    if used is None:
        return frozenset()
    return frozenset(str(number) for number, style in enumerate(used) if style.get("numFmtId") in formats)


def _marks(archive: zipfile.ZipFile, part: zipfile.ZipInfo, percent: frozenset[str], limits: Limits) -> Marks:
    marks = Marks()
    styled = _styled(percent)
    for chunk in _chunks(archive, part):
        for found in _FAR.finditer(chunk):
            _check_place(found[1].decode(), limits)
        if b't="e"' in chunk or b"t='e'" in chunk:
            marks.faulty |= {_place(found): found[3].decode("utf-8", "replace") for found in _FAULTY.finditer(chunk)}
        if b"<f" in chunk:
            marks.faulty |= {_place(found): "" for found in _UNCOMPUTED.finditer(chunk)}
        if styled is not None:
            marks.percent |= {_place(found) for found in styled.finditer(chunk)}
    return marks


def _styled(percent: frozenset[str]) -> re.Pattern[bytes] | None:
    if not percent:
        return None
    numbers = "|".join(sorted(percent)).encode()
    return re.compile(_CELL + rb"""(?=[^>]*?\bs=["'](?:""" + numbers + rb""")["'])[^>/]*>""")


def _place(found: re.Match[bytes]) -> tuple[int, int]:
    return int(found[2]), column_number(found[1].decode())


def _check_place(name: str, limits: Limits) -> None:
    letters = name.rstrip("0123456789")
    if column_number(letters) > limits.columns:
        raise Refused("workbook_too_many_columns", limit=limits.columns, where=f"{name} 单元格有内容")
    if int(name[len(letters) :]) > limits.rows:
        raise Refused("workbook_too_many_rows", limit=limits.rows, where=f"{name} 单元格有内容")


def column_number(letters: str) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
