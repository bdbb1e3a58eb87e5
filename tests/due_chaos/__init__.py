"""Workers of the clock are killed, frozen, restarted and lied to about the time while plans fall due; then the books are compared."""
