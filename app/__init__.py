"""Puts everything together: the command line, settings, resources, the server and the worker."""
