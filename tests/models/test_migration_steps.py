"""Migrations derive from ours, so that a new database does not draw all models for each of their steps."""

import importlib
import pkgutil

from tortoise import fields
from tortoise.migrations import operations as ops

import migrations
from migrations import _steps


def _written():
    names = [module.name for module in pkgutil.iter_modules(migrations.__path__) if module.name[:1].isdigit()]
    return {name: importlib.import_module(f"migrations.{name}").Migration for name in names}


def test_every_migration_joins_its_steps():
    assert len(_written()) > 15
    assert [name for name, one in _written().items() if not issubclass(one, _steps.Migration)] == []


def test_steps_beside_each_other_are_one_in_their_order_and_others_stay_apart():
    one = _written()["0002_constraints"]("0002_constraints", "models")
    written = type(one).operations
    assert len(one.operations) == 1 and len(written) > 40
    assert list(one.operations[0].steps) == list(written)
    mixed = _written()["0012_refunds"]("0012_refunds", "models")
    flat = [step for each in mixed.operations for step in getattr(each, "steps", [each])]
    assert flat == list(type(mixed).operations) and 1 < len(mixed.operations) < len(flat)


def test_a_field_is_not_changed_in_the_step_that_makes_or_changes_it():
    def of(*names):
        return [ops.AlterField("Customer", name, fields.CharField(max_length=9)) for name in names]

    added = ops.AddField("Customer", "one", fields.CharField(max_length=3))
    steps = _steps._joined([added, *of("one", "other"), *of("other")])
    assert [[step.name for step in one.steps] for one in steps] == [["one"], ["one", "other"], ["other"]]
