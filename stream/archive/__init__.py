"""The archive: every decision, label and dead letter as Parquet, each offset exactly once."""
