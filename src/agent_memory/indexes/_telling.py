"""What each of many passages has that few others have, in numbers.

A mebibyte can have a hundred thousand terms that stand in one passage only, and a loop over them in
Python takes half a second. So a term is a hash here, what it looks like are flags, and both are
computed for all bytes of a block at once:

    bytes    r e q  b e e f 0 0 x y   ...     flat: every digit is 0, what is no part of a term a space
    terms    h(req) h(beef00xy)       ...     h(t) = sum of byte * BASE^place, modulo 2^64
    shape           h(0a)             ...     runs of hexadecimal with a digit in them as one 0, of letters as one a

Equal terms have equal hashes; two different ones have the same hardly ever, and then weigh as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Integers = NDArray[np.int64]

RARE_MAX = 3
"""Passages in which a term stands that is told from others by what it looks like."""

UNIT = 60_000
PLAIN, CAPITALS, NAME, EXCEPTIONAL = 1 * UNIT, 2 * UNIT, 3 * UNIT, 6 * UNIT
EXCEPTIONS_MAX = 8
"""Passages up to which a word of trouble has its full weight; in a log of errors it says nothing."""

_TROUBLE = """
    error errors err failed failure failures fails fatal panic exception traceback warning warn critical severe
    denied refused rejected aborted abort killed crashed crash segfault timeout assertion invalid corrupt cannot
"""
_KEPT = b"_-./@#%+"
_FLAT = bytes(
    ord("0") if chr(c).isdigit() and c < 128 else c if c >= 128 or chr(c).isalnum() or c in _KEPT else ord(" ")
    for c in range(256)
)
_LOWER, _UPPER, _HIGH, _HOLDS, _ZERO, _HEX = 1, 2, 4, 8, 16, 32
_LETTER = _LOWER | _UPPER | _HIGH
_CLASS = np.array(
    [
        _HIGH
        if c >= 128
        else _LOWER * (97 <= c <= 122)
        | _UPPER * (65 <= c <= 90)
        | _HOLDS * (c in b"-_./@#")
        | _ZERO * (c == 48)
        | _HEX * (c in b"0abcdefABCDEF")
        for c in range(256)
    ],
    np.uint8,
)
_BLOCK = 1 << 16
_BASE = 0x9E37_79B9_7F4A_7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


def _powers(base: int, count: int) -> Numbers:
    found = np.full(count, base, np.uint64)
    found[0] = 1
    return np.cumprod(found, dtype=np.uint64)


# A block ends with a passage, of which none is longer than some thousand bytes.
_SIZE_MAX = _BLOCK + (1 << 14)
_POWERS, _INVERSES = _powers(_BASE, _SIZE_MAX), _powers(_INVERSE, _SIZE_MAX)


def scores(passages: Sequence[str]) -> list[int]:
    """How much each of the passages has that others have not."""
    blocks = [read for block in _blocks(passages) if len((read := _terms(*block))[0])]
    if not blocks:
        return [0] * len(passages)
    terms, weights, shapes, owners = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.argsort(terms, kind="stable")
    terms, places = terms[order], owners[order]
    is_first = np.ones(len(terms), np.bool_)
    is_first[1:] = terms[1:] != terms[:-1]
    in_passage = is_first.copy()
    in_passage[1:] |= places[1:] != places[:-1]
    counts = np.bincount((np.cumsum(is_first) - 1)[in_passage])
    # Of a rare term the first passage has all: the same rare line twice does not take two places.
    rare = counts <= RARE_MAX
    first = order[is_first][rare]
    weight = weights[first]
    figures = np.flatnonzero(shapes[first])
    _, which, alike = np.unique(shapes[first[figures]], return_inverse=True, return_counts=True)
    # Where many have digits in the same places (hashes, request ids), none of them is distinctive.
    weight[figures] = NAME // alike[which]
    own = np.bincount(owners[first], weights=weight // counts[rare], minlength=len(passages)).astype(np.int64)
    total: list[int] = (own + _troubles(terms, places, terms[is_first], counts, len(passages))).tolist()
    return total


def _blocks(passages: Sequence[str]) -> Iterator[tuple[bytes, list[int], int]]:
    """The passages flat, as many as make a block; where each begins; and the number of the first."""
    pieces: list[bytes] = []
    starts: list[int] = []
    size = 0
    for place, passage in enumerate(passages):
        starts.append(size)
        pieces.append(flat(passage))
        size += len(pieces[-1]) + 1
        if size >= _BLOCK:
            yield b" ".join(pieces), starts, place + 1 - len(pieces)
            pieces, starts, size = [], [], 0
    if pieces:
        yield b" ".join(pieces), starts, len(passages) - len(pieces)


def flat(text: str) -> bytes:
    """The terms of the text, spaced; every digit is 0, as every line of a log has another time."""
    return text.encode("utf-8", "surrogatepass").translate(_FLAT)


def _terms(raw: bytes, begins: Sequence[int], number: int) -> tuple[Numbers, Integers, Numbers, Integers]:
    """Of each term in a block: its hash, its weight by its looks, its shape's hash (0: no digits), its passage."""
    # A space before and two behind, so that whoever looks at neighbours finds some.
    line = np.frombuffer(b" " + raw + b"  ", np.uint8)
    inside = line != 32
    starts = np.flatnonzero(inside[1:] & ~inside[:-1]) + 1
    if not len(starts):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.int64)
    sizes = np.flatnonzero(inside[:-1] & ~inside[1:]) + 1 - starts
    kind = _CLASS[line]
    hashes = _hashes(np.where(inside, line, 0), np.arange(len(line)), starts)
    owners = (np.searchsorted(np.array(begins) + 1, starts, "right") - 1 + number).astype(np.int64)

    letter, lower, upper = (kind & _LETTER) != 0, (kind & _LOWER) != 0, (kind & _UPPER) != 0
    held = np.zeros(len(line), np.bool_)
    held[1:-1] = letter[:-2] & ((kind[1:-1] & _HOLDS) != 0) & letter[2:]
    held[1:] |= lower[:-1] & upper[1:]
    held[2:] |= upper[:-2] & upper[1:-1] & lower[2:]
    is_name = np.logical_or.reduceat(held, starts)
    is_loud = upper[starts] & upper[starts + 1] & upper[np.minimum(starts + 2, len(line) - 1)]
    weights = np.where(is_name, NAME, np.where(is_loud, CAPITALS, np.where(sizes > 3, PLAIN, 0)))

    has_digits = np.logical_or.reduceat(kind & _ZERO != 0, starts)
    return hashes, weights, np.where(has_digits, _shapes(line, kind, letter, inside, starts), 0), owners


