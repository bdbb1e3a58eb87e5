"""Lists that operators take away as files, and how they like to look at lists."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ListExport(Model):
    """A list of the console asked for as a file, made by a worker; the file is kept for a day."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="exports", on_delete=fields.RESTRICT, db_index=False
    )
    request_key = fields.CharField(max_length=64)
    operation = fields.CharField(max_length=80)
    title = fields.CharField(max_length=100)
    asked = fields.JSONField()
    """The parts of the path and the query."""
    columns = fields.JSONField()
    form = fields.CharField(max_length=4)
    locale = fields.CharField(max_length=8)
    state = fields.CharField(max_length=10, default="queued")
    rows = fields.BigIntField(default=0)
    """So many are written so far."""
    size = fields.BigIntField(default=0)
    fault = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    lease_until = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "list_export"
        unique_together = (("operator", "request_key"),)
        indexes = (
            Index(fields=("operator_id", "id"), name="list_export_operator"),
            PartialIndex(fields=("id",), name="list_export_open", where="state IN ('queued', 'running')"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
                name="list_export_state",
            ),
            CheckConstraint(check="form IN ('csv', 'xlsx')", name="list_export_form"),
            CheckConstraint(
                check="(ended_at IS NULL) = (state IN ('queued', 'running'))", name="list_export_ended"
            ),
        )


class ListExportPiece(Model):
    """A piece of the file."""

    id = fields.BigIntField(primary_key=True)
    export = fields.ForeignKeyField(
        "models.ListExport", related_name="pieces", on_delete=fields.CASCADE, db_index=False
    )
    nth = fields.IntField()
    content = fields.BinaryField()

    class Meta:
        table = "list_export_piece"
        unique_together = (("export", "nth"),)


class SavedView(Model):
    """How an operator likes to look at a list: filters and columns under a name of their own."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="saved_views", on_delete=fields.RESTRICT, db_index=False
    )
    operation = fields.CharField(max_length=80)
    name = fields.CharField(max_length=40)
    query = fields.CharField(max_length=2000)
    created_at = fields.DatetimeField()

    class Meta:
        table = "saved_view"
        unique_together = (("operator", "operation", "name"),)
