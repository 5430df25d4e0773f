"""The list as one page that needs nothing else: a browser prints it on A4 on its side, with the head on every sheet."""

import base64
import hashlib
from html import escape
from typing import Final

from app.whitelist.printing.content import CENTRED, HEADINGS, ISSUER, NOTICE, SEAL, WIDTHS, PrintedList

_WIDTH: Final = sum(WIDTHS)
_COLUMNS: Final = "\n".join(
    f"th:nth-child({place}), td:nth-child({place}) {{ width: {100 * width / _WIDTH:.2f}%;"
    f"{' text-align: center;' if place - 1 in CENTRED else ''} }}"
    for place, width in enumerate(WIDTHS, start=1)
)
_STYLE: Final = f"""
@page {{ size: A4 landscape; margin: 12mm;
  @bottom-center {{ content: "第 " counter(page) " 页，共 " counter(pages) " 页"; }} }}
body {{ margin: 0 auto; max-width: 77.5rem; padding: 1rem; color: #15232D; line-height: 1.5;
  font-family: "PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; }}
h1 {{ font-size: 1.625rem; text-align: center; margin: 0 0 .5rem; }}
.facts {{ text-align: center; margin: 0 0 1rem; }}
.facts span {{ margin: 0 .75rem; white-space: nowrap; }}
table {{ width: 100%; border-collapse: collapse; table-layout: fixed; font-variant-numeric: tabular-nums; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
th, td {{ border: 1px solid #6A7B88; padding: .25rem .375rem; text-align: left; overflow-wrap: anywhere; }}
th {{ background: #E7EEF2; text-align: center; }}
{_COLUMNS}
.close {{ break-inside: avoid; }}
.seal {{ margin: 28mm 0 0 auto; width: 22rem; text-align: center; }}
@media print {{ body {{ max-width: none; padding: 0; font-size: 10.5pt; }} h1 {{ font-size: 17pt; }} }}
"""
# Only this one style runs, whoever should manage to write into the page; nothing is loaded.
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def as_page(printed: PrintedList) -> str:
    """The page."""
    facts = "\n".join(f"<span>{escape(text)}</span>" for text in printed.facts)
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in HEADINGS)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row.cells())}</tr>" for row in printed.rows)
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(printed.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(printed.title)}</h1>
<p class="facts">
{facts}
</p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<div class="close">
<p>{escape(NOTICE)}</p>
<p class="seal">{escape(ISSUER)}{escape(SEAL)}<br>{escape(printed.signed_on)}</p>
</div>
</body>
</html>
"""
