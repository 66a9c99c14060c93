"""What travels: the messages, the codec and the names of topics, headers and reasons.

Depends on nothing of ours; everything else may depend on it.
"""
