"""What an agent is reminded of when a session starts or a prompt is given, and who serves it to its hook."""
