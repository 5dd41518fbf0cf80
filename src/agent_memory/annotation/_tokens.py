"""What one token without white space names: a file, an issue, an identifier, a repository.

A token is read once and remembered, for those with structure come again and again. Each
expression is anchored at both ends or possessive, so a token takes time in proportion to its
length, which is bounded.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import lru_cache

from agent_memory.annotation.model import Entity, EntityType

NAME_MAX = 200
"""Longer names, in characters, are no names that anybody asks for: minified code, encoded data."""


class Rank(enum.IntEnum):
    """How distinctive an entity is by its form alone; the first are kept where there are too many."""

    EXACT = 0
    PLACED = 1
    NAMED = 2
    SHARED = 3


Found = tuple[Rank, Entity]

# What files are called by. No top-level domains and no words that follow a dot in code.
_EXTENSIONS_WORDS = """
    asm astro bash bat bazel bib bin bmp bz2 c cc cfg clj cljs cmake cmd cnf coffee conf cpp crt cs csproj css csv
    cu cue cxx dart db deb diff dll dockerfile doc docx dylib ejs elm env erb erl ex exe exs f90 fish flac fs fsx
    gem gif gitignore go gql gradle graphql groovy gz h h5 haml hbs hcl hh hpp hrl hs htm html hxx icns ico ics ini
    ino ipynb iso jar java jl jpeg jpg js json json5 jsonc jsonl jsx kt kts ldif less lhs lock log lua m4 mak
    markdown md mdx mjs cjs mk ml mli mm mov mp3 mp4 mpg ndjson nim nix npy npz o odt onnx org out parquet patch pb
    pcap pdf pem php pid pl plist png po pot pptx prisma properties proto ps1 psql pub pxd pxi py pyc pyd pyi pyx
    qml r rake rar rb rego rkt rlib rmd rpm rs rst rtf s sass sbt scala scm scss sh so sock sol spec sql sqlite
    sqlite3 srt sv svelte svg swift swp tar tcl tex tf tfvars tgz thrift tif tiff tmpl toml ts tsv tsx ttf txt v vb
    vhd vhdl vim vue war wasm wav webm webp whl woff woff2 xhtml xls xlsx xml xsd xsl xz yaml yml zig zip zsh zst
"""
_EXTENSIONS = frozenset(_EXTENSIONS_WORDS.split())
# Files that are known by their names alone.
_BARE_FILES_WORDS = """
    Makefile Dockerfile Containerfile Gemfile Rakefile Procfile Jenkinsfile Vagrantfile Justfile CODEOWNERS
"""
_BARE_FILES = frozenset(_BARE_FILES_WORDS.split())
# POSIX.1-2017, <errno.h>, and the resolver's, which are read in the same places.
_ERRNO_WORDS = """
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED ECHILD
    ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG EHOSTUNREACH EHOSTDOWN
    EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG
    ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODATA ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG
    ENOPROTOOPT ENOSPC ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTFOUND ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY
    ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESHUTDOWN
    ESPIPE ESRCH ESTALE ETIME ETIMEDOUT ETXTBSY EWOULDBLOCK EXDEV
"""
_ERRNO = frozenset(_ERRNO_WORDS.split())
# They look like keys of an issue tracker and are the names of standards.
_STANDARDS_WORDS = """
    UTF SHA ISO RFC AES RSA MD IEEE ANSI PEP ECMA CP HTTP TLS SSL IPV
