"""What stands before the colon: a label to leave out, a subject to keep, or a list's announcement."""

from __future__ import annotations

import re

from agent_memory.inference._cues import STOP_WORDS

_REST_MIN = 12
_HEAD_MAX = 60

_COLON = re.compile(r"(?<=[\w)\"'”’\]%]):\s+(?=\S)|：\s*(?=\S)")
# `Decision:`, `Root cause, export.py line 9:`, `One more decision so that nobody asks again:`.
_LABEL = re.compile(
    r"(?:(?:the|a|an|one|another|more|first|second|third|main|final|my|our|next|both|all|quick|short|best|likely|"
    r"noch|eine?)\s+){0,3}"
    r"(?:decisions?|decided|root cause|cause|reason|finding|found|found it|fixed|fix|proven|confirmed|results?|"
    r"conclusion|verdict|outcome|proposals?|suggestions?|ideas?|notes?|noted|written|rules?|reminders?|remember|todo|updates?|"
    r"status|"
    r"summary|tl;dr|in short|in sum|agreed|understood|done|questions?|one|story|fyi|ps|p\.s|edit|lesson|"
    r"lessons learned|plan|"
    r"entscheidung|beschlossen|ursache|gefunden|ergebnis|vorschlag|notiz|notiert|erledigt|hinweis|frage|fazit|"
    r"décision|trouvé|résultat|proposition|remarque|terminé|decisión|causa|encontrado|resultado|propuesta|nota|hecho|"
    r"decisione|trovato|risultato|besluit|oorzaak|gevonden|решение|причина|результат|"
    r"决定|決定|原因|结论|結論|提案|结果|結果|결정|원인|결과)"
    r"(?![\w-])",
    re.I,
)
_DECIDING = re.compile(
    r"(?:\w+ ){0,3}(?:decisions?|entscheidung|décision|decisión|decisione|besluit|решение|决定|決定|결정)\b", re.I
)
_RESULT = re.compile(
    r"(?:\w+ )?(?:root cause|cause|found|proven|confirmed|results?|conclusion|ursache|gefunden|ergebnis|trouvé|causa|"
    r"原因|结论|結論|원인)\b",
    re.I,
)
# `An hour later:`, `Today:`, `It is past midnight, so:`.
_WHEN = re.compile(
    r"(?:(?:an?|one|two|three|few|\d+|some)\s+(?:\w+\s+)?(?:minutes?|hours?|days?|weeks?|months?)\s+(?:later|ago|on)|"
    r"today|yesterday|tomorrow|now|meanwhile|later|heute|gestern|aujourd'hui|hoy)$|"
    r"(?:before|while|when|as|after|if|until|since) (?:i|we)(?:\b|')",
    re.I,
)
_PERSONAL = re.compile(r"\b(?:i|we|us|me|you|my)\b", re.I)
# What these count stands after the colon, and a part of it would be the wrong number of things.
_COUNTS = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|several|many|following|zwei|drei|vier|fünf|folgende|deux|trois|quatre|"
    r"dos|tres|cuatro|\d{1,2})\s+(?:[\w-]+\s+){0,2}?[^\W\d]+(?:s|en|e|r)\b(?!\.)",
    re.I,
)
_NUMBERS = {
    word: number
    for number, words in {2: "two zwei deux dos", 3: "three drei trois tres", 4: "four vier quatre cuatro"}.items()
    for word in words.split()
}
_ITEM = re.compile(r"\s*,\s+(?:and|or|und|et|y)?\s*|\s+(?:and|or|und|et|y)\s+|;\s+")


def decides(text: str) -> bool:
    """Whether a sentence is labelled as a decision: `Decision (10 December):`."""
    return ":" in text and _DECIDING.match(text) is not None and _COLON.search(text, 0, _HEAD_MAX + 2) is not None


_DECIDED = re.compile(
    r"\b(?:we|i)(?:'ve|’ve| have)?(?: now| finally| all)? (?:decided|agreed|settled) (?:to|on|that|against)\b|"
    r"\blet(?:'|’)s go with\b|\bfrom now on\b",
    re.I,
)
# One of these is in whatever the expression above finds.
_DECIDING_WORDS = ("decided", "agreed", "settled", "go with", "from now on")
_OPEN = re.compile(r"(?:open question|still open|unresolved|offene frage|noch offen)s?\b[^:]{0,30}:", re.I)
_UNSURE = re.compile(r"\b(?:if|whether|unless|until|had|would|should|could|when|did|why)\b", re.I)


def point_type(said: str) -> str:
    """`decision` or `question` (an open one) where the words leave no doubt; empty elsewhere.

    A question at the end may be answered in the next segment, so that only what is called open is.
    """
    if _OPEN.match(said.lstrip("*_ ")) is not None:
        return "question"
    if said.rstrip("\"'”’»)*_ ")[-1:] in ("?", "？", "؟"):
        return ""
    if decides(said):
        return "decision"
    low = said.lower()
    if not any(cue in low for cue in _DECIDING_WORDS):
        return ""
    found = _DECIDED.search(said)
    return "decision" if found is not None and _UNSURE.search(said, 0, found.start()) is None else ""


def announces(text: str) -> bool:
    """Whether a sentence is labelled as what was found or done: `Root cause, export.py line 9:`."""
    return ":" in text and _RESULT.match(text) is not None and _COLON.search(text, 0, _HEAD_MAX + 2) is not None


def without_label(text: str) -> str:
    """What follows a label or a mere time; the text itself where what precedes the colon says something."""
    if ":" not in text and "：" not in text:
        return text
    colon = _COLON.search(text, 0, _HEAD_MAX + 2)
    while colon is not None and len(text) - colon.end() >= _REST_MIN:
        head = text[: colon.start()]
        if _LABEL.match(head) is None and _WHEN.match(head) is None:
            break
        text = text[colon.end() :]
        colon = _COLON.search(text, 0, _HEAD_MAX + 2)
    return text


def before_list(text: str, limit: int) -> str:
    """A line with a colon, so that it fits: the list that it announces whole, or not at all.

    Empty where the announcement alone says nothing. A clause after `They wrote to us:` stands
    for itself.
    """
    if ":" not in text or len(text) <= limit:
        return text
    colon = _COLON.search(text)
    if colon is None:
        return text
    head, rest = text[: colon.start()], text[colon.end() :]
    counted = _COUNTS.search(head)
    if counted is not None:
        first = re.split(r"[:.;!?…](?:\s|$)", rest, maxsplit=1)[0]
        wanted = _NUMBERS.get(counted[1].lower(), 99)
        if len(head) + 2 + len(first) <= limit and len(_ITEM.split(first)) >= wanted:
            return f"{head}: {first}"
        return head if len(_content(head)) >= 2 else ""
    if len(head) <= 45 and _PERSONAL.search(head) is not None and len(rest.split()) >= 4:
        return rest[:1].upper() + rest[1:]
    return text


def _content(text: str) -> list[str]:
    return [
        word
        for word in re.findall(r"[^\W\d_][\w'’.-]*", text.lower())
        if word not in STOP_WORDS and _COUNTS.match(f"{word} things") is None
    ]
