"""Reconciliation 对账: our payments and refunds against the channels' bills, day by day, until everything is explained."""
