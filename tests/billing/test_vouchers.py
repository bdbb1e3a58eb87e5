"""Customers show what they have transferred; an operator finds the money or does not."""

import asyncio
import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from billing import approvals, bills, counter, staff_alerts, terms, voucher_images, vouchers
from ledger import accounts
from tests import factories
from tests.factories import key


def picture(kind="PNG", *, size=(40, 30), colour="red", **more):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **more)
    return file.getvalue()


async def submitted(customer_id, amount_fen=10_000, *, image=None, **more):
    made = await vouchers.start(customer_id, amount_fen=amount_fen, key=key(), **more)
    return await vouchers.show(
        customer_id, made.voucher_no, image or picture(colour=(len(made.voucher_no), 1, 2))
    )


async def confirm(voucher, amount_fen=10_000, *, by=1, reference=None, **more):
    reference = reference or f"bank-{voucher.voucher_no}"
    return await vouchers.confirm(
        by, voucher.voucher_no, amount_fen=amount_fen, reference=reference, key=key(), **more
    )


async def test_what_was_received_is_credited_not_what_was_said(db):
    customer = await factories.customer()
    shown = await submitted(customer.id, 10_000, note="王小明 尾号 1234")
    assert shown.state == "submitted"
    assert [alert.kind for alert in await staff_alerts.page(is_open=True)] == ["voucher_submitted"]
    done = (await confirm(shown, 9_900)).voucher
    assert done.state == "confirmed" and await staff_alerts.page(is_open=True) == []
    paid = await counter.get(done.counter_no)
    assert (paid.tender, paid.amount_fen, paid.voucher_no) == ("transfer", 9_900, shown.voucher_no)
    assert (await accounts.balance(customer.id)).principal_fen == 9_900


async def test_two_operators_at_once_have_one_effect(db):
    customer = await factories.customer()
    shown = await submitted(customer.id)

    async def attempt(act):
        try:
            return await act
        except vouchers.VoucherStateForbids:
            return None

    done = await asyncio.gather(
        attempt(confirm(shown, by=1, reference="a")),
        attempt(confirm(shown, by=2, reference="b")),
        attempt(vouchers.reject(3, shown.voucher_no, reason="没有到账", key=key())),
    )
    assert len([one for one in done if one]) == 1
    state = (await vouchers.get(shown.voucher_no)).state
    assert (await accounts.balance(customer.id)).principal_fen == (10_000 if state == "confirmed" else 0)


async def test_it_pays_the_bill_it_was_meant_for_or_goes_on_the_balance(db):
    customer = await factories.customer()
    bill_no = await factories.bill(customer.id, 3_000)
    shown = await submitted(customer.id, 3_000, bill_no=bill_no)
    with pytest.raises(vouchers.AmountAboveOwed):
        await confirm(shown, 3_001)
    with pytest.raises(vouchers.PaidInFullOnly):
        await confirm(shown, 2_999)
    await confirm(shown, 3_000)
    assert (await bills.get(customer.id, bill_no)).state == "paid"
    with pytest.raises(vouchers.BillNotOwed):
        await vouchers.start(customer.id, amount_fen=1, bill_no=bill_no, key=key())
    other = await factories.bill(customer.id, 5_000)
    late = await submitted(customer.id, 6_000, bill_no=other)
    await confirm(late, 6_000, to_balance=True)
    assert (await accounts.balance(customer.id)).principal_fen == 6_000


async def test_a_rejected_one_tells_the_customer_why_and_moves_nothing(db):
    customer = await factories.customer()
    shown = await submitted(customer.id)
    done = await vouchers.reject(1, shown.voucher_no, reason="银行流水中没有这笔款", key=key())
    assert (done.state, done.reject_reason) == ("rejected", "银行流水中没有这笔款")
    assert (await accounts.balance(customer.id)).principal_fen == 0
    with pytest.raises(vouchers.VoucherStateForbids):
        await confirm(shown)


