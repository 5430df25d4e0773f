"""A seed file that cannot be used is refused with its name, its line and a Chinese reason."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.programmes.seeds import SeedRefused, Seeds, read_seeds
from tests.programmes.folder import DEPARTMENTS, POLICY, RATES, changed, write_folder

CHINESE = re.compile(r"[\u4e00-\u9fff]")
GRANT = "applies: {op: eq, fact: institution.filed, value: true, id: filed, cite: {clause: 一(一)}}"


@dataclass(frozen=True)
class Bad:
    """A change that spoils the policy file; the refusal names the line of `marker` and says `reason`."""

    old: str
    new: str
    marker: str
    reason: str


BAD = {
    "key twice": Bad("  note: null\n", "  note: null\n  note: 又一次\n", "note: 又一次", "“note”写了两次"),
    "unknown field": Bad("  note: null\n", "  nota: null\n", "nota: null", "没有这个字段"),
    "missing field": Bad("  title: 虚构的养老文件\n", "", "slug: xugou-2026-1", "必填"),
    "wrong type": Bad("issuers: [虚构厅]", "issuers: 虚构厅", "issuers: 虚构厅", "应为 JSON 数组"),
    "wrong code": Bad("kind: grant", "kind: gift", "kind: gift", "应为下列之一"),
    "wrong force": Bad("    force: I\n", "    force: X\n", "force: X", "应为下列之一"),
    "force without decidability": Bad(
        "    decidability: null\n", "    decidability: M\n", "key: 一(二)", "decidability"
    ),
    "no such day": Bad("issued_on: 2026-01-05", "issued_on: 2026-02-30", "issued_on: 2026-02-30", "2026-02-30"),
    "not a day": Bad("issued_on: 2026-01-05", "issued_on: 去年", "issued_on: 去年", "应为日期"),
    "unknown region": Bad('territory: "140000"', 'territory: "149999"', '"149999"', "没有行政区划代码 149999"),
    "unknown fact": Bad(
        "fact: institution.filed,", "fact: institution.flied,", "institution.flied", "institution.flied"
    ),
    "unknown enum code": Bad("value: rural,", "value: village,", "value: village", "urban（城镇）、rural（农村）"),
    "wrong operator": Bad(
        "{op: eq, fact: institution.filed",
        "{op: ge, fact: institution.filed",
        "op: ge, fact: institution.filed",
        "不能用 ge",
    ),
    "unknown operator": Bad(
        "{op: eq, fact: institution.filed", "{op: is, fact: institution.filed", "op: is", "op 不认识"
    ),
    "unknown parameter": Bad(
        "{param: xugou.least_beds}", "{param: xugou.most_beds}", "xugou.most_beds", "没有参数“xugou.most_beds”"
    ),
    "condition without source": Bad(
        GRANT, GRANT.replace(", cite: {clause: 一(一)}", ""), "slug: xugou-grant", "要写 id 和 cite"
    ),
    "condition cites unknown clause": Bad(
        GRANT, GRANT.replace("一(一)", "九(九)"), "slug: xugou-grant", "条件 filed 引用的条款不存在"
    ),
    "programme of unknown clause": Bad(
        "    clause: 一(一)\n    force: E", "    clause: 九(九)\n    force: E", "clause: 九(九)", "没有条款“九(九)”"
    ),
    "parameter cites unknown clause": Bad(
        "    cite: {clause: 一(一)}\n    values",
        "    cite: {clause: 九(九)}\n    values",
        "cite: {clause: 九(九)}",
        "引用的条款不存在",
    ),
    "unknown department": Bad("departments: [虚构旧局]", "departments: [虚构旧句]", "虚构旧句", "没有“虚构旧句”"),
    "slug twice": Bad("slug: xugou-second", "slug: xugou-grant  # 又一次", "# 又一次", "已经用过"),
    "clause twice": Bad("key: 一(二)", "key: 一(一)  # 又一次", "# 又一次", "已经用过"),
    "unknown relation": Bad(
        "benefit: {kind: reward, gives: 奖励}",
        "benefit: {kind: reward, gives: 奖励}\n    relations: {excludes: [nobody]}",
        "relations: {excludes: [nobody]}",
        "没有政策“nobody”",
    ),
    "days in disorder": Bad(
        "    valid_from: 2026-01-05\n    departments: [虚构厅]\n    benefit: {kind",
        "    valid_from: 2026-01-05\n    valid_to: 2025-01-01\n    departments: [虚构厅]\n    benefit: {kind",
        "slug: xugou-second",
        "不能早于 valid_from",
    ),
    "decimal as float": Bad('amount_yuan: "1000"', "amount_yuan: .nan", "amount_yuan: .nan", "amount_yuan"),
    "parameter of another type": Bad("value: 50}", "value: 五十}", "key: xugou.least_beds", "要填数字"),
    "parameter values overlap": Bad(
        "values: [{from: 2026-01-05, value: 50}]",
        "values: [{from: 2026-01-05, value: 50}, {from: 2027-01-05, value: 60}]",
        "xugou.least_beds",
        "重叠",
    ),
    "bad indentation": Bad(
        "  number: 虚构发〔2026〕1号", "   number: 虚构发〔2026〕1号", "   number:", "YAML 写法不对"
    ),
    "unclosed bracket": Bad("issuers: [虚构厅]", "issuers: [虚构厅", "territory:", "YAML 写法不对"),
    "list as a key": Bad("  note: null\n", "  ? [a]\n  : 1\n", "? [a]", "键要写成文字"),
    "a rule too deep": Bad(
        GRANT,
        "applies: " + "{op: not, of: " * 32 + GRANT.removeprefix("applies: ") + "}" * 32,
        "op: not",
        "最多嵌套 32 层",
    ),
}


def refusal(folder: Path) -> SeedRefused:
    with pytest.raises(SeedRefused) as refused:
        read_seeds(folder)
    assert CHINESE.search(refused.value.reason)
    return refused.value


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_policy_file_is_refused_with_file_line_and_reason(tmp_path: Path, bad: Bad) -> None:
    text = changed(bad.old, bad.new)
    said = refusal(write_folder(tmp_path, policy=text))
    marked = text.splitlines()[(said.line or 0) - 1]
    assert bad.marker in marked, f"line {said.line} is {marked!r}: {said.reason}"
    assert bad.reason in said.reason
    assert str(said) == f"xugou.yaml 第 {said.line} 行：{said.reason}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "文件是空的"),
        (b"# only a comment\n", "文件是空的"),
        ("document: 虚构".encode("gb18030"), "不是 UTF-8"),
        (b"document: \x00\n", "控制字符"),
        (b"- a list\n", "应为 JSON 对象"),
    ],
)
def test_a_file_that_is_no_policy_at_all_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    folder = write_folder(tmp_path)
    (folder / "policies" / "xugou.yaml").write_bytes(content)
    said = refusal(folder)
    assert said.path.name == "xugou.yaml"
    assert reason in said.reason


@pytest.mark.parametrize("name", ["departments.yaml", "readings.yaml", "policies/xugou.yaml", "rates/xugou.yaml"])
def test_a_missing_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path)
    (folder / name).unlink()
    assert refusal(folder).path in {folder / name, (folder / name).parent}


def test_the_other_files_are_read_as_strictly(tmp_path: Path) -> None:
    disorder = changed('{from: 2020-01-01, percent: "4.00"}', '{from: 2025-01-01, percent: "4.00"}', RATES)
    assert "递增" in refusal(write_folder(tmp_path, rates=disorder)).reason
    unknown = changed("renamed:", "called:", DEPARTMENTS)
    assert "没有这个字段" in refusal(write_folder(tmp_path, departments=unknown)).reason
    twice = DEPARTMENTS + "  - name: 虚构厅\n"
    assert "“虚构厅”写了两次" in refusal(write_folder(tmp_path, departments=twice)).reason
    series = RATES + RATES.removeprefix("series:\n")
    assert "“xugou_1y”写了两次" in refusal(write_folder(tmp_path, rates=series)).reason


def test_two_documents_cannot_share_a_slug(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    second = changed("slug: xugou-2026-1", "slug: xugou-2026-2")
    (folder / "policies" / "yugou.yaml").write_text(second, encoding="utf-8")
    said = refusal(folder)
    assert (said.path.name, said.line) == ("yugou.yaml", POLICY[: POLICY.index("xugou.least_beds")].count("\n") + 1)


def test_the_checkouts_own_seeds_are_complete(seeds: Seeds) -> None:
    clauses = {file.document.slug: len(file.clauses) for file in seeds.policies if file.document.source == "original"}
    assert clauses == {
        "jinyinfa-2025-61": 20,
        "jinyinfa-2025-55": 26,
        "changfagai-shehui-2024-143": 26,
        "yangzhengbanfa-2025-37": 30,
        "jinzhengbanfa-2022-37": 17,
    }
    assert sum(clauses.values()) == 119
