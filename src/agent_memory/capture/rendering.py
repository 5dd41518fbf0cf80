"""What tools were given and gave back, as text; and texts and details within their limits.

A hook and a history tell of the same call in the same values, and both are rendered here: the same
values are the same text. It is made to be read and searched, so there is no JSON in it where lines do:

    {"command": "ls -la", "description": "List"}        ls -la
                                                        description: List
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agent_memory.capture.payloads import unpacked

TEXT_BYTES_MAX = 1 << 20
PAYLOAD_BYTES_MAX = 16 << 10
_VALUE_BYTES_MAX = 2 << 10
_NESTED_MAX = 8

# What a call is about: its first line, without a name before it. The first of these that it has.
# fmt: off
_SUBJECTS = (
    "command", "cmd", "pattern", "query", "url", "file_path", "filePath", "path", "prompt", "revised_prompt", "input",
    "code",
)
# fmt: on

# Where the output is in what a tool gives back, by the names that agents' own tools use.
# fmt: off
_OUTPUTS = (
    "textResultForLlm", "llmContent", "aggregated_output", "output", "content", "text", "result", "results",
    "content_items", "message", "Ok", "Err", "error",
)
# fmt: on
_CONTENTS = frozenset({"content", "output", "result", "results", "content_items"})
_STREAMS = ("stdout", "stderr")
# Gemini's parts that are no text.
_DATA = ("inlineData", "fileData")
_FILE = "file"
_UNSHOWN = frozenset({"image", "input_image", "audio", "document", "resource"})


def tool_call_text(name: str, value: Any) -> str:
    """What a tool was called with; the tool's name if with nothing. Never blank but where the name is."""
    text = _input_text(unpacked(value))
    return text if text.strip() else name


def tool_output_text(value: Any) -> str:
    """What a tool gave back. Images and the like are named, not shown."""
    return _output_text(unpacked(value), 0)


def error_text(value: Any) -> str:
    """What went wrong: a text, or the message of an object; with its name if it has one."""
    value = unpacked(value)
    if isinstance(value, Mapping) and isinstance(message := value.get("message"), str):
        name = value.get("name")
        return f"{name}: {message}" if isinstance(name, str) and name and not message.startswith(name) else message
    return _output_text(value, 0)


def exit_code_of(value: Any) -> int | None:
    """The exit code that a tool's result names; None if it names none."""
    value = unpacked(value)
    while isinstance(value, Mapping):
        for name in ("exit_code", "exitCode", "exit"):
            if isinstance(code := value.get(name), int) and not isinstance(code, bool):
                return code
        value = value.get("metadata")
    return None


