"""Freight templates."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from core import http as kit
from shop import freight, freight_rules

ChargedBy = Annotated[
    Literal["weight", "pieces"],
    Field(description="weight：按克；pieces：按件 · by the gram, or by the piece"),
]
RegionPart = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]([0-9]{2}){0,2}$", max_length=6)]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{5}$", max_length=6),
    Field(description="行政区划代码 GB/T 2260 · a district's code", examples=["330106"]),
]
Units = Annotated[int, Field(ge=1, le=freight_rules.MOST_UNITS)]


class Zone(kit.Body):
    regions: Annotated[
        list[RegionPart],
        Field(
            max_length=freight_rules.MOST_REGIONS,
            description="省 2 位、市 4 位、区县 6 位；空：其余地区 · provinces, cities, districts; none: everywhere else",
            examples=[["31", "32", "3301"]],
            default_factory=list,
        ),
    ]
    is_refused: Annotated[bool, Field(description="不配送 · nothing is sent there")] = False
    first_units: Annotated[
        Units, Field(description="首重（克）或首件 · grams or pieces of the first fee")
    ] = 1
    first_fen: kit.Fen = 0
    next_units: Annotated[Units, Field(description="续重（克）或续件 · of each further fee")] = 1
    next_fen: kit.Fen = 0
    free_from_fen: Annotated[
        kit.Fen | None, Field(description="商品满多少免运费；不填：不免 · free from so much of goods")
    ] = None


class TemplateTerms(kit.Body):
    name: Annotated[kit.Name, Field(max_length=40, examples=["江浙沪包邮"])]
    charged_by: ChargedBy
    zones: Annotated[list[Zone], Field(min_length=1, max_length=freight_rules.MOST_ZONES)]
    is_default: Annotated[
        bool, Field(description="没有指定模板的商品都用它 · products without one go by it")
    ] = False


class ZoneShown(kit.Answer):
    regions: list[str]
    is_refused: bool
    first_units: int
    first_fen: int
    next_units: int
    next_fen: int
    free_from_fen: int | None


class Template(kit.Answer):
    id: int
    name: str
    charged_by: str
    zones: list[ZoneShown]
    is_default: bool
    product_ids: list[int]
    changed_by: str
    changed_at: kit.Instant


class Assignment(kit.Body):
    template_id: Annotated[
        kit.Id | None, Field(description="不填：店铺默认模板 · left out: the shop's default")
    ] = None


class FeeQuery(kit.Query):
    region_code: Region
    weight_g: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    pieces: kit.Count = 1
    goods_fen: kit.Fen = 0


class Fee(kit.Answer):
    fee_fen: int


async def listing() -> kit.Page[Template]:
    """Those in force."""
    return kit.Page[Template](items=[Template.model_validate(one) for one in await freight.page()])


async def add(body: TemplateTerms, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Puts one in force."""
    return await freight.add(caller.id, _wanted(body), key=key)


async def change(template_id: int, body: TemplateTerms, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Makes it this."""
    return await freight.change(caller.id, template_id, _wanted(body), key=key)


async def end(template_id: int, caller: Operator) -> kit.Page[Template]:
    """Takes it out of force."""
    await freight.end(caller.id, template_id)
    return await listing()


async def assign(product_id: int, body: Assignment) -> kit.Page[Template]:
    """A product goes by it."""
    await freight.assign(product_id, body.template_id)
    return await listing()


async def preview(template_id: int, query: FeeQuery) -> Fee:
    """What a parcel would cost."""
    found = await freight.get(template_id)
    return Fee(
        fee_fen=found.fee(
            query.region_code, weight_g=query.weight_g, pieces=query.pieces, goods_fen=query.goods_fen
        )
    )


def _wanted(body: TemplateTerms) -> freight.Wanted:
    zones = tuple(
        freight.Zone(**{**zone.model_dump(), "regions": tuple(zone.regions)}) for zone in body.zones
    )
    return freight.Wanted(body.name, body.charged_by, zones, body.is_default)
