"""What `docs/security.md` says: the table of roles is the program's, every requirement stands once, files are there."""

import re
from collections import Counter
from typing import Final

from app.access.permissions import GRANTS, Role
from app.config import PROJECT_ROOT

TEXT: Final = (PROJECT_ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS: Final = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:1] == "|"]
ROLES: Final = {
    "民政": Role.CIVIL_AFFAIRS,
    "人行": Role.PBOC,
    "银行": Role.BANK,
    "机构": Role.INSTITUTION,
    "财政": Role.FINANCE,
    "审计": Role.AUDITOR,
    "系统管理员": Role.SYSTEM_ADMIN,
    "安全管理员": Role.SECURITY_ADMIN,
    "审计管理员": Role.AUDIT_ADMIN,
}
# How many requirements of ASVS 5.0.0 are of level 1 or 2, by section; those of level 3 come last in each.
SECTIONS: Final = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
STATUS: Final = re.compile(r"(已实现|由运维负责|不适用|待办)(：.+)?$")


def test_the_table_of_roles_is_what_the_program_grants() -> None:
    head = next(row for row in ROWS if row[:2] == ["权限", "含义"])
    roles = [ROLES[name] for name in head[2:]]
    assert sorted(roles) == sorted(Role)
    told: dict[Role, set[str]] = {role: set() for role in roles}
    for row in ROWS[ROWS.index(head) + 2 :]:
        if len(row) != len(head):
            break
        assert row[1]
        for role, cell in zip(roles, row[2:], strict=True):
            assert cell in {"", "●"}
            told[role] |= {row[0]} if cell else set()
    assert told == {role: {one.value for one in granted} for role, granted in GRANTS.items()}


def test_every_requirement_of_the_first_two_levels_stands_once() -> None:
    found = Counter(re.findall(r"\bV\d+\.\d+\.\d+\b", " ".join(row[0] for row in ROWS)))
    wanted = {f"V{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)}
    assert found.keys() == wanted
    assert {name for name, times in found.items() if times > 1} == set()


def test_every_line_of_the_tables_of_requirements_has_one_of_four_states() -> None:
    requirements = [row for row in ROWS if re.match(r"V\d|8\.1\.", row[0])]
    assert len(requirements) > 100
    assert [row for row in requirements if len(row) != 3 or not STATUS.match(row[2])] == []
    # What is not done says what is missing, and who says "done" says where, or it is nothing to find.
    assert [row for row in requirements if row[2] == "待办"] == []


NAMED: Final = set(re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:md|py|lock)|\.\w+|Dockerfile)`", TEXT))


def test_every_file_that_is_named_is_there() -> None:
    assert len(NAMED) > 50
    assert {name for name in NAMED if not (PROJECT_ROOT / name).exists()} == set()
