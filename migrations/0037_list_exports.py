"""Lists that operators take away as files, and how they like to look at lists."""

from tortoise import fields
from tortoise.indexes import Index

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0036_sign_in")]

    operations = [
        _parts.table(
            "ListExport",
            "list_export",
            "A list of the console asked for as a file, made by a worker; the file is kept for a day.",
            [
                _parts.to("Operator", "operator", "exports", db_index=False),
                ("request_key", fields.CharField(max_length=64)),
                ("operation", fields.CharField(max_length=80)),
                ("title", fields.CharField(max_length=100)),
                ("asked", _parts.json()),
                ("columns", _parts.json()),
                ("form", fields.CharField(max_length=4)),
                ("locale", fields.CharField(max_length=8)),
                ("state", fields.CharField(default="queued", max_length=10)),
                ("rows", fields.BigIntField(default=0)),
                ("size", fields.BigIntField(default=0)),
                ("fault", fields.CharField(null=True, max_length=200)),
                _parts.instant("created_at"),
                _parts.perhaps("lease_until"),
                ("tries", fields.IntField(default=0)),
                _parts.perhaps("ended_at"),
            ],
            unique_together=(("operator", "request_key"),),
            indexes=[
                Index(fields=["operator_id", "id"], name="list_export_operator"),
                PartialIndex(fields=["id"], name="list_export_open", where="state IN ('queued', 'running')"),
            ],
        ),
        *_parts.checks(
            "ListExport",
            list_export_state="state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            list_export_form="form IN ('csv', 'xlsx')",
            list_export_ended="(ended_at IS NULL) = (state IN ('queued', 'running'))",
        ),
        _parts.table(
            "ListExportPiece",
            "list_export_piece",
            "A piece of the file.",
            [
                _parts.to("ListExport", "export", "pieces", on_delete=fields.CASCADE, db_index=False),
                ("nth", fields.IntField()),
                ("content", fields.BinaryField()),
            ],
            unique_together=(("export", "nth"),),
        ),
        _parts.table(
            "SavedView",
            "saved_view",
            "How an operator likes to look at a list: filters and columns under a name of their own.",
            [
                _parts.to("Operator", "operator", "saved_views", db_index=False),
                ("operation", fields.CharField(max_length=80)),
                ("name", fields.CharField(max_length=40)),
                ("query", fields.CharField(max_length=2000)),
                _parts.instant("created_at"),
            ],
            unique_together=(("operator", "operation", "name"),),
        ),
    ]
