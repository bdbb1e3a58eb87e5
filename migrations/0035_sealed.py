"""Telephone numbers, addresses of messages, titles of invoices and names of payees are kept sealed (``core.sealed``), those that are there
already, too: so this one needs the keys where there are any."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core import sealed
from migrations import _parts, _steps

_PLAIN = (
    ("message_address", "address", None, "channel"),
    ("address_code", "address", None, "channel"),
    ("delivery_address", "phone", None, None),
    ("shop_order", "address", "phone", None),
    ("standing_order", "address", "phone", None),
    ("invoice_request", "title", None, None),
    ("invoice_request", "tax_no", None, None),
    ("invoice_request", "email", None, None),
    ("remittance", "payee_name", None, None),
)
"""Table, column, the key of its JSON, and of which kind its blind index is."""
_BATCH = 1000


async def _seal(_: Any, editor: Any) -> None:
    for table, name, inner, kind in _PLAIN:
        value = name if inner is None else f"({name} ->> '{inner}')"
        put = (
            f"{name} = $2"
            if inner is None
            else f"{name} = jsonb_set({name}, '{{{inner}}}', to_jsonb($2::text))"
        )
        column, after = ".".join(filter(None, (table, name, inner))), 0
        while rows := await editor.client.execute_query_dict(
            f"SELECT id, {value} AS value, {kind or 'NULL'} AS kind FROM {table} WHERE {value} IS NOT NULL AND id > $1 ORDER BY id LIMIT {_BATCH}",
            [after],
        ):
            after = rows[-1]["id"]
            for row in rows:
                sealing = [row["id"], sealed.seal(row["value"], column)]
                if kind is None:
                    await editor.client.execute_query(f"UPDATE {table} SET {put} WHERE id = $1", sealing)
                else:
                    await editor.client.execute_query(
                        f"UPDATE {table} SET {put}, {name}_index = $3 WHERE id = $1",
                        [*sealing, sealed.index(row["value"], row["kind"])],
                    )


class Migration(_steps.Migration):
    dependencies = [("models", "0034_chat_identity")]

    operations = [
        ops.RemoveIndex("MessageAddress", "message_address_shown"),
        ops.RemoveIndex("AddressCode", "address_code_address"),
        ops.AlterField("MessageAddress", "address", fields.CharField(max_length=500)),
        ops.AlterField("AddressCode", "address", fields.CharField(max_length=500)),
        ops.AlterField("DeliveryAddress", "phone", fields.CharField(max_length=120)),
        ops.AlterField("InvoiceRequest", "title", fields.CharField(max_length=500)),
        ops.AlterField("InvoiceRequest", "tax_no", fields.CharField(null=True, max_length=120)),
        ops.AlterField("InvoiceRequest", "email", fields.CharField(null=True, max_length=500)),
        ops.AlterField("Remittance", "payee_name", fields.CharField(null=True, max_length=500)),
        ops.AddField("MessageAddress", "address_index", fields.BinaryField(null=True)),
        ops.AddField("AddressCode", "address_index", fields.BinaryField(null=True)),
        ops.RunPython(_seal),
        ops.AlterField("MessageAddress", "address_index", fields.BinaryField()),
        ops.AlterField("AddressCode", "address_index", fields.BinaryField()),
        ops.AddIndex("MessageAddress", Index(fields=["address_index"], name="message_address_found")),
        ops.AddIndex("AddressCode", Index(fields=["address_index", "sent_at"], name="address_code_address")),
        *_parts.checks("MessageAddress", message_address_sealed="starts_with(address, 's1.')"),
        *_parts.checks("AddressCode", address_code_sealed="starts_with(address, 's1.')"),
        *_parts.checks("DeliveryAddress", delivery_address_sealed="starts_with(phone, 's1.')"),
        *_parts.checks("Order", order_address_sealed="starts_with(address ->> 'phone', 's1.')"),
        *_parts.checks(
            "StandingOrder", standing_order_address_sealed="starts_with(address ->> 'phone', 's1.')"
        ),
        *_parts.checks(
            "InvoiceRequest",
            invoice_request_sealed="starts_with(title, 's1.') AND starts_with(tax_no, 's1.') AND starts_with(email, 's1.')",
        ),
        *_parts.checks("Remittance", remittance_sealed="starts_with(payee_name, 's1.')"),
    ]
