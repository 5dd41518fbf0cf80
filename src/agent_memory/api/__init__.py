"""gRPC in and out: `server.serve_memory` puts a `Memory` behind a port, `client.connect_memory` is one again.

Nothing is imported here: whoever calls a daemon need not load what answers as one.
"""
