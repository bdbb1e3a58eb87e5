"""Alipay's gateway (protocol v1, RSA2), its notifications and its cashier."""
