"""What every engine of rows promises. Inherit, and give `make_rows`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.errors import Closed
from agent_memory.storage import Family, Rows, prefix_end, scan_all

_END = b"\xff" * 40

_keys = st.binary(min_size=1, max_size=4)
_changes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _keys, st.binary(max_size=6)),
        st.tuples(st.just("delete"), _keys, st.just(b"")),
        st.tuples(st.just("delete_range"), _keys, _keys),
    ),
    max_size=12,
)


class RowsChecks:
    """The conformance checks of `agent_memory.storage.Rows`."""

    def make_rows(self) -> Rows:
        """Empty rows, closed by whoever made them."""
        raise NotImplementedError

    def filled(self, *keys: bytes, family: Family = Family.VIEWS) -> Rows:
        rows = self.make_rows()
        batch = rows.batch()
        for key in keys:
            batch.put(family, key, b"value of " + key)
        rows.write(batch)
        return rows

    def test_what_was_put_is_found_in_its_family_alone(self) -> None:
        rows = self.filled(b"k", family=Family.GRIPS)

        assert b"value of k" == rows.get(Family.GRIPS, b"k")
        assert rows.get(Family.VIEWS, b"k") is None

    def test_many_keys_are_answered_in_the_order_asked(self) -> None:
        rows = self.filled(b"a", b"b")

        assert [b"value of b", None, b"value of a", b"value of b"] == rows.get_many(
            Family.VIEWS, [b"b", b"x", b"a", b"b"]
        )
        assert [] == rows.get_many(Family.VIEWS, [])

    def test_an_empty_value_is_not_a_missing_one(self) -> None:
        rows = self.make_rows()
        batch = rows.batch()
        batch.put(Family.VIEWS, b"k", b"")
        rows.write(batch)

        assert b"" == rows.get(Family.VIEWS, b"k")

    def test_a_scan_includes_its_first_key_and_excludes_its_end(self) -> None:
        rows = self.filled(b"a", b"b", b"b\x00", b"c", b"\xff\xff")

        assert [b"b", b"b\x00"] == keys(rows, first=b"b", end=b"c")
        assert [b"b\x00", b"b"] == keys(rows, first=b"b", end=b"c", reverse=True)
        assert [b"c", b"\xff\xff"] == keys(rows, first=b"c", end=b"\xff" * 3)

    def test_a_scan_ends_at_its_limit_from_either_side(self) -> None:
        rows = self.filled(b"a", b"b", b"c")

        assert [b"a", b"b"] == keys(rows, limit=2)
        assert [b"c", b"b"] == keys(rows, limit=2, reverse=True)
        assert [] == keys(rows, limit=0)

    def test_a_scan_of_an_empty_or_inverted_range_finds_nothing(self) -> None:
        rows = self.filled(b"a", b"b")

        assert [] == keys(rows, first=b"b", end=b"a")
        assert [] == keys(rows, first=b"a", end=b"a", reverse=True)

    def test_of_each_range_the_last_row_is_found(self) -> None:
        rows = self.filled(b"a", b"b", b"b\x00", b"c")
        ranges = [(b"b", b"c"), (b"d", b"e"), (b"a", b"b"), (b"", b"a"), (b"a", _END), (b"c", b"b"), (b"b", b"b\x00")]
        found = rows.last_of_each(Family.VIEWS, ranges)

        assert [b"b\x00", None, b"a", None, b"c", None, b"b"] == [row and row[0] for row in found]
        assert (b"c", rows.get(Family.VIEWS, b"c")) == found[4]
        assert [] == rows.last_of_each(Family.VIEWS, [])

    def test_scan_all_pages_through_everything_once(self) -> None:
        rows = self.filled(*(b"%04d" % n for n in range(25)))
        found = [key for key, _ in scan_all(rows, Family.VIEWS, first=b"", end=b"\xff", page=10)]

        assert [b"%04d" % n for n in range(25)] == found

    def test_later_changes_of_a_batch_win(self) -> None:
        rows = self.filled(b"a", b"b", b"c")
        batch = rows.batch()
        batch.put(Family.VIEWS, b"a", b"new")
        batch.delete_range(Family.VIEWS, b"a", b"c")
        batch.put_many(Family.VIEWS, [(b"b", b"1"), (b"b", b"2")])
        batch.delete(Family.VIEWS, b"c")
        rows.write(batch)

        assert [(b"b", b"2")] == list(scan_all(rows, Family.VIEWS, first=b"", end=_END))

    def test_a_batch_has_no_effect_before_it_is_written(self) -> None:
        rows = self.make_rows()
        rows.batch().put(Family.VIEWS, b"k", b"v")

        assert rows.get(Family.VIEWS, b"k") is None

    def test_a_batch_that_was_made_before_a_write_is_applied_after_it(self) -> None:
        rows = self.filled(b"a")
        late = rows.batch()
        late.delete(Family.VIEWS, b"a")
        batch = rows.batch()
        batch.put(Family.VIEWS, b"a", b"again")
        rows.write(batch, durable=True)
        rows.write(late)

        assert rows.get(Family.VIEWS, b"a") is None

    def test_deleting_what_is_not_there_is_no_error(self) -> None:
        rows = self.make_rows()
        batch = rows.batch()
        batch.delete(Family.VIEWS, b"nothing")
        batch.delete_range(Family.VIEWS, b"n", b"o")
        rows.write(batch, durable=True)

        assert [] == keys(rows)

    def test_an_empty_durable_batch_is_a_barrier_and_changes_nothing(self) -> None:
        rows = self.filled(b"a")
        rows.write(rows.batch(), durable=True)
        rows.write(rows.batch(), durable=True)

        assert [b"a"] == keys(rows)

    def test_prefix_end_bounds_all_keys_with_the_prefix(self) -> None:
        rows = self.filled(b"a", b"a\xff\xff", b"b", b"\xff", b"\xff\xff\x01")

        assert [b"a", b"a\xff\xff"] == keys(rows, first=b"a", end=prefix_end(b"a"))
        assert [b"\xff", b"\xff\xff\x01"] == keys(rows, first=b"\xff", end=prefix_end(b"\xff"))

    def test_use_after_close_says_closed(self) -> None:
        rows = self.filled(b"a")
        batch = rows.batch()
        rows.close()  # type: ignore[attr-defined]
        for use in (
            lambda: rows.get(Family.VIEWS, b"a"),
            lambda: rows.get_many(Family.VIEWS, [b"a"]),
            lambda: keys(rows),
            lambda: rows.last_of_each(Family.VIEWS, [(b"a", b"b")]),
            lambda: rows.write(batch),
        ):
            with pytest.raises(Closed):
                use()

    def test_rows_agree_with_a_dict(self) -> None:
        """Any changes in any batches leave what the same changes leave in a dict."""
        rows = self.make_rows()

        @settings(max_examples=60, deadline=None)
        @given(st.lists(_changes, max_size=4), _keys, _keys, st.integers(0, 5), st.booleans())
        def check(
            batches: list[list[tuple[str, bytes, bytes]]], first: bytes, end: bytes, limit: int, reverse: bool
        ) -> None:
            model: dict[bytes, bytes] = {}
            clean = rows.batch()
            clean.delete_range(Family.VIEWS, b"", b"\xff" * 9)
            rows.write(clean)
            for changes in batches:
                batch = rows.batch()
                for name, key, other in changes:
                    if name == "put":
                        batch.put(Family.VIEWS, key, other)
                        model[key] = other
                    elif name == "delete":
                        batch.delete(Family.VIEWS, key)
                        model.pop(key, None)
                    elif key <= other:
                        batch.delete_range(Family.VIEWS, key, other)
                        model = {k: v for k, v in model.items() if not key <= k < other}
                rows.write(batch)
            within = sorted(((k, v) for k, v in model.items() if first <= k < end), reverse=reverse)[:limit]

            assert sorted(model.items()) == list(scan_all(rows, Family.VIEWS, first=b"", end=_END, page=3))
            assert within == rows.scan(Family.VIEWS, first=first, end=end, limit=limit, reverse=reverse)
            last = max(((k, v) for k, v in model.items() if first <= k < end), default=None)
            assert [last, None] == rows.last_of_each(Family.VIEWS, [(first, end), (end, end)])

        check()


def keys(rows: Rows, *, first: bytes = b"", end: bytes = _END, limit: int = 100, reverse: bool = False) -> list[bytes]:
    """The keys of the views' family in that range."""
    return [key for key, _ in rows.scan(Family.VIEWS, first=first, end=end, limit=limit, reverse=reverse)]
