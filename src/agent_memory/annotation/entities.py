"""Who and what an event is about: people, projects, files, identifiers, URLs, issues.

Read by form alone, the same for every event and every store: no list of given names, nothing
learned. So a proper name of any sort, a town or a product, is a `PERSON` here; and in a language
that writes its nouns with capitals those nouns are, too. Being frequent, they weigh little.

A name at the start of a sentence is not told from any other word there, and not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter

from agent_memory.annotation._tokens import NAME_MAX, Found, Rank, is_file_name, named, read_token
from agent_memory.annotation.model import Entity, EntityType
from agent_memory.events import Event, Kind, Role

READER = "entities-1"
"""Names the way of reading; part of the fingerprint of the view."""

ENTITIES_MAX = 64
"""How many entities an event has at most; the most distinctive are kept."""

CANDIDATES_MAX = 96
"""How many entities a query may be asking for."""

_HEAD_CHARACTERS = 24_576
_TAIL_CHARACTERS = 8_192
_RUN_WORDS_MAX = 4
_URL_MAX = 1_024
_QUERY_WORDS_MAX = 24

# -- tokens ---------------------------------------------------------------------------------

_DELIMITERS = str.maketrans(
    dict.fromkeys("\"'`,;<>()[]{}|=*!?\u2018\u2019\u201c\u201d\u00ab\u00bb\u2192\u2014\u2026\x00", " ")
)
# Scripts that put no spaces between words, and their punctuation.
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65]+"
)
_CALL = re.compile(r"(?<![\w.])[^\W\d]\w*+(?:\.[^\W\d]\w*+)*+(?=\(\))")
_HTTP_STATUS = re.compile(r"\bHTTP(?:/\d(?:\.\d)?)?[ -](?:status |error |code )?([45]\d\d)\b", re.ASCII)
_SQLSTATE = re.compile(r"\bSQLSTATE\W{1,3}([0-9A-Z]{5})\b", re.ASCII)
_URL = re.compile(
    r"""(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{1,15})://([^\s<>"'`{}|\\^\[\]\u3000-\u303f\uff00-\uff0f]+)"""
    r"|\bgit@([\w.-]{1,100}):([\w./-]{1,100})"
)
_HOSTED = re.compile(
    r"(?:github|gitlab|bitbucket|codeberg)\.(?:com|org)/(?P<repo>[\w-]{1,60}/[\w.-]{1,100}?)(?:\.git)?"
    r"(?:/(?:-/)?(?:issues|pull|pulls|merge_requests)/(?P<number>\d{1,7})\b.*|/.*)?",
    re.ASCII,
)
_DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.)+(?:com|org|net|edu|gov|io|dev)", re.ASCII | re.IGNORECASE)
_MENTION = re.compile(
    r"(?<![\w@./:-])@([^\W\d_][\w-]{0,38})(?![\w@/(]|\.\w|[ \t]*\n\s*(?:@|def |class |async |public |private |export ))"
)

# -- names ----------------------------------------------------------------------------------

