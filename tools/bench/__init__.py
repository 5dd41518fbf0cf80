"""Measurements: speed against the bare engines, and retrieval quality. `python -m tools.bench --help`."""
