"""Benchmarks of oxide: side by side with other clients, under pytest-benchmark, and as instruction counts.

* ``python -m bench`` runs every client against one server and prints CPU time per operation, ratios, targets.
* ``pytest bench`` runs the same bodies under pytest-benchmark.
* ``python -m bench.counts --check`` compares instruction counts under callgrind with ``bench/limits.json``.

Modules that the peer processes import (this one, ``shapes``, ``workloads``, ``server``, ``peers.host``,
``peers.rust``) also run on Python 3.9, because one of the peers only exists there.
"""
