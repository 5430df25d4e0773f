"""The numbers an institution goes by: the unified social credit code (GB 32100), or a provisional local number."""

import re
import unicodedata
from typing import Final

from sqlalchemy.orm import Session
from stdnum.cn import uscc as gb32100

from app.errors import FieldError
from app.institutions.refusals import refuse_one
from app.rules.codes import LEGAL_FORM
from app.rules.values import Value
from app.store.counters import take_numbers

LENGTH: Final = 18
POINTER: Final = "/uscc"
_KIND: Final = "institution"
# P, region, year and a serial of at least four digits.
PROVISIONAL: Final = re.compile(r"P[1-9][0-9]{5}20[0-9]{2}[0-9]{4,12}")
_UNUSED: Final = frozenset("IOZSV")
_SEPARATORS: Final = re.compile(r"[\s-]+")
# GB 32100: registering authority and kind of body, as domain rules name them.
LEGAL_FORM_OF: Final = {
    "91": "enterprise",
    "92": "individual_business",
    "52": "private_non_enterprise",
    "12": "public_institution",
    "51": "social_group",
    "53": "foundation",
    "93": "cooperative",
}


def read_uscc(written: str) -> str:
    """The code in upper case and half width, without blanks. Raises RegistryRefused with what to do instead."""
    code = _SEPARATORS.sub("", unicodedata.normalize("NFKC", written)).upper()
    complaint = _complaint(code)
    if complaint is not None:
        refuse_one(POINTER, *complaint)
    return code


def _complaint(code: str) -> tuple[str, str] | None:
    if len(code) != LENGTH:
        return "uscc_length", f"统一社会信用代码应为 {LENGTH} 位，所填为 {len(code)} 位，请对照登记证书填写"
    if code.startswith("N"):
        detail = "N 开头的是农村集体经济组织的登记代码，暂不能校验；请不填 uscc，系统会给一个临时编号"
        return "uscc_village_collective", detail
    if not _UNUSED.isdisjoint(code):
        detail = "统一社会信用代码不用字母 I、O、Z、S、V，请核对是否应为数字 1、0、2、5 或字母 U、Y"
        return "uscc_letters", detail
    if not re.fullmatch(r"[0-9]{8}[0-9A-Z]{10}", code):
        return "uscc_characters", "统一社会信用代码前 8 位为数字，后 10 位为数字或大写字母，请对照登记证书填写"
    if gb32100.calc_check_digit(code) != code[-1]:
        return "uscc_check_digit", "统一社会信用代码的校验码（末位）与前 17 位不符，请对照登记证书逐位核对"
    return None


def legal_form_error(uscc: str | None, legal_form: Value | None) -> FieldError | None:
    """The legal form must be the one that the first two characters of the code stand for."""
    if uscc is None or not isinstance(legal_form, str):
        return None
    wanted = LEGAL_FORM_OF.get(uscc[:2])
    if wanted == legal_form:
        return None
    stands_for = (
        f"{uscc[:2]} 开头的代码对应“{LEGAL_FORM[wanted]}”" if wanted else f"{uscc[:2]} 开头的代码不属于任何一种"
    )
    detail = f"法人类型“{LEGAL_FORM[legal_form]}”与统一社会信用代码不符：{stands_for}，请核对两者"
    return FieldError("/facts/institution.legal_form", "legal_form_contradicts_uscc", detail)


def provisional_numbers(session: Session, region_code: str, year: int, count: int = 1) -> list[str]:
    """Consecutive local numbers for sites without a code: P, region, year, serial (P14010520260001)."""
    first = take_numbers(session, _KIND, region_code, year, count)
    return [f"P{region_code}{year}{serial:04d}" for serial in range(first, first + count)]
