"""A stand-in for Alibaba Cloud SMS."""
