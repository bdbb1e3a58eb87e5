"""The clock as a caller: which desk function runs how often. What is due lives in tables; here it only ticks."""
