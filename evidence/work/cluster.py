"""A Dask cluster to work on, by its address."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import dask
from distributed import Client
from distributed.client import AllExit

from datasets.errors import ClusterError
from evidence.work.pool import Pool
from evidence.work.task import WorkerSetup

CONNECT_SECONDS = 30

_CONFIG = {"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}


class Cluster:
    """A cluster, and the connection to it. `name` is for messages."""

    def __init__(self, address: str, client: Client) -> None:
        self.name, self.client = address, client

    def equip(self, setup: WorkerSetup, seconds: float) -> Pool:
        """The cluster's workers, with a setup.

        Raises:
            ClusterError: the cluster is not there, or its workers cannot take the setup.
        """
        return Pool(self.client, setup, seconds)

    def reconnect(self) -> None:
        """Connects again to a scheduler that was away.

        Raises:
            ClusterError: it still is.
        """
        self.close()
        self.client = _connect(self.name)

    def close(self) -> None:
        with suppress(OSError, TimeoutError):
            self.client.close(timeout=2)


@contextmanager
def remote_cluster(address: str) -> Iterator[Cluster]:
    """The cluster at an address such as `tcp://10.0.0.5:8786` or `tls://...`.

    For TLS the certificates are those of Dask's own configuration (`distributed.comm.tls`).

    Raises:
        ClusterError: nobody answers there.
    """
    with dask.config.set(_CONFIG), _quiet():
        place = Cluster(address, _connect(address))
        try:
            yield place
        finally:
            place.close()


def _connect(address: str) -> Client:
    try:
        return Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise ClusterError(
            f"{address}: no Dask scheduler answers there ({error}); check the address, and that "
            "`dask scheduler` runs"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Dask's messages about every worker that ends; we report those that matter."""
    loggers = [
        logging.getLogger(name)
        for name in ("distributed", *logging.root.manager.loggerDict)
        if name.split(".")[0] == "distributed"
    ]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    # Clusters may be open within each other: each has a filter of its own to take away.
    asyncio, told = logging.getLogger("asyncio"), partial(_is_told)
    asyncio.addFilter(told)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        asyncio.removeFilter(told)
        for logger, level in before:
            logger.setLevel(level)


def _is_told(record: logging.LogRecord) -> bool:
    """Whether it is more than what Dask leaves where nobody waits any longer for an answer that
    was lost with its worker."""
    return not (record.exc_info and isinstance(record.exc_info[1], AllExit))
