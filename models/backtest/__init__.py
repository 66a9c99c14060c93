"""What a backtest says about models and policies, from columns of decisions and labels.

columns       what is known of each filing, each coding and each label, as arrays
estimates     shares with intervals, weighted by how likely a label was
curve         automation against error, and the threshold that costs least
reliability   are stated probabilities honest
groups        the same figures by section and by type of form
comparison    McNemar's test between two models, and where they differ
days          work of the review team, and the error as it was known on each day
schedule      the periods of a retraining schedule
figures       what is said of models, variants and schedules, as values
judging       from columns to those values
drift_figures what the drift monitor says, as values
evaluated     all of it together, as summary.json has it

Pure: arrays in, values out; every pass over the filings is vectorised.
"""
