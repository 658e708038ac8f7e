"""The line that counts free stories up: from where, how far, and the last one."""

from __future__ import annotations

from dataclasses import replace


async def test_the_last_free_story_says_so_once(paper):
    last = {"meter:last": "<p>the last</p>", "meter:spent": "<p>all {{limit}} read</p>"}
    paper.store.file_furniture(last)
    browser = paper.browser()

    first, second, third, again, earlier = [
        await browser.read(story) for story in (1, 2, 3, 3, 1)
    ]

    assert "1 of 3" in first.body and "2 of 3" in second.body
    assert ("the last" in third.body, "3 of 3" in third.body) == (True, False)
    assert "all 3 read" in again.body and "all 3 read" in earlier.body
    assert len({reply["etag"] for reply in (first, second, third, again)}) == 4


async def test_the_desk_says_from_which_count_the_line_is_shown(paper):
    orders = await paper.store.orders()
    policy = replace(orders.policy, line_from=2)
    paper.store.file_orders(replace(orders, policy=policy))
    browser = paper.browser()

    first, second, third = [(await browser.read(story)) for story in (1, 2, 3)]

    assert first.shows_all and "of 3" not in first.body
    assert "2 of 3" in second.body and "3 of 3" in third.body


async def test_the_last_is_announced_however_late_the_line_begins(paper):
    orders = await paper.store.orders()
    policy = replace(orders.policy, line_from=100)
    paper.store.file_orders(replace(orders, policy=policy))
    browser = paper.browser()

    lines = ["of 3" in (await browser.read(story)).body for story in (1, 2, 3)]

    assert lines == [False, False, True]
