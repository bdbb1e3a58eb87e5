"""QR codes of the official account that say where they hang, and who came by them."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChatScene(Model):
    """A QR code: at a store, on a table, in somebody's hand. Where it hangs never changes; what it says may."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    scene = fields.CharField(max_length=64, unique=True)
    """What the platform says when somebody scans it."""
    title = fields.CharField(max_length=60)
    days = fields.IntField(null=True)
    """A temporary one is good for so many days; None: for ever."""
    store_id = fields.BigIntField(default=0)
    table_no = fields.CharField(max_length=20, default="")
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="chat_scenes", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    """Whose customers those are who follow by it."""
    welcome_zh = fields.TextField(default="")
    welcome_en = fields.TextField(default="")
    state = fields.CharField(max_length=10)
    """``asking`` the platform for it; ``ready``; ``refused``."""
    ticket = fields.CharField(max_length=200, null=True)
    url = fields.CharField(max_length=300, null=True)
    expires_at = fields.DatetimeField(null=True)
    errcode = fields.IntField(null=True)
    ask_at = fields.DatetimeField(null=True)
    """When the platform is asked (again)."""
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "chat_scene"
        indexes = (PartialIndex(fields=("ask_at", "id"), name="chat_scene_ask", where="state = 'asking'"),)
        constraints = (
            CheckConstraint(check="state IN ('asking', 'ready', 'refused')", name="chat_scene_state"),
            CheckConstraint(
                check="(ask_at IS NOT NULL) = (state = 'asking') AND (ticket IS NOT NULL) = (state = 'ready')",
                name="chat_scene_asked",
            ),
            CheckConstraint(check="days BETWEEN 1 AND 30", name="chat_scene_days"),
            CheckConstraint(check="octet_length(welcome_zh) <= 2048 AND octet_length(welcome_en) <= 2048", name="chat_scene_fits"),
        )  # fmt: skip


class ChatVisit(Model):
    """Somebody scanned a code. Who it was is forgotten with the customer; that it was, stays."""

    id = fields.BigIntField(primary_key=True)
    scene = fields.ForeignKeyField(
        "models.ChatScene", related_name="visits", on_delete=fields.RESTRICT, db_index=False
    )
    app_id = fields.CharField(max_length=40)
    openid = fields.CharField(max_length=128, null=True)
    is_follow = fields.BooleanField()
    """Whether they followed by it; else they were followers already."""
    at = fields.DatetimeField()

    class Meta:
        table = "chat_visit"
        indexes = (
            Index(fields=("scene_id", "id"), name="chat_visit_scene"),
            PartialIndex(
                fields=("app_id", "openid", "id"), name="chat_visit_person", where="openid IS NOT NULL"
            ),
        )
