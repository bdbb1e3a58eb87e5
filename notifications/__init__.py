"""Messages to customers: queued in the transaction of the event they tell of, delivered afterwards."""
