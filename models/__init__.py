"""Tables, one file a noun. Nothing but columns and constraints; what may happen to a row stands in the room that owns it."""
