"""Dashboards against real figures: a worker and a monitor on real Kafka, scraped by a real Prometheus.

stand.py        starts them, and sends filings and labels
prometheus.py   asks Prometheus, as a browser with Grafana would
viewer.py       fills in a dashboard's variables
picture.py      draws a dashboard; `python -m tests.dashboards` writes docs/images/dashboard-*.svg
"""
