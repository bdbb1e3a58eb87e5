"""What many migrations write the same way. What has been released must not come out differently: add beside, do not change."""

from json import dumps, loads
from typing import Any

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint


def key() -> tuple[str, fields.BigIntField]:
    """A table's number."""
    return ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True))


def json(**how: Any) -> Any:
    """A column of JSON."""
    return fields.JSONField(encoder=dumps, decoder=loads, **how)


def to(
    model: str,
    name: str,
    related_name: str,
    kind: Any = fields.ForeignKeyField,
    *,
    on_delete: OnDelete = OnDelete.RESTRICT,
    **more: Any,
) -> tuple[str, Any]:
    """A column ``<name>_id`` that names a row of another table, or of one row only where ``kind`` says so."""
    made = kind(
        f"models.{model}",
        source_field=f"{name}_id",
        db_constraint=True,
        to_field="id",
        related_name=related_name,
        on_delete=on_delete,
        **more,
    )
    return (name, made)


def instant(name: str) -> tuple[str, Any]:
    """A column of an instant."""
    return (name, fields.DatetimeField(auto_now=False, auto_now_add=False))


def perhaps(name: str) -> tuple[str, Any]:
    """A column of an instant that may be unknown."""
    return (name, fields.DatetimeField(null=True, auto_now=False, auto_now_add=False))


def table(
    name: str, table: str, about: str, columns: list[tuple[str, Any]], **more: object
) -> ops.CreateModel:
    """A table with its number, its columns, and what else is said of it (``indexes``)."""
    options = {"table": table, "app": "models", "pk_attr": "id", "table_description": about, **more}
    return ops.CreateModel(name=name, fields=[key(), *columns], options=options, bases=["Model"])


def checks(table: str, **checks: str) -> list[ops.AddConstraint]:
    """Checks of a table by their names."""
    return [
        ops.AddConstraint(table, CheckConstraint(name=name, check=check)) for name, check in checks.items()
    ]
