"""Where sample institutions lie: every county once, then as many as people live there."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from app.demo.chance import Chance
from app.demo.models import Province
from app.regions import Level, Region, region_names, regions

# GB/T 2260: the last two digits tell districts, counties and cities of county rank apart.
_FIRST_COUNTY: Final = 21
_FIRST_COUNTY_CITY: Final = 81
# Names such as 城区 are borne by a part of several cities.
_SHORT: Final = 2


class _Weighted:
    """Some counties with the people that live there."""

    def __init__(self, codes: Sequence[str], weights: Sequence[float]) -> None:
        self.codes, self.cumulative = codes, list(accumulate(weights))

    def draw(self, chance: Chance) -> str:
        return chance.place(self.cumulative, self.codes)


class Places:
    """The counties of the province, weighed; `first` is the order in which each of them gets its first one."""

    def __init__(self, province: Province, seed: int) -> None:
        weights = _weights(province)
        self.first = Chance(seed, "counties").shuffled(list(weights))
        self._all = _Weighted(list(weights), list(weights.values()))
        self._cities = {
            city.code: _Weighted(*zip(*_of_city(weights, city.code), strict=True)) for city in province.cities
        }

    def of(self, number: int, chance: Chance) -> str:
        """The county of an institution."""
        return self.first[number] if number < len(self.first) else self._all.draw(chance)

    def within(self, city: str, chance: Chance) -> str:
        """A county of a city."""
        return self._cities[city].draw(chance)


def city_of(code: str) -> str:
    """The city of a county, or of a zone, which bears its city's code."""
    return f"{code[:4]}00"


def short_name(code: str) -> str:
    """The name of a county as it stands in the names of its institutions; of a zone, its city's."""
    region = regions()[code]
    if region.level is Level.CITY:
        return f"{region.name}开发区"
    return region_names()[code] if len(region.name) == _SHORT else region.name


def is_district(code: str) -> bool:
    """A district, or a development zone."""
    return int(code[4:]) < _FIRST_COUNTY


def _weights(province: Province) -> dict[str, float]:
    """People by county: those of its city, shared among its counties by their rank."""
    counties = [region for region in regions().values() if region.level is Level.COUNTY]
    ranks = {region.code: province.counties[_rank(region)] for region in counties}
    totals: defaultdict[str, float] = defaultdict(float)
    for code, rank in ranks.items():
        totals[city_of(code)] += rank
    people = {city.code: city.population for city in province.cities}
    return {code: people[city_of(code)] * rank / totals[city_of(code)] for code, rank in ranks.items()}


def _rank(region: Region) -> str:
    number = int(region.code[4:])
    return "district" if number < _FIRST_COUNTY else "city" if number >= _FIRST_COUNTY_CITY else "county"


def _of_city(weights: dict[str, float], city: str) -> list[tuple[str, float]]:
    return [(code, weight) for code, weight in weights.items() if city_of(code) == city]
