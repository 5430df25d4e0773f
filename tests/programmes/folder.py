"""A small seed folder, all fictional (虚构), that the tests change one line at a time."""

from pathlib import Path
from typing import Final

DEPARTMENTS: Final = """\
departments:
  - name: 虚构厅
  - name: 虚构旧局
    renamed:
      - {from: 2024-01-01, name: 虚构新局}
"""

RATES: Final = """\
series:
  - code: xugou_1y
    name: 虚构一年期利率
    unit: percent
    source: 虚构公告
    cite: 虚构公告
    known_through: 2026-08-20
    points:
      - {from: 2020-01-01, percent: "4.00"}
      - {from: 2024-01-01, percent: "3.00"}
"""

READINGS: Final = "programmes: []\n"

POLICY: Final = """\
document:
  slug: xugou-2026-1
  number: 虚构发〔2026〕1号
  title: 虚构的养老文件
  issued_on: 2026-01-05
  issuers: [虚构厅]
  territory: "140000"
  source: original
  note: null
clauses:
  - key: 一(一)
    part: 一
    number: (一)
    title: 虚构补助
    summary: 床位达到规定数量的机构可以得到补助，由虚构厅发放。
    departments: [虚构厅]
    subject: 机构
    force: O
    decidability: M
  - key: 一(二)
    part: 一
    number: (二)
    title: 虚构宣传
    summary: 虚构旧局组织宣传，不对任何机构给出具体好处。
    departments: [虚构旧局]
    subject: 公众
    force: I
    decidability: null
parameters:
  - key: xugou.least_beds
    label: 最少床位数
    type: int
    unit: 张
    cite: {clause: 一(一)}
    values: [{from: 2026-01-05, value: 50}]
programmes:
  - slug: xugou-grant
    name: 虚构补助
    clause: 一(一)
    force: O
    decidability: M
    confidence: original
    subjects: [institution]
    territory: "140000"
    valid_from: 2026-01-05
    departments: [虚构厅]
    benefit:
      kind: grant
      gives: 一次性补助
      amount_yuan: "1000"
    applies: {op: eq, fact: institution.filed, value: true, id: filed, cite: {clause: 一(一)}}
    requires: {op: ge, fact: institution.beds_total, value: {param: xugou.least_beds}, id: beds, cite: {clause: 一(一)}}
  - slug: xugou-second
    name: 虚构奖励
    clause: 一(一)
    force: E
    decidability: M
    confidence: original
    subjects: [institution]
    territory: "140000"
    valid_from: 2026-01-05
    departments: [虚构厅]
    benefit: {kind: reward, gives: 奖励}
    applies: {op: eq, fact: institution.urban_rural, value: rural, id: rural, cite: {clause: 一(一)}}
"""


def write_folder(folder: Path, *, policy: str = POLICY, **others: str) -> Path:
    """The seed folder with this policy file; `others` are departments, rates and readings."""
    for name in ("policies", "rates"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    files = {
        "policies/xugou.yaml": policy,
        "rates/xugou.yaml": others.get("rates", RATES),
        "departments.yaml": others.get("departments", DEPARTMENTS),
        "readings.yaml": others.get("readings", READINGS),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(old: str, new: str, text: str = POLICY) -> str:
    """The text with one place replaced, which must be there."""
    assert old in text
    return text.replace(old, new, 1)
