"""Turns of phrase by which something is told: how it is done, what was found, what went wrong."""

from __future__ import annotations

from agent_memory.annotation._type_cues import CONSTRAINT, DECISION, DEFINITION, FENCED, PREFERENCE, Cues
from agent_memory.annotation.model import MemoryType

# What a how-to tells its reader to do. Verbs whose past reads the same (set, put, cut) tell stories too.
_DO_WORDS = (
    "add apply bake build call change check choose clear click clone close commit compile configure connect copy create"
    " define delete deploy disable download drain edit enable enter execute export extract fetch find generate import"
    " include install invoke launch load make merge mix mount move navigate open paste pour press pull push rebase"
    " rebuild register release reload remove rename replace restart restore rerun run save scroll select send source"
    " start stop stir switch tag test turn type unpack unzip update upgrade upload use verify wait watch write"
)
_DO = f"(?:{'|'.join(_DO_WORDS.split())})"

PROCEDURE = Cues(
    type=MemoryType.PROCEDURE,
    anywhere=(
        (
            "first",
            r"first,? (?:of all,? )?(?:you (?:need to |have to |should |must |can )?|we need to |make sure )?"
            rf"{_DO}\b.{{1,240}}?\bthen\b",
        ),
        ("here's_how here_is_how", r"here(?:'s| is) how (?!i\b|it\b|we\b|he\b|she\b|they\b)"),
        ("here's_the here_is_the", r"here(?:'s| is) the (?:procedure|process|workflow|recipe)\b"),
        ("is_how", r"this is how (?:you|to|we)\b"),
        ("steps", r"(?:these|following|next|are) steps(?::| (?:are|to|below)\b)|steps (?:to|for) [a-z]+|steps:"),
        (
            "procedure process workflow recipe routine",
            r"(?:the|our|my) (?:[\w-]+ ){0,2}(?:procedure|process|workflow|recipe|routine) (?:is|goes|for [a-z]+ing)\b",
        ),
        ("instructions directions", r"(?:instructions|directions) (?:for|to|on)\b"),
        (
            "by_running by_calling by_executing by_clicking by_typing by_setting by_opening by_pressing by_passing",
            r"you (?:can |could |need to |should |have to )?[a-z]+ (?:it |this |that |them )?by"
            r" (?:running|calling|executing|clicking|typing|setting|opening|pressing|passing)\b",
        ),
    ),
    starts=((FENCED, rf"(?:to [a-z]+|(?:just |simply )?run\b)[^.!?]{{0,80}}:\s*{FENCED}"),),
    openings=(
        (
            "to if in and so then",
            r"(?:and |so |then )?(?:if you (?:want|need"
            r"|wish) )?(?:in order )?to \w[^.!?]{1,100}?, (?:you (?:need to |have to"
            r" |should |must |can |just )?|we (?:need to |have to |just )?|just |simply |first |please )?"
            rf"{_DO}\b",
        ),
        (
            "before after whenever every each when",
            r"(?:before|after|whenever|every time|each time|when) [^.!?,]{3,80},"
            rf" (?:please |always |you (?:need to|have to|must|should) |first )?{_DO} (?!to\b)",
        ),
        (f"first first, {_DO_WORDS}", rf"(?:first,? )?{_DO} [^.!?]{{2,120}}?(?:,|;| and)? (?:and )?then {_DO}\b"),
        ("how", r"how to [a-z][^.!?]{0,60}:"),
    ),
    takes_back=r"\b(?:whether|you said|did you|why|i)\b",
)

# One line of a numbered list that tells what to do.
STEP = (
    r"^[ \t>*-]{0,20}(?:\d{1,2}[.)]|step \d{1,2}[:.)]?)[ \t]+[*_`\"]{0,3}"
    rf"(?:(?:first|then|next|finally),? )?{_DO}\b"
)

