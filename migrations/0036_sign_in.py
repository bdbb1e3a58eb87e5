"""Operators' sign-in: one-time codes, recovery codes, challenges, attempts and their limits, and what sessions say of themselves."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0035_sealed")]

    operations = [
        ops.AddField("OperatorSession", "address", fields.CharField(db_default="", max_length=64)),
        ops.AddField("OperatorSession", "place", fields.CharField(db_default="", max_length=64)),
        ops.AddField("OperatorSession", "user_agent", fields.CharField(db_default="", max_length=200)),
        ops.AddField("OperatorSession", *_parts.perhaps("seen_at")),
        ops.AddField("OperatorSession", *_parts.perhaps("fresh_at")),
        _parts.table(
            "OperatorTotp",
            "operator_totp",
            "The secret that an operator's authenticator app shares with us. Of no force before a code of it was shown.",
            [
                _parts.to("Operator", "operator", "totp", fields.OneToOneField),
                ("secret", fields.CharField(max_length=400)),
                ("last_step", fields.BigIntField(default=0)),
                _parts.instant("created_at"),
                _parts.perhaps("confirmed_at"),
            ],
        ),
        _parts.table(
            "OperatorRecoveryCode",
            "operator_recovery_code",
            "One of the codes an operator was shown once; good once.",
            [
                _parts.to("Operator", "operator", "recovery_codes", db_index=False),
                ("code_hash", fields.CharField(max_length=64)),
                _parts.instant("created_at"),
                _parts.perhaps("used_at"),
            ],
        ),
        _parts.table(
            "OperatorChallenge",
            "operator_challenge",
            "Something that was asked of somebody who is signing in, and is answered once, soon, and from the same place.",
            [
                ("kind", fields.CharField(max_length=20)),
                _parts.to("Operator", "operator", "challenges", null=True, db_index=False),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("asked", _parts.json()),
                ("place", fields.CharField(max_length=64)),
                ("tries", fields.IntField(default=0)),
                _parts.instant("created_at"),
                _parts.instant("ends_at"),
                _parts.perhaps("used_at"),
            ],
            indexes=[Index(fields=["created_at"], name="operator_challenge_created")],
        ),
        _parts.table(
            "SignInAttempt",
            "sign_in_attempt",
            "One try, and how it ended. A login that nobody has is not kept: it may be a password in the wrong field.",
            [
                _parts.to("Operator", "operator", "sign_in_attempts", null=True, db_index=False),
                ("way", fields.CharField(max_length=20)),
                ("outcome", fields.CharField(max_length=60)),
                ("address", fields.CharField(max_length=64)),
                ("user_agent", fields.CharField(max_length=200)),
                _parts.instant("at"),
            ],
            indexes=[
                Index(fields=["operator_id", "id"], name="sign_in_attempt_operator"),
                Index(fields=["at"], name="sign_in_attempt_at"),
            ],
        ),
        _parts.table(
            "SignInLimit",
            "sign_in_limit",
            "Failures in a row of one login from one place, of one place, or of one login.",
            [
                ("subject", fields.CharField(unique=True, max_length=64)),
                ("failures", fields.IntField()),
                _parts.instant("began_at"),
                _parts.perhaps("locked_until"),
            ],
            indexes=[Index(fields=["began_at"], name="sign_in_limit_began")],
        ),
        ops.AddConstraint(
            "OperatorRecoveryCode",
            UniqueConstraint(fields=("operator_id", "code_hash"), name="operator_recovery_code_once"),
        ),
        *_parts.checks("OperatorTotp", operator_totp_sealed="starts_with(secret, 's1.')"),
        *_parts.checks(
            "OperatorChallenge",
            operator_challenge_kind="kind IN ('second_factor', 'passkey_new', 'passkey', 'single_sign_on')",
            operator_challenge_whose="operator_id IS NOT NULL OR kind IN ('passkey', 'single_sign_on')",
        ),
    ]
