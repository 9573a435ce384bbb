"""The two wires: gRPC and HTTP/JSON."""