_FENCED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]++`|^#{1,6} .*$", re.DOTALL | re.MULTILINE)
_UPPER = "A-Z\u00c0-\u00de\u0100-\u024f\u0370-\u03ff\u0400-\u052f\u0531-\u0556\u10a0-\u10ff\u1e00-\u1fff"
# The first letter of a name, looked at from behind it: within a sentence, after a word or a comma, or
# after the title of a person. So the search goes from capital to capital.
_FIRST_ASCII = r"[A-Z](?:(?<=[\w,&)] [A-Z])|(?<=\b[MDS][rst]\. [A-Z])|(?<=\bMrs\. [A-Z])|(?<=\bProf\. [A-Z]))"
_FIRST_WIDE = _FIRST_ASCII.replace("A-Z", _UPPER)
_REST_ASCII = r"(?:'[A-Z])?+[a-z]++(?:['-][A-Z]?[a-z]++)*+"
_REST_WIDE = rf"(?:['\u2019][{_UPPER}])?+[^\W\d_A-Z]++(?:['\u2019-][{_UPPER}]?[^\W\d_A-Z]++)*+"
_RUN_ASCII = re.compile(rf"{_FIRST_ASCII}{_REST_ASCII}(?: [A-Z]{_REST_ASCII})*+(?![\w@/\\.]\w)")
_RUN_WIDE = re.compile(rf"{_FIRST_WIDE}{_REST_WIDE}(?: [{_UPPER}]{_REST_WIDE})*+(?![\w@/\\.]\w)")
_WORDS = re.compile(r"[^\W_]++(?:['\u2019-][^\W_]++)*+")
# The calendar's own names are read as times, and titles are nobody's names.
_NO_NAMES_WORDS = """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat january
    february march april may june july august september october november december feb apr jun jul aug sep sept oct
    nov dec mr mrs ms dr prof sr jr
"""
_NO_NAMES = frozenset(_NO_NAMES_WORDS.split())
# Words that were read and name nothing, as most do: a set is asked faster than they are read again.
_PLAIN: set[str] = set()
_PLAIN_MAX = 50_000
_TOLD_BY = frozenset({Role.USER, Role.ASSISTANT})


def entities_of(event: Event) -> tuple[Entity, ...]:
    """What the event mentions, is said by and belongs to: at most `ENTITIES_MAX`, the most distinctive first.

    Of a very long text head and tail are read. Names are read in what people and assistants
    say, not in what tools are given and print.
    """
    given = _given(event.speaker, event.project)
    text = event.text
    if not text:
        return given
    if len(text) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        text = f"{text[:_HEAD_CHARACTERS]}\n{text[-_TAIL_CHARACTERS:]}"
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    told = event.role in _TOLD_BY and event.kind is not Kind.TOOL_CALL
    found = _read(text)
    if told:
        found += _names(text)
    if not found:
        return given
    entities = _in_order(found)
    # Speaker and project are few, and always among them.
    return tuple(dict.fromkeys([*entities[: ENTITIES_MAX - len(given)], *given]))


def entities_in_query(query: str) -> tuple[Entity, ...]:
    """What the query may be naming: at most `CANDIDATES_MAX`, the most distinctive first.

    Whether there is such an entity only a view can tell. Names need no capitals here: each word,
    and each two in a row, may be one.
    """
    query = unicodedata.normalize("NFC", query[:_HEAD_CHARACTERS])
    found = _read(query)
    for token in _tokens(query):
        found += _as_asked(token)
    words = [_bare(word) for word in _WORDS.findall(query)[:_QUERY_WORDS_MAX]]
    found += _found(Rank.NAMED, [(EntityType.PERSON, f"{first} {second}") for first, second in pairwise(words)])
    for word in words:
        if word.isdecimal():
            found += _found(Rank.SHARED, [(EntityType.ISSUE, f"#{word}")])
        elif len(word) > 2 or not word.islower():
            found += [(Rank.SHARED, entity) for entity in _of_a_word(word)]
    return tuple(_in_order(found)[:CANDIDATES_MAX])


_rank = itemgetter(0)
_OF_A_WORD = (EntityType.PERSON, EntityType.PROJECT, EntityType.IDENTIFIER, EntityType.FILE)


@lru_cache(maxsize=4_096)
def _of_a_word(word: str) -> tuple[Entity, ...]:
    """Whatever goes by a word alone."""
    person = named(EntityType.PERSON, word)
    return () if person is None else tuple(Entity(type, person.name) for type in _OF_A_WORD)


def _in_order(found: Iterable[Found]) -> list[Entity]:
    return list(dict.fromkeys([entity for _, entity in sorted(found, key=_rank)]))


def _found(rank: Rank, names: Iterable[tuple[EntityType, str]]) -> list[Found]:
    entities = [named(type, name) for type, name in names]
    return [(rank, entity) for entity in entities if entity is not None]


@lru_cache(maxsize=1024)
def _given(speaker: str, project: str) -> tuple[Entity, ...]:
    """What an event's own fields name."""
    found: list[Found] = []
    if speaker:
        words = speaker.split()
        found += _found(Rank.SHARED, [(EntityType.PERSON, " ".join(words))])
        if len(words) <= _RUN_WORDS_MAX:
            found += _found(Rank.SHARED, [(EntityType.PERSON, word) for word in words])
    if project:
        name = project.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
        found += _found(Rank.SHARED, [(EntityType.PROJECT, name.removesuffix(".git"))])
    return tuple(_in_order(found))


# -- what has structure ---------------------------------------------------------------------


def _read(text: str) -> list[Found]:
    """Everything but names, in the order of the text within each rank."""
    found: list[Found] = []
    if "://" in text or "git@" in text:
        text = _URL.sub(lambda match: _read_url(match, found), text)
    if "HTTP" in text:
        found += _found(Rank.EXACT, [(EntityType.IDENTIFIER, f"http {code}") for code in _HTTP_STATUS.findall(text)])
    if "SQLSTATE" in text:
        found += _found(Rank.EXACT, [(EntityType.IDENTIFIER, f"sqlstate {code}") for code in _SQLSTATE.findall(text)])
    if "@" in text:
        found += _found(Rank.NAMED, [(EntityType.PERSON, name) for name in _MENTION.findall(text)])
    if "()" in text:
        for name in _CALL.findall(text):
            found += _found(Rank.PLACED, [(EntityType.IDENTIFIER, name)])
            if "." in name:
                found += _found(Rank.NAMED, [(EntityType.IDENTIFIER, name.rpartition(".")[2])])
    for token in [token for token in _tokens(text) if token not in _PLAIN]:
        if len(token) > NAME_MAX:
            continue
        entities = read_token(token)
        if entities:
            found += entities
        elif len(_PLAIN) < _PLAIN_MAX:
            _PLAIN.add(token)
    return found


def _tokens(text: str) -> dict[str, None]:
    """The distinct tokens of a text, in its order."""
    if not text.isascii():
        text = _UNSPACED.sub(" ", text)
    return dict.fromkeys(text.replace("</", " ").translate(_DELIMITERS).split())


def _read_url(match: re.Match[str], found: list[Found]) -> str:
    scheme, address, host, path = match.groups()
    if host:
        address = f"{host}/{path}"
    elif scheme.lower() == "file":
        return " " + address + " "
    address = address[:_URL_MAX].partition("#")[0].rstrip(".,;:!?*_~")
    while address.endswith(")") and address.count("(") < address.count(")"):
        address = address[:-1]
    host, slash, rest = address.partition("/")
    # Whoever is named before the @ may be a secret.
    host = host.rpartition("@")[2].lower().removeprefix("www.").removesuffix(":80").removesuffix(":443")
    url = host + slash + rest
    if not host:
        return " "
    names = [(EntityType.URL, url[:NAME_MAX])]
    if (hosted := _HOSTED.fullmatch(url.rstrip("/"))) is not None:
        found += _found(Rank.PLACED, [(EntityType.PROJECT, hosted["repo"])])
        if hosted["number"]:
            names += [
                (EntityType.ISSUE, f"{hosted['repo']}#{hosted['number']}"),
                (EntityType.ISSUE, f"#{hosted['number']}"),
            ]
    found += _found(Rank.EXACT, names)
    found += _found(Rank.SHARED, [(EntityType.URL, host.partition(":")[0])])
    return " "


def _as_asked(token: str) -> list[Found]:
    """What else a token of a query may name than it would in a text."""
    token = token.strip(".,:;!?")
    if "/" in token:
        return _found(Rank.PLACED, [(EntityType.PROJECT, token), (EntityType.FILE, token), (EntityType.URL, token)])
    if "." in token:
        types = [EntityType.URL] if _DOMAIN.fullmatch(token) or not is_file_name(token) else []
        return _found(Rank.PLACED, [(type, token) for type in (*types, EntityType.FILE, EntityType.IDENTIFIER)])
    return []


# -- names ----------------------------------------------------------------------------------


def _names(text: str) -> list[Found]:
    """The proper names of prose: capitalised words within a sentence, alone or in a row."""
    if "`" in text or "#" in text:
        text = _FENCED.sub(". ", text)
    found: list[Found] = []
    for run in (_RUN_ASCII if text.isascii() else _RUN_WIDE).findall(text):
        words = [_bare(word) for word in run.split(" ")]
        # More of them in a row are a heading.
        if len(words) > _RUN_WORDS_MAX:
            continue
        words = [word for word in words if word.lower() not in _NO_NAMES and word[:1].isupper()]
        if len(words) > 1:
            found += _found(Rank.NAMED, [(EntityType.PERSON, " ".join(words))])
        found += _found(Rank.SHARED, [(EntityType.PERSON, word) for word in words])
    return found


def _bare(word: str) -> str:
    """Without the genitive."""
    return word[:-2] if word[-2:] in ("'s", "\u2019s") else word
