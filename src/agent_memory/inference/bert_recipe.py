"""What builder and runner of a graph agree upon; imported without `onnx`."""

RECIPE = "int8-rows-1"
"""Names how the graph is made; part of a model's id."""

ROWS_INDEPENDENT = "agent_memory.rows_independent"
"""Key of the graph's metadata that says: a text's output does not depend on its batch."""
