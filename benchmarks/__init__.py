"""Benchmarks: how long an answer takes and how many there are in a second, beside a floor and in one run.

Everything runs on loopback, each part in a process of its own. Nothing here is imported by the server or timed
in a test.
"""
