"""Readers of what agents leave on disk, one file per agent: decoded, redacted records → `Told`.

A file of JSON lines gives one record per line; a JSON document that is an array, one per element, any other
document, one in all. `importing` decodes those. A module whose agent keeps its history otherwise (SQLite, a
folder of small files) has functions that give the records, without ever writing there; JSON within them is
decoded, so that it can be redacted before it is read.

    claude_code   ClaudeCodeHistory   lines
    codex         CodexHistory        lines
    gemini        GeminiHistory       lines, or a document of the old form; `folder_of(chat file)` for its place
    copilot       CopilotHistory      lines
    opencode      OpenCodeHistory     `records(db)`; `storage_records(session file)` and `storage_files(session file)`
                                      for the old tree; the document that `opencode export` gives
    cursor        CursorHistory       `records(db)` for store.db and state.vscdb; lines
    chatgpt       ChatGptHistory      elements of conversations.json
    claude_ai     ClaudeAiHistory     elements of conversations.json
"""

from agent_memory.capture.histories.port import HistoryReader, Place, Record

__all__ = ["HistoryReader", "Place", "Record"]
