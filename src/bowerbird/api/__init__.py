"""The API: one handler per RPC, one module per resource."""
