"""Who we deal with: customers and their identities, operators and their sessions."""
