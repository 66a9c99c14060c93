"""What watches: the metric catalogue, distributions, distances, detectors, accuracy.

Knows messages, not models. The only place that speaks to prometheus-client and River.
"""
