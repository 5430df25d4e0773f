"""Numbers of bodies that do not exist: unified social credit codes in a range that no registry gives out.

GB 32100: registering authority and kind of body (2), region (6), organisation code (9, GB 11714), check digit (1).
The organisation code of a sample body is XG and six digits with its own check digit. Registries give out digits and
codes that begin with M or with letters of the old departments; none begins with XG (for 虚构).
"""

import re
from typing import Final

from stdnum.cn.uscc import calc_check_digit

from app.institutions.numbers import LEGAL_FORM_OF

RESERVED: Final = re.compile(r"(?:91|92|52|12|51|53|93)14[0-9]{4}XG[0-9]{6}[0-9X][0-9A-Y]")
MOST: Final = 1_000_000
_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_PREFIX_OF: Final = {form: prefix for prefix, form in LEGAL_FORM_OF.items()}


def sample_uscc(legal_form: str, region_code: str, serial: int) -> str:
    """The code of the sample body with this serial number (below a million)."""
    if not 0 <= serial < MOST:
        raise ValueError(f"serial {serial} needs more than six digits")
    organisation = f"XG{serial:06d}"
    body = f"{_PREFIX_OF[legal_form]}{region_code}{organisation}{_organisation_check(organisation)}"
    return body + calc_check_digit(body)


def _organisation_check(code: str) -> str:
    total = sum(int(sign, 36) * weight for sign, weight in zip(code, _WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]
