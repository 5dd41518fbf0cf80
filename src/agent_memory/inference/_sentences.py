"""What a sentence is worth by itself: its words, its names, its cues, its place."""

from __future__ import annotations

import re

import msgspec

from agent_memory.inference._cues import (
    ABBREVIATIONS,
    ANNOUNCING_STARTS,
    ASIDE_WORDS,
    CALENDAR_WORDS,
    CODE_WORDS,
    COUNTED,
    CUE_PARTS,
    CUE_PHRASES,
    CUE_WORDS,
    FILLER_STARTS,
    OPINIONS,
    OWN_STARTS,
    PAST_WORDS,
    PASTED_STARTS,
    PHRASE_WORDS,
    POINTING_STARTS,
    STOP_WORDS,
    WIDE_STOP_WORDS,
    YOUR_STARTS,
)

WORD = re.compile(r"\.?[^\W_](?:[\w'’./@+-]*[\w+])?")
PATH = re.compile(r"(?:[\w.-]+/)*[\w-]+\.(?:[A-Za-z][A-Za-z0-9]{0,5})$|(?:[\w.-]+/){2,}[\w.-]+$")
_FAR = re.compile(r"[\u0600-\u1fff\u2e80-\uffff]")
_CODE_ENDS = ":;{}(),="

_Entry = tuple[tuple[str, ...], int, int, tuple[tuple[str, int, str], ...], bool]
"""Words; cue points at work and in a talk; (word, rank, surface) of names; whether a phrase with points may be near."""
_LEXICON_MAX, _TOKEN_MAX, _WORDS_MAX = 20_000, 48, 60
_NAME = 2
SOCIAL, USER, OTHER = 1, 2, 3


class Sentence(msgspec.Struct, frozen=True, gc=False):
    """A candidate: code points ``[start, end)``, what it is worth by itself, and its words."""

    start: int
    end: int
    worth: int
    words: tuple[str, ...]
    asks: bool


class Reading(msgspec.Struct, frozen=True):
    """What one event offers: sentences, content words in order of appearance, names.

    ``named`` maps a term that is a name, an identifier or a path to how distinctive that makes
    it, 1 to 3, and to how it is written.
    """

    sentences: tuple[Sentence, ...]
    terms: dict[str, None]
    named: dict[str, tuple[int, str]]
    asks: bool = False
    """Whether something is asked in a talk among people, be it kept or not."""


NOTHING = Reading((), {}, {})


def read_sentence(
    found: str,
    start: int,
    end: int,
    place: int,
    voice: int,
    named: dict[str, tuple[int, str]],
) -> Sentence | None:
    """The sentence *found* at ``[start, end)``, the *place*-th of its text; its names go into *named*.

    None where there is no sentence: code, or no word.
    """
    tokens = found.split()
    if tokens[0] in CODE_WORDS and found[-1] in _CODE_ENDS:
        return None
    words: list[str] = []
    worth = names = 0
    phrased = False
    if len(_LEXICON) > _LEXICON_MAX:
        _LEXICON.clear()
    first = _LEXICON[tokens[0]]
    is_social = voice == SOCIAL
    for entry in filter(None, map(_LEXICON.__getitem__, tokens)):
        lows, work, social, entry_names, opens_phrase = entry
        words += lows
        worth += social if is_social else work
        if opens_phrase:
            phrased = True
        for low, rank, surface in entry_names:
            # A capital at the start of a sentence makes no name.
            if rank != _NAME or entry is not first:
                names += 1
                if low not in named or rank > named[low][0]:
                    named[low] = (rank, surface)
    if worth > 140:
        worth = 140 + (worth - 140) // 4
    if phrased:
        lowered = found.lower()
        for phrase, points in CUE_PHRASES:
            if phrase in lowered:
                worth += points
    if not found.isascii() and _FAR.search(found):
        for part, points in CUE_PARTS:
            if part in found:
                worth += points
        for run in _RUN.findall(found):
            if run not in WIDE_STOP_WORDS:
                words.append(run)
                named.setdefault(run, (1, run))
    elif not words and not any(map(str.isalnum, found)):
        return None
    distinct = tuple(dict.fromkeys(words))
    asks = found[-1] in "?？؟" or found.endswith('?"')
    return Sentence(start, end, worth + _form(tokens, distinct, names, place, voice, asks), distinct, asks)


def _form(tokens: list[str], words: tuple[str, ...], names: int, place: int, voice: int, asks: bool) -> int:
    """What the sentence is worth by its size, its place and who says it."""
    count = len(words)
    worth = _OPENINGS[voice][tokens[0]] + _SIZES[min(count, _SIZE_MAX)]
    if names:
        worth += (40 if voice == SOCIAL else 22) * min(names, 3)
    if voice == SOCIAL:
        if "your" in tokens or "you" in tokens:
            worth -= 45
        if _tells_what_was_done(tokens):
            worth += 45
        if asks:
            worth -= 80
        if not OPINIONS.isdisjoint(words):
            worth -= 40
        return worth
    if place < 6:
        worth += 18 - 3 * place
    if voice == USER:
        worth += 10
    elif asks:
        worth -= 50
    return worth


