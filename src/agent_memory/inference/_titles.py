"""What a stretch of talk is called: the heading that says most, of those that it offers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

from agent_memory.events import Kind
from agent_memory.inference._cues import HEADING_VERBS, POINTING_STARTS, STOP_WORDS, YOUR_STARTS
from agent_memory.inference._headings import TITLE_MAX, heading, requests, tidy
from agent_memory.inference._leads import announces, decides
from agent_memory.inference._sentences import Sentence
from agent_memory.toc.material import Passage

NAME_MAX = 40
JOINER = "; "

Pick = tuple[int, int, int, Sentence]
"""What a sentence is worth here, negated; index of its passage; its start; itself. They sort best first."""

# Worth beside that of the sentence: what it is here, and what its heading is like.
_REQUEST, _WISH, _DECISION, _RESULT, _CLOSING_NOTE = 120, 60, 90, 50, 300
_LEANING, _BACKGROUND, _PRINTED, _PERSONAL, _VAGUE_WORD = 80, 100, 200, 40, 40
_CUT_IN_CLAUSE, _CUT_IN_LIST, _CUT = 110, 90, 25
_SHORT, _THIN = 60, 50
_SHORT_LENGTH, _THIN_LENGTH, _THIN_WORDS = 16, 45, 3
_EVEN = 120
# Under this length, two things fit into a title.
_ROOMY = 28
# From here on, scripts that say more with fewer characters.
_DENSE = "\u2e80"
_LABEL_SOUGHT = 2_000

_ME = re.compile(r"\b(?:I|me|my|mine|I'm|I've|I'd|we|us|you|your|her|him|them)\b", re.I)
_VAGUE = re.compile(r"\b(?:it|this|them|these|those)\b", re.I)
_SOON_UNTRUE = re.compile(r"(?:yesterday|today|tomorrow|tonight|(?:last|this|next) \w+|\w+ \w+ ago)\b\s*", re.I)
_BACKGROUND_START = re.compile(
    r"(?:until now|so far|currently|at the moment|before|since|although|bisher|jusqu'ici|hasta ahora)\b", re.I
)
_PLAIN_STARTS = STOP_WORDS | HEADING_VERBS
_WORDS = re.compile(r"[^\W_](?:[\w'’./-]*\w)?")
_LABEL = re.compile(r"\s*((?:[^\W\d_]+ ){0,2}[^\W\d_]{4,})\.\s+(?=\S)")
_LIST_NEXT = re.compile(r",(?!\s(?:because|since|so|but|which|weil|aber|parce|porque)\b)|and\b|or\b")
_PATH_START = re.compile(r"[\w.-]*/[\w./-]+\s")
# What a program printed, shown to somebody.
_PASTED = re.compile(r"[│|╷╵>]|(?:\w*Error|error|Traceback|fatal)\b[^:]{0,40}:")
# `Decided against new cells: with 10 dBm`
_STUB = re.compile(r": (?:with|for|of|on|in|at|to|from|by|after|before|mit|für|von|bei|avec|pour|con|para) [^:]*$")
_CLAUSE_NEXT = re.compile(
    r"[\"'”’»)]*\s*(?:[.,;:!?…()—–。，、；：！？]|-\s|$|(?:and|but|because|so|since|while|which|when|where|although|until|till|before|after|if|unless)\b)"
)


def segment_title(passages: tuple[Passage, ...], request: Pick | None, picks: Iterable[Pick], *, social: bool) -> str:
    """The best heading that *request* or *picks* give; empty where there is none.

    The request is the subject, unless it leans on something, cannot be cut to length or says
    little; then a decision, a result or another wish says it better.
    """
    offered: list[tuple[int, int, str]] = []
    seen: set[tuple[int, int]] = set()
    label = _label(passages, request)
    best_worth = 0
    for pick in picks if request is None else chain((request,), picks):
        place = pick[1], pick[2]
        if place in seen:
            continue
        seen.add(place)
        passage = passages[pick[1]]
        said = passage.text[pick[2] : pick[3].end]
        worth = _evened(-pick[0]) if not social else -pick[0]
        # What cannot win any more is not tried: most of the work is in the headings.
        if offered and worth + _most(passage, said, label, social) <= best_worth:
            continue
        speaker = tidy(passage.speaker)[:NAME_MAX] if social else ""
        title = heading(said, speaker=speaker)
        if len(title) < 4:
            continue
        flaws = flaws_of(said, title, speaker)
        worth += _role(passage, said, is_request=pick is request, social=social)
        if label and request is not None and pick[1] == request[1] and len(label) + 2 + len(title) <= TITLE_MAX:
            title = f"{label}: {lower_first(title)}"
            flaws, worth = max(0, flaws - _THIN - _PERSONAL), worth + _REQUEST
        if pick is request and flaws == 0 and len(title) >= _ROOMY:
            return title
        offered.append((flaws - worth, flaws, title))
        best_worth = max(best_worth, worth - flaws)
    if not offered:
        return ""
    offered.sort()
    _, _, best = offered[0]
    if len(best) < _ROOMY and max(best) < _DENSE and not social and not requests(best):
        for _, flaws, title in offered[1:]:
            if flaws <= _CUT and len(best) + len(JOINER) + len(title) <= TITLE_MAX and title not in best:
                return f"{best}{JOINER}{lower_first(title)}"
    return best


def lower_first(topic: str) -> str:
    """A verb or noun in mid-line; names and identifiers keep their capital."""
    word = topic.split(None, 1)[0] if topic else ""
    plain = word.lower() in _PLAIN_STARTS or (word.isascii() and word.isalpha() and word.endswith("ed"))
    if not plain or word == "I" or word.startswith(("I'", "I’")):
        return topic
    return topic[0].lower() + topic[1:]


def _evened(worth: int) -> int:
    """What a sentence says counts, but what it is counts more."""
    return worth if worth <= _EVEN else _EVEN + (worth - _EVEN) // 2


def _most(passage: Passage, said: str, label: str, social: bool) -> int:
    """The most that `_role` and the label may add."""
    if social:
        return 0
    if passage.kind is Kind.SESSION_END:
        return _CLOSING_NOTE
    if passage.kind is Kind.USER_MESSAGE:
        return _WISH + _DECISION + (_REQUEST if label else 0)
    return _DECISION if ":" in said else 0


def _label(passages: tuple[Passage, ...], request: Pick | None) -> str:
    """The word or two that a message opens with to say what it is about, where the talk comes back to them."""
    if request is None:
        return ""
    text = passages[request[1]].text.lstrip()
    found = _LABEL.match(text, 0, 60)
    if found is None:
        return ""
    words = [word.lower().rstrip("s") for word in found[1].split() if word.lower() not in STOP_WORDS]
    later = [p.text.lstrip()[:_LABEL_SOUGHT].lower() for p in passages if p is not passages[request[1]]]
    if words and all(sum(word in text for text in later) >= 2 for word in words):
        return found[1]
    return ""


def flaws_of(said: str, title: str, speaker: str = "") -> int:
    """What keeps a heading from reading as one, in points; 0 for one that a person could have written."""
    flaws = 0
    if leans(said):
        flaws += _LEANING
    if _BACKGROUND_START.match(title):
        flaws += _BACKGROUND
    if _PATH_START.match(title):
        flaws += _PERSONAL
    if printed(title):
        flaws += _PRINTED
    told = bool(speaker) and title.startswith(speaker)
    if not told and (speaker or _ME.search(title)):
        flaws += _PERSONAL
    if _VAGUE.search(title):
        flaws += _VAGUE_WORD
    if len(title) < _THIN_LENGTH and title.isascii():
        flaws += _SHORT if len(title) < _SHORT_LENGTH else 0
        if sum(word not in STOP_WORDS for word in _WORDS.findall(title.lower())) < _THIN_WORDS:
            flaws += _THIN
    return flaws + _cut(said, title)


def printed(text: str) -> bool:
    """Whether a line is a program's, pasted into what somebody said."""
    return _PASTED.match(text) is not None


