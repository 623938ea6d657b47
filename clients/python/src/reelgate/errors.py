"""What can be wrong before a token is minted. No message ever holds a secret."""


class ReelgateError(ValueError):
    """Anything this package refuses."""


class BadSecret(ReelgateError):
    """The secret is unusable. Entries are counted from 1 and never repeated in the message."""


class BadGrant(ReelgateError):
    """The token would say something that the gate refuses or that admits nobody."""
