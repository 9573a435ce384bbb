"""Finds inputs: filters in SQL, neighbours among vectors."""
