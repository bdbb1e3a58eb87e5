"""The outside world, reached through plain dataclasses. Gateways know no tables and no rules of the shop."""
