"""The drift monitor's process: reads decisions and labels, keeps the join, exposes what it finds.

source   messages of all partitions, merged by time
reading  bytes to the plain fields that are watched
join     labels and the decisions they judge, on disk
engine   one batch: drift, join, accuracy, events
export   what the engine knows, as metrics
run      the process: loop, signals, health
"""
