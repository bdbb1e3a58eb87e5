"""poll.kuaidi100.com."""
