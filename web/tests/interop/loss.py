"""Loses a share of the datagrams of a queue of netfilter, by a seeded chance.

    loss.py QUEUE PERCENT

Says "ready" once it decides, and on SIGTERM how many there were and how many were lost.
"""

import random
import signal
import sys

from netfilterqueue import NetfilterQueue

queue_number, percent = int(sys.argv[1]), float(sys.argv[2])
chance = random.Random(1)
counts = {"seen": 0, "lost": 0}


def decide(packet):
    counts["seen"] += 1
    if chance.random() * 100 < percent:
        counts["lost"] += 1
        packet.drop()
    else:
        packet.accept()


def stop(*_):
    print(counts["seen"], counts["lost"], flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
queue = NetfilterQueue()
queue.bind(queue_number, decide, max_len=8_192)
print("ready", flush=True)
queue.run()