"""
_STANDARDS = frozenset(_STANDARDS_WORDS.split())

_ISSUE = re.compile(r"(?:(?P<repo>[\w.-]{1,60}/[\w.-]{1,100}))?#(?P<number>\d{1,7})", re.ASCII)
_GH_ISSUE = re.compile(r"GH-(\d{1,7})", re.ASCII | re.IGNORECASE)
# The key of an issue, or a serial number, an error code, a hash, a UUID.
_CODE = re.compile(
    r"(?P<key>[A-Z][A-Z0-9]{1,9})-\d{1,7}(?:-\d{1,7})?|[A-Z]\d{0,2}-\d{1,5}|[A-Z]{1,5}\d{3,6}"
    r"|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}|(?=[A-F]*\d)(?=\d*[A-F])[0-9A-F]{7,40}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    re.ASCII,
)
_JOINED = re.compile(r"_*+[^\W_]++(?:_++[^\W_]++)++_*+|__[a-z0-9]++__")
_HUMPED = re.compile(r"(?=\w*?(?:[a-z]\d?[A-Z]|[A-Z]{2}[a-z]{2}))[A-Za-z][A-Za-z0-9]*+", re.ASCII)
_DOTTED = re.compile(r"[^\W\d]\w*+(?:\.[^\W\d]\w*+)++")
# Two sentences with no space between them, and the abbreviations of prose.
_NO_DOTTED = re.compile(r"\w*[a-z]\.[A-Z][a-z]*|(?:\w\.)+\w", re.ASCII)
_SCOPED = re.compile(r"[^\W\d]\w*+(?:(?:::|->)[^\W\d]\w*+)++")
_BASENAME = re.compile(r"[\w.@+~-]*\w\.(?P<extension>\w{1,12})")
_DOTFILE = re.compile(r"\.[a-z][\w-]*(?:\.\w+)*", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]", re.ASCII)
_ROOTS = ("/", "~", "./", "../", ".\\", "..\\", "\\\\")
_LINE = re.compile(r":\d+(?:[:-]\d+)*$", re.ASCII)
_PATH_PARTS = re.compile(r"[\w.@+~ %$/-]+")
_REPOSITORY = re.compile(r"(?P<owner>[A-Za-z\d][\w-]{0,38})/(?P<name>[A-Za-z\d][\w.-]{0,99})", re.ASCII)
_MARKED = re.compile(r"[-_\d]")


def named(type: EntityType, name: str) -> Entity | None:
    """The entity in the form in which it is compared; None for what is no name.

    Case, width, composition, white space and the quotes and slashes at the ends are levelled.
    """
    if name.isascii():
        if name.isidentifier():
            return Entity(type, name.lower()) if len(name) <= NAME_MAX else None
    else:
        # Half a surrogate pair can be in a text, and cannot be in a row.
        name = unicodedata.normalize("NFKC", name.encode("utf-8", "ignore").decode()).replace("\u2019", "'")
    name = " ".join(name.strip("\"'`").rstrip("/\\").split()).casefold()
    if not name or len(name) > NAME_MAX:
        return None
    return Entity(type, name)


@lru_cache(maxsize=16_384)
def read_token(token: str) -> tuple[Found, ...]:
    """What the token names, the most distinctive first; nothing for most."""
    found: list[Found] = []
    _read(token, found)
    return tuple(found)


def _read(token: str, found: list[Found]) -> None:
    token = token.strip(":;,!?\u2026\u2014\u2013+&%$^").rstrip(".-").lstrip("-")
    if len(token) < 2 or (token.isalpha() and (token.islower() or (token.istitle() and token not in _BARE_FILES))):
        return
    if token.isidentifier():
        # None of the marks that the others have.
        if not _read_code(token, found):
            _read_identifier(token, found)
        return
    if "#" in token or token[:3] in ("GH-", "gh-"):
        issue = _ISSUE.fullmatch(token)
        if issue is not None:
            _add_issue(issue["repo"] or "", issue["number"], found)
        elif (number := _GH_ISSUE.fullmatch(token)) is not None:
            _add_issue("", number[1], found)
        elif "#" in token:
            _read(token.partition("#")[0], found)
        return
    if "/" in token or "\\" in token:
        _read_path(token, found)
        return
    if ":" in token:
        if _SCOPED.fullmatch(token) is not None:
            _add(Rank.EXACT, EntityType.IDENTIFIER, token, found)
            _add(Rank.NAMED, EntityType.IDENTIFIER, token.rpartition(":")[2], found)
            return
        for part in token.split(":")[:8]:
            _read(part, found)
        return
    if token[0] == ".":
        if _DOTFILE.fullmatch(token) is not None and len(token) > 3:
            _add(Rank.NAMED, EntityType.FILE, token, found)
        return
    if "." in token:
        _read_dotted(token, found)
    elif not _read_code(token, found):
        _read_identifier(token, found)


def _read_code(token: str, found: list[Found]) -> bool:
    """Whether it is a number that somebody gave: of an issue, an error, a commit."""
    if token in _ERRNO:
        _add(Rank.EXACT, EntityType.IDENTIFIER, token, found)
        return True
    code = _CODE.fullmatch(token)
    if code is None:
        return False
    key = code["key"]
    is_issue = key is not None and key not in _STANDARDS
    _add(Rank.EXACT, EntityType.ISSUE if is_issue else EntityType.IDENTIFIER, token, found)
    return True


def _read_identifier(token: str, found: list[Found]) -> None:
    if token in _BARE_FILES:
        _add(Rank.NAMED, EntityType.FILE, token, found)
    elif "_" in token:
        if _JOINED.fullmatch(token) is not None and not token.replace("_", "").isdigit():
            _add(Rank.PLACED, EntityType.IDENTIFIER, token, found)
    elif _HUMPED.fullmatch(token) is not None:
        _add(Rank.PLACED, EntityType.IDENTIFIER, token, found)


def _read_dotted(token: str, found: list[Found]) -> None:
    if is_file_name(token):
        _add(Rank.NAMED, EntityType.FILE, token, found)
    elif _DOTTED.fullmatch(token) is not None and _NO_DOTTED.fullmatch(token) is None:
        _add(Rank.PLACED, EntityType.IDENTIFIER, token, found)
        _read_identifier(token.rpartition(".")[2], found)


def is_file_name(token: str) -> bool:
    """Whether its ending is one that files have."""
    found = _BASENAME.fullmatch(token)
    if found is None or found["extension"].lower() not in _EXTENSIONS:
        return False
    extension, stem = found["extension"], token[: found.start("extension") - 1]
    # One letter is also how abbreviations end.
    return not stem.isdigit() and (len(extension) > 1 or (len(stem) > 1 and extension.islower()))


def _read_path(token: str, found: list[Found]) -> None:
    path, _, inside = token.partition("::")
    path = _LINE.sub("", path)
    drive = _DRIVE.match(path) is not None
    if ":" in path[2 if drive else 0 :]:
        for part in path.split(":")[:8]:
            _read(part, found)
        return
    if inside:
        _read(inside, found)
    rooted = drive or path.startswith(_ROOTS)
    level = path.replace("\\", "/")
    closed = level.endswith("/")
    parts = [part for part in level.split("/") if part not in ("", ".", "..")]
    if not parts or len(parts) > 40 or _PATH_PARTS.fullmatch(level, 2 if drive else 0) is None:
        return
    base = parts[-1]
    is_file = is_file_name(base) or base in _BARE_FILES or _DOTFILE.fullmatch(base) is not None
    if not (is_file or rooted or closed):
        if len(parts) == 2 and "\\" not in path:
            if (repository := _REPOSITORY.fullmatch(path)) is not None and _is_marked(repository["owner"], base):
                _add(Rank.PLACED, EntityType.PROJECT, path, found)
            return
        if len(parts) < 3:
            return
    if not _has_letter(level) or (len(parts) == 1 and len(base) < 2):
        return
    if len(parts) > 1:
        _add(Rank.EXACT, EntityType.FILE, ("/" if level[0] == "/" else "") + "/".join(parts), found)
        if len(parts) > 2:
            _add(Rank.PLACED, EntityType.FILE, "/".join(parts[-2:]), found)
    elif rooted and not is_file:
        _add(Rank.NAMED, EntityType.FILE, ("/" if level[0] == "/" else "") + base, found)
    if is_file or len(parts) > 1:
        _add(Rank.NAMED if is_file else Rank.SHARED, EntityType.FILE, base, found)


def _has_letter(text: str) -> bool:
    if text.isascii():
        return text.lower() != text.upper()
    return any(character.isalpha() for character in text)


def _is_marked(owner: str, name: str) -> bool:
    """Whether it is written as repositories are, and not as `and/or`."""
    return not (owner.isdigit() or name.isdigit()) and (
        _MARKED.search(owner) is not None or _MARKED.search(name) is not None
    )


def _add_issue(repository: str, number: str, found: list[Found]) -> None:
    if repository:
        _add(Rank.EXACT, EntityType.ISSUE, f"{repository}#{number}", found)
        _add(Rank.PLACED, EntityType.PROJECT, repository, found)
        _add(Rank.NAMED, EntityType.ISSUE, f"#{number}", found)
    else:
        _add(Rank.EXACT, EntityType.ISSUE, f"#{number}", found)


def _add(rank: Rank, type: EntityType, name: str, found: list[Found]) -> None:
    entity = named(type, name)
    if entity is not None:
        found.append((rank, entity))