def _shapes(
    line: NDArray[np.uint8],
    kind: NDArray[np.uint8],
    letter: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    starts: Integers,
) -> Numbers:
    hexadecimal = (kind & _HEX) != 0
    begins = np.zeros(len(line), np.bool_)
    begins[1:] = hexadecimal[1:] & ~hexadecimal[:-1]
    runs = np.flatnonzero(begins)
    if not len(runs):
        return np.zeros(len(starts), np.uint64)
    mixed = np.logical_or.reduceat((kind & _ZERO) != 0, runs)
    is_mixed = hexadecimal & mixed[np.maximum(np.cumsum(begins) - 1, 0)]
    other = letter & ~is_mixed
    kept = inside.copy()
    kept[1:] &= ~(is_mixed[1:] & is_mixed[:-1]) & ~(other[1:] & other[:-1])
    symbols = np.where(is_mixed, 48, np.where(other, 97, line))
    return _hashes(np.where(kept, symbols, 0), np.cumsum(kept), starts)


def _hashes(symbols: NDArray[np.uint8], places: Integers, starts: Integers) -> Numbers:
    """Of the symbols from each start to the next, those that are not 0, by their places from there on."""
    sums = np.add.reduceat(symbols.astype(np.uint64) * _POWERS[places], starts)
    found: Numbers = sums * _INVERSES[places[starts]]
    return found


def _troubles(terms: Numbers, places: Integers, different: Numbers, counts: Integers, size: int) -> Integers:
    """What a word of trouble adds to the passages that have it, the weightiest alone."""
    at = np.minimum(np.searchsorted(different, _EXCEPTION_HASHES), len(different) - 1)
    known = np.flatnonzero(different[at] == _EXCEPTION_HASHES)
    spread = np.bincount(_EXCEPTION_WORDS[known], weights=counts[at[known]], minlength=len(_TROUBLE.split()))
    added = np.zeros(size, np.int64)
    for which in known.tolist():
        weight = int(EXCEPTIONAL * EXCEPTIONS_MAX // max(EXCEPTIONS_MAX, spread[_EXCEPTION_WORDS[which]]))
        first, until = (np.searchsorted(terms, _EXCEPTION_HASHES[which], side) for side in ("left", "right"))
        held_by = places[first:until]
        added[held_by] = np.maximum(added[held_by], weight)
    return added


def _exceptions() -> tuple[Numbers, Integers]:
    """The words of trouble as they may stand in a text: their hashes, and which word each is."""
    forms = [
        (f"{form(word)}{end}", which)
        for which, word in enumerate(_TROUBLE.split())
        for form in (str.lower, str.upper, str.title)
        for end in ("", ".")
    ]
    hashes = _terms(flat(" ".join(text for text, _ in forms)), [0], 0)[0]
    return hashes, np.array([which for _, which in forms])


_EXCEPTION_HASHES, _EXCEPTION_WORDS = _exceptions()
