"""Estimates: what production does, told from the part of it that was chosen, collected and labelled."""
