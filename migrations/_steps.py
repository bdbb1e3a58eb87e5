"""Migrations whose steps are drawn once.

Tortoise draws all models anew before and after every step, which makes a new database wait for half a minute where PostgreSQL needs
two seconds. Steps beside each other that only add to tables or take constraints and indexes away are one step to it here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State

_JOINED = (ops.AddField, ops.AddConstraint, ops.RemoveConstraint, ops.AddIndex, ops.RemoveIndex)


class Migration(migrations.Migration):
    """What migrations here derive from."""

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        self.operations = _joined(self.operations)


def _joined(operations: Iterable[ops.Operation]) -> list[ops.Operation]:
    steps: list[ops.Operation] = []
    for operation in operations:
        if isinstance(operation, _JOINED):
            if not (steps and isinstance(steps[-1], _Together)):
                steps.append(_Together())
            cast("_Together", steps[-1]).steps.append(operation)
        else:
            steps.append(operation)
    return steps


class _Together(ops.TortoiseOperation):
    def __init__(self) -> None:
        self.steps: list[ops.TortoiseOperation] = []

    def describe(self) -> str:
        return "; ".join(step.describe() for step in self.steps)

    def state_forward(self, app_label: str, state: State) -> None:
        once = _DrawnOnce(state)
        for step in self.steps:
            step.state_forward(app_label, cast(State, once))
        state.reload_models(once.changed)

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        for step in self.steps:
            await step.database_forward(app_label, old_state, new_state, state_editor)

    async def database_backward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        for step in reversed(self.steps):
            await step.database_backward(app_label, old_state, new_state, state_editor)


class _DrawnOnce:
    """A state that notes what is to be drawn."""

    def __init__(self, state: State) -> None:
        self.models, self.apps = state.models, state.apps
        self.changed: set[tuple[str, str]] = set()

    def reload_model(self, app_label: str, model_name: str) -> None:
        self.changed.add((app_label, model_name))

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        self.changed.update(model_tuples)
