"""What `yinqiao demo` prints: commands that answer something worth seeing, to be copied into another terminal."""

from pathlib import Path
from typing import Final
from uuid import UUID

from app.demo.people import PASSWORD

_TRY: Final = """
银桥已在 http://{server} 启动（SQLite：{file}）。

  网页：浏览器打开 http://{server}/ ，点一个虚构人员即以其身份登录。

  接口：另开一个终端试试：

  1. 一个康养项目能得到什么？每个条件的数值、结论和条款：
     curl -s http://{server}/api/v1/eligibility-checks -H 'Content-Type: application/json' \\
       -d '{{"facts": {{"project.is_kangyang": true, "project.region_code": "140105", "project.investor": "social", "project.investment_yuan": "480000000"}}}}'

  2. 一笔贷款逐年能贴多少息，各种口径相差多少：
     curl -s http://{server}/api/v1/interest-subsidy-quotes -H 'Content-Type: application/json' \\
       -d '{{"principal_yuan": "20000000", "drawn_on": "2022-07-01", "due_on": "2025-07-01", "contract_rate_percent": "4.45"}}'

  3. 政策、条款和全部接口：
     curl -s http://{server}/api/v1/policies
     浏览器打开 http://{server}/docs

  4. 登记、候选、授权和审计要有身份：每种角色各有一个虚构的人，密钥在下面的文件里，登录密码都是 {password}，只在这个演示库中有效：
     . "{keys}"
     curl -s -H "Authorization: Bearer $COUNTY_KEY" http://{server}/api/v1/organisations
     curl -s http://{server}/api/v1/sessions -H 'Content-Type: application/json' \\
       -d '{{"login": "demo-county", "password": "{password}"}}'
{sample}
  {last}. 谁做过什么；审计记录有没有被改动：
     curl -s -H "Authorization: Bearer $AUDITOR_KEY" 'http://{server}/api/v1/audit-events?page_size=5'
     YINQIAO_DATABASE_URL='sqlite:///{file}' "{program}" verify-audit

按 Ctrl+C 停止。
"""  # noqa: E501  a command that somebody copies must not be broken

_TRY_SAMPLE: Final = """
  5. 一家虚构机构适合哪些政策和贷款产品、差在哪里；全部虚构产品；本县的登记簿：
     curl -s -H "Authorization: Bearer $INSTITUTION_KEY" http://{server}/api/v1/institutions/{institution}/matches
     curl -s http://{server}/api/v1/products
     curl -s -H "Authorization: Bearer $COUNTY_KEY" 'http://{server}/api/v1/institutions?total=true&page_size=5'
"""


def to_try(server: str, file: Path, keys: Path, program: Path, institution: UUID | None) -> str:
    """The commands, which work in any folder. `institution` is None where there is no sample."""
    example = _TRY_SAMPLE.format(server=server, institution=institution) if institution else ""
    last = 6 if institution else 5
    return _TRY.format(
        server=server, file=file, keys=keys, program=program, password=PASSWORD, sample=example, last=last
    )
