"""The starter corpus: declarations written by us for every sub-class, and their reader (CC0)."""
