"""Tags and segments: a closed language asked of the database, and what is done for everybody in one."""

import asyncio
from datetime import timedelta

import pydantic
import pytest

from billing import broadcasts, points_adjustments, segment_alerts, staff_alerts
from core import clock
from core import db as database
from members import (
    coupon_templates,
    coupons,
    leaving,
    points_rules,
    segment_rules,
    segment_runs,
    segments,
    settings,
    spending,
    tags,
    tiers,
)
from notifications import preferences
from tests import factories
from tests.members.test_coupons import kind
from tests.members.test_points import RULE

OLD, ANY = {"what": "joined", "days": 3660}, {"what": "points", "least": 0}


def read(rule):
    return segment_rules.read(rule)


async def who(rule):
    made = await segments.add(1, factories.key(), read(rule), key=factories.key())
    found = [one.id for one in await segments.members(made.id, limit=100)]
    assert (await segments.preview(read(rule))).customers == len(found)
    return found


async def spent(customer, fen, days_ago=0):
    at = clock.now() - timedelta(days=days_ago)
    await spending.note([spending.Spent(customer.id, factories.key(), fen, at)])


async def agreed(customer):
    await preferences.put(
        customer.id, preferences.Preferences(marketing=True), wording="同意", door="counter", by="operator:1"
    )


@pytest.mark.broken_books  # spending that no bill was paid with
async def test_each_condition_finds_who_it_says(db):
    await tiers.put("gold", name_zh="金", name_en="Gold", rank=1)
    a, b = await factories.customer(principal=900, tier="gold"), await factories.customer()
    await spent(a, 5_000, 10)
    await spent(a, -1_000, 5)
    await spent(b, 100, 40)
    tag = await tags.add(1, "爱茶", key=factories.key())
    await tags.put(1, b.id, [tag.id])
    await points_rules.put(RULE, by="operator:1")
    await points_adjustments.adjust(1, b.id, 7, reason="r", key=factories.key())
    await database.execute(
        "UPDATE customer SET birthday = make_date(1990, $2, 1) WHERE id = $1", a.id, clock.today().month
    )
    await database.execute(
        "UPDATE customer SET created_at = $2 WHERE id = $1", a.id, clock.now() - timedelta(days=50)
    )
    for rule, found in (
        ({"what": "tier", "codes": ["gold", "none"]}, [a]),
        ({"what": "spent", "days": 20, "least_fen": 4_000, "most_fen": 4_000}, [a]),
        ({"what": "spent", "days": 20, "most_fen": 0}, [b]),
        ({"what": "spent", "days": 6, "most_fen": 0}, [a, b]),
        ({"what": "last_spent", "days": 30}, [a]),
        ({"what": "balance", "least_fen": 900}, [a]),
        ({"what": "balance", "most_fen": 899}, [b]),
        ({"what": "points", "least": 1}, [b]),
        ({"what": "points", "most": 0}, [a]),
        ({"what": "tag", "tag_id": tag.id}, [b]),
        ({"what": "tag", "tag_id": 404}, []),
        ({"what": "birthday"}, [a]),
        ({"what": "birthday", "months": [clock.today().month % 12 + 1]}, []),
        ({"what": "joined", "days": 30}, [b]),
        ({"what": "not", "of": {"what": "tier", "codes": ["gold"]}}, [b]),
        ({"what": "not", "of": {"what": "birthday"}}, [b]),
        ({"what": "all", "of": [OLD, {"what": "last_spent", "days": 60}]}, [a, b]),
        ({"what": "any", "of": [{"what": "tag", "tag_id": tag.id}, {"what": "birthday"}]}, [a, b]),
    ):  # fmt: skip
        assert await who(rule) == [one.id for one in found], rule
    await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", b.id)
    assert await who(OLD) == [a.id], "only who is active"


@pytest.mark.parametrize(
    "rule",
    [
        {"what": "sql", "text": "true"},
        {"what": "tier", "codes": ["'; DROP TABLE customer; --"]},
        {"what": "tier", "codes": []},
        {"what": "joined", "days": "1 OR true"},
        {"what": "joined", "days": True},
        {"what": "joined", "days": 0},
        {"what": "points"},
        {"what": "points", "least": 2, "most": 1},
        {"what": "points", "least": 10**30},
        {"what": "birthday", "months": [13]},
        {"what": "all", "of": []},
        {"what": "not", "of": [OLD]},
        {"what": "tag", "tag_id": 1, "sql": "1"},
    ],
)
def test_nothing_else_is_a_rule(rule):
    with pytest.raises(pydantic.ValidationError):
        read(rule)


async def test_a_rule_too_deep_or_too_long_is_refused_and_the_largest_is_not(db):
    deep = OLD
    for _ in range(segment_rules.DEPTH_MOST - 1):
        deep = {"what": "not", "of": deep}
    await segments.preview(read(deep))
    many = {"what": "any", "of": [{"what": "all", "of": [ANY] * 9}] * 3}
    with pytest.raises(segments.RuleWrong):
        await segments.preview(read({"what": "not", "of": deep}))
    with pytest.raises(segments.RuleWrong):
        await segments.add(1, "x", read(many), key=factories.key())


def test_what_is_nested_without_end_is_refused_too():
    deep = OLD
    for _ in range(400):
        deep = {"what": "not", "of": deep}
    with pytest.raises((pydantic.ValidationError, segments.RuleWrong)):
        segment_rules.check(read(deep))


