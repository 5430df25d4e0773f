"""Files that no clerk made: each has a name, bytes, and the codes that it may end in (`READ` where it may be read)."""

import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from tests.institutions.workbook.books import (
    OFFICE,
    PACKAGE,
    Shared,
    Table,
    by_calc,
    by_hand_inline,
    inline,
    letter,
    parts,
    sheet,
    xml_rows,
    zipped,
)

READ: Final = "read"
SHEET_RELATIONS: Final = "xl/worksheets/_rels/sheet1.xml.rels"
GOOD: Table = [["机构名称", "所在县（市、区）", "床位总数（张）"], ["虚构康宁养老院", "太原市迎泽区", 120]]
BROKEN: Final = frozenset({"workbook_unreadable"})
UNSAFE: Final = frozenset({"workbook_unsafe"})
ANY: Final = frozenset(
    {READ, "workbook_unreadable", "workbook_unsafe", "not_a_workbook", "headings_not_found", "workbook_protected",
     "workbook_memory", "text_encoding", "text_quotes", "workbook_too_many_columns", "workbook_too_many_rows",
     "workbook_too_large", "old_workbook", "cell_too_long", "workbook_macro"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hostile:
    name: str
    make: Callable[[], bytes]
    codes: frozenset[str]


def one(name: str, make: Callable[[], bytes], *codes: str) -> Hostile:
    return Hostile(name, make, frozenset(codes))


def good_parts(rows: str | None = None, **more: str) -> dict[str, str]:
    return parts([("Sheet1", "visible", sheet(xml_rows(GOOD) if rows is None else rows, **more))])


def with_rows(extra: str) -> bytes:
    return zipped(good_parts(xml_rows(GOOD) + extra))


def replaced(name: str, content: str | bytes) -> bytes:
    return zipped({**good_parts(), name: content})


def added(name: str, content: str | bytes = "x") -> bytes:
    return zipped({**good_parts(), name: content})


def truncated() -> Iterator[Hostile]:
    """A download that broke off, at many places of files of two writers."""
    for writer in (by_calc, by_hand_inline):
        whole = writer(GOOD)
        for step in range(20):
            end = len(whole) * step // 20
            codes = {"workbook_unreadable"} if end >= 4 else {"workbook_empty", "not_a_workbook", "headings_not_found"}
            yield Hostile(f"{writer.__name__} cut at {step}/20", lambda w=whole, e=end: w[:e], frozenset(codes))  # type: ignore[misc]


def spoiled() -> Iterator[Hostile]:
    """Single bytes changed, stretches blanked, pieces doubled."""
    whole = by_calc(GOOD)
    for seed in range(20):
        yield Hostile(f"flipped {seed}", lambda s=seed: _flipped(whole, s), ANY)  # type: ignore[misc]
    for seed in range(4):
        yield Hostile(f"blanked {seed}", lambda s=seed: _blanked(whole, s), ANY)  # type: ignore[misc]
        yield Hostile(f"noise {seed}", lambda s=seed: random.Random(s).randbytes(4_096), ANY)  # type: ignore[misc]
        yield Hostile(f"noise in a zip {seed}", lambda s=seed: b"PK\x03\x04" + random.Random(s).randbytes(900), BROKEN)  # type: ignore[misc]


def _flipped(whole: bytes, seed: int) -> bytes:
    chance, changed = random.Random(seed), bytearray(whole)
    for _ in range(1 + seed % 5):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _blanked(whole: bytes, seed: int) -> bytes:
    begin = random.Random(seed).randrange(len(whole) - 200)
    return whole[:begin] + bytes(200) + whole[begin + 200 :]


def other_kinds() -> Iterator[Hostile]:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    yield one("nothing", lambda: b"", "workbook_empty")
    yield one("old xls", lambda: ole, "old_workbook")
    encrypted = ole + "EncryptedPackage".encode("utf-16-le")
    yield one("encrypted", lambda: encrypted, "workbook_protected")
    yield one("xlsb", lambda: zipped({"[Content_Types].xml": "", "xl/workbook.bin": b"\x00"}), "old_workbook")
    yield one("ods", lambda: zipped({"mimetype": "x", "content.xml": "<a/>"}), "old_workbook")
    yield one("docx", lambda: zipped({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"}), "not_a_workbook")
    yield one("plain zip", lambda: zipped({"a.txt": "x"}), "not_a_workbook")
    yield one("empty zip", lambda: zipped({}), "not_a_workbook")
    yield one("only a signature", lambda: b"PK\x03\x04", *BROKEN)
    yield one("html", lambda: b"<html><table><tr><td>x</td></tr></table></html>", "old_workbook")
    yield one("xml sheet of 2003", lambda: b'<?xml version="1.0"?><Workbook/>', "old_workbook")
    for sign in (
        b"%PDF-1.7",
        b"\x89PNG\r\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"Rar!\x1a",
        b"7z\xbc\xaf",
        b"\x1f\x8b\x08",
        b"{\\rtf1",
    ):
        yield one(f"sign {sign!r}", lambda s=sign: s + bytes(64), "not_a_workbook")  # type: ignore[misc]
    yield one("program", lambda: b"\x7fELF" + bytes(200), "not_a_workbook")
    yield one("json", lambda: b'{"a": [1, 2, 3]}', "headings_not_found", "text_quotes")
    yield one("macro", lambda: added("xl/vbaProject.bin"), "workbook_macro")
    yield one("macro by another name", lambda: added("xl/VBAPROJECT.BIN"), "workbook_macro")
    yield one("active x", lambda: added("xl/activeX/activeX1.xml", "<a/>"), "workbook_macro")
    yield one("macro sheet", lambda: added("xl/macrosheets/sheet1.xml", "<a/>"), "workbook_macro")
    types = good_parts()["[Content_Types].xml"]
    enabled = types.replace("spreadsheetml.sheet.main", "spreadsheetml.sheet.macroEnabled.main")
    yield one("macro by its type", lambda: replaced("[Content_Types].xml", enabled), "workbook_macro")
    yield one("external link", lambda: added("xl/externalLinks/externalLink1.xml", "<a/>"), "workbook_links")
    for kind in ("oleObject", "attachedTemplate", "image", "externalLinkPath"):
        relation = (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" Type="{OFFICE}/{kind}" '
            'Target="http://127.0.0.1/x" TargetMode="External"/></Relationships>'
        )
        yield one(f"external {kind}", lambda r=relation: added(SHEET_RELATIONS, r), "workbook_links")  # type: ignore[misc]


LAUGHS: Final = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
DECLARATIONS: Final = {
    "laughs": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>',
    "external": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "remote": '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">',
    "parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]>',
    "spaced": "<!DOCTYPE\n\nx\n[ ]>",
}


def declarations() -> Iterator[Hostile]:
    for name, part in good_parts().items():
        for kind, declaration in DECLARATIONS.items():
            start = part.index("?>") + 2 if part.startswith("<?") else 0
            changed = part[:start] + declaration + part[start:]
            yield Hostile(f"{kind} in {name}", lambda n=name, c=changed: replaced(n, c), UNSAFE)  # type: ignore[misc]
        wide = part.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
        yield Hostile(f"utf-16 {name}", lambda n=name, w=wide: replaced(n, w), BROKEN)  # type: ignore[misc]
        yield Hostile(f"without {name}", lambda n=name: _without(n), ANY)  # type: ignore[misc]
        yield Hostile(f"empty {name}", lambda n=name: replaced(n, ""), ANY)  # type: ignore[misc]
        yield Hostile(f"half of {name}", lambda n=name, p=part: replaced(n, p[: len(p) // 2]), ANY)  # type: ignore[misc]


def _without(name: str) -> bytes:
    return zipped({key: part for key, part in good_parts().items() if key != name})


def places() -> Iterator[Hostile]:
    """Cells where no sheet has any, or so far out that the rectangle up to them fits nowhere."""
    far = {"XFD1048576", "A1048576", "IW1", "AAA3", "XFD3", "A100001", "ZZ99999"}
    odd = (
        "A0",
        "0",
        "-1",
        "A-1",
        "A",
        "1A",
        "a1",
        "$A$1",
        "R1C1",
        "A99999999999",
        "ZZZZZZZZ9",
        "机3",
        "",
        "A1:B2",
        "A1 ",
    )
    for name in (*sorted(far), *odd):
        cell = f'<row><c r="{name}"><v>1</v></c></row>'
        codes = {"workbook_too_many_rows", "workbook_too_many_columns"} if name in far else ANY
        yield Hostile(f"cell at {name!r}", lambda c=cell: with_rows(c), frozenset(codes))  # type: ignore[misc]
    prefixed = sheet(xml_rows(GOOD) + "<row><c\nr='XFD1048576'><v>1</v></c></row>")
    yield one("far cell in other dress", lambda: replaced("xl/worksheets/sheet1.xml", prefixed),
              "workbook_memory")  # fmt: skip
    for number in ("0", "-5", "1048577", "99999999999999999999", "x", "4294967296"):
        row = f'<row r="{number}"><c><v>1</v></c></row>'
        codes = ANY | {"workbook_memory"}
        yield Hostile(f"row {number}", lambda r=row: with_rows(r), codes)  # type: ignore[misc]
    for reference in ("A1:XFD1048576", "A1:XFD99999999", "XFD1048576:A1", "x", "A0:A0"):
        yield Hostile(f"dimension {reference}", lambda r=reference: _before(f'<dimension ref="{r}"/>'), ANY)  # type: ignore[misc]
        merged = f'<mergeCells count="1"><mergeCell ref="{reference}"/></mergeCells>'
        yield Hostile(f"merged {reference}", lambda m=merged: _after(m), ANY)  # type: ignore[misc]
    many = "".join(f'<mergeCell ref="B{at}:B{at + 1}"/>' for at in range(3, 200_000, 2))
    yield one("merged a hundred thousand times", lambda: _after(f"<mergeCells>{many}</mergeCells>"), READ)


def _before(before: str) -> bytes:
    return zipped(good_parts(before=before))


def _after(around: str) -> bytes:
    return zipped(good_parts(around=around))


def values() -> Iterator[Hostile]:
    """Cells whose content is not what their type says."""
    for index in ("-1", "0", "99", "4294967296", "99999999999999999999", "x", "", "1.5", "NaN"):
        yield Hostile(f"shared string {index}", lambda i=index: _cell(f't="s"><v>{i}</v>'), ANY)  # type: ignore[misc]
        yield Hostile(f"style {index}", lambda i=index: _cell(f's="{i}"><v>1</v>'), ANY)  # type: ignore[misc]
    for number in ("1e999", "-1e999", "NaN", "inf", "1e308", "1e-320", "0x10", "1,5", "９", "--1", "1" * 400):
        yield Hostile(f"number {number[:9]}", lambda n=number: _cell(f"><v>{n}</v>"), ANY)  # type: ignore[misc]
        yield Hostile(f"day {number[:9]}", lambda n=number: _cell(f's="1"><v>{n}</v>'), ANY)  # type: ignore[misc]
    for kind, value in (("b", "7"), ("b", "x"), ("d", "tomorrow"), ("d", "99999-99-99"), ("e", "#WHAT!"), ("zz", "1"),
                        ("str", "x"), ("inlineStr", "x"), ("n", "x")):  # fmt: skip
        yield Hostile(f"type {kind} of {value}", lambda k=kind, v=value: _cell(f't="{k}"><v>{v}</v>'), ANY)  # type: ignore[misc]
    for name, text in (("nul", "a\x00b"), ("control", "a\x01b"), ("escape", "_x0000_"), ("bell", "\x07" * 99)):
        yield Hostile(f"text with {name}", lambda t=text: _cell(inline(t)[:-4]), ANY)  # type: ignore[misc]
    for name, raw in (
        ("latin", b"\xe9"),
        ("surrogate", b"\xed\xa0\x80"),
        ("overlong", b"\xc0\xbc"),
        ("cut", b"\xe6\x9c"),
    ):
        yield Hostile(f"bytes {name}", lambda r=raw: _raw(r), ANY)  # type: ignore[misc]
    for name, text in (("undeclared entity", "&boom;"), ("huge sign", "&#x110000;"), ("sign zero", "&#0;"),
                       ("open section", "<![CDATA[x"), ("processing", "<?php x ?>")):  # fmt: skip
        yield Hostile(name, lambda t=text: _cell(f't="inlineStr"><is><t>{t}</t></is>'), ANY)  # type: ignore[misc]
    shared = Shared()
    whole = sheet(xml_rows(GOOD, shared))
    cyclic = shared.xml().replace("<si>", "<si><si>").replace("</si>", "</si></si>")
    yield Hostile(
        "shared strings within themselves", lambda: zipped(parts([("S", "visible", whole)], shared=cyclic)), ANY
    )
    wrong = shared.xml().replace('count="', 'count="-99999999999').replace('uniqueCount="', 'uniqueCount="99999999999')
    yield Hostile("shared strings miscounted", lambda: zipped(parts([("S", "visible", whole)], shared=wrong)), ANY)


def _cell(rest: str) -> bytes:
    return with_rows(f'<row r="3"><c r="A3" {rest}</c></row>')


def _raw(raw: bytes) -> bytes:
    page = good_parts()["xl/worksheets/sheet1.xml"].encode().replace("虚构康宁".encode(), raw)
    return replaced("xl/worksheets/sheet1.xml", page)


def large() -> Iterator[Hostile]:
    """More than anyone types, small on disk."""
    blank = "".join(f'<row r="{at}"/>' for at in range(3, 1_000_003))
    yield one("a million empty rows", lambda: with_rows(blank), READ)
    spaces = "".join(f'<row r="{at}"><c r="B{at}" {inline(" ")}</row>' for at in range(3, 120_000))
    yield one("rows of blanks", lambda: with_rows(spaces), "workbook_too_many_rows")
    yield one("a hundred thousand columns", lambda: with_rows(f"<row>{'<c><v>1</v></c>' * 100_000}</row>"),
              "workbook_too_many_columns", "workbook_memory")  # fmt: skip
    named = "".join(f'<c r="{letter(at)}3"><v>1</v></c>' for at in range(1, 100_001))
    yield one("a hundred thousand named columns", lambda: with_rows(f'<row r="3">{named}</row>'),
              "workbook_too_many_columns")  # fmt: skip
    wide = f"<row>{'<c><v>1</v></c>' * 200}</row>"
    yield one(
        "too many cells", lambda: with_rows(wide * 60_000), "workbook_too_large", "workbook_memory", "workbook_unsafe"
    )
    for size in (40_000, 1_000_000, 10_000_000):
        yield one(f"a text of {size}", lambda s=size: _cell(inline("长" * s)[:-4]), "cell_too_long", "workbook_unsafe")  # type: ignore[misc]
    long_row = "".join(inline("字" * 30_000).join(("<c ", "")) for _ in range(10))
    yield one("a row of long texts", lambda: with_rows(f"<row>{long_row}</row>"), "row_too_long")
    for tag in ("r", "is", "c", "row", "x"):
        deep = f"<{tag}>" * 200_000 + f"</{tag}>" * 200_000
        yield Hostile(f"deep {tag} in a sheet", lambda d=deep: with_rows(d), ANY)  # type: ignore[misc]
        yield Hostile(f"deep {tag} in styles", lambda d=deep: replaced("xl/styles.xml", d), ANY)  # type: ignore[misc]
    yield Hostile("deep, and never closed", lambda: with_rows("<x>" * 500_000), ANY)
    names = " ".join(f'a{at}="x"' for at in range(100_000))
    yield Hostile("many attributes", lambda: with_rows(f"<row {names}/>"), ANY)
    yield Hostile("a long attribute", lambda: with_rows(f'<row a="{"x" * 20_000_000}"/>'), ANY)
    yield one("bomb", lambda: replaced("xl/worksheets/sheet1.xml", b" " * 60_000_000), *UNSAFE)
    yield one("bomb of shared strings", lambda: replaced("xl/sharedStrings.xml", b"<si/>" * 12_000_000), *UNSAFE)
    yield one(
        "a part of half a terabyte", lambda: _declared(by_calc(GOOD), 1 << 30), "workbook_too_large", *UNSAFE, *BROKEN
    )
    yield one("a part smaller than it says", lambda: _declared(by_calc(GOOD), 10), *BROKEN, "workbook_too_large")
    yield one("three thousand parts", lambda: zipped(good_parts() | {f"xl/p{at}.xml": "" for at in range(3_000)}),
              "workbook_too_large")  # fmt: skip
    yield one("a thousand sheets", lambda: zipped(parts([(f"S{at}", "visible", sheet("")) for at in range(1_000)])),
              "workbook_too_large")  # fmt: skip
    yield one("file beyond the limit", lambda: bytes(33 << 20), "workbook_too_large")


def _declared(whole: bytes, size: int) -> bytes:
    """The same archive, its first big part declared with another size in the directory."""
    at = whole.index(b"PK\x01\x02")
    while b"sheet1.xml" not in whole[at + 46 : at + 46 + 40]:
        at = whole.index(b"PK\x01\x02", at + 4)
    return whole[: at + 24] + struct.pack("<L", size) + whole[at + 28 :]


def names() -> Iterator[Hostile]:
    for name in ("../../evil.xml", "/etc/passwd", "xl/../../x.xml", "..\\x.xml", "xl/worksheets/../../../x"):
        yield Hostile(f"part {name}", lambda n=name: added(n), UNSAFE)  # type: ignore[misc]
    yield Hostile("part with a long name", lambda: added("xl/" + "x" * 60_000), ANY)
    yield one("part twice", _twice, *UNSAFE)
    yield one("part twice in other letters", lambda: added("XL/WORKSHEETS/SHEET1.XML"), *UNSAFE)
    yield one("encrypted part", lambda: _flagged(by_calc(GOOD)), "workbook_protected")
    yield Hostile("two archives in one", lambda: by_calc(GOOD) + by_hand_inline(GOOD), ANY)
    yield Hostile("something before the archive", lambda: b"x" * 900 + by_calc(GOOD), ANY)
    yield Hostile("something behind the archive", lambda: by_calc(GOOD) + b"x" * 900, ANY)
    for target in ("../../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1/", "worksheets/none.xml", "", "."):
        relations = good_parts()["xl/_rels/workbook.xml.rels"].replace("worksheets/sheet1.xml", target)
        yield Hostile(f"sheet at {target}", lambda r=relations: replaced("xl/_rels/workbook.xml.rels", r), ANY)  # type: ignore[misc]


def _twice() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in (*good_parts().items(), *good_parts().items()):
            archive.writestr(zipfile.ZipInfo(name), part)
    return buffer.getvalue()


def _flagged(whole: bytes) -> bytes:
    at = whole.index(b"PK\x01\x02")
    return whole[: at + 8] + b"\x01\x00" + whole[at + 10 :]


def texts() -> Iterator[Hostile]:
    head = "机构名称,所在县（市、区）\r\n".encode()
    yield one("a line of ten megabytes", lambda: head + b"x" * 10_000_000, "cell_too_long")
    yield one("ten megabytes of commas", lambda: head + b"," * 10_000_000, "workbook_too_many_columns")
    yield one("ten megabytes of quotes", lambda: head + b'"' * 9_999_999, "cell_too_long", "text_quotes")
    yield one("only quotes", lambda: b'"' * 1_000_001, "cell_too_long", "text_quotes", "headings_not_found")
    yield one("an open quote", lambda: head + b'"a,b\r\nc', "text_quotes")
    yield one("a nul", lambda: head + b"a\x00b,c", "not_a_workbook")
    yield one("a hundred thousand columns of text", lambda: head + b"1," * 100_000, "workbook_too_many_columns")
    yield one("two hundred thousand lines", lambda: head + b"a,b\n" * 200_000, "workbook_too_many_rows")
    yield one("two million blank lines", lambda: head + b"\n" * 2_000_000, "workbook_too_many_rows")
    yield one("neither encoding", lambda: head + b"\x81\x20\xff\xff,b", "text_encoding")
    yield one("utf-16 cut", lambda: "机构名称,县".encode("utf-16") + b"\x00", "text_encoding", "headings_not_found")
    yield one("only a mark", lambda: b"\xef\xbb\xbf", "headings_not_found")
    yield one("no headings", "甲,乙\r\n一,二".encode, "headings_not_found")
    yield one("headings without the name", "统一社会信用代码,所在县\r\n1,2".encode, "headings_not_found")
    yield one("headings twice", "机构名称,所在县,单位名称\r\na,b,c".encode, "heading_twice")
    yield one("headings too far down", lambda: b"a\n" * 41 + head, "headings_not_found")
    yield one(
        "returns only", lambda: head.replace(b"\n", b"") + b"a,b\r" * 9, READ, "headings_not_found", "text_quotes"
    )


def every() -> list[Hostile]:
    return [
        *truncated(), *spoiled(), *other_kinds(), *declarations(), *places(), *values(), *large(), *names(), *texts(),
    ]  # fmt: skip
