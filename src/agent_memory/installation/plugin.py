"""OpenCode's hooks are functions: our plugin, a file that is all ours."""

from __future__ import annotations

import json
from importlib.resources import files

_FIRST_WORDS = b"// agent-memory:"


def plugin_text(entry: str) -> bytes:
    """The plugin, which hands everything to *entry*."""
    text = files(__package__).joinpath("opencode_plugin.js").read_text("utf-8")
    return text.replace("__COMMAND__", json.dumps([entry, "hook", "opencode"])).encode()


def is_plugin(content: bytes) -> bool:
    """Whether a file is our plugin, of this release or an older one."""
    return content.startswith(_FIRST_WORDS)