async def test_above_the_limit_it_waits_and_nobody_decides_otherwise_meanwhile(db):
    terms.use(replace(terms.current(), counter_approval_above_fen=9_999))
    customer = await factories.customer()
    shown = await submitted(customer.id)
    asked = await confirm(shown)
    assert asked.approval_no and asked.voucher.state == "submitted"
    with pytest.raises(vouchers.VoucherStateForbids):
        await vouchers.reject(2, shown.voucher_no, reason="没有", key=key())
    with pytest.raises(vouchers.VoucherStateForbids):
        await vouchers.withdraw(customer.id, shown.voucher_no)
    with pytest.raises(vouchers.VoucherStateForbids):
        await confirm(shown, by=3, reference="another")
    await approvals.reject(2, asked.approval_no, key=key())
    again = await confirm(shown, 10_000)
    assert (await approvals.approve(2, again.approval_no, key=key())).state == "executed"
    assert (await accounts.balance(customer.id)).principal_fen == 10_000


async def test_the_same_bank_number_is_confirmed_once(db):
    customer = await factories.customer()
    first, second = await submitted(customer.id), await submitted(customer.id)
    await confirm(first, reference="bank-1")
    with pytest.raises(vouchers.AlreadyRecorded):
        await confirm(second, reference="bank-1")


async def test_the_same_image_twice_is_flagged_also_for_another_customer(db):
    image = picture()
    one, other = await factories.customer(), await factories.customer()
    first = await submitted(one.id, image=image)
    assert first.same_as_no is None
    assert (await submitted(other.id, image=image)).same_as_no == first.voucher_no
    assert (await submitted(other.id, image=picture(colour="blue"))).same_as_no is None


async def test_the_image_is_uploaded_once_and_again_changes_nothing(db):
    customer = await factories.customer()
    shown = await submitted(customer.id, image=picture())
    assert (await vouchers.show(customer.id, shown.voucher_no, picture())).state == "submitted"
    with pytest.raises(vouchers.VoucherStateForbids):
        await vouchers.show(customer.id, shown.voucher_no, picture(colour="blue"))
    with pytest.raises(vouchers.NoSuchVoucher):
        await vouchers.show(customer.id + 1, shown.voucher_no, picture())
    assert (await vouchers.withdraw(customer.id, shown.voucher_no)).state == "withdrawn"
    assert (await vouchers.withdraw(customer.id, shown.voucher_no)).state == "withdrawn"


async def test_only_so_many_may_wait(db):
    customer = await factories.customer()

    async def attempt():
        try:
            return await vouchers.start(customer.id, amount_fen=1, key=key())
        except vouchers.TooManyVouchers:
            return None

    done = await asyncio.gather(*(attempt() for _ in range(vouchers.MOST_WAITING + 3)))
    assert len([one for one in done if one]) == vouchers.MOST_WAITING


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_picture_is_drawn_anew_upright_and_without_what_else_the_file_held(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Secret Camera"
    drawn = await voucher_images.drawn(picture(kind, size=(3_000, 1_500), exif=exif) + b"<script>")
    with Image.open(io.BytesIO(drawn.jpeg)) as image:
        assert (image.format, image.size) == ("JPEG", (1_000, 2_000))
        assert not image.getexif()
    assert b"Secret" not in drawn.jpeg and b"script" not in drawn.jpeg


def bomb():
    """A PNG of a few bytes whose header says 30,000 by 30,000."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (b"", voucher_images.NotAnImage),
        (b"%PDF-1.7 ...", voucher_images.NotAnImage),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", voucher_images.NotAnImage),
        (picture("GIF"), voucher_images.NotAnImage),
        (picture("TIFF"), voucher_images.NotAnImage),
        (picture("JPEG", size=(200, 200))[:300], voucher_images.NotAnImage),
        (picture("PNG")[:40], voucher_images.NotAnImage),
        (bomb(), voucher_images.ImageTooLarge),
        (b"\xff\xd8" + b"0" * voucher_images.MAX_BYTES, voucher_images.ImageTooLarge),
    ],
    ids=["empty", "PDF", "SVG", "GIF", "TIFF", "torn JPEG", "torn PNG", "bomb", "huge"],
)
async def test_what_is_no_picture_or_too_large_a_one_is_refused(file, refusal):
    with pytest.raises(refusal):
        await voucher_images.drawn(file)
