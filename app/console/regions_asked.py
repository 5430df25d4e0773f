"""The regions that somebody chooses among in a filter or a form."""

from app.regions import Level, region_names, regions


def city_choices() -> tuple[tuple[str, str], ...]:
    """The cities by code."""
    return tuple((code, one.name) for code, one in regions().items() if one.level is Level.CITY)


def region_choices() -> tuple[tuple[str, str], ...]:
    """The province, its cities and its counties by code, each county under its city."""
    return tuple(region_names().items())
