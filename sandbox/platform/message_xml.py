"""The XML of pushed messages and passive replies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException


def write(fields: Mapping[str, Any]) -> str:
    """Texts as CDATA, numbers bare, mappings nested, lists repeated."""
    return f"<xml>{_inside(fields)}</xml>"


def read(text: str) -> Element:
    """Raises: ValueError unless this is one well-formed <xml> element without entities."""
    try:
        root: Element = defusedxml.ElementTree.fromstring(text)
    except (ParseError, DefusedXmlException, ValueError) as wrong:
        raise ValueError(str(wrong)) from wrong
    if root.tag != "xml":
        raise ValueError("the outer element must be <xml>")
    return root


def _inside(fields: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_value(one)}</{name}>"
        for name, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _inside(value)
    if isinstance(value, int):
        return str(value)
    # Characters that no XML may hold are dropped, as phones drop them.
    text = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", str(value))
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
