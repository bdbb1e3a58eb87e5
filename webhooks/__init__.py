"""Notifications from WeChat Pay and Alipay."""
