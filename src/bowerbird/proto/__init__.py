"""Our own messages. `make proto` generates the Python from the .proto files."""
