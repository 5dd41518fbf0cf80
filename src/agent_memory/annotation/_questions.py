"""Questions: whether a text asks one, and which types a query asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from agent_memory.annotation.model import MemoryType

_SENTENCE_MAX = 600
_QUERY_MAX = 2_000

# A mark before a space or the end: not `?page=2`, not `a?.b`.
_MARK = re.compile(r"[?？؟]+(?=[\s\"')*\]_`!]|$|[^\x00-\x7f])")
_AROUND = " \t*_\"'`>-#•()“”"

# Of these nobody waits for an answer.
_RHETORICAL = re.compile(
    r"(?:(?:so|and|but|well|oh|hey|hi|yeah|yes|no|ok|okay|wow|guess what),? )*"
    r"(?:right|really|why not|who knows|who cares|seriously|sounds? good|(?:does (?:that|this) )?makes? sense"
    r"|(?:does|did) (?:that|this) help|(?:do )?you know(?: what i mean)?|know what i mean|get it|you see|guess what"
    r"|how(?: are|'re) (?:you|things)(?: \w+){0,2}|how(?:'s| is) it going|how(?:'ve| have) you been|what(?:'s"
    r"| is) (?:up|new)"
    r"|(?:how|what) about you|and you|anything else|any (?:other )?questions|isn't it|aren't they|don't you think"
    r"|is(?:n't)? that so|how cool is that|can you believe (?:it|that)|what could go wrong|is that ok(?:ay)?"
    r"|are you there)"
    r"(?:,? \w+)?"
)

# So people ask who save themselves the mark.
_UNMARKED = re.compile(
    r"(?:(?:so|and|but|ok|okay|hey|hi|btw|also)[, ]+)?(?:"
    r"how (?:do|does|did|can|could|should|would|is|are|was|many|much|long|often|far) (?!you(?:'re| are) )\w+"
    r"|(?:what|which|where|who|when|why) (?:is|are|was|were|do|does|did|can|could|should|would|will|has|have)(?:n't)?"
    r" (?!why\b|when\b)\w+"
    r"|(?:what|which) (?:kind|sort|type|version|command|file|time|one|option|branch) \w+"
    r"|(?:can|could|would|will) (?:you|someone|anyone) (?:tell|explain|remind)\b"
    r"|(?:do|did|does) (?:you|we|anyone|i) (?:know|remember|have)\b|(?:is|are) there (?:an?|any)\b"
    r"|(?:i wonder|i was wondering|i'm wondering) (?:if|whether|how|why|what|when|where|who|which)\b)"
)
_FIRST = re.compile(
    r"(?:how|what|which|where|who|when|why|can|could|would|will|do|does|did|is|are|i|i'm|so|and|but|ok|okay|hey|hi|btw"
    r"|also)[, ]"
)


def asks(said: str, sentences: Sequence[str], *, freely: bool) -> bool:
    """Whether the text, in lower case, asks something; *freely*: also without a question mark."""
    marked = "?" in said or "？" in said or "؟" in said
    if not marked and not freely:
        return False
    for sentence in sentences:
        if marked and ("?" in sentence or "？" in sentence or "؟" in sentence):
            mark = _MARK.search(sentence, 0, _SENTENCE_MAX)
            if mark is not None and _is_question(sentence[: mark.start()]):
                return True
        elif freely and _FIRST.match(sentence):
            asked = sentence[:_SENTENCE_MAX].strip()
            if asked[-1:] not in ".:!,;" and _UNMARKED.match(asked):
                return True
    return False


def _is_question(asked: str) -> bool:
    asked = asked.strip(_AROUND)
    if asked.isascii() and " " not in asked:
        # One word with a mark is an echo, or a hole in a text.
        return False
    return _RHETORICAL.fullmatch(asked) is None


# -- what a query asks for --------------------------------------------------------------------------

_ASKED_FOR: dict[MemoryType, str] = {
    MemoryType.DECISION: r"decid\w*|decisions?\b|chose\b|chosen\b|choices?\b|choosing\b|settled? on|agreed?"
    r" (?:on|to|upon|that|about)\b|opted\b|picked\b|(?:go|went|going) with\b|conclusions?\b|rejected\b|ruled out\b"
    r"|why (?:did|do|are|were|didn't|don't|aren't) (?:we|i|you|they|the team)\b|instead of\b|rather than\b",
    MemoryType.PREFERENCE: r"prefer\w*|favou?rites?\b|(?:do|does|did|would) (?:\w+ ){1,3}(?:like|love|enjoy|hate"
    r"|dislike)"
    r"\b(?! to (?:be|happen|know))|(?:likes|loves|enjoys|hates|dislikes|fond of|fan of|keen on)\b"
    r"|rather (?:have|use|do)\b|(?:coding|code|writing) style\b",
    MemoryType.PROCEDURE: r"how (?:do|does|can|could|should|would|must) (?:i|we|you|one|somebody|someone)"
    r" (?!feel\b|know\b|think\b|like\b|look\b|see\b)|how to\b|steps?\b|procedures?\b|instructions?\b|recipes?\b"
    r"|(?:which|what) commands?\b|commands? (?:to|for|that)\b|(?:the|a|best|right) way to\b|process (?:for|of|to)\b"
    r"|workflow\b|walk me through\b",
    MemoryType.CONSTRAINT: r"(?:the|a|any|what|which|\w+'s) (?:\w+ ){0,2}limits?\b|limits? (?:of|on|for)\b"
    r"|limitations?\b"
    r"|maximum\b|minimum\b|at most\b|at least\b|deadlines?\b|due (?:date|by)\b|when is (?:\w+ ){1,4}due\b|must\b"
    r"|require[ds]?\b|requirements?\b|(?:not )?allowed\b|forbidden\b|permitted\b|constraints?\b|restrictions?\b"
    r"|rules?\b"
    r"|polic(?:y|ies)\b|budget\b|mandatory\b"
    r"|how (?:many|much|long|large|big|small|fast|late|early) (?:\w+ ){0,3}(?:can|may|must|should|allowed)\b",
    MemoryType.DEFINITION: r"what (?:does|do|did|is|are) [^?]{1,80}?\b(?:means?|meant by|stands? for|refers? to"
    r"|called)\b"
    r"|(?:definitions?|meaning) (?:of|for)\b|define[sd]?\b|stands? for\b|explain (?:the term|what)\b"
    r"|what(?:'s| is| are) (?:an? [\w-]+(?: [\w-]+)?|[\w.-]+) ?(?:\?|$)",
    MemoryType.QUESTION: r"(?:open|unanswered|which|what|my|the|their|his|her) questions?\b|questions? (?:about|did"
    r"|was|were"
    r"|on)\b|(?:did|have|has|had) (?:\w+ ){1,3}ask(?:ed)?\b|asked (?:about|for|whether|if|me|you|us|how|what|why"
    r"|when)\b",
    MemoryType.ERROR: r"errors?\b|exceptions?\b|tracebacks?\b|stack ?traces?\b|fail(?:s|ed|ing|ure|ures)?\b"
    r"|crash(?:es|ed|ing)?\b|exit (?:code|status)\b|(?:went|go|gone|goes|is|was|going) wrong\b|broken?\b|segfault\w*"
    r"|panic(?:s|ked)?\b|timed out\b|time-?outs?\b|bugs?\b|[a-z]\w{1,60}(?:error|exception)\b",
    MemoryType.OBSERVATION: r"what (?:did|have|had) (?:\w+ ){1,3}(?:find|found|notice|noticed|measured?|learn"
    r"|learned|learnt"
    r"|observed?|discover|discovered|see|seen|conclude)\b|causes?\b|caused\b|culprit\b|findings?\b|measured?\b"
    r"|measurements?\b|results? (?:of|from|did|were|was)\b|turn(?:ed|s)? out\b|discover(?:ed|y)\b|noticed\b"
    r"|how (?:fast|slow|much (?:faster|slower))\b|benchmarks?\b|bottleneck\b"
    r"|why (?:is|are|was|were|does) (?!we\b|i\b|you\b|they\b)",
}


@cache
def _asked_for() -> tuple[tuple[MemoryType, re.Pattern[str]], ...]:
    return tuple((type, re.compile(rf"\b(?:{pattern})")) for type, pattern in _ASKED_FOR.items())


def asks_for(query: str) -> frozenset[MemoryType]:
    """Which types a query asks for."""
    asked = query[:_QUERY_MAX].lower().replace("’", "'")
    return frozenset(type for type, pattern in _asked_for() if pattern.search(asked))
