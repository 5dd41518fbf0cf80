"""Secrets in headers, calls and sentences that no name of their own announces.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import commands, names, structures, values
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import GIVEN, PLACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Span

_BEARER = r"(?i)bearer(?:[ \t:=+]{1,3}|%20)[\"'\\]{0,2}([A-Za-z0-9._~+/-]{16,8192}+={0,2})"
_COOKIE = r"""(?i)cookies?\\{0,3}["']?[ \t]{0,4}[:=,][ \t]{0,4}\\{0,3}["']?([^\r\n"'\\]{16,8192}+)"""
_IDENTIFIED = (
    r"(?i)identified(?:\s{1,4}with\s{1,4}\S{1,60}+)?\s{1,4}by\s{1,4}(?:password\s{1,4})?"
    r"""(?:(["'])(?P<quoted>(?:(?!\1)[^\r\n]){3,256}+)\1|(?P<bare>(?=[^\s;]{0,64}[0-9])[A-Za-z0-9_#$!]{6,64}+)(?=[\s;]|$))"""
)
_SECURE_STRING = r"""(?i)securestring[ \t]{1,4}(?:-string[ \t]{1,4})?(["'])((?:(?!\1)[^\r\n]){3,256}+)\1"""
_KEPT = r"""(?xi)(?:securestring|secrets?[ \t]{1,4}(?:set|put|add|create))[ \t]
    (?:(?!--body|--value)[^\r\n|;&]){0,300}+--(?:body|value)[ \t=]{1,4}\\{0,3}["']?
    (?P<secret>[^\s"'$\\][^\s"'\\]{5,256}+)"""
# `auth=("user", "…")`, `HTTPBasicAuth('user', '…')`, `NetworkCredential("user", "…")`, `server.login("user", "…")`
_PAIR = r"""(?xi)(?:auth(?:entication|enticate)?|cred(?:s|entials?)?|login)[\])]?[ \t]{0,2}[=:]?[ \t]{0,2}[(\[]\s{0,24}+
    (?:[A-Za-z_.]{1,40}+|(?P<u>["'])(?:(?!(?P=u))[^\r\n]){1,128}+(?P=u))[ \t]{0,2},\s{0,24}+
    (?P<q>["'])(?P<secret>(?:(?!(?P=q))[^\r\n]){6,256}+)(?P=q)[ \t]{0,2}[,)\]]"""
# `connect("host", "user", "…")`, `getConnection(url, "user", "…")`
_TRIPLE = r"""(?xi)connect(?:ion)?[ \t]?\(\s{0,24}+
    (?:[A-Za-z_.$]{1,40}+|(?P<h>["'])(?:(?!(?P=h))[^\r\n]){1,256}+(?P=h)),\s{0,24}+
    (?P<u>["'])(?:(?!(?P=u))[^\r\n]){1,128}+(?P=u),\s{0,24}+
    (?P<q>["'])(?P<secret>(?:(?!(?P=q))[^\r\n]){4,256}+)(?P=q)[ \t]{0,2}[,)]"""
# Two words, or a mail address: the second argument is no password then.
_NOBODYS = r"\s|^[A-Za-z0-9_.+-]{1,64}+@[A-Za-z0-9-]{1,64}+(?:\.[A-Za-z0-9-]{1,64}+)+$"
_WORDS = r"""(?ix)(?:mnemonic|phrase)s?\\{0,3}["'`]?[ \t]{0,4}(?:[:=]{1,2}|[ ]is|\()[ \t]{0,4}\\{0,3}["'`]?
    (?-i:((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8}))(?![ ,]{1,2}[a-z])"""


def bearer(text: str, at: int, spans: list[Span]) -> int:
    """What follows `Bearer`, wherever it stands."""
    found = compiled(_BEARER).match(text, at)
    if found is None:
        return 0
    start, end = found.span(1)
    while text[end - 1] in ".-":
        end -= 1
    value = text[start:end]
    if not values.is_placeholder(value) and values.is_random(value):
        spans.append((start, end, GIVEN, "bearer-token"))
    return 0


def cookie(text: str, at: int, spans: list[Span]) -> int:
    """`Cookie: a=…; b=…` and `Set-Cookie: …`: the values that are drawn at random."""
    found = compiled(_COOKIE).match(text, at)
    if found is None:
        return 0
    commands.cookies(text, *found.span(1), spans)
    return found.end()


def identified(text: str, at: int, spans: list[Span]) -> int:
    """`IDENTIFIED BY '…'`"""
    found = compiled(_IDENTIFIED).match(text, at)
    if found is None:
        return 0
    which = "quoted" if found["quoted"] else "bare"
    secret = found[which]
    # `identified by 'name'` is said of other things.
    if not values.is_placeholder(secret) and not (secret.isalpha() and secret.islower()):
        spans.append((*found.span(which), PLACE, "password"))
    return 0


def secure_string(text: str, at: int, spans: list[Span]) -> int:
    """`ConvertTo-SecureString "…"`, and what AWS calls so."""
    found = compiled(_SECURE_STRING).match(text, at)
    if found and not values.is_placeholder(found[2]):
        spans.append((*found.span(2), PLACE, "password"))
    return 0 if found or kept(text, at, spans) else structures.marked(text, at, spans)


def kept(text: str, at: int, spans: list[Span]) -> int:
    """`gh secret set NAME --body …`, `keyvault secret set --value …`, `--type SecureString --value …`"""
    found = compiled(_KEPT).match(text, at)
    if found is None or not values.has_digits(found["secret"]) or values.is_placeholder(found["secret"]):
        return 0
    spans.append((*found.span("secret"), PLACE, "secret"))
    return found.end()


def pair(text: str, at: int, spans: list[Span]) -> int:
    """The second of a user and a password."""
    return _argument(_PAIR, text, at, spans)


def triple(text: str, at: int, spans: list[Span]) -> int:
    """The third of host, user and password."""
    return _argument(_TRIPLE, text, at, spans)


def _argument(pattern: str, text: str, at: int, spans: list[Span]) -> int:
    found = compiled(pattern).match(text, at)
    if found and any(not c.isalpha() for c in found["secret"]):
        secret = found["secret"]
        if values.is_secret(names.PASSWORD, secret, quoted=True, plain=False) and not compiled(_NOBODYS).search(secret):
            spans.append((*found.span("secret"), PLACE, "password"))
    return 0


def words(text: str, at: int, spans: list[Span]) -> int:
    """The twelve to twenty-four words that a wallet is restored from."""
    found = compiled(_WORDS).match(text, at)
    if found:
        spans.append((*found.span(1), PLACE, "seed-phrase"))
    return 0
