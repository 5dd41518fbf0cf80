"""Turning a sentence into a heading or a bullet: what a person would leave out."""

from __future__ import annotations

import re

from agent_memory.inference._cues import HEADING_VERBS, TRAILING_WORDS
from agent_memory.inference._leads import before_list, without_label
from agent_memory.toc.grips import settle

TITLE_MAX = 70

# Every alternative begins with its character, because the engine skips to one of those fast.
_MARKUP = re.compile(
    r"\*\*|__|``*|\*(?:(?<!\S\*)(?=\S)|(?<=\S\*)(?!\S))|_(?:(?<!\S_)(?=\S)|(?<=\S_)(?!\S))",
)
_LINK = re.compile(r"!?\[([^\]\n]{1,200})\]\([^)\s]{1,500}\)")
_OPENING = re.compile(
    r"(?:(?:ok(?:ay)?|so|well|and|but|also|now|then|hey|hi|hello|sure|great|thanks|yes|yeah|yep|no|oh|wow|alright|right|"
    r"perfect|actually|basically|btw|by the way|fyi|honestly|guess what|good news|for sure|of course|done|"
    r"danke|hallo|bonjour|hola)\b"
    r"(?:[ ,]+(?:there|everyone|all|again|claude|codex|so much|you))*\s*[,.!:;–—-]+\s*|"
    r"(?:so|and|but|oh|well),? (?=\w))+",
    re.I,
)
_VOCATIVE = re.compile(
    r"(?:hey|hi|hello|thanks|thank you|wow|congrats|yeah|yes|hallo)[, ]+[A-Z]\w+\s*[,!.:–—-]+\s*", re.I
)
_ASKING = re.compile(
    r"(?:(?:can|could|would|will) you (?:please |kindly |also |maybe )?(?:help me (?:to )?)?|"
    r"(?:please|kindly),? (?:help me (?:to )?)?|help me (?:to )?|"
    r"i(?:'d|’d| would) like (?:you |us )?to |i (?:want|need|wish)(?: you| us)? to (?!know)|"
    r"we (?:need|have|want|ought) to |(?:i(?:'d|’d| would) like|(?:i|we) (?:want|need)) (?=an? )|"
    r"we should |you should |let(?:'|’)?s |let us |your task is to |i was wondering (?:if you could )?|"
    r"(?:is it possible|would it be possible) to |"
    r"(?:bitte|könntest du|kannst du|peux-tu|pouvez-vous|puedes|por favor) )+",
    re.I,
)
_SAYING = re.compile(
    r"(?:i think|i believe|i guess|it looks like|it seems(?: that)?|looks like|note that|keep in mind that|"
    r"as you can see|in short|to summarize|in summary|the good news is(?: that)?|i can confirm(?: that)?|"
    r"i(?:'ve| have) (?:now |just |also )?(?=(?:\w+ed|found|built|made|written|rewritten|set|run|put) )|"
    r"i (?:now |just |also )?(?=(?:added|fixed|updated|removed|renamed|moved|changed|implemented|created|found|wrote|"
    r"refactored|replaced|reverted|merged|deployed|verified|measured|checked|switched|installed|configured) ))[,:]?\s*",
    re.I,
)
_ASKS, _QUOTES = ("?", "？", "؟"), "\"'”’)»」 "
_INTERROGATIVE = re.compile(r"(?:who|what|when|where|why|how|which|whose)\b", re.I)
_EMOJI = re.compile("(?:[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f\u200d]+ *)+")
_PLEASE = re.compile(r",? (?:please|bitte|por favor)(?=[,.!]|$)", re.I)
_BRACKETS = re.compile(r"(?<!\bon)(?<!\bof)(?<!\bin)(?<!\bfor)(?<!\bto)\s\([^()]{3,}\)")
# When it was, before who did it: `Last weekend I joined`.
_ASIDE = re.compile(
    r"(?:last|this|the other|next|one) (?:week\w*|month|year|night|day|\w+day|spring|summer|autumn|winter),? "
    r"(?=(?:I|we)\b)|"
    r"(?:yesterday|today|recently|lately|finally),? (?=(?:I|we)\b)",
    re.I,
)
# Who speaks to an agent goes without saying: `I decided against`, `we keep`, `our endpoint`.
_ME = re.compile(
    r"(?:I|We) (?:(?:have|had) )?(?=(?:decided|prefer|use|keep|take|go with|chose|agreed|moved|measured|tested) )|"
    r"I(?:'d|’d) (?:rather |just )?(?=[a-z]+ )(?!(?:like|love|be|have|say|been|prefer|never|expect|think) )|(?:Our|My) "
)
_PERSON = re.compile(r"(?:I|We)(?: (?:just|also|recently|finally|actually|really|even|already))? (?=[a-z])")
_PAST = re.compile(
    r"(?:went|was|were|had|did|got|saw|made|took|met|found|bought|began|built|came|gave|heard|kept|knew|learnt|led|"
    r"left|lost|put|ran|read|said|sent|set|spent|started|taught|thought|told|tried|won|wrote|will|would|could|can|might|"
    r"must|should|chose|caught|broke|bred|dealt|fell|fought|forgot|hit|held|hurt|meant|rang|rose|shook|showed|slept|stood|"
    r"ate|drew|felt|flew|grew|rode|sang|sold|swam|threw|wore|[a-z]{2,}ed) "
)
_PRESENT = re.compile(r"(love|want|like|think|plan|hope|need|work|live|feel|know|keep|use|play|run|enjoy) (?=[a-z])")
_CONTRACTED = (
    (re.compile(r"I(?:'|’)m |I am "), "is "),
    (re.compile(r"I(?:'|’)ve |I have "), "has "),
    (re.compile(r"I(?:'|’)ll "), "will "),
    (re.compile(r"I(?:'|’)d "), "would "),
)
_MINE = (
    (re.compile(r"\b[Mm]y\b"), "their"),
    (re.compile(r"\b[Mm]yself\b"), "themselves"),
    (re.compile(r"\bme\b"), "them"),
    (re.compile(r"\bI was\b"), "they were"),
    (re.compile(r"\bI(?: am|'m|’m)\b"), "they are"),
    (re.compile(r"\bI\b"), "they"),
)
_CLAUSE = re.compile(
    r"\s*[;:(—–]|\s*[,，、；：]|\s+-\s|[.!?…]\s|[。！？]|"
    r"\s+(?:and|but|because|so that|so|since|while|which|when|where|although|und|aber|weil|et|mais|pero|porque)\s"
)
_CLOSING = " \t.,;:!?…。，、；：！？-–—\"'“”‘’«»(["


