"""The worker: filings in, decisions out, nothing lost (docs/architecture.md draws it).

batching      Faust's consumer, handing over what was fetched as one batch a partition
app           the Faust app and its one agent
guard         bytes -> filings, or a dead letter
pipeline      a batch of records -> the messages to write
outbox        writing, acknowledging, committing in order
breaker       when too many dead letters stop the worker
health        live and ready
"""
