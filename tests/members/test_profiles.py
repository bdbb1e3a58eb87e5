"""Profiles and delivery addresses: a customer's own, and nobody else's."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from core import clock
from core import db as database
from members import addresses, birthdays, leaving, profiles, settings
from tests import factories

HOME = addresses.Where("林小姐", "13800000001", "440106", "广东省", "广州市", "天河区", "体育西路1号", "家")


async def keep(customer, where=HOME, *, is_default=False, key=None):
    return await addresses.add(customer.id, where, is_default=is_default, key=key or factories.key())


async def test_a_profile_is_the_customers_to_change_and_changes_are_written_down(db):
    customer = await factories.customer("微信用户1234")
    found = await profiles.change(
        customer.id, name="小林", locale="en", birthday=date(1990, 2, 28), by="customer:1"
    )
    assert (found.customer.name, found.customer.locale, found.birthday) == ("小林", "en", date(1990, 2, 28))
    assert await profiles.get(customer.id) == found
    again = await profiles.change(
        customer.id, name="小林", locale="en", birthday=date(1990, 2, 28), by="customer:1"
    )
    assert again == found
    assert {(one.setting, one.before, one.after) for one in await settings.history(customer.id)} == {
        ("name", "微信用户1234", "小林"), ("locale", "zh-CN", "en"), ("birthday", None, "1990-02-28"),
    }  # fmt: skip
    with pytest.raises(profiles.LanguageUnknown):
        await profiles.change(customer.id, name="x", locale="fr", birthday=None, by="customer:1")
    with pytest.raises(profiles.customers.NoSuchCustomer):
        await profiles.change(404, name="x", locale="en", birthday=None, by="customer:404")


async def test_a_birthday_is_changed_once_a_year(db):
    customer = await factories.customer()

    async def born(day):
        return await profiles.change(customer.id, name="x", locale="en", birthday=day, by="customer:1")

    with pytest.raises(birthdays.BirthdayWrong):
        await born(clock.today() + timedelta(days=1))
    assert (await born(date(1990, 1, 1))).birthday_free_at == (
        await profiles.get(customer.id)
    ).birthday_free_at
    for day in (date(1990, 1, 2), None):
        with pytest.raises(profiles.BirthdayFixed):
            await born(day)
    clock.set_offset(timedelta(days=366))
    assert (await profiles.get(customer.id)).birthday_free_at is None
    assert (await born(date(1990, 1, 2))).birthday == date(1990, 1, 2)


async def test_the_first_address_is_the_default_and_one_always_is(db):
    customer = await factories.customer()
    key = factories.key()
    first, again = await keep(customer, key=key), await keep(customer, key=key)
    assert first == again and first.is_default
    with pytest.raises(addresses.KeyReused):
        await keep(customer, replace(HOME, label=""), key=key)
    second = await keep(customer, replace(HOME, phone="020-87654321"), is_default=True)
    assert [one.id for one in await addresses.listing(customer.id)] == [second.id, first.id]
    changed = await addresses.change(
        customer.id, first.id, replace(HOME, phone="+86 138 0000 0002"), is_default=True
    )
    assert (changed.where.phone, changed.is_default) == ("13800000002", True)
    assert not (await addresses.get(customer.id, second.id)).is_default
    for _ in range(2):
        await addresses.remove(customer.id, first.id)
    assert [one.is_default for one in await addresses.listing(customer.id)] == [True]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"region_code": "990000"}, addresses.RegionUnknown),
        ({"region_code": "44010"}, addresses.RegionUnknown),
        ({"region_code": "44０106"}, addresses.RegionUnknown),
        ({"region_code": "540102"}, addresses.RegionElsewhere),
        ({"province": "广西壮族自治区"}, addresses.RegionElsewhere),
        ({"phone": "12345"}, addresses.PhoneNotUsable),
    ],
)
async def test_what_is_no_place_or_no_number_is_refused(db, wrong, refusal):
    customer = await factories.customer()
    with pytest.raises(refusal):
        await keep(customer, replace(HOME, **wrong))


@pytest.mark.parametrize(
    ("region_code", "province"),
    [
        ("110105", "北京市"), ("150102", "内蒙古自治区"), ("230103", "黑龙江省"), ("450102", "广西壮族自治区"),
        ("610112", "陕西省"), ("140105", "山西省"), ("710100", "台湾省"), ("810001", "香港特别行政区"),
    ],
)  # fmt: skip
async def test_a_province_is_called_what_it_is_called_where_its_code_is_chosen(db, region_code, province):
    customer, there = await factories.customer(), replace(HOME, region_code=region_code, province=province)
    kept = await keep(customer, there)
    assert (await addresses.get(customer.id, kept.id)).where == there
    with pytest.raises(addresses.RegionElsewhere):
        await addresses.change(customer.id, kept.id, replace(there, province="广东省"), is_default=True)
    assert (await addresses.get(customer.id, kept.id)).where == there


async def test_twenty_addresses_are_the_most_also_at_once_and_each_is_its_owners(db):
    customer, other = await factories.customer(), await factories.customer()
    done = await asyncio.gather(*(keep(customer) for _ in range(23)), return_exceptions=True)
    kept = [one for one in done if isinstance(one, addresses.Address)]
    assert len(kept) == 20 and sum(one.is_default for one in kept) == 1
    assert {type(one) for one in done} == {addresses.Address, addresses.TooManyAddresses}
    for act in (
        addresses.get(other.id, kept[0].id),
        addresses.change(other.id, kept[0].id, HOME, is_default=False),
    ):
        with pytest.raises(addresses.NoSuchAddress):
            await act
    await addresses.remove(other.id, kept[0].id)
    assert len(await addresses.listing(customer.id)) == 20


async def test_addresses_follow_a_merge_and_are_forgotten_with_a_closing(db):
    gone, kept = await factories.customer(), await factories.customer()
    await keep(gone)
    default = await keep(kept)
    async with database.transaction():
        await leaving.hand_over(gone.id, kept.id, operator="operator:1")
    assert next((one.id, one.is_default) for one in await addresses.listing(kept.id)) == (default.id, True)
    assert len(await addresses.listing(kept.id)) == 2
    async with database.transaction():
        await leaving.end(kept.id, operator="operator:1")
        await database.execute("UPDATE customer SET state = 'closing' WHERE id = $1", kept.id)
    assert await addresses.listing(kept.id) == []
    with pytest.raises(addresses.CustomerHasLeft):
        await keep(kept)