def tidy(text: str) -> str:
    """One line without markup: white space, emphasis and links as a reader sees them."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    if "*" in text or "_" in text or "`" in text:
        text = _MARKUP.sub("", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def line(text: str) -> str:
    """A bullet's wording: tidied, without its opening pleasantry."""
    code = text.startswith("`")
    text = tidy(text)
    if code:
        return text
    shorter = _strip(_SAYING, _strip(_VOCATIVE, _strip(_OPENING, _without_emoji(text))))
    return _capital(shorter if len(shorter) >= 12 else text)


def heading(text: str, *, speaker: str = "", limit: int = TITLE_MAX) -> str:
    """A short heading of what a sentence is about; empty for one that gives none.

    A question stays one, whole, or gives none; so does a list that the sentence announces.
    """
    code = text.startswith("`")
    text = _without_emoji(tidy(text))
    for pattern in (_OPENING, _VOCATIVE, _OPENING):
        text = _shorter(pattern, text)
    text = without_label(text)
    if _ASIDE.match(text):
        text = _capital(_shorter(_ASIDE, text))
    wish = _shorter(_ASKING, text)
    if text.rstrip(_QUOTES)[-1:] in _ASKS and (wish is text or _INTERROGATIVE.match(wish)):
        text = text.rstrip(_QUOTES) if text[:1] not in _QUOTES else text
        return _capital(text) if len(text) <= limit else ""
    text = _shorter(_SAYING, wish)
    if "lease" in text or "itte" in text or "favor" in text:
        text = _PLEASE.sub("", text)
    text = _third_person(text, speaker) if speaker else _shorter(_ME, text)
    if len(text) > limit:
        text = before_list(_BRACKETS.sub("", text) if "(" in text else text, limit)
        text = text if speaker else _shorter(_ME, text)
    text = shorten(text, limit)
    return text if code else _capital(text)


def _without_emoji(text: str) -> str:
    return _shorter(_EMOJI, text) if text[:1] > "\u2000" else text


def _shorter(pattern: re.Pattern[str], text: str) -> str:
    shorter = _strip(pattern, text)
    return shorter if len(shorter) >= 8 else text


def requests(text: str) -> bool:
    """Whether a sentence is put as a wish: `can you`, `please`, `we need to`, `add`."""
    text = tidy(text)
    for pattern in (_OPENING, _VOCATIVE, _OPENING):
        text = _strip(pattern, text)
    return _ASKING.match(text) is not None or text.split(" ", 1)[0].lower() in HEADING_VERBS


