"""Migrations whose steps are drawn once.

Tortoise draws all models anew before and after every step, which makes a new database wait for a minute where PostgreSQL needs two
seconds. Steps beside each other that make tables, add to tables, change fields or take fields, constraints and indexes away are one step
to it here; one that changes a table or a field made in the same step begins another, because each is made as it is drawn.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, cast

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

_JOINED = (
    ops.CreateModel, ops.AddField, ops.AlterField, ops.RemoveField, ops.AddConstraint, ops.RemoveConstraint, ops.AddIndex, ops.RemoveIndex,
    ops.RunSQL,
)  # fmt: skip


class Migration(migrations.Migration):
    """What migrations here derive from."""

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        self.operations = _joined(self.operations)

    async def apply(self, state: State, **how: Any) -> State:
        """As it stands there, but how things were before a step is drawn only for steps that look at it; and of a migration that the database
        has had already, only how things are after it."""
        state.apps.__class__ = _Drawings
        if how.get("schema_editor") is None:
            self._follow(state)
            return state
        vars(state)["clone"] = functools.partial(_Before, state)
        try:
            return await super().apply(state, **how)
        finally:
            del vars(state)["clone"]

    def _follow(self, state: State) -> None:
        once = _DrawnOnce(state)
        for operation in self.operations:
            operation.state_forward(self.app_label, cast(State, once))
        state.reload_models(once.changed)
        state.validate_relations_initialized()


class _Drawings(StateApps):
    """Models that tables are made after. Nobody asks the database by them, so they do without queries and filters, which Tortoise would make
    for every model there is after every step: half of the time that a new database takes."""

    def _build_initial_querysets(self) -> None:
        for app in self.apps.values():
            for model in app.values():
                if model._meta._inited:
                    model._meta.finalise_fields()
                    model._meta._resolve_index_expressions()


class _Before:
    """How things were before a step."""

    def __init__(self, state: State) -> None:
        self.models = {key: model.clone() for key, model in state.models.items()}
        self._later = state.apps

    @functools.cached_property
    def apps(self) -> StateApps:
        return self._later.clone(model_states=self.models)


def _joined(operations: Iterable[ops.Operation]) -> list[ops.Operation]:
    steps: list[ops.Operation] = []
    for operation in operations:
        if isinstance(operation, _JOINED):
            last = steps[-1] if steps else None
            if not (isinstance(last, _Together) and last.takes(operation)):
                steps.append(last := _Together())
            last.take(operation)
        else:
            steps.append(operation)
    return steps


class _Together(ops.TortoiseOperation):
    def __init__(self) -> None:
        self.steps: list[ops.TortoiseOperation] = []
        self.made: set[str] = set()
        self.fields: set[tuple[str, str]] = set()

    def takes(self, operation: ops.Operation) -> bool:
        """Whether it can be part of this step: it is about no table made in it, and changes or takes away no field that is made or changed
        in it."""
        if (
            isinstance(operation, ops.AlterField | ops.RemoveField)
            and (operation.model_name, operation.name) in self.fields
        ):
            return False
        return getattr(operation, "model_name", None) not in self.made

    def take(self, operation: ops.TortoiseOperation) -> None:
        self.steps.append(operation)
        if isinstance(operation, ops.CreateModel):
            self.made.add(operation.name)
        elif isinstance(operation, ops.AddField | ops.AlterField | ops.RemoveField):
            self.fields.add((operation.model_name, operation.name))

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
