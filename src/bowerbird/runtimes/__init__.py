"""What runs models: one file per runtime."""
