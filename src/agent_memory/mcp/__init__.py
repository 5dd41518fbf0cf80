"""Tools for agents, over the Model Context Protocol: a front like the command line, that speaks to a `Memory`.

`stdio.py` serves one agent over its pipes, `http.py` all of them from within the daemon. The SDK, whose
package is called `mcp` as this room is, takes longer to import than a daemon has to start: only
`server.py` and what stands behind it import it, and they are imported when somebody asks.
"""
