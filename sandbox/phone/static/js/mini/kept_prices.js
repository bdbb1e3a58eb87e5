// What things cost when they were put into the cart, so that the cart can say what became dearer or cheaper meanwhile.

const keyOf = (app) => `phone.cart.${app.person.mini_openid}.${app.within}`;
const read = (app) => JSON.parse(localStorage.getItem(keyOf(app)) ?? "{}");

export function remember(app, skuId, fen) {
  localStorage.setItem(keyOf(app), JSON.stringify({ ...read(app), [skuId]: fen }));
}

/** How much dearer (more than 0) or cheaper a line of the cart is; what was not seen before is noted as it is now. */
export function changeSince(app, { sku_id, price_fen }) {
  const before = read(app)[sku_id];
  if (before === undefined) remember(app, sku_id, price_fen);
  return before === undefined ? 0 : price_fen - before;
}