def content_text(content: Any) -> str:
    """The words of a message: a text, or the text parts of a list, each on lines of its own."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(text for part in content if (text := _words(part)))


def _words(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and part.get("type", "text") in ("text", "Text", "input_text", "output_text"):
        text = part.get("text")
        return text if isinstance(text, str) else ""
    return ""


# -- input ---------------------------------------------------------------------------------------


def _input_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return "" if value is None else _json(value)
    subject = next((key for key in _SUBJECTS if _is_subject(value.get(key))), None)
    lines = [] if subject is None else [_subject_text(value[subject])]
    lines += [_field(key, item) for key, item in value.items() if key != subject and item is not None]
    return "\n".join(lines)


def _is_subject(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(word, str) for word in value)
    return isinstance(value, str) and bool(value.strip())


def _subject_text(value: Any) -> str:
    """A command may come as a list of its words, the last of which is the script of a shell."""
    if isinstance(value, str):
        return value
    if len(value) == 3 and value[0].rpartition("/")[2] in ("bash", "sh", "zsh") and value[1] in ("-c", "-lc"):
        return str(value[2])
    return " ".join(value)


def _field(key: str, value: Any) -> str:
    if isinstance(value, str):
        value = _without_data(value)
        return f"{key}:\n{value}" if "\n" in value else f"{key}: {value}"
    return f"{key}: {_json(value)}"


# -- output --------------------------------------------------------------------------------------


def _output_text(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _without_data(value)
    if value is None:
        return ""
    if depth > _NESTED_MAX:
        return _json(value)
    if isinstance(value, list):
        return "\n".join(text for part in value if (text := _output_text(part, depth + 1)))
    if isinstance(value, Mapping):
        return _object_text(value, depth)
    return _json(value)


def _object_text(value: Mapping[str, Any], depth: int) -> str:
    kind = value.get("type")
    for name in _DATA:
        if isinstance(data := value.get(name), Mapping):
            return _unshown({"type": _FILE, **data})
    if value.get("isImage") is True:
        return "[image]"
    if kind == "resource" and isinstance(resource := value.get("resource"), Mapping) and "text" in resource:
        return _output_text(resource["text"], depth + 1)
    if kind in _UNSHOWN and "text" not in value and "file" not in value:
        return _unshown(value)
    if isinstance(patch := value.get("structuredPatch"), list):
        return _patch_text(value, patch)
    if any(isinstance(value.get(name), str) for name in _STREAMS):
        streams = [value[name] for name in _STREAMS if isinstance(value.get(name), str) and value[name].strip()]
        return "\n".join(streams)
    if isinstance(file := value.get("file"), Mapping):
        if "content" in file or "cells" in file:
            return _output_text(file.get("content", file.get("cells")), depth + 1)
        if "base64" in file:
            return f"[{kind or 'file'}]"
    for name in _OUTPUTS:
        if value.get(name) not in (None, "", []):
            return _output_text(value[name], depth + 1)
    if isinstance(names := value.get("filenames"), list):
        return "\n".join(str(name) for name in names)
    return "" if _CONTENTS & value.keys() else _input_text(value)


def _patch_text(value: Mapping[str, Any], patch: list[Any]) -> str:
    """What an edit changed; the whole file that comes with it is left out."""
    lines = [" ".join(str(value[name]) for name in ("type", "filePath") if value.get(name))]
    for hunk in patch:
        if isinstance(hunk, Mapping) and isinstance(hunk.get("lines"), list):
            places = (hunk.get(name, 0) for name in ("oldStart", "oldLines", "newStart", "newLines"))
            lines.append("@@ -{},{} +{},{} @@".format(*places))
            lines += [str(line) for line in hunk["lines"]]
    return "\n".join(lines)


def _without_data(text: str) -> str:
    """The text; of an address that is itself a picture or the like, only what it is."""
    if text.startswith("data:") and ";base64," in text[:100]:
        return f"[{text[5 : text.index(';')]}]"
    return text


def _unshown(value: Mapping[str, Any]) -> str:
    source = value.get("source")
    place = source if isinstance(source, Mapping) else value
    what = next((place[key] for key in ("media_type", "mimeType", "mime") if isinstance(place.get(key), str)), "")
    return f"[{value.get('type')}{' ' if what else ''}{what}]"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    except (ValueError, TypeError, RecursionError):
        return "[nested too deeply]"


# -- limits --------------------------------------------------------------------------------------


def within_limit(text: str, *, bytes_max: int = TEXT_BYTES_MAX) -> tuple[str, int]:
    """The text, and its size in bytes; of one that is too long head and tail, with a line between that says so."""
    if len(text) * 4 <= bytes_max:
        return text, len(text.encode("utf-8", "surrogatepass"))
    encoded = text.encode("utf-8", "surrogatepass")
    size = len(encoded)
    if size <= bytes_max:
        return text, size
    room = max(0, bytes_max - 80)
    head = _cut(encoded[: room * 3 // 4 + 1], at_end=True)
    tail = _cut(encoded[size - room // 4 :], at_end=False)
    left_out = size - len(head) - len(tail)
    between = f"\n[… {left_out:,} of {size:,} bytes left out …]\n".encode()
    return (head + between + tail).decode("utf-8", "surrogatepass"), size


def _cut(encoded: bytes, *, at_end: bool) -> bytes:
    """Without the bytes of a character that the cut went through. Begins and ends with lines if they are near."""
    if at_end:
        end = len(encoded) - 1
        while end > 0 and encoded[end] & 0xC0 == 0x80:
            end -= 1
        line = encoded.rfind(b"\n", max(0, end - 400), end)
        return encoded[: line if line > 0 else end]
    start = 0
    while start < len(encoded) and encoded[start] & 0xC0 == 0x80:
        start += 1
    line = encoded.find(b"\n", start, start + 400)
    return encoded[line + 1 if line >= 0 else start :]


def details(
    known: Mapping[str, Any], unknown: Mapping[str, Any] | None = None, *, text_bytes: int = 0
) -> dict[str, str]:
    """Metadata of an event: *known* by its names, without what is empty; *unknown* as JSON under `payload`.

    *text_bytes* is the size that the text had, if it was cut. All of it stays below 32 KiB: a long
    value loses its end, and of unknown fields the largest are named under `payload_left_out`.
    """
    metadata: dict[str, str] = {}
    for key, value in known.items():
        if value is None or value in ("", [], {}):
            continue
        metadata[key] = _value(value)
    if text_bytes:
        metadata["text_bytes"] = str(text_bytes)
    if unknown:
        metadata.update(_leftovers(unknown))
    return metadata


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else _json(value)
    return _well_formed(text, _VALUE_BYTES_MAX)


def _well_formed(text: str, bytes_max: int) -> str:
    encoded = text[:bytes_max].encode("utf-8", "replace")
    return encoded[:bytes_max].decode("utf-8", "ignore")


def _leftovers(unknown: Mapping[str, Any]) -> dict[str, str]:
    rendered = {key: _well_formed(_json(value), 1 << 30) for key, value in unknown.items()}
    kept, room = set(), PAYLOAD_BYTES_MAX - 2
    left_out = []
    for key in sorted(rendered, key=lambda key: (len(rendered[key]), key)):
        size = len(rendered[key].encode()) + len(_json(key).encode("utf-8", "replace")) + 4
        if size <= room:
            kept.add(key)
            room -= size
        else:
            left_out.append(key)
    metadata = {}
    if kept:
        metadata["payload"] = _well_formed(_json({key: unknown[key] for key in rendered if key in kept}), 1 << 30)
    if left_out:
        metadata["payload_left_out"] = _well_formed(", ".join(left_out), _VALUE_BYTES_MAX)
    return metadata


def without(payload: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The fields that are not among *names*."""
    taken = frozenset(names)
    return {key: value for key, value in payload.items() if key not in taken}
