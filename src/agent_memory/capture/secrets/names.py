"""What a name asks for: is what it is given a password, a key, a token, or nothing secret?

On the path of the hook: the standard library only.
"""

from __future__ import annotations

from agent_memory.capture.secrets.rules import PROVIDERS

PASSWORD, SECRET, TOKEN, KEY, WEAK_KEY, AUTH, CREDENTIAL = range(7)
"""What a name asks for, the least doubtful first."""

_PASSWORDS = """
    password passwd passphrase passcode passwort pwd passwords userpass dbpass passe passord kennwort wachtwoord senha
    contrasena psk presharedkey bindpw rootpw adminpw userpw dbpw requirepass masterauth
"""
_PASSWORD_WORDS = frozenset(_PASSWORDS.split())
_GLUED_PASSWORD = ("passwd", "password", "passphrase", "passcode", "pwd")
_GLUED_PASS_WORDS = """
    store trust cert wifi tls web app db user root my ssh sql admin smtp mail ftp redis mongo pg auth login proxy ldap
    key
"""
_GLUED_PASS = tuple(f"{word}pass" for word in _GLUED_PASS_WORDS.split())
# What may follow the word that says what it is, and it is the same still.
_TAILS_WORDS = """
    value plain plaintext text raw new old current confirm confirmation confirmed again repeat prod
    production dev development test staging stage live local default base64 b64 encoded env var str
    string main master primary secondary backup user admin root db database base
"""
_TAILS = frozenset(_TAILS_WORDS.split())
# Who says what a key is for: these are secret.
_SECRET_KEYS_WORDS = """
    api access secret private auth authentication authorization encryption encrypt decryption
    signing sign signature master service account storage shared sharedaccess client license licence
    app application consumer admin session webhook deploy deployment bot server hmac jwt aes root
    write subscription host ingest ingestion cookie crypto cipher rest token ssh ssl tls personal
    dev integration apikey functions function registration provisioning symmetric data
    instrumentation user team bearer x account cosmos db database redis search sas
"""
_SECRET_KEYS = frozenset(_SECRET_KEYS_WORDS.split())
_OPEN_KEYS_WORDS = """
    recv receive recipient fingerprint gpg pgp list delete edit refresh search
    public pub publishable primary foreign partition sort cache row dict hot index idempotency map
    object group routing lookup translation i18n locale message unique natural composite candidate
    shard hash range sharding registry component react list item node prop property field column
    header query param parameter arrow enter escape tab shift ctrl control alt meta esc any press up
    down left right home end insert delete space return function config setting settings option
    metadata meta label tag annotation env environment variable dictionary json yaml s3 file path
    storage_path blob bucket dedupe dedup dedup_key lock mutex state view event trace span log
    metric site recaptcha vapid host_public known anon id name type kind size length count
"""
_OPEN_KEYS = frozenset(_OPEN_KEYS_WORDS.split())
_OPEN_TOKENS_WORDS = """
    next page continuation sync max min num total prompt completion input output cached cache
    reasoning special eos bos pad unk mask sep cls stop start end per used remaining budget limit
    first last unknown current_page paging cursor resume resource nextpage word sub syntax lexer
    parser delimiter string number template thinking audio image text new csrf xsrf antiforgery
"""
_OPEN_TOKENS = frozenset(_OPEN_TOKENS_WORDS.split())


_UPPER, _LOWER, _DIGIT = "U", "l", "0"
_KINDS = {
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _UPPER),
    **dict.fromkeys("abcdefghijklmnopqrstuvwxyz", _LOWER),
    **dict.fromkeys("0123456789", _DIGIT),
}


def words_of(name: str) -> list[str]:
    """The words and numbers of a name in any way of writing: `APIKey_v2` → `API`, `Key`, `v`, `2`."""
    words: list[str] = []
    begins, kind = 0, ""
    for at, character in enumerate(name):
        here = _KINDS.get(character, "")
        if here == kind:
            continue
        if kind == _UPPER and here == _LOWER:
            # The last capital begins the next word.
            if at - 1 > begins:
                words.append(name[begins : at - 1])
            begins = at - 1
        else:
            if kind:
                words.append(name[begins:at])
            begins = at
        kind = here
    if kind:
        words.append(name[begins:])
    return words


def family_of(name: str) -> int | None:
    """What *name* (`DB_PASSWORD`, `apiKey`, `x-vault-token`) asks for; None for nothing secret."""
    if not name.isascii():
        name = name.replace("ñ", "n")
    words = [word.lower() for word in words_of(name)]
    while words and (words[-1] in _TAILS or words[-1].isdigit()) and len(words) > 1:
        words.pop()
    if not words:
        return None
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last in _PASSWORD_WORDS or last.removesuffix("s").endswith(_GLUED_PASSWORD):
        return PASSWORD if before not in ("forgot", "reset", "no", "without", "has", "show", "hide", "is") else None
    if last.endswith(_GLUED_PASS) or (last in ("pass", "pw", "psw") and before not in ("by", "first", "second", "one")):
        return PASSWORD
    if last == "passin" or last == "passout":
        return PASSWORD
    if last in ("secret", "secrets") or last.endswith("secret"):
        return SECRET if before not in ("has", "is", "no") else None
    if last == "token" or (last.endswith("token") and len(last) > 5):
        glued = last[:-5]
        return TOKEN if before not in _OPEN_TOKENS and glued not in _OPEN_TOKENS else None
    if last == "tokens":
        return TOKEN if before in ("api", "access", "auth", "secret", "bearer", "refresh") else None
    if last == "key" or last == "keys" or last.endswith("key"):
        return _key_family(name, words)
    if last in ("auth", "authorization", "basicauth", "httpauth") or name.lower().endswith("_auth"):
        return AUTH
    if last in ("credential", "credentials", "creds", "cred"):
        return CREDENTIAL
    return None


def _key_family(name: str, words: list[str]) -> int | None:
    last = words[-1].removesuffix("s")
    glued = last[:-3]
    if glued:
        if glued in _SECRET_KEYS or any(
            glued.endswith(word) for word in ("api", "secret", "access", "private", "auth")
        ):
            return KEY
        return None
    before = words[-2] if len(words) > 1 else ""
    if not before or (before in _OPEN_KEYS and not ({"secret", "private"} & set(words))):
        return None
    if before in _SECRET_KEYS or {"secret", "private", "api"} & set(words):
        return KEY
    return WEAK_KEY


def kind_of(family: int, name: str, value: str) -> str:
    """What a secret of this name is called where it was."""
    if family == PASSWORD:
        return "password"
    if family == AUTH:
        return "basic-auth"
    if family == CREDENTIAL:
        return "credential"
    lowered = name.lower()
    provider = next((called for part, called in PROVIDERS if part in lowered), "")
    if provider == "aws" and len(value) == 40 and "session" not in lowered:
        return "aws-secret-key"
    what = "secret" if family == SECRET else "token" if family == TOKEN else "api-key"
    if "private" in lowered and family == KEY:
        what = "private-key"
    return f"{provider}-{what}".replace("-api-key", "-key") if provider else what
