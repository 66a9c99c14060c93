"""What moves: worker, dead letters, topics, simulation, demo and command line.

The only package that connects to anything; `stream/bootstrap.py` is the one place that builds
clients, and nothing connects at import.
"""
