"""JSON API of operators."""
