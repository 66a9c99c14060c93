"""What runs, at a glance: the /metrics of workers and monitor read and shown."""
