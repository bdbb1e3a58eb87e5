"""Where files are kept that are no rows: a directory, or a store that speaks Amazon's S3 (docs/decisions/0012)."""

from gateways.objects.local import Directory
from gateways.objects.s3 import Bucket, Credentials, StoreFailed

__all__ = ["Bucket", "Credentials", "Directory", "StoreFailed"]