def _tells_what_was_done(tokens: list[str]) -> bool:
    """Whether someone says of themselves what they did: `I just took`, `we explored`."""
    for at, token in enumerate(tokens[:8]):
        if token in _OURSELVES:
            return any(word.endswith("ed") or word in PAST_WORDS for word in tokens[at + 1 : at + 4])
    return False


_OURSELVES = ("I", "we", "We")


_SIZE_MAX = 80

# By how many words a sentence has: too few say nothing, too many are a list.
_SIZES = [14 * min(count, 7) - (60 if count < 3 else 0) - 8 * max(count - 14, 0) for count in range(_SIZE_MAX + 1)]


class _Openings(dict[str, int]):
    """What the first word of a sentence tells of its worth, by who speaks."""

    def __init__(self, voice: int) -> None:
        self._voice = voice

    def __missing__(self, token: str) -> int:
        if len(self) >= _OPENINGS_MAX:
            self.clear()
        first = token.lower().rstrip(",.!:;")
        worth = 0
        if first in FILLER_STARTS:
            worth -= 40
        elif first in POINTING_STARTS:
            worth -= 10 if self._voice == SOCIAL else 30
        if self._voice == SOCIAL:
            worth += 45 if first in OWN_STARTS else -40 if first in YOUR_STARTS else 0
        elif self._voice == OTHER and first in ANNOUNCING_STARTS:
            worth -= 45
        elif self._voice == USER and (first in PASTED_STARTS or first.endswith("error")):
            worth -= 100
        if len(token) <= _TOKEN_MAX:
            self[token] = worth
        return worth


_OPENINGS_MAX = 10_000
_OPENINGS = {voice: _Openings(voice) for voice in (SOCIAL, USER, OTHER)}


def _distinction(token: str) -> int:
    """How much a token that is no plain word tells: 3 for paths and identifiers, 0 for numbers."""
    if token.isalpha() and (token.islower() or token.istitle()):
        return _NAME if token[0].isupper() else 0
    if token.isdigit():
        return 0
    if "/" in token or "." in token:
        return 3 if (PATH.match(token) or "_" in token) and not token[0].isdigit() else 0
    if "_" in token.strip("_"):
        return 3
    if "'" in token or "’" in token:
        return 0
    if token.isupper():
        return 2 if len(token) > 2 else 1
    inner = token[1:]
    if token.isalpha() and inner != inner.lower():
        return 3
    return 1 if any(c.isdigit() for c in token) and token[0].isalpha() else 0


class _Lexicon(dict[str, "_Entry | None"]):
    """What stands between two spaces to what it says, or None where that is nothing.

    Filled as tokens come; the same ones come again and again. Emptied between two sentences: within one,
    the first token is told by its entry. Three times as many took 12 MB more and were no faster.
    """

    def __missing__(self, token: str) -> _Entry | None:
        entry = _entry(token)
        if len(token) <= _TOKEN_MAX:
            self[token] = entry
        return entry


# Most tokens of a log are in none of these: paths, names, numbers.
_LISTED = frozenset(CUE_WORDS) | PHRASE_WORDS | STOP_WORDS | ASIDE_WORDS


def _entry(token: str) -> _Entry | None:
    lows: list[str] = []
    names: list[tuple[str, int, str]] = []
    work = social = 0
    opens_phrase = False
    for word in (token,) if token.isalpha() else WORD.findall(token)[:_WORDS_MAX]:
        if word[0] == "." and "/" not in word:
            word = word[1:]
        low = word.lower()
        if low in _LISTED:
            points = CUE_WORDS.get(low, (0, 0))
            work += points[0]
            social += points[1]
            opens_phrase = opens_phrase or low in PHRASE_WORDS
            if low in STOP_WORDS or low in ASIDE_WORDS:
                continue
        elif word.isdigit():
            social += COUNTED
        if len(low) < 3 and word.isascii():
            continue
        if not word.isascii() and max(word) >= "\u2e80":
            # No spaces between words: pairs of characters stand in for them.
            lows += [low[at : at + 2] for at in range(min(len(low) - 1, _WORDS_MAX))]
            continue
        for ending in ("'s", "’s"):
            if low.endswith(ending):
                low, word = low[:-2], word[:-2]
        lows.append(low)
        rank = _distinction(word)
        if rank and low not in CALENDAR_WORDS and low not in ABBREVIATIONS:
            names.append((low, rank, word))
    if not lows and not social and not opens_phrase:
        return None
    return tuple(lows), work, social, tuple(names), opens_phrase


_LEXICON = _Lexicon()
_RUN = re.compile(
    r"[\u30a0-\u30ff]{2,12}|(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])|[\uac00-\ud7af]{2,6}(?![\uac00-\ud7af])"
)
