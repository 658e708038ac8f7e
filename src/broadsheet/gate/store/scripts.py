"""
The meter in Lua, for Valkey and Redis: what is asked, and how the answer reads.

A hash an identity: a field a story with the moment it was first read, followed by the
pool that it was paid out of, unless that is the shared one; and the field `since`, the
newest period that the identity was seen in. Moments are whole microseconds
of Unix time, which Lua's numbers hold exactly until the year 2255; they are compared as
numbers and kept as the text they came in. Stories stay text.

A script is atomic on its server, so there is no gap between looking and writing. In a
cluster a script may touch one slot only; each key has its identity for a tag.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from broadsheet.gate.core.meter import Ask, Reads, kept_for
from broadsheet.gate.core.vocabulary import Meter, Standing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)

Words = tuple[str | bytes | int, ...]

# ARGV: story, moment, beginning of the period, limit, milliseconds to keep the row, pool.
# A first row may always open its story: a limit below one never comes here.
COUNT = """
local story, moment, since, limit, kept, pool =
    ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local held = redis.call('HGET', KEYS[1], 'since')
-- A period once begun is never left backwards.
local ahead = held and tonumber(held) > tonumber(since)
if ahead then since = held end
local count, standing = 0, 'spent'
local row = redis.call('HGETALL', KEYS[1])
for i = 1, #row, 2 do
    local read, paid = string.match(row[i + 1], '^(%-?%d+) ?(.*)$')
    if row[i] == 'since' then
        -- Not a story.
    elseif tonumber(read) < tonumber(since) then
        redis.call('HDEL', KEYS[1], row[i])
    else
        if paid == pool then count = count + 1 end
        if row[i] == story then standing = 'read' end
    end
end
if standing ~= 'read' and count < limit then
    -- A clock that was stepped back must not date a read before its own period.
    if tonumber(moment) < tonumber(since) then moment = since end
    if pool ~= '' then moment = moment .. ' ' .. pool end
    redis.call('HSET', KEYS[1], 'since', since, story, moment)
    -- Nor may it let the row go earlier than the period that the row is in.
    if not ahead or redis.call('PTTL', KEYS[1]) < kept then
        redis.call('PEXPIRE', KEYS[1], kept)
    end
    count, standing = count + 1, 'opened'
elseif held ~= since then
    redis.call('HSET', KEYS[1], 'since', since)
end
return redis.status_reply(standing .. ' ' .. count)
"""

# Gives each of KEYS the union of them all and of the row in ARGV: milliseconds to keep
# it, `since` (or nothing), and pairs of story and read. Returns that union in the same
# form. A story keeps the later of its reads. What is united twice is as if united once,
# in whatever order.
UNITE = """
local kept, since, reads = tonumber(ARGV[1]), ARGV[2], {}
local function after(one, other)
    local at, pool = string.match(one, '^(%-?%d+) ?(.*)$')
    local other_at, other_pool = string.match(other, '^(%-?%d+) ?(.*)$')
    if at == other_at then return pool > other_pool end
    return tonumber(at) > tonumber(other_at)
end
local function add(story, read)
    if not reads[story] or after(read, reads[story]) then reads[story] = read end
end
for i = 3, #ARGV, 2 do add(ARGV[i], ARGV[i + 1]) end
for _, key in ipairs(KEYS) do
    local row = redis.call('HGETALL', key)
    for i = 1, #row, 2 do
        if row[i] ~= 'since' then
            add(row[i], row[i + 1])
        elseif since == '' or tonumber(row[i + 1]) > tonumber(since) then
            since = row[i + 1]
        end
    end
    kept = math.max(kept, redis.call('PTTL', key))
end
if since == '' then return {'0', ''} end
local union = {}
for story, read in pairs(reads) do
    union[#union + 1] = story
    union[#union + 1] = read
end
for _, key in ipairs(KEYS) do
    redis.call('HSET', key, 'since', since, unpack(union))
    if kept > 0 then redis.call('PEXPIRE', key, kept) end
end
return {string.format('%.0f', kept), since, unpack(union)}
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One command about `key`; `whole` is for a server that has forgotten the script."""

    key: bytes
    quick: Words
    whole: Words


@dataclass(frozen=True, slots=True)
class Row:
    """What a row holds, as it travels: `since` is empty if there is no row."""

    kept: str = "0"  # Milliseconds.
    since: str = ""
    reads: frozenset[tuple[str, str]] = frozenset()

    def same_as(self, other: Row) -> bool:
        """Test if both hold the same, however long they are kept."""
        return (self.since, self.reads) == (other.since, other.reads)


def key(identity: UUID) -> bytes:
    return b"meter:{%s}" % identity.hex.encode()


def count(ask: Ask) -> Call:
    """Ask to open the story. The answer is for `counted`."""
    return _script(
        COUNT,
        [ask.identity],
        ask.story_id,
        _stamp(ask.at),
        _stamp(ask.since),
        ask.limit,
        kept_for(ask) // MILLISECOND,
        ask.pool,
    )


def counted(ask: Ask, answer: bytes) -> Meter:
    standing, _, stories = answer.decode().partition(" ")
    return Meter(Standing(standing), int(stories), ask.limit)


def look(identity: UUID) -> Call:
    """Ask for the row as it is. The answer is for `seen`."""
    words: Words = ("HGETALL", key(identity))
    return Call(key(identity), words, words)


def seen(answer: dict[bytes, bytes]) -> Reads | None:
    if not answer:
        return None
    fields = dict(answer)
    since = _moment(fields.pop(b"since"))
    reads = {int(story): read.partition(b" ") for story, read in fields.items()}
    return Reads(
        since,
        {story: _moment(at) for story, (at, _, _) in reads.items()},
        {story: pool.decode() for story, (_, _, pool) in reads.items() if pool},
    )


def unite(identities: list[UUID], given: Row) -> Call:
    """Ask to unite the rows, which share a server, and `given`: see `united`."""
    pairs = [word for pair in sorted(given.reads) for word in pair]
    return _script(UNITE, identities, given.kept, given.since, *pairs)


def united(answer: list[bytes]) -> Row:
    kept, since, *pairs = (word.decode() for word in answer)
    return Row(kept, since, frozenset(zip(pairs[::2], pairs[1::2], strict=True)))


def erase(identity: UUID) -> Call:
    words: Words = ("DEL", key(identity))
    return Call(key(identity), words, words)


def _script(text: str, identities: list[UUID], *arguments: str | int) -> Call:
    keys = [key(identity) for identity in identities]
    rest: Words = (len(keys), *keys, *arguments)
    return Call(keys[0], ("EVALSHA", _NAMES[text], *rest), ("EVAL", text, *rest))


# The names by which a server knows a script that it has seen.
_NAMES = {
    text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    for text in (COUNT, UNITE)
}


def _stamp(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(stamp: bytes) -> datetime:
    return EPOCH + int(stamp) * MICROSECOND
