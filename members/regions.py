"""Provinces by the first two digits of a region's code (GB/T 2260)."""

from __future__ import annotations

import re

from core import errors

PROVINCES = {
    "11": "北京", "12": "天津", "13": "河北", "14": "山西", "15": "内蒙古",
    "21": "辽宁", "22": "吉林", "23": "黑龙江",
    "31": "上海", "32": "江苏", "33": "浙江", "34": "安徽", "35": "福建", "36": "江西", "37": "山东",
    "41": "河南", "42": "湖北", "43": "湖南", "44": "广东", "45": "广西", "46": "海南",
    "50": "重庆", "51": "四川", "52": "贵州", "53": "云南", "54": "西藏",
    "61": "陕西", "62": "甘肃", "63": "青海", "64": "宁夏", "65": "新疆",
    "71": "台湾", "81": "香港", "82": "澳门",
}  # fmt: skip
"""Provinces, municipalities, autonomous and special administrative regions; the names as all longer ones begin (广西壮族自治区)."""
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


class RegionUnknown(errors.Invalid):
    """Not the code of a region (GB/T 2260: six digits)."""

    code = "region_unknown"


class RegionElsewhere(errors.Invalid):
    """The code is of another province than the one that is named: freight goes by the code, the parcel by the name."""

    code = "region_elsewhere"


def refuse_misfit(region_code: str, province: str) -> None:
    """Raises:
    RegionUnknown, RegionElsewhere.
    """
    known = PROVINCES.get(region_code[:2]) if _CODE.fullmatch(region_code) else None
    if known is None:
        raise RegionUnknown(region_code=region_code)
    if not province.startswith(known):
        raise RegionElsewhere(region_code=region_code, province=known)
