"""Partial indexes with any condition. Tortoise's own know only ``column = value``."""

from __future__ import annotations

from typing import Any

from tortoise.indexes import Index


class PartialIndex(Index):
    """An index over the rows that satisfy ``where`` (SQL)."""

    def __init__(self, *, fields: tuple[str, ...] | list[str], name: str, where: str) -> None:
        super().__init__(fields=fields, name=name)
        self.where = where
        self.extra = f" WHERE {where}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How a migration writes this index down."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "where": self.where}

    __hash__ = Index.__hash__
