"""What operators teach the chat: synonyms, answers by keyword, opening hours, menus, QR scenes, broadcasts."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0032_conversations")]

    operations = [
        _parts.table(
            "ChatEdition",
            "chat_edition",
            "Which edition of operators' words is in force; one row. It rises with each change, in the change's transaction.",
            [("edition", fields.BigIntField())],
        ),
        _parts.table(
            "ChatSynonym",
            "chat_synonym",
            "A word that is read as one of the concepts of the chat's understanding.",
            [
                ("word", fields.CharField(unique=True, max_length=20)),
                ("concept", fields.CharField(max_length=20)),
                ("store_id", fields.BigIntField(default=0)),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
            ],
        ),
        _parts.table(
            "ChatAnswer",
            "chat_answer",
            "What is answered to texts that are, or have in them, one of its keywords.",
            [
                ("match", fields.CharField(max_length=8)),
                ("keywords", ArrayField(element_type="text")),
                ("text_zh", fields.TextField()),
                ("text_en", fields.TextField(default="")),
                _parts.perhaps("from_at"),
                _parts.perhaps("until_at"),
                ("store_id", fields.BigIntField(default=0)),
                ("place", fields.IntField(default=0)),
                ("active", fields.BooleanField(default=True)),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
            ],
        ),
        _parts.table(
            "OpeningHours",
            "opening_hours",
            "When a store is open: by weekday, on holidays, on single days.",
            [
                ("store_id", fields.BigIntField(unique=True)),
                ("hours", _parts.json()),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
            ],
        ),
        _parts.table(
            "ChatUnanswered",
            "chat_unanswered",
            "A text the chat could not answer, without numbers in it, and how often it came. Says nothing about who wrote it.",
            [
                ("text", fields.CharField(unique=True, max_length=60)),
                ("times", fields.BigIntField()),
                _parts.instant("first_at"),
                _parts.instant("last_at"),
                ("state", fields.CharField(default="open", max_length=10)),
                ("decided_by", fields.CharField(null=True, max_length=64)),
                _parts.perhaps("decided_at"),
            ],
            indexes=[
                Index(fields=["last_at"], name="chat_unanswered_last"),
                PartialIndex(
                    fields=["times", "last_at", "id"], name="chat_unanswered_rank", where="state = 'open'"
                ),
            ],
        ),
        _parts.table(
            "ChatMenuPublication",
            "chat_menu_publication",
            "One publication: written down before the platform is asked, and how it ended after.",
            [
                ("app_id", fields.CharField(max_length=40)),
                ("fingerprint", fields.CharField(max_length=64)),
                ("state", fields.CharField(max_length=10)),
                ("errcode", fields.IntField(null=True)),
                ("error", fields.CharField(null=True, max_length=200)),
                ("asked_by", fields.CharField(max_length=64)),
                _parts.instant("asked_at"),
                _parts.instant("lease_until"),
                _parts.perhaps("ended_at"),
            ],
        ),
        _parts.table(
            "ChatLanguage",
            "chat_language",
            "The tag of a language that a follower wears, because the customer has chosen it.",
            [
                ("app_id", fields.CharField(max_length=40)),
                ("openid", fields.CharField(max_length=128)),
                ("language", fields.CharField(max_length=8)),
                _parts.instant("tagged_at"),
            ],
        ),
        _parts.table(
            "ChatScene",
            "chat_scene",
            "A QR code: at a store, on a table, in somebody's hand. Where it hangs never changes; what it says may.",
            [
                ("app_id", fields.CharField(max_length=40)),
                ("scene", fields.CharField(unique=True, max_length=64)),
                ("title", fields.CharField(max_length=60)),
                ("days", fields.IntField(null=True)),
                ("store_id", fields.BigIntField(default=0)),
                ("table_no", fields.CharField(default="", max_length=20)),
                _parts.to("Operator", "operator", "chat_scenes", db_index=False, null=True),
                ("welcome_zh", fields.TextField(default="")),
                ("welcome_en", fields.TextField(default="")),
                ("state", fields.CharField(max_length=10)),
                ("ticket", fields.CharField(null=True, max_length=200)),
                ("url", fields.CharField(null=True, max_length=300)),
                _parts.perhaps("expires_at"),
                ("errcode", fields.IntField(null=True)),
                _parts.perhaps("ask_at"),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
                _parts.instant("created_at"),
            ],
            indexes=[PartialIndex(fields=["ask_at", "id"], name="chat_scene_ask", where="state = 'asking'")],
        ),
        _parts.table(
            "ChatVisit",
            "chat_visit",
            "Somebody scanned a code. Who it was is forgotten with the customer; that it was, stays.",
            [
                _parts.to("ChatScene", "scene", "visits", db_index=False),
                ("app_id", fields.CharField(max_length=40)),
                ("openid", fields.CharField(null=True, max_length=128)),
                ("is_follow", fields.BooleanField()),
                _parts.instant("at"),
            ],
            indexes=[
                Index(fields=["scene_id", "id"], name="chat_visit_scene"),
                PartialIndex(
                    fields=["app_id", "openid", "id"], name="chat_visit_person", where="openid IS NOT NULL"
                ),
            ],
        ),
        *_parts.checks(
            "ChatAnswer",
            chat_answer_match="match IN ('exact', 'contains')",
            chat_answer_keywords="cardinality(keywords) BETWEEN 1 AND 20",
            chat_answer_fits="octet_length(text_zh) BETWEEN 1 AND 2048 AND octet_length(text_en) <= 2048",
            chat_answer_period="from_at < until_at",
        ),
        *_parts.checks(
            "ChatUnanswered",
            chat_unanswered_state="state IN ('open', 'dismissed', 'taught')",
            chat_unanswered_decided="(state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
        ),
        ops.AddConstraint(
            "ChatMenuPublication",
            UniqueConstraint(fields=("app_id",), name="chat_menu_asking", condition="state = 'asking'"),
        ),
        ops.AddConstraint(
            "ChatLanguage", UniqueConstraint(fields=("app_id", "openid"), name="chat_language_of_follower")
        ),
        *_parts.checks(
            "ChatMenuPublication",
            chat_menu_state="state IN ('asking', 'published', 'refused', 'unknown')",
            chat_menu_ended="(state = 'asking') = (ended_at IS NULL)",
        ),
        *_parts.checks(
            "ChatScene",
            chat_scene_state="state IN ('asking', 'ready', 'refused')",
            chat_scene_asked="(ask_at IS NOT NULL) = (state = 'asking') AND (ticket IS NOT NULL) = (state = 'ready')",
            chat_scene_days="days BETWEEN 1 AND 30",
            chat_scene_fits="octet_length(welcome_zh) <= 2048 AND octet_length(welcome_en) <= 2048",
        ),
        ops.RunSQL(
            ["CREATE INDEX outbox_of_run ON outbox_message ((params ->> 'run_no')) WHERE kind = 'offer'"]
        ),
        ops.AddField("SegmentRun", "approval_no", fields.CharField(null=True, max_length=32)),
        ops.AddField("SegmentRun", "expected", fields.IntField(null=True)),
        ops.RemoveConstraint("SegmentRun", "segment_run_state"),
        ops.RemoveConstraint("SegmentRun", "segment_run_ended"),
        *_parts.checks(
            "SegmentRun",
            segment_run_state="state IN ('running', 'paused', 'done', 'stopped')",
            segment_run_ended="(ended_at IS NULL) = (state IN ('running', 'paused'))",
        ),
    ]
