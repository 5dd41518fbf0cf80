"""Our hooks, our MCP server and our daemon in the settings of other programs; and whether they work."""
