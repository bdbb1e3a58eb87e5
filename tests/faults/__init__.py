"""The fault campaign: many customers' stories while channels misbehave, processes are killed and the database crashes; then the
channels' own books, the inbox and ours are compared. ``python -m tests.faults SCENARIOS SEED [only one story]``.
"""
