"""One-time codes and web authorisation that tell the chat who somebody is, and invoices that customers ask for."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0033_chat_words")]

    operations = [
        ops.AddField("Identity", "tied_by", fields.CharField(null=True, max_length=12)),
        ops.AddField("Identity", *_parts.perhaps("tied_at")),
        ops.AddField("Identity", *_parts.perhaps("let_go_at")),
        *_parts.checks(
            "Identity",
            identity_tied_by="tied_by IN ('code', 'page')",
            identity_tied="tied_by IS NULL OR customer_id IS NOT NULL AND tied_at IS NOT NULL",
            identity_let_go="let_go_at IS NULL OR customer_id IS NULL",
        ),
        ops.RemoveConstraint("SettingChange", "setting_change_setting"),
        *_parts.checks(
            "SettingChange",
            setting_change_setting="setting IN ('tier', 'is_named', 'burn_policy', 'tag', 'name', 'locale', 'birthday', 'chat')",
        ),
        _parts.table(
            "ChatCode",
            "chat_code",
            "A one-time code that ties a chat to a customer, for whom it was made and what became of it.",
            [
                ("given_to", fields.CharField(max_length=10)),
                _parts.to("Customer", "customer", "chat_codes", null=True, db_index=False),
                ("app_id", fields.CharField(null=True, max_length=40)),
                ("openid", fields.CharField(null=True, max_length=128)),
                ("salt", fields.CharField(max_length=32)),
                ("code_hash", fields.CharField(max_length=64)),
                _parts.instant("created_at"),
                _parts.instant("ends_at"),
                _parts.perhaps("ended_at"),
                ("is_used", fields.BooleanField(db_default=False)),
            ],
            indexes=[
                Index(fields=["customer_id", "id"], name="chat_code_customer"),
                Index(fields=["openid", "id"], name="chat_code_person"),
            ],
        ),
        _parts.table(
            "ChatCodeTry",
            "chat_code_try",
            "A wrong code that somebody entered.",
            [("who", fields.CharField(max_length=180)), _parts.instant("at")],
            indexes=[
                Index(fields=["who", "at"], name="chat_code_try_who"),
                Index(fields=["at"], name="chat_code_try_at"),
            ],
        ),
        _parts.table(
            "WebLogin",
            "web_login",
            "One time a page sent its visitor to WeChat to be told who they are.",
            [
                ("purpose", fields.CharField(max_length=10)),
                _parts.to("Customer", "customer", "web_logins", null=True, db_index=False),
                ("state_hash", fields.CharField(unique=True, max_length=64)),
                ("proof_hash", fields.CharField(max_length=64)),
                _parts.instant("created_at"),
                _parts.instant("ends_at"),
                _parts.perhaps("used_at"),
            ],
            indexes=[Index(fields=["created_at"], name="web_login_created")],
        ),
        _parts.table(
            "InvoiceRequest",
            "invoice_request",
            "An invoice a customer asked for, of money that came in for one top-up or one bill.",
            [
                ("invoice_no", fields.CharField(unique=True, max_length=32)),
                _parts.to("Customer", "customer", "invoice_requests", db_index=False),
                ("subject", fields.CharField(max_length=8)),
                ("subject_no", fields.CharField(max_length=32)),
                ("amount_fen", fields.BigIntField()),
                ("title_kind", fields.CharField(max_length=10)),
                ("title", fields.CharField(max_length=100)),
                ("tax_no", fields.CharField(null=True, max_length=18)),
                ("email", fields.CharField(null=True, max_length=254)),
                ("door", fields.CharField(max_length=20)),
                ("state", fields.CharField(max_length=10)),
                ("number", fields.CharField(null=True, unique=True, max_length=32)),
                ("reason", fields.CharField(null=True, max_length=200)),
                ("ended_by", fields.CharField(null=True, max_length=64)),
                _parts.instant("created_at"),
                _parts.perhaps("ended_at"),
            ],
            indexes=[
                Index(fields=["customer_id", "id"], name="invoice_request_customer"),
                Index(fields=["subject", "subject_no"], name="invoice_request_subject"),
                Index(fields=["state", "id"], name="invoice_request_state"),
            ],
        ),
        ops.AddIndex(
            "MessageAddress",
            PartialIndex(fields=["address"], name="message_address_shown", where="confirmed_by = 'wechat'"),
        ),
        ops.AddIndex(
            "ChatCode",
            PartialIndex(fields=["code_hash"], name="chat_code_open", where="ended_at IS NULL"),
        ),
        *_parts.checks(
            "ChatCode",
            chat_code_given_to="given_to IN ('customer', 'chat')",
            chat_code_whose="(given_to = 'chat' OR customer_id IS NOT NULL) AND (given_to = 'customer' OR openid IS NOT NULL)",
            chat_code_chat="(openid IS NULL) = (app_id IS NULL)",
            chat_code_used="NOT is_used OR ended_at IS NOT NULL AND customer_id IS NOT NULL AND openid IS NOT NULL",
        ),
        *_parts.checks(
            "WebLogin",
            web_login_purpose="purpose IN ('sign_in', 'tie')",
            web_login_whose="(purpose = 'tie') = (customer_id IS NOT NULL)",
        ),
        *_parts.checks(
            "InvoiceRequest",
            invoice_request_subject_kind="subject IN ('top_up', 'bill')",
            invoice_request_amount="amount_fen > 0",
            invoice_request_title_kind="title_kind IN ('personal', 'company')",
            invoice_request_tax_no="(tax_no IS NOT NULL) = (title_kind = 'company')",
            invoice_request_state_kind="state IN ('requested', 'issued', 'refused', 'withdrawn')",
            invoice_request_number="(number IS NOT NULL) = (state = 'issued')",
            invoice_request_reason="(reason IS NOT NULL) = (state = 'refused')",
            invoice_request_ended="(ended_at IS NULL) = (state = 'requested') AND (ended_by IS NULL) = (ended_at IS NULL)",
        ),
    ]
