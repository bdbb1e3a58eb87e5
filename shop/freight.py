"""Freight 运费: what sending goods to a region costs, by the templates their products go by.

A product goes by its own template, else by the shop's default; where there is neither, sending costs nothing. Goods of one template travel
as one parcel; a cart of several templates costs what each of its parcels does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core import clock, db, errors
from ledger import idempotency
from shop import freight_rules
from shop.freight_rules import ChargedBy, FreightTemplateInvalid, NotDeliveredThere, RegionInvalid, Zone
from shop.products import NoSuchProduct

__all__ = [
    "ChargedBy",
    "FreightTemplateInvalid",
    "NoSuchProduct",
    "NotDeliveredThere",
    "RegionInvalid",
    "Zone",
]

KeyReused = idempotency.KeyReused


class NoSuchFreightTemplate(errors.NotFound):
    """There is no such freight template in force."""

    code = "no_such_freight_template"


class FreightTemplateNameTaken(errors.Conflict):
    """Another template has this name."""

    code = "freight_template_name_taken"


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of a SKU, each of this weight."""

    sku_id: int
    quantity: int
    weight_g: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """A template in force; ``product_ids`` go by it by name (a default is also everybody else's)."""

    id: int
    name: str
    charged_by: ChargedBy
    zones: tuple[Zone, ...]
    is_default: bool
    changed_by: str
    changed_at: datetime
    product_ids: tuple[int, ...] = ()

    def fee(self, region_code: str, *, weight_g: int, pieces: int, goods_fen: int) -> int:
        """What one parcel costs.

        Raises:
            RegionInvalid, NotDeliveredThere.
        """
        zone = freight_rules.zone_of(region_code, self.zones)
        if zone is None:
            raise NotDeliveredThere(region_code=region_code)
        return zone.fee(weight_g if self.charged_by == "weight" else pieces, goods_fen)


_FOR_SKUS = """
SELECT t.id, t.charged_by, t.zones::text AS zones, array_agg(s.id) AS sku_ids
FROM sku s LEFT JOIN product_freight f ON f.product_id = s.product_id
JOIN freight_template t ON t.id = f.template_id OR f.template_id IS NULL AND t.is_default
WHERE s.id = ANY ($1::bigint[]) GROUP BY t.id ORDER BY t.id
"""


async def fee(region_code: str, lines: Sequence[Line], goods_fen: int) -> int:
    """What sending these lines to a region costs, in fen; ``goods_fen`` is what the goods come to, by which it may be free. One statement.

    Raises:
        RegionInvalid.
        NotDeliveredThere: with the SKUs that are not sent there.
    """
    refused: list[int] = []
    total_fen = 0
    freight_rules.zone_of(region_code, ())
    for row in await db.fetch(_FOR_SKUS, [line.sku_id for line in lines]):
        ids = set(row["sku_ids"])
        zone = freight_rules.zone_of(region_code, _zones(row["zones"]))
        if zone is None:
            refused += ids
            continue
        mine = [line for line in lines if line.sku_id in ids]
        by_weight = row["charged_by"] == "weight"
        units = sum(line.quantity * (line.weight_g if by_weight else 1) for line in mine)
        total_fen += zone.fee(units, goods_fen)
    if refused:
        raise NotDeliveredThere(region_code=region_code, sku_ids=sorted(refused))
    return total_fen


_COLUMNS = """
id, name, charged_by, zones::text AS zones, is_default, changed_by, changed_at,
array(SELECT f.product_id FROM product_freight f WHERE f.template_id = freight_template.id ORDER BY f.product_id) AS product_ids
"""
_PAGE = f"SELECT {_COLUMNS} FROM freight_template WHERE ended_at IS NULL ORDER BY id"
_GET = f"SELECT {_COLUMNS} FROM freight_template WHERE id = $1 AND ended_at IS NULL"


async def page() -> list[Template]:
    """The templates in force."""
    return [_of_row(row) for row in await db.fetch(_PAGE)]


