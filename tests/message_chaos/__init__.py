"""Workers that deliver messages are killed, frozen and lied to about the time while all they talk to misbehaves; then what was accepted
is compared with the outbox."""
