"""The database has what the models say: Tortoise creates tables without their constraints, so somebody has to look."""

import importlib
import pkgutil

import pytest
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

import models
from core import db as database


def tables():
    for module in pkgutil.iter_modules(models.__path__):
        for found in vars(importlib.import_module(f"models.{module.name}")).values():
            if (
                isinstance(found, type)
                and issubclass(found, Model)
                and found.__module__ == f"models.{module.name}"
            ):
                yield found


@pytest.mark.parametrize("table", list(tables()), ids=lambda table: table.__name__)
async def test_every_constraint_and_index_of_a_model_is_in_the_database(db, table):
    rows = await database.fetch(
        "SELECT conname, contype::text AS kind FROM pg_constraint WHERE conrelid = $1::regclass",
        table._meta.db_table,
    )
    there = {row["conname"]: row["kind"] for row in rows}
    for constraint in table._meta.constraints:
        if getattr(constraint, "condition", None):
            continue  # PostgreSQL keeps it as an index, looked for below
        assert there.get(constraint.name) == ("c" if isinstance(constraint, CheckConstraint) else "u"), (
            constraint.name
        )
    indexes = {
        row["indexname"]
        for row in await database.fetch(
            "SELECT indexname FROM pg_indexes WHERE tablename = $1", table._meta.db_table
        )
    }
    assert {index.name for index in table._meta.indexes if index.name} <= indexes
    assert {
        constraint.name for constraint in table._meta.constraints if getattr(constraint, "condition", None)
    } <= indexes


async def test_no_migration_is_missing(db, database_url):
    from tortoise.migrations.autodetector import MigrationAutodetector

    from app import database as app_database

    config = app_database.tortoise_config(database_url)
    detector = MigrationAutodetector(db.apps, {"models": config["apps"]["models"]})
    assert await detector.changes() == [], "a model changed without a migration: `make migration NAME=…`"
