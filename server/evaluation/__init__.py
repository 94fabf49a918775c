"""Programs that run many turns: comparisons, replays, simulated customers, a persona's regression cases.

For trying a persona before customers meet it. It drives turns through `server.turn` like any caller and never writes
to a customer's data: what it makes is marked as a test. Nothing is here yet.
"""
