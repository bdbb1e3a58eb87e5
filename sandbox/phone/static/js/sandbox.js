// The sandbox's endpoints for people: who there is, what a phone may do, and what it is shown.

export class SandboxRefused extends Error {}

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let read = null;
  try {
    read = JSON.parse(text);
  } catch {
    // refusals may be plain text
  }
  if (!answer.ok) throw new SandboxRefused(read?.errMsg ?? text);
  return read;
}

const get = (path) => call("GET", path);
const post = (path, body = {}) => call("POST", path, body);

export const config = () => get("/phone/config.json");
export const people = async () => (await get("/phone/people")).items;
export const arrive = (nickname) => post("/phone/people", nickname ? { nickname } : {});
export const officialMenu = () => get("/phone/official/menu");
export const templates = async () => (await get("/phone/templates")).items;

export const worldClock = () => get("/world/clock");
export const advanceClock = (advance_s) => post("/world/clock", { advance_s });

export const paySheet = (sheetNo) => post(`/phone/sheets/${sheetNo}/pay`);
export const cancelSheet = (sheetNo) => post(`/phone/sheets/${sheetNo}/cancel`);

/** What one person's phone can do. */
export function phoneOf(personId) {
  const root = `/phone/people/${encodeURIComponent(personId)}`;
  return {
    person: () => get(root),
    loginCode: async () => (await post(`${root}/login-code`)).code,
    phoneCode: async () => (await post(`${root}/phone-code`)).code,
    requestPayment: (params) => post(`${root}/wechat-pay/request-payment`, params),
    scanWechat: (code_url) => post(`${root}/wechat-pay/scan`, { code_url }),
    requestMerchantTransfer: (bundle) => post(`${root}/wechat-pay/request-merchant-transfer`, { package: bundle }),
    openH5: (h5_url) => post(`${root}/wechat-pay/open-h5`, { h5_url }),
    openAlipay: (url) => post(`${root}/alipay/open`, { url }),
    tradePay: (tradeNO) => post(`${root}/alipay/trade-pay`, { tradeNO }),
    authCode: async () => (await post(`${root}/alipay/auth-code`)).authCode,
    scanAlipay: (qr_code) => post(`${root}/alipay/scan`, { qr_code }),
    decide: (choices) => post(`${root}/subscribe-messages`, choices),
    follow: () => post(`${root}/official/follow`),
    unfollow: () => post(`${root}/official/unfollow`),
    say: (text) => post(`${root}/official/messages`, { text }),
    tapMenu: (button) => post(`${root}/official/menu`, button),
    feed: async () => (await get(`${root}/feed?after=0`)).items,
    stream: (after) => new EventSource(`${root}/stream?after=${after}`),
  };
}
