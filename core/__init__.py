"""The ground every room stands on: errors, money, time, numbers, words, the database connection."""
