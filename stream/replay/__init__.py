"""Replay: any stretch of history through any models and policies, without touching the live stream."""
