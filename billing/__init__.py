"""What is owed and how it is paid: bills, deductions, plans, top-ups, payments at channels."""
