"""JSON for the hook: what `json` makes of it, without what importing `json` costs.

`json` imports `re`, and that takes longer than all that a hook does with a payload. What decodes and encodes
is written in C and imports nothing; `json` itself takes it from `_json`, and so does this. Where an
interpreter has no such module, or has another, it is `json` that answers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Pairs = Callable[[list[tuple[str, Any]]], Any]

_BLANK = " \t\r\n"
_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def loads(told: str | bytes) -> Any:
    """The value that *told* is, bytes being UTF-8. Errors: `ValueError`; `RecursionError`."""
    text = told if isinstance(told, str) else told.decode("utf-8", "surrogatepass")
    begins = len(text) - len(text.lstrip(_BLANK))
    value, end = raw_decode(text, begins)
    if text[end:].strip(_BLANK):
        raise ValueError(f"more follows behind the value that ends at character {end}")
    return value


def raw_decode(text: str, begins: int, pairs_hook: Pairs | None = None) -> tuple[Any, int]:
    """The value that begins there, and where it ends; objects as *pairs_hook* makes them. Errors: as `loads`."""
    try:
        return _scanner(pairs_hook)(text, begins)
    except StopIteration as stop:
        raise ValueError(f"no value begins at character {stop.value}") from None
    except SystemError:
        # What is broken is refused with an error of `json`, which is none before that is imported.
        import json

        return json.JSONDecoder(object_pairs_hook=pairs_hook).raw_decode(text, begins)


def dumps(value: Any, *, ascii: bool = True, compact: bool = False) -> str:
    """*value* as JSON; *ascii* escapes what is not, *compact* leaves no blank. Errors: those of `json.dumps`."""
    return _encode(value, ascii, (",", ":") if compact else (", ", ": "))


class _Context:
    """What `json.JSONDecoder` would tell its scanner."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _CONSTANTS.__getitem__

    def __init__(self, object_pairs_hook: Pairs | None) -> None:
        self.object_pairs_hook = object_pairs_hook


def _refused(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is no JSON")


try:
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

    make_scanner(_Context(None))  # type: ignore[arg-type]
    make_encoder(None, _refused, encode_basestring, None, ": ", ", ", False, False, True)
except (ImportError, AttributeError, TypeError):
    import json

    def _scanner(pairs_hook: Pairs | None) -> Callable[[str, int], tuple[Any, int]]:
        return json.JSONDecoder(object_pairs_hook=pairs_hook).raw_decode

    def _encode(value: Any, ascii: bool, separators: tuple[str, str]) -> str:
        return json.dumps(value, ensure_ascii=ascii, separators=separators)

else:

    def _scanner(pairs_hook: Pairs | None) -> Callable[[str, int], tuple[Any, int]]:
        return make_scanner(_Context(pairs_hook))  # type: ignore[arg-type]

    def _encode(value: Any, ascii: bool, separators: tuple[str, str]) -> str:
        text = encode_basestring_ascii if ascii else encode_basestring
        between, behind_name = separators
        return "".join(make_encoder({}, _refused, text, None, behind_name, between, False, False, True)(value, 0))
