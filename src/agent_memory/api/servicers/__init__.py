"""The services of `agent_memory.v1`, one file each; they speak only to a `Memory`."""
