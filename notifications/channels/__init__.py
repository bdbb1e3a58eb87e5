"""The ways to a customer, a file each: whom they reach, how a message is put for them, what their answers mean."""