def leans(text: str) -> bool:
    """Whether a sentence says little without the one before it."""
    # What strip() keeps may still be nothing to a reader: control characters alone.
    first = next(iter(tidy(text[:40]).lower().split(None, 1)), "")
    return first in POINTING_STARTS or first in YOUR_STARTS


def _cut(said: str, title: str) -> int:
    """What the heading lost by where it was cut."""
    text = said
    end = text.rfind(title[-12:])
    if end < 0:
        text = tidy(said)
        end = text.rfind(title[-12:])
        if end < 0:
            return 0
    rest = text[end + len(title[-12:]) :].lstrip("\"'”’») ")
    rest = _SOON_UNTRUE.sub("", rest, count=1) if _SOON_UNTRUE.match(rest) else rest
    if not rest.strip(".!?…。！？ ") or title.count(" ") < 2:
        return 0
    if _CLAUSE_NEXT.match(rest) is None:
        return _CUT_IN_CLAUSE
    if _STUB.search(title) is not None:
        return _CUT_IN_CLAUSE
    if (", " in title or ": " in title) and _LIST_NEXT.match(rest):
        return _CUT_IN_LIST
    return _CUT


def _role(passage: Passage, said: str, *, is_request: bool, social: bool) -> int:
    if social:
        return 0
    if passage.kind is Kind.SESSION_END:
        return _CLOSING_NOTE
    worth = _REQUEST if is_request else 0
    if passage.kind is Kind.USER_MESSAGE and not is_request and requests(said):
        worth += _WISH
    if decides(said):
        worth += _DECISION
    elif announces(said):
        worth += _RESULT
    return worth
