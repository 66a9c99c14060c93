"""The benchmark is a program, not tests: pytest collects none of it (`make bench` runs it)."""

collect_ignore_glob = ["*.py"]
