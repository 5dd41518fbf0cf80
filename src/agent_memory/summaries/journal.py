"""What was sent and not recorded yet, and what each day took: rows that no crash loses.

    views   "wording/open/" call id u64          -> a call that has begun, at the most that it may take
    views   "wording/reply/" node id "/" prompt  -> what the model answered, until the node's answer is in the log
    views   "wording/interrupted/" digest        -> that a call about this material was cut off
    views   "wording/refused/" digest            -> how often that material was refused, and why at last
    views   "wording/day/2026-01-15"             -> what the calls of a local day took

A call is in `open`, durably, before it is made; its end, its reply and its price are one write. So whatever
kills the process, a reply that came is not asked for again, and a call that was cut off is known and counted.
Nobody can tell whether that one was answered, so the journal remembers what it was about for as long as the log
holds nothing of it, be the material gone by then: it may come back.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Callable

import msgspec

from agent_memory.storage import Family, Rows, prefix_end, scan_all
from agent_memory.summaries.limits import Spent
from agent_memory.summaries.model import Prompt, Reply, Usage

_PREFIX = b"wording/"
_OPEN, _REPLY, _REFUSED, _DAY = (_PREFIX + part for part in (b"open/", b"reply/", b"refused/", b"day/"))
_INTERRUPTED = _PREFIX + b"interrupted/"
_CALL = struct.Struct(">Q")
_KEPT_MS = 30 * 86_400_000


class Open(msgspec.Struct, frozen=True, array_like=True):
    """A call that has begun: for which node, on which day, the most that it may take, and of which material."""

    node_id: str
    day: str
    at_most: Usage
    digest: str


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A reply that no recorded answer holds yet."""

    time_ms: int
    reply: Reply


_encoder = msgspec.msgpack.Encoder()
_open_decoder = msgspec.msgpack.Decoder(Open)
_kept_decoder = msgspec.msgpack.Decoder(Kept)
_spent_decoder = msgspec.msgpack.Decoder(Spent)
_refused_decoder = msgspec.msgpack.Decoder(tuple[int, int, str])


def prompt_key(provider: str, model: str, prompt: Prompt) -> bytes:
    """What tells a call from every other: the same words, asked of the same model."""
    told = msgspec.json.encode([provider, model, _storable(prompt.system), _storable(prompt.user), prompt.schema])
    return hashlib.sha256(told).digest()


