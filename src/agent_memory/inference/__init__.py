"""Models that turn text into vectors or into summaries; each engine is imported when it is first asked."""
