"""The books: accounts, lots, holds, the one verb that moves money, and the proof that they balance."""
