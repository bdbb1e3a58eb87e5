"""What sending a parcel costs by a template, without tables: zones by region, first and further units, free from an amount."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core import errors, money

ChargedBy = Literal["weight", "pieces"]
MOST_ZONES = 100
MOST_REGIONS = 500
MOST_UNITS = 1_000_000
_REGION = re.compile(r"[1-9]\d{5}", re.ASCII)
_PREFIX = re.compile(r"[1-9]\d(\d\d){0,2}", re.ASCII)


class FreightTemplateInvalid(errors.Invalid):
    """The zones do not fit together: a region in two of them, units or fees out of range."""

    code = "freight_template_invalid"


class RegionInvalid(errors.Invalid):
    """Not a region's code of six digits (GB/T 2260)."""

    code = "region_invalid"


class NotDeliveredThere(errors.Conflict):
    """Some of it is not sent to this region."""

    code = "not_delivered_there"


@dataclass(frozen=True, slots=True)
class Zone:
    """Where the fee is the same. ``regions`` are codes of GB/T 2260 or their beginnings: two digits a province, four a city, six a
    district; none: everywhere that no other zone names. ``first_units`` (grams or pieces) cost ``first_fen``, every ``next_units`` begun
    after them ``next_fen``. Free from ``free_from_fen`` of goods, where that is given. ``is_refused``: nothing is sent there."""

    regions: tuple[str, ...] = ()
    is_refused: bool = False
    first_units: int = 1
    first_fen: int = 0
    next_units: int = 1
    next_fen: int = 0
    free_from_fen: int | None = None

    def refuse_misfit(self) -> None:
        """Raises:
        FreightTemplateInvalid: no regions' codes, or units or fees out of range.
        """
        if len(self.regions) > MOST_REGIONS or not all(_PREFIX.fullmatch(one) for one in self.regions):
            raise FreightTemplateInvalid(field="regions")
        for field in ("first_units", "next_units"):
            if not 1 <= getattr(self, field) <= MOST_UNITS:
                raise FreightTemplateInvalid(field=field)
        for field in ("first_fen", "next_fen", "free_from_fen"):
            if not 0 <= (getattr(self, field) or 0) <= money.MAX_FEN:
                raise FreightTemplateInvalid(field=field)

    def fee(self, units: int, goods_fen: int) -> int:
        """What so many units cost when goods of ``goods_fen`` are bought; at least the first unit's fee."""
        if self.free_from_fen is not None and goods_fen >= self.free_from_fen:
            return 0
        further = -(-max(0, units - self.first_units) // self.next_units)
        return self.first_fen + further * self.next_fen


def refuse_misfit(zones: Sequence[Zone]) -> None:
    """Raises:
    FreightTemplateInvalid: no zone or too many, a zone that does not fit, a region in two of them.
    """
    if not 1 <= len(zones) <= MOST_ZONES:
        raise FreightTemplateInvalid(field="zones")
    named: set[str] = set()
    for zone in zones:
        zone.refuse_misfit()
        for region in zone.regions or ("",):
            if region in named:
                raise FreightTemplateInvalid(field="regions")
            named.add(region)


def zone_of(region_code: str, zones: Sequence[Zone]) -> Zone | None:
    """The zone that names the region most closely; None: nothing is sent there, because no zone reaches there or its zone refuses it.

    Raises:
        RegionInvalid.
    """
    if not _REGION.fullmatch(region_code):
        raise RegionInvalid(region_code=region_code[:12])
    by_region = {region: zone for zone in zones for region in zone.regions or ("",)}
    for length in (6, 4, 2, 0):
        if (found := by_region.get(region_code[:length])) is not None:
            return None if found.is_refused else found
    return None
