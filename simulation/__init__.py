"""A shop's days, played through: the clock moves, its jobs run, customers come, and each day is summed up.

Nothing here leaves the house: channels and messages are stand-ins in this process (``outside``). The database is whichever is
opened; whoever opens it sees to it that it is not a shop's own (``app.spare_database``).
"""
