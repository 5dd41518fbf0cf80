#!python
"""The program `agent-memory-hook`: the same as `agent-memory hook`, and why it is installed as it stands, too."""

from agent_memory.capture.hook import main

main()
