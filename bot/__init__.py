"""The official account's chat: messages and events in, passive replies out."""
