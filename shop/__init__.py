"""What the shop sells: products, stock, orders."""
