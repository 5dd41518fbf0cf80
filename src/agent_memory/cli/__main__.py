#!python
"""The program `agent-memory`; the same as `python -m agent_memory.cli`.

It is installed as it stands, its first line as the installer has it, and not made for an entry point: what
some installers make imports `re`, which takes as long as all that a hook does.
"""

from agent_memory.cli import main

main()
