"""What was paid outside the channels, and receipts."""

from billing import receipt_pages, voucher_images
from billing import receipts as billing_receipts
from billing import vouchers as billing_vouchers
from core import http as kit
from miniapp_api import receipts, vouchers
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.post(
        "/vouchers",
        vouchers.start,
        summary=("提交转账付款", "Say what was transferred"),
        description=(
            "向门店的银行账户转账后，先填写金额，再上传付款凭证的图片；门店核对到账后入账。",
            "After a transfer to the shop's bank account: first the amount, then the image of the bank's voucher. It is credited "
            "once the shop has found the money.",
        ),
        status=201,
        answer=vouchers.Voucher,
        refusals=(
            billing_vouchers.NoSuchBill,
            billing_vouchers.BillNotOwed,
            billing_vouchers.NoSuchAccount,
            billing_vouchers.TooManyVouchers,
            billing_vouchers.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/vouchers/{voucher_no}/image",
        vouchers.show,
        summary=("上传付款凭证的图片", "Upload the voucher's image"),
        description=(
            "wx.uploadFile，name 为 file；JPEG、PNG 或 WebP，不超过 5 MB。重复上传同一张图片没有影响。",
            "wx.uploadFile with the name `file`; JPEG, PNG or WebP, at most 5 MB. The same image again changes nothing.",
        ),
        answer=vouchers.Voucher,
        upload=voucher_images.MAX_BYTES,
        refusals=(
            billing_vouchers.NoSuchVoucher,
            billing_vouchers.VoucherStateForbids,
            billing_vouchers.NotAnImage,
            billing_vouchers.ImageTooLarge,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(20, 60),
    ),
    kit.get(
        "/vouchers/{voucher_no}/image",
        vouchers.image,
        summary=("付款凭证的图片", "The voucher's image"),
        file=vouchers.JPEG,
        refusals=(billing_vouchers.NoSuchVoucher,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/vouchers/{voucher_no}/withdraw",
        vouchers.withdraw,
        summary=("撤回付款凭证", "Take a voucher back"),
        answer=vouchers.Voucher,
        refusals=(billing_vouchers.NoSuchVoucher, billing_vouchers.VoucherStateForbids),
        auth=CUSTOMER,
    ),
    kit.get(
        "/vouchers",
        vouchers.listing,
        summary=("付款凭证", "Transfer vouchers"),
        answer=kit.Page[vouchers.Voucher],
        auth=CUSTOMER,
    ),
    kit.get(
        "/vouchers/{voucher_no}",
        vouchers.one,
        summary=("一张付款凭证", "One transfer voucher"),
        answer=vouchers.Voucher,
        refusals=(billing_vouchers.NoSuchVoucher,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/receipts",
        receipts.listing,
        summary=("收款凭证", "Receipts"),
        description=(
            "顾客通过渠道或在柜台付的每一笔款各有一张。",
            "One for each payment the customer has made through a channel or at the counter.",
        ),
        answer=kit.Page[receipts.Receipt],
        auth=CUSTOMER,
    ),
    kit.get(
        "/receipts/{source_no}",
        receipts.one,
        summary=("一张收款凭证", "One receipt"),
        answer=receipts.Receipt,
        refusals=(billing_receipts.NoSuchReceipt,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/receipts/{source_no}/page",
        receipts.page,
        summary=("打印收款凭证", "A receipt to be printed"),
        file=receipt_pages.HTML,
        refusals=(billing_receipts.NoSuchReceipt,),
        auth=CUSTOMER,
    ),
)