OBSERVATION = Cues(
    type=MemoryType.OBSERVATION,
    anywhere=(
        (
            "turns_out turned_out",
            r"turn(?:s|ed) out\b(?! (?:great|well|fine|nice|good|so|amazing|really|beautiful|perfect|ok|lovely"
            r"|for the))",
        ),
        (
            "noticed observed measured discovered realized realised confirmed figured_out verified_that reproduced"
            " confirm_that see_that",
            r"(?:i|we|he|she|they)(?:'ve)? (?:(?:have|had|also|just|then|can|could) ){0,2}(?:noticed|observed|measured"
            r"|discovered|reali[sz]ed|confirmed|figured out|verified that|reproduced|confirm that|see that)\b",
        ),
        (
            "found",
            r"(?:i|we)(?:'ve)? (?:(?:have|also|just|then) ){0,2}found (?:out\b|that\b|no\b|\d|(?:the|an?|two|three|one"
            r"|another) (?:[\w-]+ ){0,2}(?:bug|cause|problem|issue|culprit|reason|error|race|leak|regression|mismatch"
            r"|difference|bottleneck|duplicate|mistake)\b)",
        ),
        ("cause", r"(?:root|the|likely|actual|real|underlying|probable|main) cause\b"),
        ("caused_by due_to explained_by", r"(?:is|was|are|were) (?:[a-z]+ly )?(?:caused by|due to|explained by)\b"),
        (
            "reason culprit problem issue bug bottleneck explanation",
            r"(?:the|actual|real|main|root|only) (?:[\w-]+ )?(?:reason|culprit|problem|issue|bug|bottleneck"
            r"|explanation)"
            r"(?: here| there)? (?:is|was|turned out|lies|comes)\b",
        ),
        (
            "result results",
            r"(?:the|test|measured|final|search|benchmark|my|our) results?(?: of .{1,40}?)?"
            r" (?:is|was|are|were|shows?|showed|came)\b|results?:",
        ),
        (
            "shows show showed indicates suggests confirms proves explains",
            r"(?:this|that|which|it|data|output|logs?|trace|results?|numbers|tests?|measurements?|chart|benchmarks?)"
            r" (?:clearly |also )?(?:shows?|showed|indicates?|suggests?|confirms?|proves?|explains)"
            r" (?:that|the|an?|why|how|no|all)\b",
        ),
        ("measured", r"measured (?:at |as |to be )?(?:about |around |roughly |~ ?)?\d"),
        (
            "takes took needs uses used",
            r"(?:takes|took|needs|uses|used) (?:about |around |roughly |only |just |up to |~ ?)?\d[\d.,]* ?"
            r"(?:ms|milliseconds|seconds|s|µs|us|mb|gb|kb|mib|gib|%)(?![\w-])",
        ),
        (
            "faster slower smaller larger bigger better worse lower higher less more fewer",
            r"\d[\d.,]* ?(?:x|×|%|times|percent|ms|mb|kb)"
            r" (?:faster|slower|smaller|larger|bigger|better|worse|lower|higher|less|more|fewer)\b",
        ),
        ("tests", r"(?:all|\d+) (?:[a-z]+ )?tests (?:now |still )?pass(?:ed)?\b"),
        ("green", r"(?:build|pipeline|suite|ci) is (?:now |all )?green\b"),
        ("p50 p90 p95 p99", r"p(?:50|90|95|99)(?: latency)? (?:is|was|of|at|went|dropped|fell|rose|=|\d)"),
    ),
    takes_back=(
        r"\b(?:if|whether|unless|no one|nobody|should|would|might|check|until|once|make sure|what|to find|why)\b|n't\b"
    ),
)

