"""Secrets on a command line: behind a flag of one letter, or what is echoed into a command that asks for one.

`mysql -pX`, `curl -u user:X`, `ldapsearch -w X`, `echo X | docker login --password-stdin`; as a line, or as the
list of arguments in JSON. Long flags (`--password X`) are names, and `given` finds them.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import values
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import PLACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Span

_COMMAND_CHARACTERS_MAX = 400

# command → flag → how its value is written.
WORD, GLUED, PAIR, PERCENT, COMMA, THIRD, ECHOED, COOKIES = range(8)
_LOGIN = {"p": WORD}
_COMMANDS: dict[str, dict[str, int]] = {
    "curl": {"u": PAIR, "U": PAIR, "-user": PAIR, "-proxy-user": PAIR, "b": COOKIES, "-cookie": COOKIES},
    "http": {"a": PAIR},
    "https": {"a": PAIR},
    "xh": {"a": PAIR},
    "ab": {"A": PAIR},
    "etcdctl": {"-user": PAIR},
    "mysql": {"p": GLUED},
    "mariadb": {"p": GLUED},
    "sshpass": {"p": WORD},
    "login": _LOGIN,
    "mongo": _LOGIN,
    "cqlsh": _LOGIN,
    "cypher-shell": _LOGIN,
    "evil-winrm": _LOGIN,
    "crackmapexec": _LOGIN,
    "nxc": _LOGIN,
    "plink": {"pw": WORD},
    "pscp": {"pw": WORD},
    "psftp": {"pw": WORD},
    "sqlcmd": {"P": WORD},
    "bcp": {"P": WORD},
    "isql": {"P": WORD},
    "mosquitto": {"P": WORD},
    "ipmitool": {"P": WORD},
    "zip": {"P": WORD},
    "unzip": {"P": WORD},
    "7z": {"p": GLUED},
    "ldap": {"w": WORD},
    "redis-cli": {"a": WORD},
    "smbclient": {"U": PERCENT},
    "rpcclient": {"U": PERCENT},
    "lftp": {"u": COMMA},
    "openssl": {"k": WORD, "K": WORD},
    "htpasswd": {"b": THIRD, "cb": THIRD},
    "sudo": {"S": ECHOED},
}
# A flag's first letter → the commands that have such.
_BY_LETTER: dict[str, list[str]] = {}
for _name, _flags in _COMMANDS.items():
    for _flag in _flags:
        _BY_LETTER.setdefault(_flag[:2] if _flag[0] == "-" else _flag[0], []).append(_name)
_NAMED = (
    rf"(?:^|(?<=[\s;|&(`\"'/$]))(?:{'|'.join(_COMMANDS)})"
    r"(?:dump|admin|import|export|show|sh|restore|stat|top|search|modify|add|delete|pass\w{2}|whoami|_pub|_sub)?"
    r"(?=[\s\"'\\])"
)
_CUTS = r"[;|]|&&|[ ]&[ ]|(?<!\\)\n"
_FLAG = r"[A-Za-z-]{1,12}+"
# Behind a flag: blanks, = or nothing; or, in a list of JSON, a quote and a comma.
_GAP = r"""(?:\\{0,3}["'],[ \t\r\n]{0,16}+|=|[ \t]{1,8}+)?"""
_VALUE = r"""(?x)\\{0,3}(?:
    (?P<q>["'])(?P<quoted>(?:(?!(?P=q))[^\r\n\\]){1,256}+)
  | (?P<bare>[^\s"'|;&<>\\$][^\s"'|;&<>\\]{0,255}+))"""
_ECHO = r"""(?x)(?:echo|printf)(?:[ ]-[neE]{1,3})?[ \t]{1,4}(?:
        \\{0,3}(?P<q>["'])(?P<quoted>(?:(?!(?P=q))[^\r\n\\]){3,256}+)\\{0,3}(?P=q)
      | (?P<bare>[^\s"'|;&<>\\$-][^\s"'|;&<>\\]{2,255}+))
    [ \t]{0,4}\|[^|\r\n]{0,300}+$"""
_COOKIE_PAIR = r"([A-Za-z0-9_.-]{1,64}+)=([^\s;,\"'\\]{12,4096}+)"


def flag(text: str, at: int, spans: list[Span]) -> int:
    """The value of the flag that begins at *at*, where its command is one of those."""
    if not at or text[at - 1] not in " \"',-":
        return 0
    long = text[at - 1] == "-"
    if long and text[at - 2 : at - 1] not in (" ", '"', "'"):
        return 0
    left = text[max(0, at - _COMMAND_CHARACTERS_MAX) : at]
    letter = text[at + 1 : at + 2]
    if not any(name in left for name in _BY_LETTER.get("-" + letter if long else letter, ())):
        return 0
    cuts = [cut.end() for cut in compiled(_CUTS).finditer(left)]
    commands = compiled(_NAMED).findall(left, cuts[-1] if cuts else 0)
    if not commands:
        return 0
    flags = next(flags for name, flags in _COMMANDS.items() if commands[-1].startswith(name))
    named = compiled(_FLAG).match(text, at + 1)
    if named is None:
        return 0
    for known, how in flags.items():
        if long is not known.startswith("-"):
            continue
        wanted = known.removeprefix("-")
        whole = named[0].split("=")[0]
        if long and whole != wanted:
            continue
        if not text.startswith(wanted, at + 1):
            continue
        _take(text, at + 1 + (len(whole) if how == THIRD else len(wanted)), how, spans)
    return 0


def _take(text: str, at: int, how: int, spans: list[Span]) -> None:
    if how == ECHOED:
        echoed(text, at, spans)
        return
    gap = compiled(_GAP).match(text, at)
    begins = gap.end() if gap else at
    if how == GLUED and begins != at:
        return
    if how == WORD and begins == at and compiled(r"[a-z]{2,20}+[\s\"']").match(text, at):
        # `-keyout`, which is another flag.
        return
    found = compiled(_VALUE).match(text, begins)
    if how == THIRD:
        # `htpasswd -b file user password`
        for _ in range(2):
            gap = compiled(_GAP).match(text, found.end() + (1 if found["quoted"] else 0)) if found else None
            found = compiled(_VALUE).match(text, gap.end()) if gap else None
    if found is None:
        return
    start, end = found.span("quoted") if found["quoted"] else found.span("bare")
    if how == COOKIES:
        cookies(text, start, end, spans)
        return
    if how in (PAIR, PERCENT, COMMA):
        mark = {PAIR: ":", PERCENT: "%", COMMA: ","}[how]
        cut = text.find(mark, start, end)
        if cut < 0:
            return
        start = cut + 1
    _add(text, start, end, spans)


def _add(text: str, start: int, end: int, spans: list[Span]) -> None:
    value = text[start:end]
    if len(value) >= 3 and not values.is_placeholder(value):
        spans.append((start, end, PLACE, "password"))


def echoed(text: str, at: int, spans: list[Span]) -> int:
    """`echo X | command --password-stdin`: what is given to the command that stands before *at*."""
    begin = max(text.rfind("\n", max(0, at - _COMMAND_CHARACTERS_MAX), at) + 1, at - _COMMAND_CHARACTERS_MAX, 0)
    found = compiled(_ECHO).search(text[begin:at])
    if found is None:
        return 0
    start, end = found.span("quoted") if found["quoted"] else found.span("bare")
    if "chpasswd" in text[begin + found.end("q" if found["q"] else "bare") : at + 8]:
        start = text.find(":", begin + start, begin + end) + 1 - begin
    _add(text, begin + start, begin + end, spans)
    return 0


def cookies(text: str, start: int, end: int, spans: list[Span]) -> None:
    """Every cookie in ``text[start:end]`` whose value looks drawn at random."""
    for found in compiled(_COOKIE_PAIR).finditer(text, start, end):
        value = found[2].replace("%", "")
        if values.is_random(value, strict=True) and not values.is_placeholder(value):
            spans.append((*found.span(2), PLACE, "cookie"))
