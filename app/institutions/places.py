"""Where things stand: a current county, or for a development zone, which has no code of its own, its city."""

from typing import Final

from app.errors import FieldError
from app.regions import Level, region_names, regions
from app.rules.values import Value

_HEADING: Final = "01"


def place_errors(code: Value | None, zone: bool | None, pointer: str) -> list[FieldError]:
    """What is wrong with a region: unknown, no county, or a city that is not marked as a development zone."""
    if not isinstance(code, str):
        return [FieldError(pointer, "missing", "必填：六位县（市、区）代码，例如 140105")]
    region = regions().get(code)
    if region is None:
        return [FieldError(pointer, "unknown_region", _unknown(code))]
    if region.level is Level.COUNTY:
        detail = f"{region_names()[code]}是县（市、区），zone 只用于没有县级代码的开发区，请去掉"
        return [FieldError("/zone", "zone_in_county", detail)] if zone else []
    if region.level is Level.CITY and zone:
        return []
    if region.level is Level.CITY:
        detail = f"{region.name}是市，请填所辖县（市、区）的代码；开发区请填市代码并写 zone: true"
        return [FieldError(pointer, "not_a_county", detail)]
    return [FieldError(pointer, "not_a_county", "不能只填到省，请填县（市、区）代码，例如 140105")]


def _unknown(code: str) -> str:
    if code.endswith(_HEADING) and f"{code[:4]}00" in regions():
        return f"{code} 是“市辖区”，不是县（市、区），请填所在区的代码，例如 140105"
    return f"{code} 不是山西省现行的县（市、区）代码，可能已撤销或改名，可查 /regions"


def is_zone(code: str) -> bool:
    """A city's code stands only for a development zone in it, so the code itself is the mark."""
    return regions()[code].level is Level.CITY if code in regions() else False


def place_name(code: str) -> str:
    """The name people use."""
    name = region_names().get(code, code)
    return f"{name}（开发区）" if is_zone(code) else name