# What is said of an error; `_shown_errors.py` knows what one looks like.
_BREAKS = r"(?:fail(?:s|ed|ing)?|crash(?:es|ed|ing)?|broke|broken|errored|hangs|timed out|times out)"
_NAMED = r"(?:[a-z]*(?:error|exception)|stack ?trace|traceback|segfault|panic)s?"
ERROR = Cues(
    type=MemoryType.ERROR,
    anywhere=(
        (
            "fail fails failed failing",
            r"fail(?:s|ed|ing)? (?:with|because|due|on line|at line|in ci|again|to (?:build|compile|start|load|connect"
            r"|parse|run|install|open|deploy|import|resolve|fetch|write|push|boot|launch|authenticate|bind|allocate"
            r"|execute|download|initiali[sz]e|mount|read))\b",
        ),
        (
            "fail fails failed failing crash crashes crashed crashing broke broken errored hangs timed_out times_out",
            r"(?:builds?|tests?|ci|jobs?|deploy(?:ment|s)?|migration|pipeline|suite|compilation|command|requests?"
            r"|upload|import|query|step|run|install(?:ation)?|backup|sync|script|checks?|server|app|service|daemon"
            r"|process|page) (?:(?:just|now|still|also|again|suddenly|always|sometimes|often|is|are|was|were|has|have"
            rf"|had|keeps?|kept|got|started|all) ){{0,3}}{_BREAKS}\b",
        ),
        (
            "error errors exception exceptions trace traceback segfault panic",
            r"(?:got|get|getting|gets|saw|seeing|sees?|throws?|threw|throwing|raises|raised|hits?|hitting|gives?|gave"
            r"|reports?|reported|fixed|fix|with|following|strange|weird|same) (?:me |us )?(?:[\w.'-]+ ){0,2}?"
            rf"{_NAMED}(?: message)?(?=[:.,!)]|$| [\"'`]| (?:when|in|on|at|from|about|is|was|says?|said|saying"
            rf"|because|again"
            r"|while|after|comes|came)\b)",
        ),
        (
            "error exception trace traceback segfault panic",
            rf"(?:the|this|an?|that|another|its) (?:[\w.'-]+ ){{0,2}}?{_NAMED}(?: message)?"
            r"(?=:(?: |$)| [\"'`]| (?:was|says?|said|comes|came|appear(?:s|ed)|occur(?:s|red)|happen(?:s|ed))\b)",
        ),
        (
            "crash crashes crashed crashing",
            r"crash(?:es|ed|ing)? (?:when|on|with|at|because|after|during|in|again|every)\b",
        ),
        (
            "compile build boot parse link type-check",
            r"(?:doesn't|does not|won't|didn't|did not|don't|will not) (?:even )?"
            r"(?:compile|build|boot|parse|link|type-?check)\b",
        ),
        (
            "400 401 403 404 405 408 409 410 413 415 422 429 500 501 502 503 504",
            r"(?:returns?|returned|answers?|answered|responds? with|got|get|getting|http|status|status code|error)"
            r" (?:(?:an?|http|with|status) ){0,3}[45]\d\d(?=[.,;:!)]|$| (?:when|if|on|for|from|errors?|instead|because"
            r"|and|bad|not|internal|forbidden|unauthorized|service|response|status)\b)",
        ),
        (
            "oom-killed segfault segfaults segfaulted deadlock deadlocks deadlocked",
            r"(?:oom-killed|segfault(?:s|ed)?|deadlock(?:s|ed)?)\b",
        ),
        ("of_memory", r"(?:ran |runs |running )out of memory\b"),
    ),
    takes_back=(
        r"\b(?:if|in case|unless|whenever|whether|should|would|could|might|may|must|can|will|never|no|without|avoid"
        r"|prevent|prevents|handle|handles|except|any|every)\b|'ll\b|\b(?:trial and|margin of|human|standard) "
        r"|\b(?:not|\w+n't) (?=.{0,20}\b(?:fail|crash|error|break|get|see))"
    ),
)

PROSE = (DECISION, PREFERENCE, PROCEDURE, CONSTRAINT, DEFINITION, OBSERVATION, ERROR)
