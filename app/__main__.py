"""``python -m app`` and the ``yucun`` command."""

from __future__ import annotations

import sys

from app import cli


def main() -> int:
    """Runs the command line and returns the process's exit status."""
    return int(cli.run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
