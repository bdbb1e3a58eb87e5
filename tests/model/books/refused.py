"""How the model says no."""


class Refused(Exception):
    """The shop says no, by one of these codes."""

    def __init__(self, *codes):
        super().__init__(*codes)
        self.codes = frozenset(codes)
