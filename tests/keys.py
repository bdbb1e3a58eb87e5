"""Keys that tests seal with, for every process of theirs that has no settings."""

from core import sealed

OLD = sealed.Key("test-1", b"1" * 32)
NEW = sealed.Key("test-2", b"2" * 32)
SEARCH = b"s" * 32
RING = sealed.Keyring([OLD], SEARCH)
TURNED = sealed.Keyring([NEW, OLD], SEARCH)
"""The same shop once a new key is in front."""
DROPPED = sealed.Keyring([NEW], SEARCH)
"""And once the old one is gone."""
