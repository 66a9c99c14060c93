"""What a viewer chooses at the top of a dashboard."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as d

from infra.grafana.make_dashboards.panels import DATA_SOURCE
from infra.grafana.make_dashboards.queries import select
from monitoring import catalogue as c
from monitoring.catalogue import MetricSpec

EVERYTHING = ".+"


def data_source() -> Any:
    """Which Prometheus."""
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _found(name: str, label: str, query: str, *, several: bool = True) -> Any:
    variable = dashboard.QueryVariable(name).label(label).datasource(DATA_SOURCE).query(query)
    variable.refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(d.VariableSort.ALPHABETICAL_ASC)
    if several:
        variable.multi(True).include_all(True).all_value(EVERYTHING)
        variable.current(d.VariableOption(selected=True, text="All", value="$__all"))
    return variable


def environment() -> Any:
    """Installations that share a Prometheus."""
    return _found("environment", "Environment", 'label_values(up{job=~"codiflux-.+"}, environment)')


def job() -> Any:
    """Worker and monitor, as Prometheus calls them."""
    query = 'label_values(up{environment=~"$environment", job=~"codiflux-.+"}, job)'
    return _found("job", "Job", query)


def model_version() -> Any:
    """Models in force at the workers."""
    return _found("model_version", "Model", f"label_values({select(c.MODEL_INFO)}, model_version)")


def section() -> Any:
    """Broadest branches of the nomenclature."""
    return _found("section", "Section", f"label_values({select(c.SECTION_SHARE)}, section)")


def signal() -> Any:
    """What the monitor watches."""
    return _found("signal", "Signal", f"label_values({select(c.DRIFT_STATE)}, signal)")


def one_of(name: str, label: str, spec: MetricSpec, *matchers: str, of: str = "", first: str = "") -> Any:
    """One value of a label at a time: windows and distances do not add up.

    Parameters
    ----------
    of
        The label's name, where the variable has another.
    first
        What is chosen at first; otherwise the first by alphabet.
    """
    query = f"label_values({select(spec, *matchers)}, {of or name})"
    variable = _found(name, label, query, several=False)
    return variable.current(d.VariableOption(selected=True, text=first, value=first)) if first else variable


def span() -> Any:
    """Event time over which shares are counted."""
    return one_of("span", "Shares over", c.SECTION_SHARE, of="window")


def period() -> Any:
    """Event time over which accuracy is estimated."""
    return one_of("period", "Accuracy over", c.EXPECTED_ACCURACY, of="window")


def typed(name: str, label: str, value: str) -> Any:
    """A number that the viewer types."""
    return dashboard.TextBoxVariable(name).label(label).default_value(value)
