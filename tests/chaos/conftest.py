"""Chaos owns its broker: it is restarted in the middle of things."""
