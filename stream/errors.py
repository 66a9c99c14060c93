"""What can go wrong while moving, and what is done about it.

    StreamError                       one line for the operator
     ├─ UsageError                    exit 2: a setting, flag or file is not right
     ├─ BrokerUnavailable             exit 69: Kafka does not answer, or not as it should
     ├─ StorageFailed                 exit 74: a folder, disk or bucket does not take or give a file
     ├─ ArchiveDamaged                exit 1: an archive that is not as we left it
     ├─ NothingAnswers                exit 69: no process answers at the addresses given
     ├─ DeliveryFailed                exit 75: an output was not acknowledged; nothing is committed
     └─ CircuitOpen                   exit 65: too many dead letters; a human must look

What is wrong with one message never becomes an exception here: it becomes a dead letter.
"""

from __future__ import annotations

from socket import gaierror


class StreamError(Exception):
    """Root of this package's errors; `exit_code` is the process's."""

    exit_code = 1


class UsageError(StreamError):
    """A setting, flag or file that is not right."""

    exit_code = 2


class BrokerUnavailable(StreamError):
    """Kafka does not answer, or not as it should."""

    exit_code = 69


class StorageFailed(StreamError):
    """A folder, disk or bucket did not take or give a file; what was there is as it was."""

    exit_code = 74


class ArchiveDamaged(StreamError):
    """An archive that is not as we left it: a file cut short, an offset missing or twice."""

    exit_code = 1


class NothingAnswers(StreamError):
    """No process answers at the addresses given."""

    exit_code = 69


class DeliveryFailed(StreamError):
    """The broker did not take an output; the process ends without commit and is restarted."""

    exit_code = 75


class CircuitOpen(StreamError):
    """Dead letters beyond the limits: the worker stops instead of emptying the topic."""

    exit_code = 65


def refused_by_the_system(error: OSError) -> StorageFailed | None:
    """What the system refuses where nothing looks for it: a full disk, a folder nobody may write to.

    `None` for what is nothing of the kind: a connection, or a library's own error.
    """
    if error.strerror is None or isinstance(error, ConnectionError | TimeoutError | gaierror):
        return None
    return StorageFailed(": ".join(str(part) for part in (error.filename, error.filename2, error.strerror) if part))
