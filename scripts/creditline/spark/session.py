"""Statements for the Thrift server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from creditline.home.database import Row
from creditline.spark.place import Address, SparkUnavailable, use_client

if TYPE_CHECKING:
    from pyhive import hive


class Session:
    """One open session, which runs statements one after the other."""

    def __init__(self, connection: hive.Connection) -> None:
        self._connection = connection

    def run(self, statement: str) -> list[Row]:
        """Run one statement and return its rows; the list is empty if the statement has no result.

        Raises:
            SparkUnavailable: Spark refuses the statement or goes away; the message has the start of its reason.
        """
        from pyhive.exc import Error
        from thrift.transport.TTransport import TTransportException

        cursor = self._connection.cursor()
        try:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
        except Error as error:
            raise SparkUnavailable(f"Spark refused a statement: {_reason(error)}; it was: {statement[:200]}") from error
        except (OSError, TTransportException) as error:
            raise SparkUnavailable(f"the Thrift server went away: {error}; it ran: {statement[:200]}") from error
        finally:
            with suppress(OSError, TTransportException):
                cursor.close()


@contextmanager
def open_session(address: Address) -> Iterator[Session]:
    """Open a session. Raises SparkUnavailable if the server does not answer."""
    use_client()
    from pyhive import hive
    from thrift.transport.TTransport import TTransportException

    try:
        connection = hive.connect(host=address.host, port=address.port, username="creditline")
    except (OSError, TTransportException) as error:
        raise SparkUnavailable(f"no Thrift server answers at {address.host}:{address.port}: {error}") from error
    try:
        yield Session(connection)
    finally:
        with suppress(OSError, TTransportException):
            connection.close()


def _reason(error: Exception) -> str:
    response = error.args[0] if error.args else error
    status = getattr(response, "status", None)
    message = status.errorMessage if status is not None else str(response)
    return " ".join(str(message).split())[:600]
