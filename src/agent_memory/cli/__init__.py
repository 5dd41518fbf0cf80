"""The command line: one file per command. A command parses, asks a `Memory`, prints."""

from agent_memory.cli.app import commands, main

__all__ = ["commands", "main"]