def cut_at_word(text: str, limit: int = TITLE_MAX) -> str:
    """At most *limit* characters of a line that is no sentence, such as a command."""
    if len(text) <= limit:
        return text.rstrip(". ")
    space = text.rfind(" ", limit // 2, limit + 1)
    return text[: space if space > 0 else settle(text, 0, limit)[1]].rstrip(_CLOSING)


def shorten(text: str, limit: int = TITLE_MAX) -> str:
    """Cut to at most *limit* characters: at a clause, or else where no phrase is left hanging."""
    size = len(text)
    strong = _STRONG_CLAUSE.search(text, 18)
    if strong is not None:
        text = text[: strong.start()]
    if len(text) > limit:
        cut = 0
        for clause in _CLAUSE.finditer(text, 0, limit + 2):
            if min(18, limit // 2) <= clause.start() <= limit:
                cut = clause.start()
        text = text[:cut] if cut >= limit // 3 else _cut_at_phrase(text, limit)
    cut_short = len(text) < size
    tail = text[len(text.rstrip(_CLOSING)) :]
    text = text.strip(_CLOSING)
    if tail and tail[0] in "\"'" and text.count(tail[0]) % 2:
        return text + tail[0]
    for opening, closing in ("„“", "„”", "“”", "«»", "「」"):
        if tail.startswith(closing) and text.count(opening) > text.count(closing):
            return text + closing
    text = _without_loose_end(text, cut=cut_short)
    if text.count("(") > text.count(")"):
        text = text[: text.rindex("(")].rstrip(_CLOSING)
    return text


def _cut_at_phrase(text: str, limit: int) -> str:
    """The words that fit, less a phrase that only began: `to showcase local`."""
    space = text.rfind(" ", 1, limit + 1)
    if space <= 0:
        return text[: settle(text, 0, limit)[1]]
    words = text[:space].split(" ")
    for at in range(len(words) - 1, max(len(words) - 4, 3), -1):
        if words[at].lower() in TRAILING_WORDS:
            return " ".join(words[:at])
    return text[:space]


def _without_loose_end(text: str, *, cut: bool) -> str:
    """Without the words that no heading ends on, and without `yesterday`, which is soon untrue."""
    if cut:
        text = _without_trailing_words(text)
    relative = _RELATIVE_END.search(text)
    if relative is not None and relative.start() >= 18:
        text = _without_trailing_words(text[: relative.start()].rstrip(_CLOSING))
    return text


def _without_trailing_words(text: str) -> str:
    while True:
        head, _, tail = text.rpartition(" ")
        if not head or tail.lower().strip(_CLOSING) not in TRAILING_WORDS or len(head) < 8:
            return text
        text = head.rstrip(_CLOSING)


_STRONG_CLAUSE = re.compile(r"\s[–—-]\s|\s*[—;]\s|(?<=\w\w\w\w)\.\s+(?=\S)|[!?…]\s+(?=\S)|[。！？；]")
_RELATIVE_END = re.compile(
    r"\s(?:(?:until|till|since) then|yesterday|today|tomorrow|tonight|right now|(?:last|this|next|the other) (?:\w+)|"
    r"(?:about |around |over )?(?:\w+ ){1,2}(?:days?|weeks?|months?|years?) ago|(?:\w+ )?weekends? ago)$",
    re.I,
)


def _strip(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return text[found.end() :] if found else text


def _third_person(text: str, speaker: str) -> str:
    """`I went to Oslo` said by Ana is `Ana went to Oslo`; what does not turn so easily stays."""
    for pattern, instead in _CONTRACTED:
        found = pattern.match(text)
        if found:
            verb, rest = instead, text[found.end() :]
            break
    else:
        found = _PERSON.match(text)
        if found is None or text.startswith("We"):
            return text
        present = _PRESENT.match(text, found.end())
        if present is not None:
            verb, rest = f"{present[1]}s ", text[present.end() :]
        elif _PAST.match(text, found.end()) is not None:
            verb, rest = "", text[found.end() :]
        else:
            return text
        if rest.startswith("were "):
            return text
    for pattern, other in _MINE:
        rest = pattern.sub(other, rest)
    return f"{speaker} {verb}{rest}"


def _capital(text: str) -> str:
    """The first letter raised, unless the word is an identifier."""
    if not text or not text[0].islower():
        return text
    word = text.split(None, 1)[0].rstrip(_CLOSING)
    if not word.replace("'", "").replace("-", "").replace("’", "").isalpha() or word != word.lower():
        return text
    raised = text[0].upper()
    return raised + text[1:] if len(raised) == 1 else text
