"""Who the sample institutions are: kind, name, number and place of each, by its number alone.

Institution n is the same in every sample of one seed, so a larger sample begins with a smaller one.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from app.demo.chance import Chance
from app.demo.models import Kind, Province
from app.demo.numbers import sample_uscc
from app.demo.places import Places, city_of, short_name

FICTIONAL = "虚构"


@dataclass(frozen=True, slots=True)
class Body:
    """A legal person (`head` is the number of its first site), or a place of care that is registered nowhere."""

    head: int
    kind: Kind
    region_code: str
    legal_form: str
    ownership: str
    brand: str
    suffix: str
    established_on: date
    uscc: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """One institution of the sample: a site of a body, where it stands, and when it opened."""

    number: int
    body: Body
    site_number: int
    region_code: str
    name: str
    opened_on: date
    contact: dict[str, Any]


class Bodies:
    """The institutions of one seed."""

    def __init__(self, province: Province, seed: int) -> None:
        self._province, self._seed = province, seed
        self.places = Places(province, seed)
        self._weights = province.kind_weights
        self._area = {city.code: city.area_code for city in province.cities}
        # Only the heads of the last few institutions are asked again.
        self._body = lru_cache(maxsize=64)(self._make)

    def chance(self, noun: str, number: int) -> Chance:
        """Draws for one thing of this seed."""
        return Chance(self._seed, noun, number)

    def site(self, number: int) -> Site:
        """Institution `number`, counted from nought."""
        chance = self.chance("site", number)
        head = number
        while self._is_further(head):
            head -= 1
        body = self._body(head)
        if head == number or body.uscc is None:
            body = self._body(number)
            head = number
        region = body.region_code if head == number else self.places.within(city_of(body.region_code), chance)
        name = f"{FICTIONAL}·{short_name(region)}{body.brand}{body.suffix}"
        if head != number:
            name += f"第{number - head + 1}院区"
        newest = self._province.recorded_on - timedelta(days=45)
        opened = body.established_on if head == number else chance.day(body.established_on, newest)
        return Site(number, body, number - head + 1, region, name, opened, self._contact(region, chance))

    def _is_further(self, number: int) -> bool:
        """Whether it is one more site of the institution before it. The first of each county stands for itself."""
        if number < len(self.places.first):
            return False
        return self.chance("further", number).happens(self._province.shares.site)

    def _make(self, number: int) -> Body:
        province, chance = self._province, self.chance("body", number)
        kind = chance.place(self._weights, province.kinds)
        region = self.places.of(number, chance)
        is_zoned = number >= len(self.places.first) and chance.happens(province.shares.zone)
        legal_form = chance.draw(kind.legal_forms)
        is_numbered = chance.happens(kind.numbered)
        return Body(
            head=number,
            kind=kind,
            region_code=city_of(region) if is_zoned else region,
            legal_form=legal_form,
            ownership=chance.draw(kind.ownership),
            brand=chance.pick(province.names.first) + chance.pick(province.names.second),
            suffix=chance.pick(kind.suffixes),
            established_on=chance.day(province.oldest_on, province.recorded_on - timedelta(days=60)),
            uscc=sample_uscc(legal_form, region, number) if is_numbered else None,
        )

    def _contact(self, region: str, chance: Chance) -> dict[str, Any]:
        """Nobody: every name begins with 虚构, and no exchange begins with four noughts."""
        surnames, streets = self._province.names.surnames, self._province.names.first
        return {
            "address": f"{short_name(region)}{FICTIONAL}{chance.pick(streets)}路{chance.whole(1, 300)}号",
            "legal_representative": f"{FICTIONAL}{chance.pick(surnames)}某",
            "contact_person": f"{FICTIONAL}{chance.pick(surnames)}某某",
            "telephone": f"{self._area[city_of(region)]}-0000{chance.whole(0, 999):03d}",
        }
