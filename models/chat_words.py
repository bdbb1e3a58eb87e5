"""What operators teach the chat: synonyms, answers by keyword; and what it did not understand."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChatEdition(Model):
    """Which edition of operators' words is in force; one row. It rises with each change, in the change's transaction."""

    id = fields.BigIntField(primary_key=True)
    edition = fields.BigIntField()

    class Meta:
        table = "chat_edition"


class ChatSynonym(Model):
    """A word that is read as one of the concepts of the chat's understanding."""

    id = fields.BigIntField(primary_key=True)
    word = fields.CharField(max_length=20, unique=True)
    """As the chat writes every text: simplified, narrow, lower case."""
    concept = fields.CharField(max_length=20)
    store_id = fields.BigIntField(default=0)
    """Whose word it is; it is understood everywhere, because nobody knows in which store a writer stands. 0: the shop's."""
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "chat_synonym"


class ChatAnswer(Model):
    """What is answered to texts that are, or have in them, one of its keywords."""

    id = fields.BigIntField(primary_key=True)
    match = fields.CharField(max_length=8)
    keywords = ArrayField(element_type="text")
    text_zh = fields.TextField()
    text_en = fields.TextField(default="")
    from_at = fields.DatetimeField(null=True)
    until_at = fields.DatetimeField(null=True)
    store_id = fields.BigIntField(default=0)
    """Only for who came by a code of this store; 0: for everybody."""
    place = fields.IntField(default=0)
    """Of several that fit the one with the lowest answers."""
    active = fields.BooleanField(default=True)
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "chat_answer"
        constraints = (
            CheckConstraint(check="match IN ('exact', 'contains')", name="chat_answer_match"),
            CheckConstraint(check="cardinality(keywords) BETWEEN 1 AND 20", name="chat_answer_keywords"),
            CheckConstraint(check="octet_length(text_zh) BETWEEN 1 AND 2048 AND octet_length(text_en) <= 2048", name="chat_answer_fits"),
            CheckConstraint(check="from_at < until_at", name="chat_answer_period"),
        )  # fmt: skip


class ChatUnanswered(Model):
    """A text the chat could not answer, without numbers in it, and how often it came. Says nothing about who wrote it."""

    id = fields.BigIntField(primary_key=True)
    text = fields.CharField(max_length=60, unique=True)
    times = fields.BigIntField()
    first_at = fields.DatetimeField()
    last_at = fields.DatetimeField()
    state = fields.CharField(max_length=10, default="open")
    decided_by = fields.CharField(max_length=64, null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "chat_unanswered"
        indexes = (
            Index(fields=("last_at",), name="chat_unanswered_last"),
            PartialIndex(
                fields=("times", "last_at", "id"), name="chat_unanswered_rank", where="state = 'open'"
            ),
        )
        constraints = (
            CheckConstraint(check="state IN ('open', 'dismissed', 'taught')", name="chat_unanswered_state"),
            CheckConstraint(
                check="(state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
                name="chat_unanswered_decided",
            ),
        )
