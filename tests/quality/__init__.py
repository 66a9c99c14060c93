"""The quality report: `make quality` measures, writes `figures.json` and renders docs/quality.md."""
