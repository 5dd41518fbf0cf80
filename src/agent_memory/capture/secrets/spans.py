"""What rules leave behind: where a secret is, how surely, and what it is called.

On the path of the hook: the standard library only.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Span = tuple[int, int, int, str]
"""Code points ``[start, end)``, a rank (0 says most surely what it is), and the kind."""

if TYPE_CHECKING:
    # Looks at one place, and says from where on its literal is to be looked for again.
    Rule = Callable[[str, int, list[Span]], int]

OWN, BLOCK, TOKEN, PLACE, GIVEN = range(5)


def merged(spans: list[Span]) -> Iterator[tuple[int, int, str]]:
    """Spans in order, those that overlap as one, called as the surest of them is."""
    if not spans:
        return
    spans.sort()
    start, end, rank, kind = spans[0]
    for span in spans[1:]:
        if span[0] >= end:
            yield start, end, kind
            start, end, rank, kind = span
            continue
        end = max(end, span[1])
        if span[2] < rank:
            rank, kind = span[2], span[3]
    yield start, end, kind
