"""Workflows: checked graphs of models and operators, and the engine that runs them."""