async def test_a_segment_has_one_name_and_pages(db):
    people = [await factories.customer() for _ in range(3)]
    key = factories.key()
    made = [await segments.add(1, "全部", read(OLD), key=key) for _ in range(2)]
    assert made[0] == made[1] == (await segments.page())[0]
    with pytest.raises(segments.SegmentExists):
        await segments.add(1, "全部", read(OLD), key=factories.key())
    other = await segments.add(1, "别的", read(ANY), key=factories.key())
    with pytest.raises(segments.SegmentExists):
        await segments.change(1, other.id, "全部", read(ANY))
    changed = await segments.change(2, other.id, "别的", read(OLD))
    assert (changed.rule, changed.saved_by) == (read(OLD), "operator:2")
    with pytest.raises(segments.NoSuchSegment):
        await segments.change(1, 404, "x", read(OLD))
    first = await segments.members(other.id, limit=2)
    rest = await segments.members(other.id, after=first[-1].id)
    assert [one.id for one in (*first, *rest)] == [one.id for one in people]


async def test_everybody_in_a_segment_gets_one_coupon_however_many_workers(db):
    people = [await factories.customer() for _ in range(7)]
    await agreed(people[0])
    made = await kind(total=7, days=3)
    segment = await segments.add(1, "全部", read(OLD), key=factories.key())
    key = factories.key()
    run = [await segment_runs.give_coupons(1, segment.id, made.id, key=key) for _ in range(2)]
    assert run[0] == run[1]
    await asyncio.gather(*(segment_runs.advance(limit=2) for _ in range(4)))
    await segment_runs.advance()
    ended = await segment_runs.get(run[0].run_no)
    assert (ended.state, ended.looked_at, ended.done) == ("done", 7, 7)
    assert [len(await coupons.page(one.id)) for one in people] == [1] * 7
    assert [await factories.told(one.id, "coupon_issued") for one in people] == [1, *[0] * 6]
    (held,) = await coupons.page(people[0].id)
    said = "SELECT (params->>'until')::timestamptz FROM outbox_message WHERE kind = 'coupon_issued'"
    assert await database.fetchval(said) == held.coupon.ends_at < made.terms.until_at
    another = await segment_runs.give_coupons(1, segment.id, made.id, key=factories.key())
    await segment_runs.advance()
    stopped = await segment_runs.get(another.run_no)
    assert (stopped.state, stopped.done) == ("stopped", 0), "there are no more"
    assert (await coupon_templates.get(made.id)).issued == 7
    with pytest.raises(segment_runs.RunEnded):
        await segment_runs.stop(run[0].run_no)


async def test_a_run_that_cannot_go_on_is_stopped_and_holds_up_no_other(db):
    customer = await factories.customer()
    segment = await segments.add(1, "全部", read(OLD), key=factories.key())
    bad, good = [
        await segment_runs.give_coupons(1, segment.id, (await kind()).id, key=factories.key())
        for _ in range(2)
    ]
    await database.execute('UPDATE segment_run SET rule = \'{"what": "none"}\' WHERE run_no = $1', bad.run_no)
    assert await segment_alerts.advance() == 1
    assert [(await segment_runs.get(one.run_no)).state for one in (bad, good)] == ["stopped", "done"]
    assert len(await coupons.page(customer.id)) == 1
    alert = (await staff_alerts.page(is_open=True))[0]
    assert alert.kind == "segment_run_broken" and bad.run_no in alert.text("zh-CN")
    again = await segment_runs.give_coupons(1, segment.id, bad.template_id, key=factories.key())
    await segment_alerts.advance()
    assert (await segment_runs.get(again.run_no)).state == "done"
    assert await staff_alerts.page(is_open=True) == [], "it was done after all"


async def test_only_who_agreed_is_written_to_and_a_run_can_be_stopped(db):
    people = [await factories.customer() for _ in range(3)]
    await agreed(people[1])
    segment = await segments.add(1, "全部", read(OLD), key=factories.key())
    run = (await broadcasts.start(1, segment.id, "新茶到店", key=factories.key())).run
    await segments.change(1, segment.id, "没有人", read({"what": "points", "least": 5}))
    await segment_runs.advance(limit=1, turns=2)
    assert (await segment_runs.get(run.run_no)).looked_at == 2
    for _ in range(2):
        assert (await segment_runs.stop(run.run_no)).state == "stopped"
    await segment_runs.advance()
    assert [await factories.told(one.id, "offer") for one in people] == [0, 1, 0]
    assert await segment_runs.page() == [await segment_runs.get(run.run_no)]
    for act in (
        broadcasts.start(1, 404, "x", key=factories.key()),
        segment_runs.give_coupons(1, segment.id, 404, key=factories.key()),
        segment_runs.get("D0"),
    ):
        with pytest.raises((segment_runs.NoSuchSegment, segment_runs.NoSuchTemplate, segment_runs.NoSuchRun)):
            await act


async def test_tags_are_put_and_taken_off_and_that_is_written_down(db):
    customer, other = await factories.customer(), await factories.customer()
    key = factories.key()
    a, again = await tags.add(1, "甲", key=key), await tags.add(1, "甲", key=key)
    assert a == again
    b = await tags.add(1, "乙", key=factories.key())
    with pytest.raises(tags.TagExists):
        await tags.add(2, "乙", key=factories.key())
    await tags.put(1, customer.id, [a.id, b.id, a.id])
    assert await tags.put(1, customer.id, [b.id]) == [(b.id, "乙")]
    assert next((one.before, one.after) for one in await settings.history(customer.id)) == ("甲", None)
    assert [(one.name, one.customers) for one in await tags.page()] == [("甲", 0), ("乙", 1)]
    with pytest.raises(tags.NoSuchTag):
        await tags.put(1, customer.id, [404])
    with pytest.raises(tags.NoSuchCustomer):
        await tags.put(1, 404, [])
    await tags.put(1, other.id, [a.id, b.id])
    async with database.transaction():
        await leaving.hand_over(customer.id, other.id, operator="operator:1")
    assert (await tags.of(customer.id), len(await tags.of(other.id))) == ([], 2)
