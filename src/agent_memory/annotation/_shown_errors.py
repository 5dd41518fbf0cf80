"""What an error looks like in the output of a program: exceptions, exit codes, failed tests.

A word of trouble is found first; then what stands around it on its line has to be of a form in
which programs tell of trouble. That a source file or a manual has the word is no error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import msgspec

_HINTS_MAX = 48
_BEFORE_MAX, _AFTER_MAX = 160, 240

_HINTS = (
    "error",
    "exception",
    "traceback",
    "fail",
    "fatal",
    "panic",
    "denied",
    "not found",
    "no such file",
    "cannot find",
    "could not",
    "refused",
    "timed out",
    "exit",
    "core dumped",
    "segmentation fault",
    "err!",
    "out of memory",
)

# At the start of a line: margins, the time, a level or a name in brackets, a quoting of pytest.
_MARGIN = r"[\s>|*#`+!-]{0,20}(?:E {2,}|\d{4}-\d\d-\d\d[T \d:.,+Z-]{0,30}|\[[^\]\n]{1,40}\] ?){0,3}"
_WHERE = r"(?:[\w./\\+-]{1,120}(?::\d{1,6}|\(\d{1,6}(?:,\d{1,6})?\)){0,3}: ?(?:- )?)?"
_THROWN = (
    r"(?:[Cc]aused by: |[Uu]ncaught |[Uu]nhandled (?:\w+ )?(?:[Rr]ejection:? |[Ee]xception:? )?"
    r"|Exception in thread \S{1,40} )?"
)
_MODULE = r"(?:[A-Za-z_$][\w$]{0,60}(?:\.|::)){0,8}"


class _Sign(msgspec.Struct, frozen=True):
    """What must stand around a word of trouble; None: anything may.

    ``ends`` is what `before` ends with in lower case: most places are passed over by that.
    """

    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    ends: str


def _sign(before: str | None, after: str | None, *, ends: str = "") -> _Sign:
    return _Sign(re.compile(before) if before else None, re.compile(after) if after else None, ends)


@cache
def _signs() -> dict[str, tuple[_Sign, ...]]:
    """By the word of trouble, in any case, the forms that it has in reports of trouble."""
    # `ValueError: x`, `java.lang.IllegalStateException: x`, `KeyError` alone with its module.
    named = _sign(rf"{_MARGIN}{_THROWN}{_MODULE}[A-Z][\w$]{{0,60}}", r":(?: +\S| *$)|Group: ")
    dotted = _sign(rf"{_MARGIN}{_THROWN}(?:[a-z_][\w$]{{0,60}}\.){{1,8}}[A-Z][\w$]{{0,60}}", r"$")
    # `error: x`, `src/a.c:3:5: fatal error: x`, `error[E0382]: x`, `src/a.ts(3,5): error TS2304: x`.
    # What looks like a field of some data is none.
    plain = _sign(
        rf"{_MARGIN}{_WHERE}(?:(?i:fatal|internal|syntax|type|compile|compiler|linker|runtime|unexpected|critical"
        rf"|sql) )?",
        r"(?:\[\w{1,40}\]|\(\w{1,40}\)| [A-Z]{0,6}\d{1,6})?:"
        r" ?(?![\"'{\[(\s]|(?:null|none|str|string|bool|boolean|true|false|undefined|any|number|Error)\b"
        r"|[\w.]+[,;]?$)\S",
    )
    level = _sign(rf"{_MARGIN}\[?", r"(?:\]:?|:)? +[^\s=]|\] *\S")
    count = _sign(
        r".*(?:^|[^\w.])[1-9]\d{0,5} (?:tests? |specs? |checks? |examples? |files? )?",
        r"(?:ed|ing|ures?|s)?\b(?! (?:fixed|handled|handling|paths?|codes?|types?|classes|messages?))",
        ends=" ",
    )
    tally = _sign(None, r"(?:s|ures|ed)\"?[:=] ?[1-9]")
    failed = _sign(rf"{_MARGIN}(?:--- |BUILD |test result: )?", r"(?:ED(?=[:.]| [^=]|$)|URE:|:|\t| +\S*[./])|\b: ")
    return {
        "error": (
            named,
            dotted,
            plain,
            _sign(r".*\"(?:level|severity)\": ?\"", r"\"", ends='"'),
            _sign(r".*\b500 internal server ", None, ends=" internal server "),
            _sign(r"make(?:\[\d+\])?: \*\*\* .*", r" \d+$"),
            _sign(rf"{_MARGIN}{_MODULE}", r"s\.[A-Z]\w{1,60}: \S"),
            count,
            tally,
        ),
        "ERROR": (level,),
        "exception": (named, dotted),
        "traceback": (_sign(None, r" \(most recent call last\)"),),
        "fatal": (_sign(rf"{_MARGIN}", r": \S"), level),
        "fail": (count, tally, _sign(r".*\btest result: ", "ed", ends=" result: ")),
        "FAIL": (failed,),
        "panic": (_sign(rf"{_MARGIN}", r": \S"), _sign(r".*\bthread '[^'\n]{1,80}' ", "ked at", ends="' ")),
        "denied": (
            _sign(r".*: permission ", None, ends=": permission "),
            _sign(r".*permission ", r" \(", ends="permission "),
            _sign(r".*\baccess ", None, ends="access "),
        ),
        "not found": (
            _sign(r".*: command ", None, ends=": command "),
            _sign(r".*\bcommand ", ": ", ends="command "),
            _sign(r".*\b404 ", None, ends="404 "),
        ),
        "no such file": (_sign(None, " or directory"),),
        "cannot find": (_sign(None, r" (?:module|package|symbol|name|type|crate)\b"),),
        "could not": (_sign(rf"{_MARGIN}{_WHERE}", r" (?:resolve|find|connect|compile|open|read|write|load)\b"),),
        "refused": (_sign(r".*\bconnection ", None, ends="connection "),),
        "timed out": (_sign(None, r" (?:after|waiting|while)\b"),),
        "exit": (
            _sign(
                r".*(?:^|[\W_]|non-zero )",
                r"(?:ed)?(?: with)?(?: exit)?[ _-]?(?:status|code)?\"?(?:[:=] ?| )(?:of )?[1-9]\d{0,2}\b"
                r"(?!\.\d|-\w| ?[a-z])| status [1-9]",
            ),
        ),
        "core dumped": (_sign(None, None),),
        "segmentation fault": (_sign(None, None),),
        "err!": (_sign(r".*\bnpm ", None, ends="npm "),),
        "out of memory": (_sign(rf"{_MARGIN}{_WHERE}(?:[\w ]{{1,40}}: )?", None),),
    }


# The line numbers of a listing: what follows is a source file, and tells what could go wrong.
_LISTED = re.compile(r"\s{0,12}\d{1,6}(?:→|\t|:? *\| |: {2,})")
# Code that raises, catches or tells of errors is not in trouble.
_CODE = re.compile(
    r"\s*(?:[\w./-]{1,200}:\d{1,6}[:-]\s*)?(?:(?:raise|throws?|return|if|elif|else|except|catch|try|def|class|fn"
    r"|func|function"
    r"|assert|import|from|let|const|var|for|while|async|await|pub|public|private|static|export|case|match|rescue|type"
    r"|enum|struct|//|#|/?\*|\"\"\"|:[a-z]+:)(?!\w)|(?:log\w*|console|print)[.(])"
)
_CODE_ENDS = (";", "{", "(", ",", "=>", "\\")


def shows_error(text: str, lowered: str) -> bool:
    """Whether a program that wrote *text* tells that something went wrong; *lowered* is the same in lower case."""
    if not any(map(lowered.__contains__, _HINTS)):
        return False
    signs = _signs()
    if len(lowered) != len(text):
        # A letter that is two in lower case: places would not agree.
        text = lowered
    for _, hint in zip(range(_HINTS_MAX), _hint().finditer(lowered), strict=False):
        first, last = hint.span()
        known = signs[hint.group()] + signs.get(text[first:last], ())
        start = max(lowered.rfind("\n", 0, first) + 1, first - _BEFORE_MAX)
        end = lowered.find("\n", last, last + _AFTER_MAX)
        end = min(last + _AFTER_MAX, len(text)) if end < 0 else end
        if _any_fits(known, text, lowered, (start, first, last, end)):
            line = text[start:end].rstrip()
            if not (_LISTED.match(line) or _CODE.match(line) or line.endswith(_CODE_ENDS)):
                return True
    return False


def _any_fits(signs: Sequence[_Sign], text: str, lowered: str, places: tuple[int, int, int, int]) -> bool:
    start, first, last, end = places
    for sign in signs:
        if sign.ends and not lowered.endswith(sign.ends, start, first):
            continue
        if sign.after is not None and sign.after.match(text, last, end) is None:
            continue
        before = sign.before
        if before is None or before.fullmatch(text, start, first) or before.fullmatch(lowered, start, first):
            return True
    return False


@cache
def _hint() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _HINTS)))
