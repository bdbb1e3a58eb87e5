"""When the seals of what operators did were last computed again, and as what they were first seen."""

from tortoise import fields
from tortoise.migrations import operations as ops

from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0039_passkeys")]

    operations: list[ops.Operation] = [
        _parts.table(
            "ActCheck",
            "act_check",
            "A sealed day of what operators did (``act_seal``) as it was first seen by a check: one that was sealed anew has another hash.",
            [
                ("day", fields.DateField(unique=True)),
                ("hash", fields.BinaryField()),
                _parts.instant("checked_at"),
            ],
        ),
    ]
