"""An operator's own official texts, in every shape in which they come: here fictional sentences (虚构) only."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.programmes.load import load_seeds
from app.programmes.queries import get_document, list_clauses
from app.programmes.seeds import read_seeds
from app.programmes.texts import TextRefused, load_texts, split_clauses
from tests.programmes.folder import write_folder

NOW = datetime(2026, 9, 1, tzinfo=UTC)
NAME = "xugou-2026-1.txt"
KEYS = ["一(一)", "一(二)", "二1", "二2", "三(一)"]
FIRST = "（一）虚构补助。云上养老院可得星星一百颗。（虚构厅负责）"
SECOND = "（二）虚构宣传。风把消息带到每个村庄。"
WHOLE = f"""虚构发文

一、总则
{FIRST}
{SECOND}
二、办法
1.种树。每院一棵。
2.养鱼。每院一池。
三、附则
（一）自明日起。
"""
EXPECTED = {
    "一(一)": FIRST,
    "一(二)": SECOND,
    "二1": "1.种树。每院一棵。",
    "二2": "2.养鱼。每院一池。",
    "三(一)": "（一）自明日起。",
}

STYLES = {
    "full-width brackets": WHOLE,
    "markdown headings": WHOLE.replace("一、总则", "## 一、总则")
    .replace("二、办法", "## 二、办法")
    .replace("三、", "# 三、"),
    "bold numbers": WHOLE.replace("（一）虚构补助。", "**（一）虚构补助。**").replace("（二）", "### （二）"),
    "wrapped lines": WHOLE.replace("云上养老院", "云上\n养老院").replace("每个村庄", "每个\n\n  村庄"),
    "byte order mark and carriage returns": "\ufeff" + WHOLE.replace("\n", "\r\n"),
}


@pytest.fixture
def seeded(session: Session, tmp_path: Path) -> Session:
    """The two clauses of the small seed folder."""
    load_seeds(session, read_seeds(write_folder(tmp_path / "seed")), NOW)
    return session


def folder_of(tmp_path: Path, content: str | bytes, name: str = NAME) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def stored(session: Session) -> dict[str, str | None]:
    session.flush()
    session.expire_all()
    clauses = list_clauses(session, get_document(session, "xugou-2026-1"))
    return {clause.key: text.text if text else None for clause, text in clauses}


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES.keys())
def test_a_text_is_split_whatever_its_style(text: str) -> None:
    assert split_clauses(text.removeprefix("\ufeff"), KEYS) == EXPECTED


def test_half_width_brackets_and_full_width_digits_mark_a_clause_as_well() -> None:
    text = "一、总则\n(一)甲。\n二、办法\n１．种树。\n2、养鱼。\n"
    assert split_clauses(text, KEYS) == {"一(一)": "(一)甲。", "二1": "１．种树。", "二2": "2、养鱼。"}


def test_a_number_that_the_library_does_not_know_ends_the_clause_before_it() -> None:
    assert split_clauses("一、总则\n（一）甲。\n（九）乙。\n丙。\n", KEYS) == {"一(一)": "（一）甲。"}


def test_a_decimal_at_the_start_of_a_line_is_no_number_of_a_clause() -> None:
    assert split_clauses("二、办法\n1.每人\n0.5 棵，共\n2.5 棵。\n", KEYS) == {"二1": "1.每人0.5棵，共2.5棵。"}


def test_what_follows_the_offices_is_not_the_clause(seeded: Session, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, f"一、总则\n{FIRST}\n某年某月某日印发\n{SECOND}\n")
    (report,) = load_texts(seeded, folder, NOW)
    assert stored(seeded) == {"一(一)": FIRST, "一(二)": SECOND}
    assert str(report) == "虚构发〔2026〕1号：装入 2 条"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_text_may_come_in_the_encodings_of_the_country(seeded: Session, tmp_path: Path, encoding: str) -> None:
    load_texts(seeded, folder_of(tmp_path, WHOLE.encode(encoding)), NOW)
    assert stored(seeded) == {"一(一)": FIRST, "一(二)": SECOND}


def test_a_clause_that_is_missing_is_named(seeded: Session, tmp_path: Path) -> None:
    (report,) = load_texts(seeded, folder_of(tmp_path, f"一、总则\n{FIRST}\n"), NOW)
    assert (report.loaded, report.missing) == (1, ("一(二)",))
    assert str(report) == "虚构发〔2026〕1号：装入 1 条，没有找到 一(二)"


def test_a_second_load_replaces_the_first(seeded: Session, tmp_path: Path) -> None:
    load_texts(seeded, folder_of(tmp_path, WHOLE), NOW)
    load_texts(seeded, folder_of(tmp_path, WHOLE.replace("一百颗", "二百颗")), NOW)
    assert stored(seeded)["一(一)"] == FIRST.replace("一百颗", "二百颗")


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (WHOLE, "nobody.txt", "认不出 nobody.txt"),
        ("没有编号的一段话。", NAME, "没有找到任何条款"),
        (b"\xff\xfe\x00\x81", NAME, "不是 UTF-8 或 GB18030"),
        (b" " * 2_000_001, NAME, "超过 2 MB"),
        (WHOLE, "xugou-2026-1.doc", "没有 .txt 文件"),
    ],
)
def test_what_cannot_be_loaded_is_refused(
    seeded: Session, tmp_path: Path, content: str | bytes, name: str, reason: str
) -> None:
    folder = folder_of(tmp_path, content, name)
    with pytest.raises(TextRefused, match=reason):
        load_texts(seeded, folder, NOW)


def test_an_unknown_name_is_answered_with_the_known_ones(seeded: Session, tmp_path: Path) -> None:
    with pytest.raises(TextRefused, match=NAME):
        load_texts(seeded, folder_of(tmp_path, WHOLE, "nobody.txt"), NOW)


def test_a_folder_that_is_not_there_is_refused(seeded: Session, tmp_path: Path) -> None:
    with pytest.raises(TextRefused, match=r"没有 \.txt 文件"):
        load_texts(seeded, tmp_path / "nowhere", NOW)
