"""Grafana's dashboards, written by code: `make dashboards` writes infra/grafana/dashboards/*.json.

queries.py      PromQL from the metric catalogue: a metric that is not in it cannot be named
panels.py       the kinds of panels we use, each with title, description, unit and queries
variables.py    what a viewer chooses: data source, environment, job, model version, section ...
operations.py   traffic, latency, backlog, errors, saturation
drift.py        how far from the reference, since when, where
quality.py      auto share, review desk, accuracy, audit
lint.py         what a dashboard of ours must hold
"""
