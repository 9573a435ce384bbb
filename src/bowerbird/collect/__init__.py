"""Collecting: the tap, durable capture, and the posting of what was kept."""
