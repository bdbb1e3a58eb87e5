/**
 * The main job of a mini-program, from sign-in to statement, against a running shop:
 *
 *     node dist/main-job.js BASE_URL LOGIN_CODE [PAY_URL]
 *
 * Prints what it saw as one JSON object. What the channel's own SDK would do on the phone (paying) is asked of PAY_URL, which gets the
 * payment's parameters.
 */

import { connect, newKey, Refusal } from "./index.js";

const [baseUrl, code, payUrl] = process.argv.slice(2) as [string, string, string];
const shop = connect({ baseUrl, locale: "zh-CN" });

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "accepted";
  } catch (failure) {
    if (failure instanceof Refusal) return failure.code;
    throw failure;
  }
}

async function balance(): Promise<number> {
  return (await shop.GET("/api/v1/account")).data!.available_fen;
}

const strangers = await codeOf(shop.GET("/api/v1/account"));
const { customer } = await shop.signIn(code);

const topUp = (
  await shop.POST("/api/v1/top-ups", {
    params: { header: { "Idempotency-Key": newKey() } },
    body: { amount_fen: 20_000, channel: "wechat_pay", method: "jsapi" },
  })
).data!;
await fetch(payUrl, { method: "POST", body: JSON.stringify(topUp.payment) });
for (let tries = 0; (await balance()) === 0 && tries < 100; tries++) {
  await new Promise((resume) => setTimeout(resume, 100));
}
const credited = await balance();

const products = (await shop.GET("/api/v1/products")).data!.items;
const sku = products[0]!.skus[0]!;
const key = newKey();
const order = { params: { header: { "Idempotency-Key": key } }, body: { lines: [{ sku_id: sku.id, quantity: 2 }] } };
const placed = (await shop.POST("/api/v1/orders", order)).data!;
const twice = (await shop.POST("/api/v1/orders", order)).data!;
const path = { order_no: placed.order_no };
const paid = (
  await shop.POST("/api/v1/orders/{order_no}/pay", {
    params: { path, header: { "Idempotency-Key": newKey() } },
    body: {},
  })
).data!;
const again = await codeOf(
  shop.POST("/api/v1/orders", {
    params: { header: { "Idempotency-Key": newKey() } },
    body: { lines: [{ sku_id: sku.id, quantity: 999 }] },
  }),
);

const changes = (await shop.GET("/api/v1/account/changes")).data!.items;

console.log(
  JSON.stringify({
    strangers,
    customer: customer.id,
    credited,
    order: [placed.order_no, twice.order_no],
    state: paid.state,
    tooMany: again,
    left: await balance(),
    changes: changes.map((change) => change.principal_fen + change.bonus_fen),
  }),
);
