"""What the monitor costs: `make bench-monitor`."""