async def get(template_id: int) -> Template:
    """One template.

    Raises:
        NoSuchFreightTemplate: none of this id is in force.
    """
    row = await db.fetchrow(_GET, template_id)
    if row is None:
        raise NoSuchFreightTemplate(template_id=template_id)
    return _of_row(row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template as somebody wants it. ``is_default``: instead of the one that was."""

    name: str
    charged_by: ChargedBy
    zones: tuple[Zone, ...]
    is_default: bool = False

    def named(self) -> dict[str, Any]:
        """For a fingerprint."""
        return {
            "name": self.name,
            "by": self.charged_by,
            "zones": _text(self.zones),
            "default": self.is_default,
        }


_NO_DEFAULT = "UPDATE freight_template SET is_default = false WHERE is_default AND id <> $1"
_ADD = """
INSERT INTO freight_template (name, charged_by, zones, is_default, changed_by, changed_at)
VALUES ($1, $2, $3::jsonb, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING id
"""


async def add(operator_id: int, wanted: Wanted, *, key: str) -> Template:
    """Puts a template in force.

    Raises:
        FreightTemplateInvalid, FreightTemplateNameTaken, KeyReused.
    """
    freight_rules.refuse_misfit(wanted.zones)
    operator = f"operator:{operator_id}"

    async def act() -> int:
        if wanted.is_default:
            await db.execute(_NO_DEFAULT, 0)
        made: int | None = await db.fetchval(_ADD, *_values(wanted), operator, clock.now())
        if made is None:
            raise FreightTemplateNameTaken(name=wanted.name)
        return made

    made = await idempotency.alone(
        caller=operator, operation="freight.add", key=key, content=wanted.named(), act=act
    )
    return await get(int(made))


_CHANGE = """
UPDATE freight_template SET name = $2, charged_by = $3, zones = $4::jsonb, is_default = $5, changed_by = $6, changed_at = $7
WHERE id = $1 AND ended_at IS NULL
"""
_NAMED = "SELECT id FROM freight_template WHERE name = $1 AND id <> $2"


async def change(operator_id: int, template_id: int, wanted: Wanted, *, key: str) -> Template:
    """Makes a template this; orders that are placed keep their freight.

    Raises:
        NoSuchFreightTemplate, FreightTemplateInvalid, FreightTemplateNameTaken, KeyReused.
    """
    freight_rules.refuse_misfit(wanted.zones)
    operator = f"operator:{operator_id}"

    async def act() -> None:
        if await db.fetchval(_NAMED, wanted.name, template_id) is not None:
            raise FreightTemplateNameTaken(name=wanted.name)
        if wanted.is_default:
            await db.execute(_NO_DEFAULT, template_id)
        if not await db.execute(_CHANGE, template_id, *_values(wanted), operator, clock.now()):
            raise NoSuchFreightTemplate(template_id=template_id)

    content = {"template_id": template_id, **wanted.named()}
    await idempotency.alone(
        caller=operator,
        operation="freight.change",
        key=key,
        content=content,
        act=act,
        answer=str(template_id),
    )
    return await get(template_id)


_END = """
UPDATE freight_template SET ended_at = $2, is_default = false, name = left(name, 25) || ' #' || id, changed_by = $3, changed_at = $2
WHERE id = $1 AND ended_at IS NULL
"""
_LET_GO = "DELETE FROM product_freight WHERE template_id = $1"


async def end(operator_id: int, template_id: int) -> None:
    """Takes a template out of force: its products go by the shop's default. Again is refused.

    Raises:
        NoSuchFreightTemplate.
    """
    async with db.transaction():
        if not await db.execute(_END, template_id, clock.now(), f"operator:{operator_id}"):
            raise NoSuchFreightTemplate(template_id=template_id)
        await db.execute(_LET_GO, template_id)


_LOCK = "SELECT FROM freight_template WHERE id = $1 AND ended_at IS NULL FOR NO KEY UPDATE"
_ASSIGN = """
INSERT INTO product_freight (product_id, template_id) VALUES ($1, $2) ON CONFLICT (product_id) DO UPDATE SET template_id = $2
"""


async def assign(product_id: int, template_id: int | None) -> None:
    """From now on a product goes by this template; None: by the shop's default.

    Raises:
        NoSuchProduct, NoSuchFreightTemplate.
    """
    async with db.transaction():
        if await db.fetchval("SELECT id FROM product WHERE id = $1", product_id) is None:
            raise NoSuchProduct(product_id=product_id)
        if template_id is None:
            await db.execute("DELETE FROM product_freight WHERE product_id = $1", product_id)
            return
        if await db.fetchrow(_LOCK, template_id) is None:
            raise NoSuchFreightTemplate(template_id=template_id)
        await db.execute(_ASSIGN, product_id, template_id)


def _values(wanted: Wanted) -> tuple[object, ...]:
    return wanted.name, wanted.charged_by, _text(wanted.zones), wanted.is_default


def _text(zones: Sequence[Zone]) -> str:
    return json.dumps([asdict(zone) for zone in zones])


def _zones(text: str) -> tuple[Zone, ...]:
    return tuple(Zone(**{**zone, "regions": tuple(zone["regions"])}) for zone in json.loads(text))


def _of_row(row: Mapping[str, Any]) -> Template:
    return Template(**{**dict(row), "zones": _zones(row["zones"]), "product_ids": tuple(row["product_ids"])})
