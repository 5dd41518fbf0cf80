"""Domain values as protobuf messages, and back: one file per proto file, both directions side by side."""
