"""Texts that say the same again, told from texts that say something else in the same words.

What counts as the same follows from who produces near copies. An agent that restates a text, or a
hook that captures it twice, changes case, spaces and perhaps a word. A program that reports its
progress prints one line over and over with other figures in it. A person who answers anew in the
same words changes just the word that matters: a number, a name, a `not`. So:

- A text of few words is repeated only by the same words: any of them may be the answer.
- A longer one may differ in one word of twenty, but not in a number, a name, an identifier or a
  negation: "the port is 8080" is never "the port is 9090", however much stands around it.
- In a line that shows what sort of line it is (a clock with seconds or a bracketed `n/m` in front; a
  percentage beside a bar or after dots; as many figures as words) figures are readings, and all alike.
- One percentage is an answer; four texts of a page that differ in nothing else are a series.
- What a program printed, where the caller knows it, may differ in measured times, stamps and random
  ids, and in numbers as in any other word: another run of the same tests is a repeat.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec

WORDS_MIN = 20
"""Texts of fewer words are compared as they stand."""

_ALIKE_MIN = 0.9
"""The share of neighbouring pairs of words that two repeats have in common: one word of twenty breaks two."""

_COMPARED_MAX = 50
"""With so many that it shares its rarest words with a text is compared, those first that stand first."""

_SERIES_MIN = 4
_READ_MAX = 2_400


def collapse(texts: Sequence[str], *, printed: Sequence[bool] = ()) -> list[int]:
    """For each text the index of the first earlier one that it repeats, or its own.

    A text is compared with those that repeat nothing themselves, so that no chain of small changes
    ends somewhere else. *printed* tells for each text whether a program wrote it; by default none.
    """
    page = Page()
    for text, by_program in zip(texts, printed or (False,) * len(texts), strict=True):
        page.add(text, printed=by_program)
    return page.firsts()


class Page:
    """Texts one after the other, each brought into its form once, however often it is asked which repeat which."""

    def __init__(self) -> None:
        self._forms: list[_Form] = []

    def add(self, text: str, *, printed: bool = False) -> None:
        """One more text; *printed* tells whether a program wrote it."""
        self._forms.append(_form(text, printed))

    @property
    def may_have_series(self) -> bool:
        """Whether a text so far may be one of several that differ in nothing but how far something is."""
        return any(_may_be_of_series(form) for form in self._forms)

    def firsts(self) -> list[int]:
        """What `collapse` tells of the texts so far."""
        forms = self._forms
        first_of: dict[str, int] = {}
        firsts = [first_of.setdefault(text, place) for place, text in enumerate(_series_alike(forms))]
        long = [place for place, first in enumerate(firsts) if first == place and forms[place].size >= WORDS_MIN]
        for place, first in _near(forms, long).items():
            firsts[place] = first
        # A copy of what turned out to repeat another repeats that other.
        return [firsts[first] for first in firsts]


def normal_form(text: str) -> str:
    """The text without differences of case, of white space, and of its final full stop."""
    return " ".join(text.casefold().split()).strip(" .!…")


class _Form(msgspec.Struct, gc=False):
    source: str
    text: str
    size: int
    printed: bool
    split: list[str] | None = None
    pairs: frozenset[tuple[str, str]] = frozenset()
    own: frozenset[str] = frozenset()
    names: frozenset[str] | None = None
    series: str | None = None

    def words(self) -> list[str]:
        """Its words, *size* of them; most texts are told from all others by that number alone."""
        if self.split is None:
            self.split = self.text.split()
        return self.split

    def neighbours(self) -> frozenset[tuple[str, str]]:
        """The pairs of words that follow each other."""
        if not self.pairs:
            self.pairs = frozenset(pairwise(self.words()))
        return self.pairs

    def without_shares(self) -> str:
        """The text with every share and count in it alike."""
        if self.series is None:
            self.series = _SERIES.sub("#", self.text)
        return self.series

    def vocabulary(self) -> frozenset[str]:
        """Its words, each once."""
        if not self.own:
            self.own = frozenset(self.words())
        return self.own

    def named(self) -> frozenset[str]:
        """The names in it, as words of the normal form."""
        if self.names is None:
            self.names = frozenset(name.casefold() for name in _NAME.findall(self.source))
        return self.names


def _form(text: str, printed: bool) -> _Form:
    if len(text) > _READ_MAX:
        text = _sample(text)
    form = normal_form(_levelled(text, printed) if _DIGIT.search(text) else text)
    return _Form(text, form, form.count(" ") + 1 if form else 0, printed)


def _sample(text: str) -> str:
    """Of a long text its length, to a twentieth, its beginning, middle and end."""
    third, middle = _READ_MAX // 3, len(text) // 2
    size = round(math.log(len(text), 1.05))
    return f"{size} {text[:third]}\n{text[middle : middle + third]}\n{text[-third:]}"


# -- nearly the same -------------------------------------------------------------------------


def _near(forms: Sequence[_Form], places: Sequence[int]) -> dict[int, int]:
    """Of the long texts those that nearly repeat an earlier one, and which."""
    sets = {place: forms[place].vocabulary() for place in _alike_in_size(forms, places)}
    seen: set[str] = set()
    shared: set[str] = set()
    for own in sets.values():
        shared |= own & seen
        seen |= own
    # What others alone say is too much to repeat another, or to be repeated.
    sets = {place: own for place, own in sets.items() if len(own & shared) >= _ALIKE_MIN * len(own) - 1}
    counts: Counter[str] = Counter()
    for own in sets.values():
        counts.update(own)
    found: dict[int, int] = {}
    kept: dict[str, list[int]] = {}
    for place, own in sets.items():
        # Who has nine words of ten in common with it has one of its rarest, and most pages are done with there:
        # what only a text says is too much to repeat another.
        rarest = sorted(own, key=lambda word: (counts[word], word))[: len(own) // 10 + 2]
        others = {first for word in rarest if counts[word] > 1 for first in kept.get(word, ())}
        for first in sorted(others)[:_COMPARED_MAX]:
            other = sets[first]
            least = _ALIKE_MIN * max(len(own), len(other)) - 1
            if min(len(own), len(other)) >= least and len(own & other) >= least and _alike(forms[first], forms[place]):
                found[place] = first
                break
        else:
            for word in rarest:
                kept.setdefault(word, []).append(place)
    return found


def _alike_in_size(forms: Sequence[_Form], places: Sequence[int]) -> list[int]:
    """Those with about as many words as another one; whoever has none near it in size repeats nothing."""
    by_size = sorted(places, key=lambda place: forms[place].size)
    near: set[int] = set()
    for fewer, more in pairwise(by_size):
        if forms[fewer].size >= _ALIKE_MIN * forms[more].size:
            near |= {fewer, more}
    return [place for place in places if place in near]


def _alike(a: _Form, b: _Form) -> bool:
    fewer, more = sorted((a.size, b.size))
    if fewer < max(WORDS_MIN, _ALIKE_MIN * more):
        return False
    pairs, others = a.neighbours(), b.neighbours()
    if 2 * len(pairs & others) < _ALIKE_MIN * (len(pairs) + len(others)):
        return False
    if a.printed and b.printed:
        return True
    changed = a.vocabulary() ^ b.vocabulary()
    if any(_TELLING.search(word) for word in changed):
        return False
    names = a.named() | b.named()
    return not any(word.strip(_MARKS) in names for word in changed)


_DIGIT = re.compile("[0-9]")
_MARKS = "\"'`“”‘’«»()[]{}<>.,;:!?…*_"
# A number, an identifier, a negation.
_TELLING = re.compile(r"\d|\w[-_./@#:]\w|^\W*(?:no|not|never|none|nothing|without|cannot|\w+n['’]t)\W*$")
# Capitalised, and not because a sentence begins.
_NAME = re.compile(r"(?<=[^\s.!?:…] )[^\W\d_a-zß-ÿ][\w'’-]*")


# -- figures that are readings ---------------------------------------------------------------

_FIGURE = re.compile(r"[0-9][\w:.,/+-]*(?:\s?%|\sof\s[0-9]+|\s(?:[KMGT]i?B|kB|ms|s|it)(?:/s)?\b)?")
_KINDS = {
    "clock": re.compile(r"(?:\d{4}-\d\d-\d\d[T ])?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[:,]?"),
    "share": re.compile(r"\d{1,3}(?:\.\d+)?\s?%"),
    "of": re.compile(r"\d+(?:/|\sof\s)\d+,?"),
    "size": re.compile(r"\d+(?:\.\d+)?\s?(?:[KMGT]i?B|kB|ms|s|it)(?:/s)?"),
    "decimal": re.compile(r"\d+\.\d+,?"),
}
_NOTHING_OR_DATE = re.compile(r"\[?(?:[0-9]{4}[-/][0-9]{2}[-/][0-9]{2})?")
_CLOCK_HINT, _COUNT_HINT, _OF_HINT = map(re.compile, (":[0-9]{2}:", "/[0-9]", " of [0-9]"))
_HOW_FAR = frozenset({"share", "of"})
_BAR = frozenset("|[]#=>\u2580\u2588\u2589\u258a\u258b\u258c\u258d\u258e\u258f\u2591\u2592\u2593\u2501")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SERIES = re.compile(r"[0-9]{1,3}(?:\.[0-9]+)?\s?%|[0-9]+(?:/|\sof\s)[0-9]+")
# Stamps, clocks, times taken, addresses, random ids. All begin with one class of characters, and only then tell
# what they are, and whether a word begins there: so most of a text is skipped, not tried.
_MEASURED = re.compile(
    r"[\da-f](?:(?<=\d)\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|(?<!\w[\da-f])(?:"
    r"(?<=\d)\d:\d\d:\d\d\b|(?<=\d)\d*\.\d+\s?(?:[nµu]?s|ms|sec|seconds|minutes)\b|(?<=0)x[0-9a-fA-F]+\b"
    r"|(?<=[0-9a-f])[0-9a-f]{7}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b))"
)


def _levelled(text: str, printed: bool) -> str:
    """The text with the readings in it all alike."""
    if printed:
        text = _MEASURED.sub("#", text)
    if not _may_report(text):
        return text
    return "\n".join([_FIGURE.sub("#", line) if _reports(line) else line for line in text.split("\n")])


def _may_report(text: str) -> bool:
    # Each begins with a character that is looked for many times faster than a figure is.
    found = "%" in text or _CLOCK_HINT.search(text) or _COUNT_HINT.search(text) or _OF_HINT.search(text)
    return bool(found)


def _reports(line: str) -> bool:
    """Whether the line says how far something is, or when, as programs do."""
    if not _may_report(line):
        return False
    kinds: set[str] = set()
    count = 0
    for figure in _FIGURE.finditer(line):
        kind = next((name for name, form in _KINDS.items() if form.fullmatch(figure[0])), "")
        count += 1
        if not kind:
            continue
        kinds.add(kind)
        before, after = line[: figure.start()].strip(), line[figure.end() : figure.end() + 4].lstrip()
        # A clock with seconds, or how far it is in brackets, begins the line.
        if kind == "clock" and _NOTHING_OR_DATE.fullmatch(before):
            return True
        if kind in _HOW_FAR and (
            (before in {"[", "("} and after[:1] in {"]", ")"})
            or before.endswith(("...", "…"))
            or (kind == "share" and (before[-1:] in _BAR or after[:1] in _BAR))
        ):
            return True
    return len(kinds) > 1 and not kinds.isdisjoint(_HOW_FAR) and count >= len(_WORD.findall(_FIGURE.sub("", line)))


def _series_alike(forms: Sequence[_Form]) -> list[str]:
    """The texts; those of several that differ only in how far something is, as one."""
    texts = [form.text for form in forms]
    told = [place for place, form in enumerate(forms) if _may_be_of_series(form)]
    if len(told) < _SERIES_MIN:
        return texts
    series = {place: forms[place].without_shares() for place in told}
    counts = Counter(series.values())
    for place, text in series.items():
        if counts[text] >= _SERIES_MIN:
            texts[place] = text
    return texts


def _may_be_of_series(form: _Form) -> bool:
    return form.size < WORDS_MIN and ("%" in form.text or "/" in form.text or " of " in form.text)
