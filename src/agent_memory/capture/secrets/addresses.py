"""Secrets in addresses: the password of a user, a webhook, a signature.

On the path of the hook: the standard library only, nothing compiled before it is needed.
"""

from __future__ import annotations

from agent_memory.capture.secrets import rules, values
from agent_memory.capture.secrets.patterns import compiled
from agent_memory.capture.secrets.spans import PLACE, TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent_memory.capture.secrets.spans import Span

KIND = "url-password"

_AUTHORITY = r"""[^\s/?#"'`<>\\]{1,512}+"""
_LOOSE_USERINFO = r"""([^\s/?#"'`<>\\:@]{0,128}+):([^\s"'`<>\\@]{3,256}+)@[A-Za-z0-9\[]"""
# What follows the last @ before the path, where a password has one and a slash.
_REST = r"""[^\s"'`<>\\]{1,256}+"""
_HOST = r"[A-Za-z0-9.-]{1,253}+(?::[0-9]{1,5})?(?:[/?,]|\Z)"
_SIGNATURE = r"(?i)(?<=[?&;])(?:x-(?:amz|goog)-signature|signature|sig)=([A-Za-z0-9%+/_~-]{40,700}+={0,2})"
_ENCODED_USERINFO = (
    r"(?i)%3a%2f%2f[A-Za-z0-9_.~-]{0,128}+%3a((?:[A-Za-z0-9_.~!$+-]|%(?!40|2f|3a|20|22)[0-9a-f]{2}){3,256}+)%40"
)
_BEFORE_TCP = r"""[\s"'`=][^\s"'`:@/]{1,64}+:([^\s"'`]{3,180}+)$"""
_PGPASS = r"""(?m):5432:[^\s:"'/]{1,64}+:[^\s:"'/]{1,64}+:([^\s"']{3,256}+)[ \t]*+(?=\r?$|\\n|["'])"""
_ORACLE = r"""(?i)oracle:(?:thin|oci8?):([^\s/"'@:]{1,64}+)/([^\s"'@]{3,128}+)@"""


def address(text: str, at: int, spans: list[Span]) -> int:
    """`scheme://user:password@host`, and addresses that are a secret themselves."""
    at += 3
    found = compiled(_AUTHORITY).match(text, at)
    if found is None:
        return 0
    authority = found[0]
    if "." in authority and not _is_webless(authority):
        for kind, pattern, _ in rules.WEBHOOKS:
            hook = compiled(pattern).match(text, at)
            if hook:
                spans.append((*hook.span(1), TOKEN, kind))
                return 0
    user, at_sign, host = authority.rpartition("@")
    if at_sign:
        _userinfo(text, at, user, host, spans)
        return 0
    # A password with a slash, a question mark or a number sign that nobody encoded.
    _, colon, port = authority.partition(":")
    if colon and not port[:5].isdigit():
        loose = compiled(_LOOSE_USERINFO).match(text, at)
        if loose and not values.is_placeholder(loose[2]):
            spans.append((*loose.span(2), PLACE, KIND))
    return 0


def _userinfo(text: str, at: int, user: str, host: str, spans: list[Span]) -> None:
    name, colon, _ = user.partition(":")
    if colon and "[" not in name:
        start = at + len(name) + 1
        end = _password_end(text, at, at + len(user))
        if end > start and not values.is_placeholder(text[start:end]):
            spans.append((start, end, PLACE, KIND))
        return
    is_long = not colon and host != "" and len(name) >= 20 and "http" in text[max(0, at - 8) : at]
    if is_long and values.is_random(name) and not values.is_placeholder(name):
        spans.append((at, at + len(name), PLACE, KIND))


def _is_webless(authority: str) -> bool:
    """Whether no webhook has such a host: most addresses are of none."""
    return not any(host in authority for host in rules.WEBHOOK_HOSTS)


def _password_end(text: str, at: int, end: int) -> int:
    """Where the password ends: at the last @, but a path of the web may have one of its own."""
    if "http" in text[max(0, at - 8) : at]:
        return end
    rest = compiled(_REST).match(text, end + 1)
    further = rest[0].rfind("@") if rest else -1
    if rest and further > 0 and compiled(_HOST).match(rest[0], further + 1):
        return rest.start() + further
    return end


def encoded_address(text: str, at: int, spans: list[Span]) -> int:
    """The same within another address, percent-encoded."""
    found = compiled(_ENCODED_USERINFO).match(text, at)
    if found and not values.is_placeholder(found[1]):
        spans.append((*found.span(1), PLACE, KIND))
    return 0


def oracle(text: str, at: int, spans: list[Span]) -> int:
    """`jdbc:oracle:thin:user/password@…`"""
    found = compiled(_ORACLE).match(text, at)
    if found and not values.is_placeholder(found[2]):
        spans.append((*found.span(2), PLACE, KIND))
    return 0


def go_source(text: str, at: int, spans: list[Span]) -> int:
    """`user:password@tcp(host)/database`, as Go's driver of MySQL takes it."""
    begin = max(0, at - 256)
    found = compiled(_BEFORE_TCP).search(text[begin:at])
    if found and not values.is_placeholder(found[1]):
        spans.append((begin + found.start(1), at, PLACE, KIND))
    return 0


def pgpass(text: str, at: int, spans: list[Span]) -> int:
    """A line of PostgreSQL's password file: `host:5432:database:user:password`."""
    found = compiled(_PGPASS).match(text, at)
    if found and not values.is_placeholder(found[1]):
        spans.append((*found.span(1), PLACE, "password"))
    return 0


def signature(text: str, at: int, spans: list[Span]) -> int:
    """What makes an address of cloud storage one that opens: of Azure, Amazon, Google, CloudFront."""
    begins = max(text.rfind(mark, max(0, at - 8), at + 1) for mark in "?&;") + 1
    found = compiled(_SIGNATURE).match(text, begins) if begins else None
    if found and values.is_random(found[1].replace("%", "")):
        kind = "azure-sas" if text.startswith("sig", begins) else "url-signature"
        spans.append((*found.span(1), PLACE, kind))
    return 0
