"""The workers that turn log into view; each keeps its own checkpoint."""
