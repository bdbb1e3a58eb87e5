/** What must not compile. Nothing here runs: each line below an expectation is refused by the compiler, or the build fails. */

import type { Yucun } from "./index.js";

export async function refused(shop: Yucun): Promise<void> {
  const key = { header: { "Idempotency-Key": "12345678" } };
  // @ts-expect-error there is no such path
  await shop.GET("/api/v1/nowhere");
  // @ts-expect-error an amount is a number of fen
  await shop.POST("/api/v1/top-ups", { params: key, body: { amount_fen: "200.00", channel: "wechat_pay", method: "jsapi" } });
  // @ts-expect-error there is no such channel
  await shop.POST("/api/v1/top-ups", { params: key, body: { amount_fen: 1, channel: "paypal", method: "jsapi" } });
  // @ts-expect-error an answer has no such field
  (await shop.GET("/api/v1/account")).data?.balance_yuan;
}
