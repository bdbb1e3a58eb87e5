"""Operators' passkeys, and who they are at the shop's identity provider."""

from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0038_acts")]

    operations = [
        ops.AddField("Operator", "email", fields.CharField(null=True, unique=True, max_length=254)),
        _parts.table(
            "OperatorPasskey",
            "operator_passkey",
            "The public half of a passkey that an operator's device holds.",
            [
                _parts.to("Operator", "operator", "passkeys"),
                ("credential_id", fields.CharField(unique=True, max_length=1400)),
                ("public_key", fields.TextField()),
                ("sign_count", fields.BigIntField()),
                ("name", fields.CharField(max_length=60)),
                ("is_synced", fields.BooleanField()),
                _parts.instant("created_at"),
                _parts.perhaps("used_at"),
            ],
        ),
        _parts.table(
            "OperatorSubject",
            "operator_subject",
            "Who an operator is at the shop's identity provider.",
            [
                _parts.to("Operator", "operator", "subjects", db_index=False),
                ("issuer", fields.CharField(max_length=200)),
                ("subject", fields.CharField(max_length=255)),
                _parts.instant("linked_at"),
            ],
        ),
        ops.AddConstraint(
            "OperatorSubject", UniqueConstraint(fields=("issuer", "subject"), name="operator_subject_one")
        ),
        ops.AddConstraint(
            "OperatorSubject",
            UniqueConstraint(fields=("operator_id", "issuer"), name="operator_subject_once"),
        ),
    ]
