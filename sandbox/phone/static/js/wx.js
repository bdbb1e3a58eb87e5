// The part of WeChat's SDK that this mini-program uses, with the names, arguments and answers of the real one
// (developers.weixin.qq.com: wx.login, wx.requestPayment, wx.requestMerchantTransfer, wx.requestSubscribeMessage). Each call takes
// success/fail/complete callbacks, or gives a promise when there are none.

import { phoneOf } from "./sandbox.js";

/** `show` draws WeChat's own sheets: cashier(sheet) → "paid" | "cancel" | "timeout", transfer(sheet) → "paid" | "cancel", and
 * subscribePopup(tmplIds) → {id: "accept" | "reject"}. */
export function wxOf(person, show) {
  const phone = phoneOf(person.id);

  return {
    login: (options = {}) => settled(options, "login", async () => ({ code: await phone.loginCode() })),

    requestPayment: (options) =>
      settled(options, "requestPayment", async () => {
        const { timeStamp, nonceStr, package: bundle, signType, paySign } = options;
        const sheet = await phone.requestPayment({ timeStamp, nonceStr, package: bundle, signType, paySign });
        const outcome = await show.cashier(sheet);
        if (outcome !== "paid") throw new Error(`requestPayment:fail ${outcome}`);
        return {};
      }),

    requestMerchantTransfer: (options) =>
      settled(options, "requestMerchantTransfer", async () => {
        const outcome = await show.transfer(await phone.requestMerchantTransfer(options.package));
        if (outcome !== "paid") throw new Error(`requestMerchantTransfer:fail ${outcome}`);
        return {};
      }),

    requestSubscribeMessage: (options) =>
      settled(options, "requestSubscribeMessage", async () => {
        if (!(options.tmplIds?.length >= 1 && options.tmplIds.length <= 3)) {
          throw new Error("requestSubscribeMessage:fail tmplIds should hold one to three ids");
        }
        return phone.decide(await show.subscribePopup(options.tmplIds));
      }),
  };
}

function settled(options, name, act) {
  const promise = act().then(
    (result) => ({ errMsg: `${name}:ok`, ...result }),
    (fault) => {
      const errMsg = fault.message.startsWith(name) ? fault.message : `${name}:fail ${fault.message}`;
      throw Object.assign(new Error(errMsg), { errMsg });
    },
  );
  const { success, fail, complete } = options;
  if (!success && !fail && !complete) return promise;
  promise.then(success, fail ?? (() => {})).finally(complete);
  return undefined;
}
