"""JSON API of the customer's mini-program and H5."""
