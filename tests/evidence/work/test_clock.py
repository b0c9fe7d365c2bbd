"""A clock that is put back keeps no message."""

from __future__ import annotations

import subprocess
import sys
import time

from evidence.work.cluster import local_cluster

STEPPED = """
import time
wall, put_back = time.time, 0.0
time.time = lambda: wall() - put_back  # before anybody has taken hold of it
{before}
import asyncio
from distributed.batched import BatchedSend
from tornado.ioloop import PeriodicCallback

class Comm:
    sent = []
    def closed(self):
        return False
    async def write(self, messages, **_):
        self.sent += messages
        return 1

async def main():
    global put_back
    ticks = []
    beat = PeriodicCallback(lambda: ticks.append(1), 20)
    beat.start()
    sender = BatchedSend(interval="300ms")
    sender.start(Comm())
    sender.send("before")
    while not Comm.sent:
        await asyncio.sleep(0)
    put_back = 18000.0
    ticks.clear()
    sender.send("after")
    for _ in range(100):
        if len(Comm.sent) == 2 and len(ticks) > 5:
            break
        await asyncio.sleep(0.02)
    print(Comm.sent, len(ticks) > 5)
    beat.stop()
    sender.please_stop = True

asyncio.run(main())
"""


def stepped(before: str) -> str:
    program = STEPPED.format(before=before)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_clock_put_back_keeps_no_message_and_stops_no_heartbeat() -> None:
    assert stepped("import evidence.work.cluster") == "['before', 'after'] True"


def test_without_it_dask_does_both() -> None:
    """Else there is no more need of it."""
    assert stepped("") == "['before'] False"


def seconds_apart() -> float:
    from tornado.ioloop import IOLoop

    return abs(IOLoop.current().time() - time.monotonic())


def test_the_workers_keep_that_time_too() -> None:
    with local_cluster(1) as place:
        [apart] = place.client.run(seconds_apart).values()
    assert apart < 30
