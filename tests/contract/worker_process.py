"""A worker without the command's checks: for brokers that have no topic descriptions."""

from stream.logs import configure_logs
from stream.settings import read_settings
from stream.worker.run import run_worker

settings = read_settings()
configure_logs(settings.log_level, as_json=settings.log_json)
run_worker(settings)
