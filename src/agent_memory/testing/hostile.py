"""Strings that break what was not made for any string: as queries, as texts, as names."""

from __future__ import annotations

CHARACTERS = 100_000

_ROWS = range(0, 0x110000, 16)
_PIECE = 8_000

_SYNTAX = [
    "a:b AND (",
    "*",
    '"unclosed',
    "^2",
    "[a TO b]",
    "{a TO *}",
    "a AND OR NOT",
    '+-&&||!(){}[]^"~*?:\\/',
    'title:"x y"~3',
    "/(a|b)*/",
    "(a+)+$",
    "(?P<",
    ".*.*.*=",
    "\\",
    '""',
    "`",
    "“ ”",
    "';--",
    "%s %n {0} {{",
]
_UNITS = [
    # Letters, signs, what looks like code, addresses, paths.
    *["a", "A", "é", "aB", "ABc", "a_b", "x ", "word ", "Ab ", "John's "],
    *['"', "(", ")", "[", "'", "-", "_", "/", ".", ",", ":", ";", "?", "#", "@", "%", "<", "|", "?! ", "a? ", "... "],
    *["a.b.c/", "f()", "a.b()", "0x1f", "-f --flag ", "http://a.b/c ", "git@a:b ", "@a", "#1 ", "E0308 ", "HTTP 404 "],
    # Numbers and times.
    *["0", "9", "1-2", "2024-01-", "01/02/", "12:30 ", "1.2.3.", "1st 2nd ", "q1 2024 ", "January 1 2024 "],
    *["last week ", "in March ", "monday ", "3 days ago ", "before the ", "the week before the ", "first last "],
    *["between 2024-01-01 and ", "from June to ", "half past ", "a hundred ", "one two three ", "next next "],
    *['"a b" ', "`a` ", "did i ", "we decided to ", "who what when "],
    # White space and control characters.
    *[" ", "\n", "\r\n", "\t", "\0", "a\0", "\x1b[2J", "\u2028", "\u3000", "\ufeff"],
    # Scripts: from the right, without spaces, composed, with forms that unfold to many characters.
    *["שלום ", "مرحبا", "\u202eabc", "\u200f", "日", "日本", "한국 ", "กข", "\u0e33", "\U00020000", "\u1100\u1161"],
    *["e\u0301", "\u0301", "\u0345", "\u0f77", "\ufdfa", "\ufb01", "ß", "\u0130", "\u0390", "\u0958"],
    *["\U0001f44d", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f1e6"],
    # Lone surrogates.
    *["\ud800", "\udfff\ud800", "a\udc00 "],
]


def filled(unit: str, characters: int = CHARACTERS) -> str:
    """So many characters of nothing else."""
    return (unit * (characters // len(unit) + 1))[:characters]


def hostile_strings() -> dict[str, str]:
    """Each under what it is: up to `CHARACTERS` characters of one thing, syntax, and every block of Unicode.

    Blocks begin and end at multiples of 16, so the first, the middle and the last of every sixteen
    characters hold those of every block.
    """
    found = {f"syntax {text!r}": text for text in _SYNTAX}
    found |= {f"much {unit!r}": filled(unit) for unit in (*_SYNTAX, *_UNITS)}
    for name, offset in (("first", 0), ("middle", 8), ("last", 15)):
        characters = "".join(chr(row + offset) for row in _ROWS)
        found[f"blocks {name}"] = characters
        # A query is read up to some length; in pieces, all of it is.
        for start in range(0, len(characters), _PIECE):
            found[f"blocks {name} from {start * 16:#x}"] = characters[start : start + _PIECE]
    found["many spans"] = " ".join(f"on {day} January {year}," for year in range(1990, 2024) for day in range(1, 29))
    found["many words"] = " ".join(f"word{number}" for number in range(9_000))
    found["many phrases"] = " ".join(f'"the {number} cache"' for number in range(5_000))
    return found
