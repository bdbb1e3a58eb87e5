import asyncio

from billing import deductions
from tests.world import new_key


async def subscribe(phone, offer, **more):
    terms = {"offer_id": offer.id, "consent_version": offer.consent_version}
    return await phone.post("/plans", terms, **more)


async def test_a_plan_is_subscribed_to_deducted_and_ended(world):
    phone, offer = await world.arrive(), await world.offer(amount_fen=3_000)
    await world.give(phone.customer_id, 10_000)
    (offered,) = (await phone.get("/plan-offers")).body["items"]
    assert (offered["id"], offered["cycle"], offered["consent_text"]) == (
        offer.id,
        "monthly",
        "同意按期扣款。",
    )
    made = await subscribe(phone, offer)
    assert made.status == 201, made
    assert (made.body["state"], made.body["next_due_on"]) == ("active", made.body["started_on"])
    await deductions.run_due()
    assert (await phone.balance())["available_fen"] == 7_000
    ended = await phone.post(f"/plans/{made.body['plan_id']}/cancel", key=None)
    assert (ended.status, ended.body["state"]) == (200, "cancelled")
    world.advance(days=20)
    await deductions.run_due()
    assert (await phone.balance())["available_fen"] == 7_000
    (listed,) = await phone.all("/plans")
    assert listed["plan_id"] == made.body["plan_id"]


async def test_one_click_sent_three_times_is_one_plan(world):
    phone, offer, key = await world.arrive(), await world.offer(), new_key()
    answers = await asyncio.gather(*(subscribe(phone, offer, key=key) for _ in range(3)))
    assert len({answer.body["plan_id"] for answer in answers}) == 1
    assert len(await phone.all("/plans")) == 1


async def test_consent_to_an_old_text_is_not_consent(world):
    phone, offer = await world.arrive(), await world.offer()
    refused = await phone.post("/plans", {"offer_id": offer.id, "consent_version": "v0"})
    assert (refused.status, refused.code) == (409, "consent_outdated")
    refused = await phone.post("/plans", {"offer_id": 404, "consent_version": "v1"})
    assert (refused.status, refused.code) == (404, "no_such_offer")


async def test_anothers_plan_does_not_exist(world):
    owner, other, offer = await world.arrive(), await world.arrive(), await world.offer()
    made = await subscribe(owner, offer)
    refused = await other.post(f"/plans/{made.body['plan_id']}/cancel")
    assert (refused.status, refused.code) == (404, "no_such_plan")
    assert (await owner.all("/plans"))[0]["state"] == "active"


async def test_a_due_bill_stays_owed_until_it_is_paid_from_the_balance(world):
    phone, offer = await world.arrive(), await world.offer(amount_fen=3_000)
    await subscribe(phone, offer)
    await deductions.run_due()
    (bill,) = await phone.all("/bills")
    assert (bill["state"], bill["amount_fen"], bill["paid_fen"]) == ("open", 3_000, 0)
    assert (await phone.get("/bills?state=paid")).body["items"] == []
    assert len((await phone.get("/bills?state=open&state=partly_paid")).body["items"]) == 1
    path = f"/bills/{bill['bill_no']}"
    assert (await phone.post(f"{path}/pay")).code == "insufficient_balance"
    await world.give(phone.customer_id, 3_000)  # what arrives settles what is due
    assert (await phone.get(path)).body["state"] == "paid"
    refused = await phone.post(f"{path}/pay")
    assert (refused.status, refused.code) == (409, "bill_not_owed")
    assert (await phone.balance())["available_fen"] == 0
