"""Where a text comes nearest to a quotation that does not stand in it word for word."""

from __future__ import annotations


def nearest(pattern: str, text: str) -> tuple[int, int, int] | None:
    """The fewest edits between *pattern* and any stretch of *text*, and that stretch: (edits, start, end).

    Among equals the first to end. None where nothing of the pattern is there. Takes one step of arithmetic on
    ``len(pattern)`` bits per character of the text.
    Source: Myers 1999, "A fast bit-vector algorithm for approximate string matching", J. ACM 46(3);
    the form with a free start is section 3.
    """
    if not pattern or not text:
        return None
    edits, end = _search(pattern, text, free=True)
    if edits >= len(pattern):
        return None
    # The same backwards, from the end that was found, tells where it starts.
    reach = text[max(0, end - len(pattern) - edits) : end]
    back, length = _search(pattern[::-1], reach[::-1], free=False)
    return back, end - length, end


def distance(one: str, other: str) -> int:
    """The fewest edits that make one of the other."""
    if not one or not other:
        return len(one) + len(other)
    return _last(one, other)


def _search(pattern: str, text: str, *, free: bool) -> tuple[int, int]:
    """The best score of the whole pattern, and the first end in the text that has it."""
    best, best_end = len(pattern), 0
    for index, score in enumerate(_scores(pattern, text, free=free), 1):
        if score < best:
            best, best_end = score, index
    return best, best_end


def _last(pattern: str, text: str) -> int:
    return _scores(pattern, text, free=False)[-1]


def _scores(pattern: str, text: str, *, free: bool) -> list[int]:
    """Per end in *text*, the edits to the pattern: from anywhere if *free*, else from the beginning."""
    size = len(pattern)
    last = 1 << (size - 1)
    full = (1 << size) - 1
    places: dict[str, int] = {}
    for index, c in enumerate(pattern):
        places[c] = places.get(c, 0) | (1 << index)
    step = 0 if free else 1
    up, down, score = full, 0, size
    scores = []
    for c in text:
        same = places.get(c, 0)
        vertical = same | down
        across = (((same & up) + up) ^ up) | same
        more = down | (full & ~(across | up))
        less = up & across
        if more & last:
            score += 1
        elif less & last:
            score -= 1
        scores.append(score)
        more = (more << 1) | step
        up = full & ((less << 1) | ~(vertical | more))
        down = more & vertical
    return scores