class Journal:
    """The bookkeeping of calls, in *rows*. Safe to use from several threads.

    ``interrupted`` is how many calls the last process left open; their day has been charged for them.
    """

    def __init__(self, rows: Rows, *, now_ms: Callable[[], int]) -> None:
        self._rows = rows
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._open: dict[int, Open] = {}
        self._days: dict[str, Spent] = {}
        self._total = Spent()
        # Replies that the rows did not take: they were paid for, and are not asked for again while we live.
        self._unkept: dict[bytes, Reply] = {}
        self._next = 1
        self.interrupted = self._close_open()
        self._drop_old()

    # -- calls ----------------------------------------------------------------------------------

    def begin(self, node_id: str, digest: str, day: str, at_most: Usage) -> int:
        """Write down that a call is about to be made; durable on return."""
        opened = Open(node_id, day, at_most, digest)
        with self._lock:
            call, self._next = self._next, self._next + 1
            self._open[call] = opened
        batch = self._rows.batch()
        batch.put(Family.VIEWS, _OPEN + _CALL.pack(call), _encoder.encode(opened))
        try:
            self._rows.write(batch, durable=True)
        except BaseException:
            with self._lock:
                self._open.pop(call, None)
            raise
        return call

    def answered(self, call: int, key: bytes, reply: Reply) -> None:
        """The call's reply, kept until `settle`; here alone where the rows do not take it."""
        kept = Kept(self._now_ms(), _storable_reply(reply))
        place = _reply_key(self._open[call].node_id, key)
        try:
            self._end(call, reply.usage, puts=((place, _encoder.encode(kept)),))
        except BaseException:
            self._unkept[place] = kept.reply
            raise

    def refused(self, call: int, usage: Usage) -> None:
        """The call was answered with a refusal, which has its price."""
        self._end(call, usage, refused=1)

    def failed(self, call: int, usage: Usage) -> None:
        """The call was not answered."""
        self._end(call, usage, failed=1)

    def interrupt(self, call: int) -> None:
        """The call was cut off by us; perhaps it was answered, at the most that it may take."""
        opened = self._open[call]
        mark = (_INTERRUPTED + opened.digest.encode(), b"")
        self._end(call, opened.at_most, puts=(mark,), interrupted=1)

    def reply(self, node_id: str, key: bytes) -> Reply | None:
        """What was answered to these words before, and has not found its way into the log."""
        place = _reply_key(node_id, key)
        value = self._rows.get(Family.VIEWS, place)
        return self._unkept.get(place) if value is None else _kept_decoder.decode(value).reply

    # -- nodes ----------------------------------------------------------------------------------

    def was_interrupted(self, digest: str) -> bool:
        """Whether a call about this material was cut off, which has not been settled since."""
        return self._rows.get(Family.VIEWS, _INTERRUPTED + digest.encode()) is not None

    def refusals(self, digest: str) -> tuple[int, str]:
        """How often this material was refused, and why the last time."""
        value = self._rows.get(Family.VIEWS, _REFUSED + digest.encode())
        if value is None:
            return 0, ""
        count, _, reason = _refused_decoder.decode(value)
        return count, reason

    def count_refusal(self, node_id: str, digest: str, reason: str, *, useless: bytes | None = None) -> int:
        """One more; how many they are now. The *useless* reply is forgotten with it, so that it is asked for again."""
        count = self.refusals(digest)[0] + 1
        batch = self._rows.batch()
        if useless is not None:
            place = _reply_key(node_id, useless)
            self._unkept.pop(place, None)
            batch.delete(Family.VIEWS, place)
        told = (count, self._now_ms(), _storable(reason))
        batch.put(Family.VIEWS, _REFUSED + digest.encode(), _encoder.encode(told))
        self._rows.write(batch, durable=True)
        return count

    def settle(self, node_id: str, digest: str, *, keeps_replies: bool = False) -> None:
        """The node's answer is in the log: what was kept until then goes.

        The replies may stay where one of several calls was cut off: whoever asks again pays for that one alone.
        """
        batch = self._rows.batch()
        if not keeps_replies:
            first = _reply_key(node_id, b"")
            for place in [place for place in list(self._unkept) if place.startswith(first)]:
                self._unkept.pop(place, None)
            batch.delete_range(Family.VIEWS, first, prefix_end(first))
        batch.delete(Family.VIEWS, _INTERRUPTED + digest.encode())
        batch.delete(Family.VIEWS, _REFUSED + digest.encode())
        self._rows.write(batch)

    # -- days -----------------------------------------------------------------------------------

    def spent(self, day: str) -> Spent:
        """What the calls of a local day took, those under way at the most that they may take."""
        with self._lock:
            return self._spent(day)

    def ended(self, day: str) -> Spent:
        """What the calls of a local day that have ended took."""
        with self._lock:
            return self._day(day)

    def total(self) -> Spent:
        """What the calls took that ended since the journal was opened."""
        with self._lock:
            return self._total

    def _spent(self, day: str) -> Spent:
        spent = self._day(day)
        for opened in self._open.values():
            if opened.day == day:
                spent = spent.plus(opened.at_most)
        return spent

    def _day(self, day: str) -> Spent:
        known = self._days.get(day)
        if known is None:
            value = self._rows.get(Family.VIEWS, _DAY + day.encode())
            known = self._days[day] = Spent() if value is None else _spent_decoder.decode(value)
        return known

    def _end(
        self,
        call: int,
        usage: Usage,
        *,
        puts: tuple[tuple[bytes, bytes], ...] = (),
        refused: int = 0,
        failed: int = 0,
        interrupted: int = 0,
    ) -> None:
        batch = self._rows.batch()
        with self._lock:
            # Written under the lock: of two calls that end together, the later sum must come later.
            day = self._open[call].day
            spent = self._day(day).plus(usage, refused=refused, failed=failed, interrupted=interrupted)
            batch.delete(Family.VIEWS, _OPEN + _CALL.pack(call))
            batch.put(Family.VIEWS, _DAY + day.encode(), _encoder.encode(spent))
            for key, value in puts:
                batch.put(Family.VIEWS, key, value)
            # Not synced: what a kill leaves is in the hands of the system. Should the power go too, the call is
            # known from its beginning, and counted as one that was cut off.
            self._rows.write(batch)
            self._open.pop(call)
            self._days[day] = spent
            self._total = self._total.plus(usage, refused=refused, failed=failed, interrupted=interrupted)

    def _close_open(self) -> int:
        """Charge for what was under way when the last process ended, and remember what it was about."""
        batch = self._rows.batch()
        count = 0
        for key, value in list(scan_all(self._rows, Family.VIEWS, first=_OPEN, end=prefix_end(_OPEN))):
            opened = _open_decoder.decode(value)
            self._days[opened.day] = self._day(opened.day).plus(opened.at_most, interrupted=1)
            batch.delete(Family.VIEWS, key)
            batch.put(Family.VIEWS, _INTERRUPTED + opened.digest.encode(), b"")
            count += 1
        if count:
            for day, spent in self._days.items():
                batch.put(Family.VIEWS, _DAY + day.encode(), _encoder.encode(spent))
            self._rows.write(batch, durable=True)
        return count

    def _drop_old(self) -> None:
        """Replies and counts of nodes that changed before they were worded are of no use to anybody."""
        before_ms = self._now_ms() - _KEPT_MS
        batch = self._rows.batch()
        old = [
            key
            for key, value in scan_all(self._rows, Family.VIEWS, first=_REPLY, end=prefix_end(_REPLY))
            if _kept_decoder.decode(value).time_ms < before_ms
        ] + [
            key
            for key, value in scan_all(self._rows, Family.VIEWS, first=_REFUSED, end=prefix_end(_REFUSED))
            if _refused_decoder.decode(value)[1] < before_ms
        ]
        for key in old:
            batch.delete(Family.VIEWS, key)
        if old:
            self._rows.write(batch)


def _reply_key(node_id: str, key: bytes) -> bytes:
    return _REPLY + node_id.encode() + b"//" + key


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _storable_reply(reply: Reply) -> Reply:
    return msgspec.structs.replace(reply, text=_storable(reply.text), model=_storable(reply.model))
