"""A demonstration on real pictures: digits that people wrote, a model in production, and a collector."""
